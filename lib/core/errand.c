/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/errand.h"

#include <string.h>

#include "base/macro.h"

Errand *errand_add(Judge *j, uint64_t incident, StepKind kind, usec_t deadline_usec) {
        Errand *errand;

        if (j->plan->n_errands == PLAN_ERRANDS_MAX)
                return NULL;
        errand = &j->plan->errands[j->plan->n_errands++];
        errand->id = ++j->book->next_action;
        errand->incident = incident;
        errand->kind = kind;
        errand->deadline_usec = deadline_usec;
        return errand;
}

Errand *errand_add_step(
        Judge *j, const Incident *i, StepKind kind, uint16_t index, usec_t deadline_usec) {
        Errand *errand = errand_add(j, i->id, kind, deadline_usec);

        if (!errand)
                return NULL;
        errand->config = j->config;
        errand->policy = i->policy;
        errand->step = index;
        return errand;
}

/* A path that was cut names another cgroup, or none: it begins with "?" then. */
static void copy_path(Errand *errand, const char *path) {
        if (!text_copy(errand->cgroup, sizeof(errand->cgroup), path))
                errand->cgroup[0] = '?';
}

static const char *cgroup_of(const ProcSample *p) {
        return p->facts->cgroup ? p->facts->cgroup : "";
}

void errand_describe(const Judge *j, const Target *target, Errand *errand) {
        const GroupFacts *group = target->group >= 0 ? j->s->groups[target->group].facts : NULL;

        if (group)
                copy_path(errand, group->path);
        else if (target->n_members > 0)
                copy_path(errand, cgroup_of(&j->s->procs[target->members[0]]));
        if (group && group->is_unit && !text_copy(errand->unit, sizeof(errand->unit), group->unit))
                errand->unit[0] = '\0';
        for (size_t m = 0; m < target->n_members && m < ERRAND_PROCESSES_MAX; m++) {
                const ProcFacts *f = j->s->procs[target->members[m]].facts;

                errand->pids[m] = f->pid;
                errand->start_ticks[m] = f->start_ticks;
                errand->n_processes++;
        }
}
