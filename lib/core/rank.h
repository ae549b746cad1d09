/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who a step would fall on: candidates with their scores, and for everybody who is not one the
 * reason. Pure: same sample, same order, byte for byte (ties go to the younger process, then the
 * higher pid). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "core/evaluate.h"
#include "core/sample.h"
#include "core/steering.h"

typedef enum Refusal {
        REFUSAL_NONE,
        REFUSAL_INIT, /* pid 1 */
        REFUSAL_KTHREAD,
        REFUSAL_SELF,      /* avertd and what belongs to it */
        REFUSAL_PROTECTED, /* by a `protect` entry: `spec` tells which */
        REFUSAL_ADJ,       /* oom_score_adj -1000, honoured */
        REFUSAL_SESSION,   /* session leader, shell, compositor around the offender: only when named
                            */
        REFUSAL_NOT_MATCHED, /* the policy's match does not take it */
        REFUSAL_TOO_SMALL,   /* frees less than at_least */
        REFUSAL_DEAD,        /* zombie, nothing left to free */
        REFUSAL_EXITING,     /* already on its way out: its memory is coming */
        REFUSAL_REMEMBERED,  /* refused, stuck or useless a while ago */
        REFUSAL_BUDGET,      /* its class has used up the policy's budget */
        REFUSAL_UNREACHABLE, /* not in the kept set: no pidfd yet */
        REFUSAL_SHARES_MM,   /* shares its memory with a process that must not be touched */
        REFUSAL_EMPTY,       /* a cgroup without processes */
        REFUSAL_THREADED,    /* a cgroup whose threads belong to a process elsewhere */
        REFUSAL_SLICE,       /* holds what has nothing to do with each other: only when named */
        REFUSAL_OMIT, /* its cgroup's owner wants it never taken: ManagedOOMPreference=omit */
        REFUSAL_WARD, /* somebody asked to leave it alone for a while */
        _REFUSAL_MAX,
} Refusal;

/* "protected", "too-small": stable, for JSON and the journal. */
const char *refusal_name(Refusal r);

typedef struct Candidate {
        uint32_t proc; /* index into Sample.procs */
        Refusal refusal;
        const MatchSpec *spec; /* behind PROTECTED, prefer or avoid; NULL */
        int64_t score;
        int64_t parts[_RANK_MAX];
        int8_t preference;    /* +1 prefer (times 4), -1 avoid (a quarter) */
        bool history_missing; /* gained counted as 0 for want of history */
        uint64_t group_hash;
        int64_t group_score; /* sum over the group; a preference counts when it covers the whole
                                group */
        uint64_t group_gained;
        uint64_t group_freeable;
        uint64_t group_largest; /* gained by its largest member that may be touched */
        bool owner_avoids;      /* its cgroup's owner wants it taken last: a quarter of its score */
        bool adj_ignored;       /* has an oom_score_adj of -1000 that nobody asked for */
        struct {                /* the ranking's own: chains through the scratch array */
                uint32_t bucket, next, leader;
                uint32_t mm_bucket, mm_next, mm_leader;
                uint32_t pid_bucket, pid_next, parent;
                uint64_t subtree;
                uint32_t flags;
        } link;
} Candidate;

/* What is remembered, asked per candidate, and whom somebody protects, by whatever policy. NULL
 * refuses nobody. */
typedef struct RankVeto {
        Refusal (*ask)(const void *ctx, const ProcSample *proc);
        Refusal (*ask_group)(const void *ctx, const GroupSample *group);
        const void *ctx;
        const Steering *steering;
        usec_t now_usec; /* for the steering */
} RankVeto;

/* What a target must free at least to be worth it, in bytes. */
uint64_t rank_at_least(const Policy *policy, const Sample *s);

/* A term's value with its weight, and a score with a preference. */
int64_t rank_weigh(int64_t value, int32_t weight_milli);
int64_t rank_prefer(int64_t score, int preference);

/* Scores every process for the policy instance: the process, the user's, those in the cgroup.
 * Writes the best `cap` to ret: eligible ones first, by group score, then by score within the
 * group; then refused ones by size. Processes that are out of the question for this policy (not
 * matched, dead, kernel threads) are not written. scratch must hold s->n_procs candidates (fewer
 * are ranked when it does not); afterwards scratch[i] tells about s->procs[i]. Returns the number
 * written. */
size_t rank(const Config *config, const Policy *policy, const Verdict *v, const Sample *s,
        const RankVeto *veto, Candidate *scratch, size_t scratch_size, Candidate *ret, size_t cap);

/* True when rank() gives the same for both policies at one instant, so that once is enough. */
bool rank_is_same(const Policy *a, const Policy *b);

/* A process and, for trees, its descendants in the same group that may be touched. */
#define TARGET_MEMBERS_MAX 256

/* A cgroup as a target or an action names it. */
typedef struct GroupRef {
        uint32_t slot;
        uint32_t generation;
} GroupRef;

/* A cgroup and the descendants that hold processes; those beyond are reached by cgroup.kill alone.
 */
#define TARGET_GROUPS_MAX 64

typedef struct Target {
        TargetKind kind;                      /* what it came to be; never TARGET_AUTO */
        uint32_t members[TARGET_MEMBERS_MAX]; /* indices into Sample.procs; the root first */
        size_t n_members;
        size_t n_unreached;                 /* members beyond the array or without a pidfd */
        GroupRef groups[TARGET_GROUPS_MAX]; /* as Action.groups; the members are its processes */
        size_t n_groups;                    /* 0: only processes */
        int32_t group;                      /* index of the first into Sample.groups, or -1 */
        uint64_t promised;                  /* bytes that should come back */
        uint64_t class_hash;
        bool stops; /* a spent budget: the unit is stopped through the service manager */
} Target;

/* Builds the target that the winning candidate stands for: the process, with everybody who shares
 * its memory; or, for TARGET_TREE, and for TARGET_AUTO when the largest member holds less than half
 * of what its group gained, the smallest subtree of the group that holds most of the gain without
 * its session leader. scratch is what rank() left there for the same sample. */
void rank_target(const Policy *policy, const Verdict *v, const Sample *s, Candidate *scratch,
        const Candidate *winner, TargetKind kind, Target *ret);

/* The next larger target, for a class whose budget is spent: the subtree of the winner's parent, so
 * that what respawns costs its supervisor. False when there is no parent in the group that may be
 * touched. */
bool rank_target_widen(const Sample *s, Candidate *scratch, const Candidate *winner, Target *ret);
