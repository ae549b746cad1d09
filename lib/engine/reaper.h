/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The threads for system calls that may hang or allocate in the kernel: signals other than SIGKILL,
 * process_mrelease(2), and all that is done to a whole cgroup: its end, reclaim, leases. The
 * sentinel hands jobs over and collects outcomes; it never waits for a reaper.
 *
 * (1) Jobs stand in one bounded queue that every idle reaper takes from: a reaper that hangs keeps
 * one job back and no other. (2) The queue's producer is the sentinel; so is the reader of
 * outcomes. (3) A reaper that is busy with one job for longer than the deadline is lost: it counts
 * no more, until it comes back. With none left the sentinel takes the jobs back and sends signals
 * itself. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/decide.h"
#include "engine/lease-exchange.h"
#include "kernel/cgroup-procs.h"
#include "kernel/cgroup-reclaim.h"

#define REAPERS_DEFAULT 4
#define REAPER_DEADLINE_USEC (3 * USEC_PER_SEC)

typedef struct Reapers Reapers;

typedef struct ReaperJob {
        ActionKind kind; /* SIGNAL: by signo; the others: to a cgroup, see reaper-lease.h */
        uint64_t action;
        uint32_t slot;
        uint32_t generation;
        bool is_group;              /* slot and generation are those of a cgroup */
        int pidfd;                  /* owner: reapers */
        int kill_fd;                /* owner: reapers; of a cgroup: cgroup.kill, or FD_NONE */
        int procs_fd;               /* owner: reapers; of a cgroup: cgroup.procs */
        int signo;                  /* 0: release the memory of a process that was killed */
        int file_fd;                /* owner: reapers; memory.reclaim, or the file that is leased */
        int charged_fd;             /* owner: reapers; reclaim: memory.current */
        uint64_t value;             /* reclaim, lease */
        usec_t deadline_usec;       /* reclaim; then it ends */
        struct LeaseLedger *ledger; /* lease, return */
        uint32_t lease, record;     /* of it */
        uint64_t record_id;         /* LeaseTerms.id: a record that was used again is another one */
        atomic_uint *
                uses; /* counted down when the job is over: the pidfd may be closed then; or NULL */
} ReaperJob;

/* What a job does; outcomes as in kernel/pidfd.h. */
typedef struct ReaperOps {
        int (*signal)(int pidfd, int signo);
        int (*release)(int pidfd); /* NULL: never tried, the victim's exit frees its memory later */
        /* As in kernel/cgroup-procs.h; NULL: there is no such thing. */
        int (*kill_group)(int kill_fd);
        int (*signal_group)(int procs_fd, int signo, CgroupSignalled *ret);
        /* As in kernel/cgroup-reclaim.h and lease-exchange.h. */
        int (*reclaim)(const CgroupReclaim *reclaim, uint64_t *ret_freed);
        const LeaseAccess *leases;
} ReaperOps;

/* The system calls themselves. */
extern const ReaperOps reaper_ops_kernel;

/* Without process_mrelease(2): for where the probe found that it is absent. A system call filter
 * may answer it with the death of the caller. */
extern const ReaperOps reaper_ops_signals;

/* Makes n (at most 16) reapers that are not running yet; ops must outlive them. 0 or negative
 * errno. */
int reapers_new(const ReaperOps *ops, unsigned n, Reapers **ret);

/* Stops them. One that hangs is left behind, with the memory it uses. */
Reapers *reapers_free(Reapers *r);

/* 0 or negative errno; with an error some may run already. */
int reapers_start(Reapers *r);

/* False when one hangs: what jobs point to must stay. */
bool reapers_stop(Reapers *r);

/* The rest is the sentinel's and neither allocates nor waits. */

/* Whether n more jobs can be handed over. It does not become less by itself. */
bool reapers_have_room(const Reapers *r, size_t n);

/* Hands a job over. False when the queue is full or no reaper is left: the caller does it himself.
 */
bool reapers_submit(Reapers *r, const ReaperJob *job);

/* Takes the oldest job that nobody has begun. */
bool reapers_take_back(Reapers *r, ReaperJob *ret);

/* Does the job's part on the calling thread, without retries, and counts it down; of a cgroup only
 * what neither opens nor waits: its reclaim and leases are refused (EBUSY); what is owed stays in
 * the ledger. Returns the outcome in *ret and true when the job has one that must be told (a
 * release has none). */
bool reaper_job_run(const ReaperOps *ops, const ReaperJob *job, usec_t now_usec, Outcome *ret);

/* Outcomes that have come in; at most cap, the rest next time. Returns how many. */
size_t reapers_collect(Reapers *r, Outcome *ret, size_t cap);

/* Finds out who hangs. Returns how many are left. */
unsigned reapers_check(Reapers *r, usec_t now_usec);

/* Readable when an outcome has come in; reapers_collect() resets it. */
int reapers_event_fd(const Reapers *r);

unsigned reapers_alive(const Reapers *r);
unsigned reapers_lost(const Reapers *r);
