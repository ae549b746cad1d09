/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is known about the machine at one instant: the frozen input of judging. The engine fills the
 * raw parts (from live files, from a recorded tree or from a test's initialiser list); history.h
 * then fills the derived parts; evaluate, rank and decide only read. Bytes are bytes, times are
 * microseconds. A Sample borrows the facts and the arrays it points to for the length of one tick.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "config/config.h"

/* One number a policy can ask for. */
typedef struct Reading {
        bool known;
        int64_t value;     /* in the metric's unit; METRIC_UNIT_USEC: INT64_MAX is "never" */
        int64_t total;     /* the base of its percentage, 0 when it has none */
        usec_t since_usec; /* begin of the window it was computed over; the sample's time for levels
                            */
} Reading;

typedef enum SourceId {
        SOURCE_MEMINFO,
        SOURCE_VMSTAT,
        SOURCE_SWAPS,
        SOURCE_ZRAM,
        SOURCE_ARC,
        SOURCE_TMPFS,
        SOURCE_ZONEINFO,
        SOURCE_PSI_MEMORY,
        SOURCE_PSI_IO,
        SOURCE_PSI_CPU,
        SOURCE_PROCESSES,
        _SOURCE_MAX,
} SourceId;

static inline uint32_t source_bit(SourceId id) {
        return UINT32_C(1) << id;
}

typedef struct PsiRaw {
        uint64_t total_usec[_PSI_KIND_MAX];
        uint32_t avg_permyriad[_PSI_KIND_MAX][3]; /* avg10, avg60, avg300 */
        bool has_full;
} PsiRaw;

/* What the files said, converted to bytes, before any correction. */
typedef struct SystemRaw {
        usec_t at_usec;       /* CLOCK_MONOTONIC, read next to the files */
        usec_t boottime_usec; /* CLOCK_BOOTTIME, at the same moment */
        uint32_t have;        /* source_bit(): the values below are fresh or of the age given */
        /* source_bit(): the kernel's text was repaired or contradicts itself. MEMINFO makes every
         * mem.* and swap.* unknown, SWAPS only swap.*: a SwapFree that had to be clamped is set
         * there. */
        uint32_t suspect;

        /* meminfo */
        uint64_t mem_total, mem_free, mem_available, buffers, cached, swap_cached;
        uint64_t active_file, inactive_file, active_anon, inactive_anon, unevictable, mlocked;
        uint64_t anon, shmem, dirty, writeback;
        uint64_t slab, slab_reclaimable, slab_unreclaimable, kernel_stack, page_tables, percpu;
        uint64_t hugetlb; /* the whole pool: not usable otherwise */
        uint64_t swap_total, swap_free, zswap, zswapped;

        /* swaps, zram: what of the swap lives in memory */
        uint64_t zram_swap_total, zram_swap_used; /* bytes of swap areas on zram */
        uint64_t zram_original, zram_physical;    /* mm_stat: orig_data_size, mem_used_total */
        uint64_t zram_limit;                      /* 0: none */

        /* ZFS */
        uint64_t arc_size, arc_min;

        /* tmpfs: what files hold, which is part of shmem and nobody's */
        usec_t tmpfs_at_usec; /* read by the scout: it has an age of its own */
        uint64_t tmpfs_used, tmpfs_largest;
        char tmpfs_mount[64]; /* of the largest; "" for none */

        /* zoneinfo */
        uint64_t watermark_min, watermark_low, watermark_high;

        /* vmstat; read by the scout, so it has an age of its own. Pages are converted to bytes
         * where they are amounts (scan, steal); refaults are events. */
        usec_t vmstat_at_usec;
        uint64_t refault_anon, refault_file, restore_file; /* events: one is one page */
        uint64_t major_faults;                             /* events: one may bring many pages */
        uint64_t scan, steal;                              /* direct + kswapd, bytes, cumulative */
        uint32_t page_size;                                /* bytes; 0 counts as 4096 */
        uint64_t oom_kills;

        PsiRaw psi[_PSI_RESOURCE_MAX];

        /* How fast this machine can fill memory at the worst, bytes/s: measured at start, 0 if not.
         */
        uint64_t fill_ceiling;
} SystemRaw;

/* What seldom changes about a process. Owned by the engine's roster; strings are interned and live
 * as long as the facts; a missing string is "". */
typedef struct ProcFacts {
        int32_t pid;
        int32_t ppid;
        int32_t session;
        int32_t pgrp;
        uint64_t start_ticks; /* field 22 of stat: with the pid, the identity of a process */
        usec_t born_usec;     /* the same as CLOCK_BOOTTIME microseconds */
        uint32_t uid;
        uint32_t gid;
        uint32_t mm_group; /* processes with the same non-zero value share one address space */
        int32_t oom_score_adj;
        bool adj_inherited; /* -1000 that its own unit did not ask for: see evaluate of intent in
                               rank.c */
        bool kthread;
        bool ns_init;     /* pid 1 of a pid namespace below ours */
        bool self;        /* avertd, its helper process, its children */
        bool exe_is_host; /* (device, inode) of the executable is the host's file of that name */
        bool tty_leader;  /* session leader with a controlling terminal */
        char comm[16];
        const char *tty; /* "pts/3", "" for none */
        const char *exe;
        const char *cmdline;   /* NULs are spaces; "" until it is known, or when no policy asks */
        const char *cgroup;    /* path below the cgroup2 mount, "/" at least when it is known */
        const char *unit;      /* of the system manager */
        const char *user_unit; /* of a user's manager */
        const char *slice;
        const char *container; /* id */
        uint64_t class_hash;   /* facts_class(): system unit, else exe and uid */
        uint64_t group_hash;   /* facts_group(): what competes as one */
} ProcFacts;

typedef struct ProcSample {
        const ProcFacts *facts;
        uint32_t slot;       /* index into History; stable while the process is known */
        uint32_t generation; /* tells two users of a slot apart */
        usec_t at_usec;      /* when the amounts were read */
        bool kept;           /* files and pidfd are open: it can be signalled at once */
        bool has_status; /* the amounts from status are of this reading, not of the last census */
        char state;      /* R S D Z T t X I, 0 when unknown */
        bool exiting;    /* a signal that ends it is on its way, or it is dumping core */
        bool core_dumping;
        bool zombie_leader; /* Z, but threads live on: sized by oom_score */
        uint64_t rss, anon, file, shmem, swap, page_tables, stack, stack_limit;
        uint32_t threads;
        uint32_t oom_score;

        /* derived by history_advance() */
        bool gained_known; /* false: it was there before us and is watched for less than a minute */
        uint64_t gained; /* bytes of anon + swap beyond its minimum of the last hour, as far as seen
                          */
        bool growth_known;
        int64_t growth;    /* bytes/s over the last 10 s, robust */
        uint64_t freeable; /* anon + swap at its real cost + page tables */
} ProcSample;

/* What seldom changes about a cgroup. Owned by the engine's group roster; strings are interned and
 * live as long as the facts; a missing string is "". The root is no group. */
typedef struct GroupFacts {
        uint64_t inode;        /* of its directory; with the path, the identity of a cgroup */
        const char *path;      /* below the cgroup2 mount: "/system.slice/ssh.service" */
        const char *unit;      /* of the system manager, that it is or lies in */
        const char *user_unit; /* of a user's manager, that it is or lies in */
        const char *slice;
        const char *container; /* id */
        uint32_t uid; /* whose user-UID.slice it lies in, else the owner of the directory */
        bool is_unit; /* it is the cgroup of `unit` itself */
        bool is_user_unit;
        bool is_slice;
        bool is_threaded; /* cgroup.kill and cgroup.procs refuse there */
        bool self;        /* our own, or an ancestor of our own */
        bool avoid; /* its owner wants it to be taken last, or never, and may say so: of root */
        bool omit;
        bool oom_group;       /* memory.oom.group: the kernel kills all of it or nothing */
        uint64_t limit_bytes; /* the tightest memory.max from here up; UINT64_MAX: none */
        uint64_t high_bytes;  /* likewise memory.high */
        bool has_own_limit;   /* memory.max is set on the cgroup itself */
        bool born_watched;    /* it was made after the first listing of cgroups was complete */
        uint64_t class_hash;  /* group_class(): what a budget counts by */
} GroupFacts;

#define PRESSURE_UNKNOWN UINT16_MAX

/* One cgroup at one instant. Counters are cumulative, as the kernel has them. */
/* What was charged at an earlier look. */
typedef struct GroupLook {
        usec_t at_usec; /* 0: there was none */
        uint64_t bytes;
} GroupLook;

#define GROUP_LOOKS 3

typedef struct GroupSample {
        const GroupFacts *facts;
        uint32_t slot;       /* index into History's groups; stable while the cgroup is known */
        uint32_t generation; /* tells two users of a slot apart */
        bool kept;           /* its files are open: read each pass, can be killed at once */
        bool has_memory; /* the memory controller is enabled for it: the amounts mean something */
        bool populated;
        usec_t at_usec;   /* when current, swap and events were read */
        uint64_t current; /* bytes charged, page cache included */
        uint64_t swap;
        bool has_events;
        uint64_t events[_GROUP_EVENT_MAX]; /* memory.events.local where there is one */

        /* memory.stat, read by the scout: it has an age of its own */
        usec_t stat_at_usec; /* USEC_UNSET: never read */
        uint64_t anon, file, shmem, kernel;
        uint64_t active_file, inactive_file, dirty, writeback, slab_reclaimable; /* bytes */
        uint64_t refault_anon, refault_file;                                     /* events */

        /* only for what policies name */
        uint32_t psi_have;  /* 1 << PsiResource */
        usec_t psi_at_usec; /* when they were read */
        PsiRaw psi[_PSI_RESOURCE_MAX];

        /* derived by history_advance() */
        bool unreclaimable_known;
        uint64_t unreclaimable; /* current less clean file cache and reclaimable slab */
        bool gained_known; /* false: it was there before us and is watched for less than a minute */
        uint64_t gained; /* bytes of anon + swap beyond its minimum of the last hour, as far as seen
                          */
        uint64_t shmem_gained; /* the same of shmem */
        bool growth_known;
        int64_t growth; /* of unreclaimable, bytes/s over the last 10 s, robust */
        uint64_t pace;  /* likewise, of the slower of its two newest steps; 0: they do not both rise
                         */
        uint64_t last_pace;  /* of its newest step alone: tells how soon to look again */
        usec_t pace_usec;    /* begin of the older of them; USEC_UNSET: there are none */
        Reading refaults[2]; /* anon, file: per second over the last 3 s */
        usec_t recent_usec;  /* begin of the window of `recent` */
        uint32_t recent[_GROUP_EVENT_MAX]; /* events of the last 10 s; of has_events */
        uint64_t oom_kills;                /* kernel OOM kills in it that came to light ... */
        usec_t oom_usec;                   /* ... with the sample of this time; USEC_UNSET: none */
        GroupLook before[GROUP_LOOKS];     /* them, the latest first; empty without any */
        usec_t pressure_usec[PSI_AVG10];   /* begin of the own windows */
        uint16_t pressure[_PSI_METRICS]; /* permyriad or PRESSURE_UNKNOWN, order of metric_psi() */
} GroupSample;

/* Sum over the processes of one uid. */
typedef struct UserSample {
        uint32_t uid;
        uint32_t n_processes;
        uint64_t anon, swap, gained;
        int64_t growth;
} UserSample;

typedef struct Sample {
        SystemRaw raw;
        ProcSample *procs;
        size_t n_procs;
        usec_t procs_at_usec;   /* when the kept ones were last read; USEC_UNSET: not at all */
        bool procs_fresh;       /* they were read for this sample */
        uint64_t procs_version; /* with the number of the sample before, procs is what it was then,
                                 * derived parts included; 0: unknown */
        GroupSample *groups;    /* known cgroups, the kept ones first */
        size_t n_groups;
        usec_t groups_at_usec;   /* when the kept ones were last read; USEC_UNSET: not at all */
        bool groups_fresh;       /* they were read for this sample */
        uint64_t groups_version; /* as procs_version */

        /* derived by history_advance() */
        Reading system[_METRIC_SYSTEM_MAX];
        UserSample *users; /* caller's array of users_size */
        size_t n_users;
        size_t users_size;
        bool grace; /* after suspend, clock jump or a lost tick: rates are unknown, levels hold */
        usec_t tick_usec; /* time since the previous sample; 0 for the first */
        /* the corrections behind mem.available, for status and explain */
        uint64_t corrected_arc, corrected_file, corrected_dirty;
        uint64_t swap_free_effective; /* free swap at its physical worth */
        uint64_t swap_unreachable;    /* of it, not in swap.free: nothing is left to go there */
        /* beyond the minimum of the last hour, bytes: files of tmpfs, and what else is shared */
        uint64_t tmpfs_gained, shmem_gained;
} Sample;

/* The process in a slot, or NULL when the sample has it no more. */
const ProcSample *sample_find(const Sample *s, uint32_t slot, uint32_t generation);

/* The cgroup in a slot, or NULL when the sample has it no more. */
const GroupSample *sample_find_group(const Sample *s, uint32_t slot, uint32_t generation);

/* Hash of what a budget and the memory of useless kills count by: the system unit if there is one,
 * else (exe, uid). Never 0. */
uint64_t facts_class(const ProcFacts *facts);

/* The same for a cgroup as a target: its system unit if it is that unit, else its path. Never 0. */
uint64_t group_class(const GroupFacts *facts);

/* True when procs[proc] lives in the cgroup or below it. */
bool sample_holds(const Sample *s, const GroupSample *group, size_t proc);

/* True when a process of this cgroup path is in the cgroup or below it. */
bool group_holds(const GroupFacts *group, const char *cgroup);

/* Hash of what competes as one candidate before a member is chosen: the container, else the system
 * unit or user unit (not init.scope, not a slice), else uid and session. Never 0. */
uint64_t facts_group(const ProcFacts *facts);
