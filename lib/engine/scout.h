/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Discovery: lists processes, opens and verifies what the sentinel will read, reads what must
 * allocate in the kernel (vmstat, zram, ZFS), and keeps the roster. Its stalls are its own: nobody
 * waits for it. As a function for one-shot and replay, as a thread for the daemon. */

#include "config/config.h"
#include "engine/group-roster.h"
#include "engine/roster.h"
#include "kernel/sysroot.h"

typedef struct Scout Scout;

typedef struct ScoutOptions {
        const SysRoot *root;
        Roster *roster;
        GroupRoster *groups;     /* NULL: cgroups are not looked at */
        bool open_pids;          /* open pidfds: only where /proc is the live one */
        int self_pid;            /* and its children: marked as self */
        struct SlowReader *slow; /* reads cmdlines in a process of its own; NULL: none are read (but
                                  * in a foreign root, where they are plain files) */

        /* Called before each listing is published, where the pass runs: the sentinel will find
         * slots below `slots` in it. NULL: nobody wants to know. */
        void (*on_listing)(void *ctx, uint32_t slots);
        void *on_listing_ctx;

        /* The same for cgroups. */
        void (*on_groups)(void *ctx, uint32_t slots);

        /* Called on the scout's thread when a cgroup that policies name is under pressure, or its
         * events were counted: worth a tick now. NULL: nobody wants to know. */
        void (*on_alarm)(void *ctx);
        void *on_alarm_ctx;
} ScoutOptions;

/* Takes a reference to config; root and roster stay the caller's and outlive it (the facts in the
 * roster point to the scout's strings, so it takes them out when it is freed). 0 or -ENOMEM. */
int scout_new(const ScoutOptions *options, const Config *config, Scout **ret);
Scout *scout_free(Scout *s);

/* One pass on the caller's thread at the given times: a census when it is due or forced (then with
 * a look at everybody), else only what is new and what grew. 0 or negative errno when /proc itself
 * could not be read (the old listing stays). */
int scout_pass(Scout *s, usec_t now_usec, usec_t boottime_usec, bool force_census);

/* For replay: the next recorded tree. The roster keeps its slots; identity is (pid, start time).
 * All kept descriptors are closed: no reader may hold a listing. */
void scout_set_root(Scout *s, const SysRoot *root);

/* Takes another config (needs cmdline? which matches are static?) and a reference to it. Main only;
 * valid for the next pass. */
void scout_set_config(Scout *s, const Config *config);

/* The slow system values of the last pass, copied into raw (vmstat_at_usec tells their age).
 * Thread-safe, wait-free: called by the sentinel. */
void scout_fill_raw(const Scout *s, SystemRaw *raw);

/* The error of the last attempt to read one of those sources, 0 or negative errno. Thread-safe. */
int scout_source_error(const Scout *s, SourceId id);

/* Health for status; thread-safe. */
typedef struct ScoutStats {
        uint64_t passes, censuses, opened, vanished, refused,
                dropped; /* dropped: beyond limits.processes */
        usec_t last_pass_usec, longest_pass_usec, heartbeat_usec;
        uint64_t seen, known, kept;
        uint64_t groups_seen, groups_known, groups_kept; /* cgroups */
        uint64_t groups_dropped; /* beyond limits.cgroups, at the last walk */
        uint64_t groups_watches, groups_triggers;
        uint64_t evicted; /* small ones that made room for larger ones beyond limits.processes */
        uint64_t texts_asked, texts_lost; /* cmdlines */
        int last_error;                   /* negative errno, 0: none so far */
        bool hidden;         /* even pid 1 is hidden from us (hidepid): we see a part only */
        bool groups_unheard; /* not all directories of cgroups that should be are watched */
        bool short_of_fds;   /* fewer are kept than configured, for want of descriptors */
} ScoutStats;
void scout_stats(const Scout *s, ScoutStats *ret);

/* Thread: start, wake for a pass now (wait-free, any thread; passes keep a distance of their own),
 * stop and join. scout_start(): 0 or negative errno. scout_stop() waits no longer than two seconds;
 * false: the scout hangs in the kernel and may wake up later, so scout_free() leaks it, and roster
 * and root must stay too. */
int scout_start(Scout *s);
void scout_wake(Scout *s);
bool scout_stop(Scout *s);

/* False when the thread has been silent for max_age_usec longer than it meant to: it hangs.
 * Thread-safe. */
bool scout_is_alive(const Scout *s, usec_t now_usec, usec_t max_age_usec);
