/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts of the scout among themselves. All of it belongs to the scout's thread but ScoutBoard.
 *
 * (1) An entry has the number of its roster slot. It is used from scout_admit() to scout_retire().
 * (2) A process is the same while its directory has the same inode number (the kernel numbers anew
 * whatever uses a pid again); where that changed, or may not be trusted, its start time decides.
 * (3) Who is not kept costs one open a pass at most. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "engine/facts.h"
#include "engine/scout-groups.h"
#include "engine/scout-slow.h"
#include "engine/scout-table.h"
#include "engine/scout.h"
#include "engine/slow-reader.h"
#include "engine/snapshot.h"
#include "kernel/pidfd.h"

#define SCOUT_INIT_PID 1
#define SCOUT_WANTED_MAX 32
#define SCOUT_LIST_BUFFER (32 * 1024)

typedef enum TextState {
        TEXT_UNASKED,
        TEXT_ASKED,
        TEXT_KNOWN,
} TextState;

typedef struct ScoutEntry {
        bool used;
        bool kept; /* in the listing among the kept; its descriptors are open */
        bool detailed;
        bool kthread;
        bool self;
        bool untouchable; /* nothing to keep it for: kernel thread, ourselves, init */
        bool watched;     /* a policy watches it though the system is calm */
        bool unsettled;   /* was seen too young: look again who it became */
        bool chosen, chosen_detail, favoured; /* while choosing */
        TextState text;
        int32_t pid;
        uint32_t pass;     /* the last one that listed it */
        uint32_t mm_group; /* as in ProcFacts, while it is being found out */
        ino_t ino;
        uint64_t start_ticks;
        uint64_t size;        /* anon + swap, bytes */
        uint64_t census_size; /* at the last census */
        usec_t read_usec;     /* when size was read */
        usec_t born_usec;     /* in the time of the passes; 0: before their clock began */
        usec_t facts_usec;    /* when its facts were last checked */
} ScoutEntry;

/* A process that was listed and is not known, or not for sure. */
typedef struct ScoutFresh {
        int32_t pid;
        ino_t ino;
} ScoutFresh;

/* What other threads see. */
typedef struct ScoutBoard {
        atomic_uint slow_sequence;
        _Atomic(uint64_t) slow[SNAPSHOT_WORDS(SlowValues)];
        atomic_uint stats_sequence;
        _Atomic(uint64_t) stats[SNAPSHOT_WORDS(ScoutStats)];
        _Atomic(usec_t) promised_usec; /* until then the thread may be silent */
} ScoutBoard;

struct Scout {
        ScoutOptions options;
        const SysRoot *root;
        Roster *roster;
        FactStrings *strings;
        FactsReader reader;
        SlowSources *slow_sources;

        /* known processes */
        ScoutEntry *entries; /* by slot */
        uint32_t size;
        uint32_t n_slots;  /* entries ever used: the end of all loops over them */
        ScoutTable *table; /* pid to slot */
        size_t n_known;
        ScoutGroups *groups;     /* NULL: nobody wants to know */
        usec_t groups_rest_usec; /* until then nothing is taken in of what they tell */

        /* the pass under way */
        uint32_t pass;
        usec_t now_usec, boottime_usec;
        bool is_census, is_full, is_first;
        int list_fd; /* owner: scout */
        char *list_buf;
        ScoutFresh *fresh;
        size_t n_fresh, fresh_size;
        size_t n_seen;
        uint32_t *order;                  /* slots, while choosing */
        uint32_t cursor;                  /* of the rotating slice */
        uint32_t kept_cursor;             /* of the kept whose program is looked at */
        unsigned revisits;                /* of old facts that this pass may still make */
        int32_t wanted[SCOUT_WANTED_MAX]; /* large outsiders for whom somebody was taken out */
        size_t n_wanted;
        size_t n_outside;   /* listed, but beyond limits.processes */
        usec_t census_usec; /* of the last one; USEC_UNSET: none */
        usec_t shared_usec; /* when it was last asked who shares his memory; 0: never */
        size_t share_first; /* with whom, in the order of sizes, the next turn of it begins */

        /* how many may be kept; less than configured when descriptors ran out */
        uint32_t kept_max, detailed_max;
        uint32_t kept_cap;

        /* from the config */
        Config *config;
        _Atomic(Config *) next_config;
        bool needs_cmdline;
        bool needs_stack_limit;

        ScoutStats stats; /* published at the end of each pass */
        ScoutBoard *board;

        /* the thread */
        pthread_t thread;
        bool started, lost;
        int wake_fd, stop_fd; /* owner: any */
        atomic_bool wake_pending, stop;
};

/* ---- scout.c ---- */

/* A pass over those cgroups of which there is news. */
void scout_pass_groups(Scout *s, usec_t now_usec);

/* ---- scout-amounts.c ---- */

/* Reads status through an opened process directory or, with FD_NONE, by one open; sets the census
 * values and the entry's size. *ret_status (may be NULL) is what was read. PROC_OK, PROC_GONE,
 * PROC_DENIED or errno. */
int scout_read_amounts(Scout *s, uint32_t slot, int pid_fd, ProcStatus *ret_status);

/* What the flags of stat add: it is on its way out. */
void scout_note_flags(Scout *s, uint32_t slot, uint32_t flags);

/* The cheaper look at one that is not kept: statm by one open; swap stays as it was. */
int scout_read_statm(Scout *s, uint32_t slot);

/* How much memory a process without a slot has, by one open. */
int scout_read_outsider(Scout *s, int32_t pid, uint64_t *ret);

/* Takes over what the sentinel read of a kept one meanwhile. */
void scout_take_readings(Scout *s, uint32_t slot);

/* ---- scout-admit.c ---- */

/* Makes a new process known. False when it was not: gone, denied, no slot. */
bool scout_admit(Scout *s, const ScoutFresh *f);

/* Looks again who a known process is; retires and admits anew when the number went to another one.
 */
void scout_revisit(Scout *s, uint32_t slot);

/* One turn of a process that is known: its amounts, and whether it still runs the same program. */
void scout_visit(Scout *s, uint32_t slot);

/* The turn of a kept one, whose amounts the sentinel reads: whether it still runs the same program.
 */
void scout_check_program(Scout *s, uint32_t slot);

/* Whether it still lives in the same cgroup: who moves says so to nobody. Three system calls. */
void scout_check_cgroup(Scout *s, uint32_t slot);

/* The turn of all members of cgroups that grew, as far as they are not kept. */
void scout_visit_gaining(Scout *s);

void scout_retire(Scout *s, uint32_t slot);

/* Publishes changed facts; takes them over in any case. False when it could not be done now. */
bool scout_set_facts(Scout *s, uint32_t slot, ProcFacts *facts);

const ProcFacts *scout_facts(const Scout *s, uint32_t slot);

/* Counts an error: descriptors or memory ran out, or something unexpected. */
void scout_note_error(Scout *s, int r);

/* ---- scout-turns.c ---- */

/* Looks at those that are known, as many as this kind of pass is worth. */
void scout_read_known(Scout *s);

/* ---- scout-outside.c ---- */

/* One that there is no slot for: a large one takes the place of a small one, at the next pass.
 * Between two censuses only some of them are looked at, in turn. */
void scout_consider_outsider(Scout *s, const ScoutFresh *f);

/* Admits whom a place was made for, before others that would like it. */
void scout_take_wanted(Scout *s);

/* It was admitted, or has gone. */
void scout_forget_wanted(Scout *s, int32_t pid);

/* ---- scout-keep.c ---- */

/* Chooses who is kept and detailed by the sizes known, and opens and gives up descriptors
 * accordingly. */
void scout_keep(Scout *s);

/* Puts the kept ones of a listing in order: largest first, among the detailed and among the others.
 */
void scout_sort_kept(Scout *s, RosterListing *listing);

/* Closes all descriptors of kept ones (by way of the roster). */
void scout_keep_nobody(Scout *s);

/* ---- scout-share.c ---- */

/* Finds kept processes that share their memory and tells so in their facts: of a crowd, of some
 * each time, while what is known of the others stands. */
void scout_find_shared(Scout *s);

/* ---- scout-text.c ---- */

/* Asks for command lines that policies need and takes the answers. */
void scout_ask_texts(Scout *s);
void scout_take_texts(Scout *s);

/* ---- scout-config.c ---- */

/* How many processes can be kept with the descriptors that this process may have, and how many
 * cgroups. */
uint32_t scout_places(const LimitsConfig *limits, uint32_t *ret_groups);

/* Takes over the config that was set last. */
void scout_take_config(Scout *s);

/* Whether a policy watches such a process by facts alone, even while the system is calm. */
bool scout_is_watched(const Scout *s, const ProcFacts *facts);
