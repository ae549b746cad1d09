/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which cgroup a step would fall on: cgroups with their scores, and for each that is none of the
 * candidates the reason. Rests on a ranking of the processes (rank.h). Pure: same sample, same
 * order, byte for byte (ties go to the one that comes first in the sample).
 *
 * (1) Entry i tells about s->groups[i]; chains run through the table itself.
 * (2) A cgroup is charged with all that lives in it and below it.
 * (3) What must not be touched is not touched by taking all that is around it either. */

#include "core/rank.h"

#define GROUP_NONE UINT32_MAX

typedef struct GroupCandidate {
        uint32_t group; /* index into Sample.groups */
        Refusal refusal;
        const MatchSpec *spec; /* behind PROTECTED, prefer or avoid; NULL */
        uint32_t refuser;      /* index of the process that is the reason, or GROUP_NONE */
        uint32_t culprit; /* of the member that gained most and may be touched, or GROUP_NONE */
        int64_t score;
        int8_t preference;    /* +1 prefer (times 4), -1 avoid (a quarter) */
        bool owner_avoids;    /* its owner, or one around it, wants it taken last: a quarter */
        bool history_missing; /* gained counted as far as its processes tell */
        uint32_t n_processes; /* known ones */
        uint64_t gained, freeable;
        uint64_t largest; /* gained by the culprit */
        struct {          /* the ranking's own */
                uint32_t bucket, next, parent;
                uint32_t n_preferred, n_avoided;
                uint32_t flags;
                uint64_t gained, freeable, swap, growth, oom_bytes, age_sec; /* of its processes */
        } link;
} GroupCandidate;

typedef struct GroupRanking {
        const Config *config;
        const Policy *policy;
        const Verdict *v; /* whose instance bounds the choice; NULL: nobody's */
        const Sample *s;
        const RankVeto *veto;
        const Candidate *procs; /* what rank() left in its scratch, for the same sample */
        size_t n_procs;
        GroupCandidate *table; /* room for `size` entries; beyond that cgroups are not looked at */
        size_t size;
        size_t n; /* filled in by group_rank() */
} GroupRanking;

/* Fills the table and writes the best `cap` of the candidates for this kind of target to ret:
 * eligible ones first, by score, then refused ones by what they gained. Those out of the question
 * (of another kind, not matched) are not written. Kinds that are not of cgroups have no candidates;
 * the table then tells who may be taken whole. Returns the number written. */
size_t group_rank(GroupRanking *r, TargetKind kind, GroupCandidate *ret, size_t cap);

/* For those who explain, after group_rank() for TARGET_AUTO, which takes a cgroup for the sake of
 * one process: the containers, units and cgroups with memory.oom.group=1 that the processes are the
 * work of, likewise. Returns the number written. */
size_t group_rank_works(const GroupRanking *r, GroupCandidate *ret, size_t cap);

/* The entry that a process lives in, or the nearest above it that is known; GROUP_NONE. */
uint32_t group_rank_leaf(const GroupRanking *r, uint32_t proc);

/* True when the policy's match takes the cgroup and everybody in it: for whom takes a whole cgroup
 * on behalf of one member. */
bool group_rank_is_meant(const GroupRanking *r, const GroupCandidate *c);

/* True when a policy with this bound may end so many processes at once. */
bool group_rank_is_few(const Policy *policy, const GroupCandidate *c);
