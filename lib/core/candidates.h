/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The working table of a ranking: one entry per process of the sample, linked to its group, its
 * parent and those who share its memory. Shared between the parts of rank.h.
 *
 * (1) Entry i tells about s->procs[i].
 * (2) Chains run through the table itself, so that it needs no other memory. */

#include "core/rank.h"

#define CANDIDATE_NONE UINT32_MAX

enum {
        CANDIDATE_FORBIDDEN = 1 << 0, /* must not be touched, by whatever policy */
        CANDIDATE_COUNTED = 1 << 1,   /* its address space is in the sums of its group */
        CANDIDATE_MEMBER = 1 << 2,    /* of the target that is being built */
        CANDIDATE_PLAIN = 1 << 3, /* leader only: a member that may be touched is not preferred */
        CANDIDATE_PREFERRED = 1 << 4,    /* leader only: a member is preferred */
        CANDIDATE_AVOIDED = 1 << 5,      /* leader only: a member is to be avoided */
        CANDIDATE_OMITTED = 1 << 7,      /* lives where nobody is to be taken */
        CANDIDATE_OWNER_AVOIDS = 1 << 8, /* lives where one is to be taken last */
        CANDIDATE_BESIDE = 1 << 6, /* not matched only because it is not the instance itself */
};

/* Makes the table: links, and the refusals that need no sums. Returns the number of entries. */
size_t candidates_collect(const Config *config, const Policy *policy, const Verdict *v,
        const Sample *s, const RankVeto *veto, Candidate *table, size_t size);

/* Why nobody may touch this process, by whatever policy, its surroundings apart; NONE when one may.
 * *ret_spec: the entry of `protect` that holds, else NULL. */
Refusal candidate_refuse_always(const Config *config, const RankVeto *veto, const ProcSample *p,
        usec_t boottime, const MatchSpec **ret_spec);

/* True when a target may hold it: it is no candidate at worst because it is small or has no pidfd
 * yet. */
bool candidate_is_touchable(const Candidate *c);

/* True when the policy would take more of the group than one member. */
bool candidate_takes_group(const Policy *policy, const Candidate *c);
