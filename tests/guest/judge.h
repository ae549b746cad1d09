/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the judge of a guest looks at: the machine, the people (every process that was there before
 * the trial), the suspects (loads that the trial is about) and the daemon under test. Everything
 * that is read during a trial is open before it, as far as it exists then. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "tests/guest/guest.h"

#define JUDGE_STEP_MSEC 50
#define JUDGE_SUSPECTS_MAX 16
#define JUDGE_PIDS_MAX 256

/* Reads the number behind `key` in a kept file; 0 when it is not there. */
uint64_t judge_read_number(int fd, const char *key);
/* Opens FILE of a process's cgroup and notes the cgroup's path; -1 when either is gone. */
int judge_open_cgroup_file(pid_t pid, const char *file, char *ret_path, size_t size);
/* One line of a command's output, without its end; empty on failure. Not during a trial. */
void judge_ask(const char *command, char *ret, size_t size);

/* -- machine -- */

typedef enum Stall {
        STALL_MEMORY_SOME,
        STALL_MEMORY_FULL,
        STALL_IO_SOME,
        STALL_IO_FULL,
        _STALL_MAX,
} Stall;

/* What is read every 2 s: stalls in us since boot, then what vmstat says of the page cache. */
typedef enum Slow {
        SLOW_STALLS,
        SLOW_ACTIVE_FILE = SLOW_STALLS + _STALL_MAX,
        SLOW_INACTIVE_FILE,
        SLOW_REFAULT,
        SLOW_ACTIVATE,
        SLOW_RESTORE,
        SLOW_MAJOR_FAULTS,
        _SLOW_MAX,
} Slow;

typedef struct Moment {
        uint64_t at_usec;
        uint64_t available_kib;
        uint64_t swap_free_kib;
        uint64_t slow[_SLOW_MAX]; /* up to 2 s old */
} Moment;

void machine_open(void);
/* The heartbeat's longest gap and missed beats, since the last call of machine_reset_heartbeat; a
 * gap that has not ended counts. */
uint64_t machine_heartbeat_gap(void);
uint64_t machine_missed_beats(void);
void machine_reset_heartbeat(void);
uint64_t machine_oom_kills(void);
/* Total time of each kind of stall, since boot; each file is read once. */
void machine_read_stalls(uint64_t *ret);
uint64_t machine_total_kib(void);
uint64_t machine_available_kib(void);
/* Adds to the timeline, with its times from `start_usec`. */
void machine_note_moment(uint64_t start_usec);
size_t machine_timeline(const Moment **ret);
void machine_write_timeline(void);

/* -- people -- */

/* Notes everybody who is there. Kernel threads and the judge are nobody. */
void people_count(void);
/* They may end. */
void people_forget(pid_t pid);
/* So may those whose names begin with the one of this one, but are in another cgroup. */
void people_forget_second(pid_t pid);
size_t people_number(void);
/* Who is not there any more: the inside of a JSON array. */
void people_write_died(FILE *f);
bool people_is_alive(pid_t pid, unsigned long long start_ticks);
/* When the process started, 0 when it is gone. */
unsigned long long people_start_ticks(pid_t pid);

/* -- cgroups -- */

/* The limits and the freezer of every cgroup, as they are before the trial. */
void cgroups_note_before(void);
/* These, and as they are now: a member of a JSON object. */
void cgroups_write(FILE *f);

/* -- suspects -- */

typedef enum Role {
        ROLE_GUILTY_PROCESS, /* ends when its process does */
        ROLE_GUILTY_UNIT,    /* ends when nobody is left in its cgroup */
        ROLE_NEWCOMER,       /* starts with the trial and must not end */
        ROLE_RESTRAINED,     /* the same; it may be held back meanwhile */
        ROLE_ASSOCIATE,      /* of a guilty one: it may end or not */
        ROLE_INNOCENT,       /* known by name for the sake of its cgroup's counters */
} Role;

/* Before the trial: `parent` is the load that starts it, empty for a unit of its own. */
void suspects_add(Role role, const char *name, const char *parent);
/* Before people are counted: meets those who are there. */
void suspects_prepare(void);
/* After people were counted: associates may end. */
void suspects_forget_associates(void);
/* What loads that count it have done since the last call of suspects_begin_work: in a second of
 * calm, or of the trial. */
void suspects_begin_work(uint64_t now_usec);
void suspects_note_work(uint64_t now_usec, bool calm);
/* At each step; cheap. `now_usec` is on the clock of guest_now_usec. */
void suspects_follow(uint64_t now_usec);
/* Waits for each that the trial starts to have told its pid; false when one does not within 10 s.
 */
bool suspects_await(void);
/* Latest end of a guilty one, 0 while one lives (or there is none). */
uint64_t suspects_ended_usec(void);
/* How often `name` was asked to end and ignored it. */
uint64_t suspects_asked(const char *name);
void suspects_write(FILE *f, uint64_t start_usec);

/* -- the daemon under test -- */

void daemon_open(const char *unit);
void daemon_follow(void);
/* Its end, and that of what it forked, is nobody's fault. */
void daemon_forget(void);
/* What stands by for it, with its helpers, comes and goes as the daemon does, and when it is
 * reloaded: nobody at all. */
void daemon_forget_standby(void);
/* SIGKILL, and it is forgotten. */
void daemon_kill(void);
void daemon_begin(void);
void daemon_write(FILE *f);
