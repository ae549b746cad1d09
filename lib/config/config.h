/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The policy model: what all files together mean, checked and immutable. Made by config-load.h,
 * read by everybody, changed by nobody. Holds numbers in their native unit and patterns as text;
 * knows neither YAML nor the kernel. This is the only header of this layer that core may include,
 * so it declares no function that does I/O. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"

/* ---- metrics
 * ------------------------------------------------------------------------------------- */

typedef enum PsiResource {
        PSI_MEMORY,
        PSI_IO,
        PSI_CPU,
        _PSI_RESOURCE_MAX,
} PsiResource;

typedef enum PsiKind {
        PSI_SOME,
        PSI_FULL,
        _PSI_KIND_MAX,
} PsiKind;

/* The first three are our own, computed from total=; the others are the kernel's averages. */
typedef enum PsiWindow {
        PSI_1S,
        PSI_3S,
        PSI_10S,
        PSI_AVG10,
        PSI_AVG60,
        PSI_AVG300,
        _PSI_WINDOW_MAX,
} PsiWindow;

#define _PSI_METRICS ((int) _PSI_RESOURCE_MAX * (int) _PSI_KIND_MAX * (int) _PSI_WINDOW_MAX)

/* The counters of memory.events that a policy can name, in the order of the file. */
typedef enum GroupEvent {
        GROUP_EVENT_LOW,
        GROUP_EVENT_HIGH,
        GROUP_EVENT_MAX,
        GROUP_EVENT_OOM,
        GROUP_EVENT_OOM_KILL,
        _GROUP_EVENT_MAX,
} GroupEvent;

/* Every number that a policy can name. The dotted names are in metric.h (config layer) and carried
 * by each atom, so that core need not know them. */
typedef enum MetricId {
        METRIC_MEM_TOTAL,
        METRIC_MEM_AVAILABLE,
        METRIC_MEM_FREE,
        METRIC_MEM_SHMEM,
        METRIC_MEM_DIRTY,
        METRIC_MEM_SLAB,
        METRIC_MEM_UNEXPLAINED,
        METRIC_MEM_EXHAUSTION,
        METRIC_SWAP_TOTAL,
        METRIC_SWAP_FREE,
        METRIC_SWAP_USED,
        METRIC_ZRAM_PHYSICAL,
        METRIC_REFAULT_ANON,
        METRIC_REFAULT_FILE,
        METRIC_REFAULT_MAPPED,
        METRIC_RECLAIM_SCAN,
        METRIC_RECLAIM_STEAL,
        METRIC_RECLAIM_EFFICIENCY,
        METRIC_FILL_RATE,
        METRIC_OOM_KILLS,
        METRIC_PSI_FIRST, /* PSI block: see metric_psi() */
        METRIC_PSI_LAST = METRIC_PSI_FIRST + _PSI_METRICS - 1,
        _METRIC_SYSTEM_MAX, /* the system metrics are those below */

        METRIC_CGROUP_CURRENT = _METRIC_SYSTEM_MAX,
        METRIC_CGROUP_ANON,
        METRIC_CGROUP_FILE,
        METRIC_CGROUP_SHMEM,
        METRIC_CGROUP_KERNEL,
        METRIC_CGROUP_SWAP,
        METRIC_CGROUP_LIMIT,
        METRIC_CGROUP_USAGE,
        METRIC_CGROUP_GAINED,
        METRIC_CGROUP_GROWTH,
        METRIC_CGROUP_EXHAUSTION,
        METRIC_CGROUP_REFAULT_ANON,
        METRIC_CGROUP_REFAULT_FILE,
        METRIC_CGROUP_EVENTS_FIRST, /* events block: see metric_cgroup_event() */
        METRIC_CGROUP_EVENTS_LAST = METRIC_CGROUP_EVENTS_FIRST + _GROUP_EVENT_MAX - 1,
        METRIC_CGROUP_PSI_FIRST, /* PSI block: see metric_cgroup_psi() */
        METRIC_CGROUP_PSI_LAST = METRIC_CGROUP_PSI_FIRST + _PSI_METRICS - 1,
        _METRIC_CGROUP_MAX,

        METRIC_USER_ANON = _METRIC_CGROUP_MAX,
        METRIC_USER_SWAP,
        METRIC_USER_GAINED,
        METRIC_USER_GROWTH,
        _METRIC_USER_MAX,

        METRIC_PROC_RSS = _METRIC_USER_MAX,
        METRIC_PROC_ANON,
        METRIC_PROC_FILE,
        METRIC_PROC_SHMEM,
        METRIC_PROC_SWAP,
        METRIC_PROC_FREEABLE,
        METRIC_PROC_STACK,
        METRIC_PROC_STACK_USAGE,
        METRIC_PROC_GROWTH,
        METRIC_PROC_EXHAUSTION,
        METRIC_PROC_AGE,
        METRIC_PROC_THREADS,
        _METRIC_MAX,
} MetricId;

static inline MetricId metric_psi(PsiResource resource, PsiKind kind, PsiWindow window) {
        return (MetricId) (METRIC_PSI_FIRST +
                (((int) resource * _PSI_KIND_MAX + (int) kind) * _PSI_WINDOW_MAX + (int) window));
}

static inline MetricId metric_cgroup_psi(PsiResource resource, PsiKind kind, PsiWindow window) {
        return (MetricId) (METRIC_CGROUP_PSI_FIRST +
                (int) (metric_psi(resource, kind, window) - METRIC_PSI_FIRST));
}

static inline MetricId metric_cgroup_event(GroupEvent event) {
        return (MetricId) (METRIC_CGROUP_EVENTS_FIRST + (int) event);
}

static inline bool metric_is_system(MetricId m) {
        return m < _METRIC_SYSTEM_MAX;
}

static inline bool metric_is_cgroup(MetricId m) {
        return m >= METRIC_CGROUP_CURRENT && m < _METRIC_CGROUP_MAX;
}

static inline bool metric_is_cgroup_psi(MetricId m) {
        return m >= METRIC_CGROUP_PSI_FIRST && m <= METRIC_CGROUP_PSI_LAST;
}

static inline bool metric_is_cgroup_event(MetricId m) {
        return m >= METRIC_CGROUP_EVENTS_FIRST && m <= METRIC_CGROUP_EVENTS_LAST;
}

static inline bool metric_is_user(MetricId m) {
        return m >= METRIC_USER_ANON && m < _METRIC_USER_MAX;
}

static inline bool metric_is_process(MetricId m) {
        return m >= METRIC_PROC_RSS && m < _METRIC_MAX;
}

static inline bool metric_is_psi(MetricId m) {
        return m >= METRIC_PSI_FIRST && m <= METRIC_PSI_LAST;
}

/* What the number of a metric counts. Percentages of something (a PSI window, stack_usage, reclaim
 * efficiency) are permyriad by themselves; an amount compared with "8%" is turned into permyriad of
 * its base by the evaluator. */
typedef enum MetricUnit {
        METRIC_UNIT_BYTES,
        METRIC_UNIT_BYTES_PER_SEC,
        METRIC_UNIT_COUNT,
        METRIC_UNIT_COUNT_PER_SEC,
        METRIC_UNIT_PERMYRIAD,
        METRIC_UNIT_USEC,
} MetricUnit;

/* ---- conditions
 * ---------------------------------------------------------------------------------- */

typedef enum CompareOp {
        COMPARE_LT,
        COMPARE_LE,
        COMPARE_GT,
        COMPARE_GE,
        _COMPARE_MAX,
} CompareOp;

typedef struct Atom {
        MetricId metric;
        MetricUnit unit;
        CompareOp op;
        bool percent;   /* threshold is permyriad of the metric's base, not the native unit */
        bool is_amount; /* one of the scarce amounts of promise 1 */
        bool is_pressure_or_rate; /* taken as true when a policy is tested for being armed */
        int64_t threshold;        /* native unit of the metric, or permyriad */
        const char *name;         /* "mem.available" */
        const char *text;         /* "mem.available < 8%", as written, blanks folded */
} Atom;

typedef enum CondKind {
        COND_ATOM,
        COND_ALL,
        COND_ANY,
        COND_NOT,
} CondKind;

#define COND_NONE UINT16_MAX

/* Bounds of one condition; a verdict carries the reading of every atom. */
#define CONDITION_ATOMS_MAX 12
#define CONDITION_NODES_MAX 64

/* A node of a condition; children are a linked list of indices into the same array. Node 0 is the
 * root. */
typedef struct CondNode {
        CondKind kind;
        uint16_t first_child; /* COND_NONE for atoms */
        uint16_t next_sibling;
        Atom atom;
} CondNode;

typedef struct Condition {
        const CondNode *nodes; /* empty: never true */
        size_t n_nodes;
} Condition;

/* ---- matches
 * ------------------------------------------------------------------------------------- */

typedef enum MatchKey {
        MATCH_COMM,
        MATCH_EXE,
        MATCH_CMDLINE,
        MATCH_CGROUP,
        MATCH_UNIT,
        MATCH_USER_UNIT,
        MATCH_SLICE,
        MATCH_CONTAINER,
        MATCH_TTY,
        _MATCH_PATTERN_MAX, /* the keys above hold patterns */

        MATCH_UID = _MATCH_PATTERN_MAX,
        MATCH_GID,
        MATCH_AGE,
        MATCH_SIZE,
        MATCH_OOM_SCORE_ADJ,
        _MATCH_KEY_MAX,
} MatchKey;

/* Inclusive bounds; "> 5min" becomes 5 min + 1 us … INT64_MAX. */
typedef struct Range {
        int64_t min;
        int64_t max;
} Range;

/* One mapping under `match`, `prefer`, `avoid` or `protect`: all keys present must hold, each by
 * any of its values. */
typedef struct MatchSpec {
        uint16_t id;       /* 0 … Config.n_matches - 1, for counting hits */
        uint32_t key_mask; /* 1 << MatchKey */
        struct {
                const char *const *patterns;
                size_t n;
        } patterns[_MATCH_PATTERN_MAX];
        struct {
                const Range *ranges; /* uid, gid; usec for age; bytes for size */
                size_t n;
        } ranges[_MATCH_KEY_MAX - _MATCH_PATTERN_MAX];
        const char *text; /* "{ comm: bash, unit: ssh.service }" */
        const char *file;
        uint32_t line;
} MatchSpec;

/* A list of them: any may hold. */
typedef struct MatchList {
        const MatchSpec *specs;
        size_t n;
} MatchList;

/* ---- policies
 * ------------------------------------------------------------------------------------ */

typedef enum WatchKind {
        WATCH_SYSTEM,
        WATCH_PROCESS,
        WATCH_USER,
        WATCH_CGROUP,
        WATCH_UNIT, /* a cgroup that is a unit of the system manager */
        _WATCH_MAX,
} WatchKind;

/* Each populated cgroup that a pattern of the one spec in watch_match matches is an instance. A
 * slice is one only if the pattern that matched names it, that is, if the last component of the
 * pattern ends in ".slice": a pattern that ends in a double star means what lies in slices and no
 * slice, "user-*.slice" at its end means slices. Decided where instances are matched. A unit is
 * never a slice. */
static inline bool watch_is_group(WatchKind kind) {
        return kind == WATCH_CGROUP || kind == WATCH_UNIT;
}

typedef enum TargetKind {
        TARGET_PROCESS,
        TARGET_TREE,
        TARGET_CGROUP, /* a cgroup with all below it */
        TARGET_UNIT,   /* the cgroup of a unit of the system manager */
        TARGET_USER,   /* all of a user: the cgroup of his slice, else his processes */
        TARGET_AUTO,
        _TARGET_MAX,
} TargetKind;

static inline bool target_is_group(TargetKind kind) {
        return kind == TARGET_CGROUP || kind == TARGET_UNIT || kind == TARGET_USER;
}

/* The ladder, gentlest first. */
typedef enum StepKind {
        STEP_NOTIFY,
        STEP_HINT,     /* tells the programs that listen at /run/avert/pressure */
        STEP_CAPTURE,  /* keeps evidence about the target before it is harmed */
        STEP_RUN,      /* a command of the administrator's */
        STEP_RECLAIM,  /* memory.reclaim */
        STEP_THROTTLE, /* memory.high, as a lease */
        STEP_FREEZE,   /* cgroup.freeze, as a lease */
        STEP_LIMIT,    /* memory.max and memory.swap.max, as a lease without an end of its own */
        STEP_SIGNAL,
        STEP_RESTART, /* of a unit, through systemd */
        STEP_STOP,    /* likewise */
        STEP_TERMINATE,
        STEP_KILL,
        _STEP_MAX,
} StepKind;

static inline bool step_is_destructive(StepKind kind) {
        return kind >= STEP_SIGNAL && kind < _STEP_MAX;
}

/* Done to a cgroup and undone (reclaim: nothing to undo). */
static inline bool step_is_reversible(StepKind kind) {
        return kind >= STEP_RECLAIM && kind <= STEP_LIMIT;
}

/* Harms nobody and delays nothing: never queues, never settles. */
static inline bool step_is_aside(StepKind kind) {
        return kind >= STEP_NOTIFY && kind <= STEP_RUN;
}

/* It falls on somebody, whom it takes a look at the processes to find. */
static inline bool step_takes_target(StepKind kind) {
        return kind >= STEP_CAPTURE && kind < _STEP_MAX;
}

/* Carried out by the service manager. */
static inline bool step_is_of_unit(StepKind kind) {
        return kind == STEP_RESTART || kind == STEP_STOP;
}

typedef enum NotifyLevel {
        NOTIFY_INFO,
        NOTIFY_NOTICE,
        NOTIFY_WARNING,
        NOTIFY_CRITICAL,
        _NOTIFY_MAX,
} NotifyLevel;

/* How strongly programs are asked to give memory back. */
typedef enum HintLevel {
        HINT_NONE, /* nothing is asked of anybody */
        HINT_LOW,
        HINT_MEDIUM,
        HINT_CRITICAL,
        _HINT_MAX,
} HintLevel;

/* Bytes, or permyriad of what the step says. */
typedef struct Amount {
        bool set;
        bool percent;
        uint64_t value;
} Amount;

#define STEP_ARGS_MAX 32

typedef struct Step {
        StepKind kind;
        NotifyLevel level;    /* notify */
        HintLevel hint;       /* hint; never HINT_NONE */
        int signo;            /* signal */
        usec_t grace_usec;    /* terminate: from SIGTERM to SIGKILL */
        usec_t lease_usec;    /* throttle, freeze: given back after this at the latest */
        Amount amount;        /* throttle: memory.high, percent of what is charged when granted;
                               * reclaim: how much, percent likewise; limit: memory.max, percent of
                               * MemTotal */
        Amount swap_amount;   /* limit: memory.swap.max, percent of MemTotal */
        usec_t timeout_usec;  /* until the outcome counts as "did not work" */
        uint64_t quota_bytes; /* capture: of all captures together, oldest go first */

        /* run */
        const char *const *args; /* the program first, an absolute path; NULL behind the last */
        size_t n_args;
        uint32_t uid, gid;     /* whom it runs as */
        uint64_t memory_bytes; /* memory.max of the cgroup that it runs in */
        uint64_t output_bytes; /* of what it writes, kept in the incident; the rest is dropped */
} Step;

/* Weights of the rank, in thousandths per unit (bytes; for youngest/oldest: bytes per second of
 * age). */
typedef enum RankTerm {
        RANK_GAINED,
        RANK_FREEABLE,
        RANK_GROWTH,
        RANK_SWAP,
        RANK_OOM_SCORE,
        RANK_YOUNGEST,
        RANK_OLDEST,
        _RANK_MAX,
} RankTerm;

typedef struct Targets {
        TargetKind kind;
        MatchList match; /* empty: everything (or, for watch process/user, the instance itself) */
        MatchList prefer;
        MatchList avoid;
        int32_t weight_milli[_RANK_MAX];
        usec_t growth_horizon_usec; /* growth: 20s counts bytes/s times 20 s */
        bool at_least_percent;
        uint64_t at_least;    /* bytes, or permyriad of MemTotal (and never below 16 MiB then) */
        uint32_t max_victims; /* processes that one step may end; 0: as many as there are */
} Targets;

typedef enum OnBudget {
        ON_BUDGET_WIDEN,
        ON_BUDGET_NOTIFY,
} OnBudget;

#define POLICY_NAME_MAX 64
#define POLICY_STEPS_MAX 16
#define POLICY_BUDGET_MAX 16 /* kills in a budget: the times of all of them are kept */

typedef struct Policy {
        char name[POLICY_NAME_MAX];
        const char *file; /* where it was defined */
        uint32_t line;
        WatchKind watch;
        MatchList watch_match; /* process, user: empty means every one. cgroup, unit: one spec that
                                * has patterns[MATCH_CGROUP] or patterns[MATCH_UNIT] and nothing
                                * else; see watch_is_group() */
        Condition when;
        Condition clear; /* n_nodes 0: the default, `when` relaxed by a quarter, false for 1 s */
        usec_t for_usec;
        Targets targets;
        Step steps[POLICY_STEPS_MAX];
        size_t n_steps;
        usec_t settle_usec;
        usec_t cooldown_usec;
        uint32_t budget_count; /* 0: no budget */
        usec_t budget_window_usec;
        OnBudget on_budget;
} Policy;

/* True when it has a step that may harm somebody. */
static inline bool policy_can_harm(const Policy *p) {
        for (size_t i = 0; i < p->n_steps; i++)
                if (step_is_destructive(p->steps[i].kind))
                        return true;
        return false;
}

/* True when it has a step that falls on somebody. */
static inline bool policy_takes_target(const Policy *p) {
        for (size_t i = 0; i < p->n_steps; i++)
                if (step_takes_target(p->steps[i].kind))
                        return true;
        return false;
}

/* Not against trouble but to prevent it: in force as long as its cgroups are there. */
static inline bool policy_is_standing(const Policy *p) {
        for (size_t i = 0; i < p->n_steps; i++)
                if (p->steps[i].kind == STEP_LIMIT)
                        return true;
        return false;
}

typedef struct TickConfig {
        usec_t min_usec;     /* 50 ms; a pressure file is never read more often */
        usec_t max_usec;     /* 5 s */
        usec_t process_usec; /* 1 s: watch process/user */
        usec_t census_usec;  /* 30 s */
} TickConfig;

/* The most that limits.instances may be: so many of one policy are compared in a tick. */
#define INSTANCES_MAX 1024

/* Sizes of the pools, fixed at start. A reload that wants more is refused. */
typedef struct LimitsConfig {
        uint32_t processes;    /* known to the daemon (8192) */
        uint32_t kept;         /* with open files, read by the sentinel each pass (256) */
        uint32_t detailed;     /* of these, with status and oom_score (64) */
        uint32_t instances;    /* of all policies together (512) */
        uint32_t incidents;    /* open at a time (32) */
        uint32_t policies;     /* (64) */
        uint32_t cgroups;      /* known to the daemon (8192) */
        uint32_t kept_cgroups; /* of these, with open files, read by the sentinel each pass (64) */
} LimitsConfig;

typedef struct ConfigSource {
        const char *path; /* or "built-in" */
        bool masked;      /* empty, or a link to /dev/null */
} ConfigSource;

/* What the admin should know though it is no error: protection that rests on comm or cmdline alone,
 * … */
typedef struct ConfigWarning {
        const char *file;
        uint32_t line;
        uint32_t column;
        const char *text;
} ConfigWarning;

/* All of it. Reference counted by config_ref()/config_unref() (config-load.h); everything inside
 * belongs to it. Policies stand in order of precedence: file name, then order in the file; system
 * scope is put first by the judge, not here. */
typedef struct Config {
        unsigned refs;
        TickConfig tick;
        LimitsConfig limits;
        MatchList protect;
        const Policy *policies;
        size_t n_policies;
        const ConfigSource *sources;
        size_t n_sources;
        const ConfigWarning *warnings;
        size_t n_warnings;
        const MatchSpec *const *matches; /* every spec by its id */
        size_t n_matches;
        uint64_t hash; /* of all texts: tells whether two daemons run the same policy */
        void *arena;   /* owns the memory; opaque */
} Config;

/* The index of the policy of that name, or -1. */
static inline int config_find_policy(const Config *config, const char *name) {
        for (size_t i = 0; i < config->n_policies; i++)
                if (strcmp(config->policies[i].name, name) == 0)
                        return (int) i;
        return -1;
}
