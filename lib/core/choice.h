/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a step of a policy would fall on now: a process, a tree or a cgroup. The same for decide and
 * for explain. Pure. */

#include "core/decide.h"
#include "core/group-rank.h"

/* What the choice is made from. scratch holds the ranking of the processes for this policy and
 * instance; its groups are ranked here. */
typedef struct Choosing {
        const Config *config;
        const Policy *policy;
        const Verdict *v;
        const Sample *s;
        const RankVeto *veto;
        DecideScratch *scratch;
        const Incident *incident; /* whose target keeps the ladder, or NULL */
} Choosing;

typedef struct Choice {
        /* The process that stands for it: the target itself, or of a cgroup the member that gained
         * most. NULL: nobody is taken, or a cgroup of which no process is known. */
        const Candidate *winner;
        const GroupCandidate *group; /* the cgroup that is taken whole, or was to be; NULL */
        bool kept;                   /* it is the target that the incident had */
        bool too_many; /* the cgroup holds more processes than max_victims: the winner alone */
        Target target; /* no members and no groups: nobody is taken */
} Choice;

void choice_make(const Choosing *c, Choice *ret);

/* For those who explain, after choice_make(): of kind auto leaves the cgroups that compete for
 * being taken whole in scratch->best_groups, as the kinds of cgroups do by themselves. */
void choice_list_works(const Choosing *c);

/* The next larger target of a class whose budget is spent: its parent's subtree for a process
 * (TARGET_TREE), its unit for both (TARGET_UNIT; a unit of a user's manager counts as one). False
 * when there is none that may be taken. */
bool choice_widen(const Choosing *c, const Choice *from, TargetKind kind, Target *ret);

/* The unit of the system manager that the choice is or, for a process, runs in: for who asks the
 * service manager. Never that of a container's runtime. False when there is none that may be taken.
 */
bool choice_unit(const Choosing *c, const Choice *from, Target *ret);

static inline bool target_is_nobody(const Target *t) {
        return t->n_members == 0 && t->n_groups == 0;
}
