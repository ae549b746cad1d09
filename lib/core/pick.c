/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pick.h"

#include <string.h>

#include "base/macro.h"
#include "core/group-target.h"
#include "core/lease-book.h"
#include "core/remembered.h"

/* What choice.h asks for, about one incident. Points into itself: it stays where it is. */
typedef struct Picking {
        DecideVeto veto;
        RankVeto ask;
        Choosing choosing;
} Picking;

static void begin(const Judge *j, const Incident *i, const Verdict *v, Picking *ret) {
        ret->veto = (DecideVeto){ j->book, j->now_usec, decide_asks(i->policy) };
        ret->ask = decide_ask(&ret->veto);
        ret->choosing =
                (Choosing){ j->config, judge_policy(j, i), v, j->s, &ret->ask, j->scratch, i };
}

/* The policies of a machine in trouble become true together, and mostly rank alike: who is left
 * alone does not change before the next tick, so one ranking serves them all; not where some are
 * left alone by one policy only. */
static bool is_ranked(const Judge *j, const Incident *i) {
        const Policy *p = judge_policy(j, i);

        return j->ranked && instance_key_equals(&j->ranked_key, &i->key) &&
                (j->ranked == p ||
                        (rank_is_same(j->ranked, p) && !remembered_tells_policies_apart(j->book)));
}

static void rank_for(Judge *j, const Incident *i, const Verdict *v) {
        Picking p;

        if (is_ranked(j, i))
                return;
        begin(j, i, v, &p);

        j->ranked = judge_policy(j, i);
        j->ranked_key = i->key;
        j->scratch->n_best =
                rank(j->config, judge_policy(j, i), v, j->s, &p.ask, j->scratch->candidates,
                        j->scratch->size, j->scratch->best, ELEMENTS(j->scratch->best));
}

static bool takes_groups(const Judge *j, const Incident *i) {
        return target_is_group(judge_policy(j, i)->targets.kind);
}

void pick_target(Judge *j, Incident *i, const Verdict *v, Choice *ret) {
        Picking p;

        rank_for(j, i, v);
        begin(j, i, v, &p);
        choice_make(&p.choosing, ret);
        if (i->has_target && !ret->kept)
                pick_release(j, i, "its target may not be taken any more");
}

void pick_rank(Judge *j, const Incident *i, const Verdict *v) {
        Incident nobodys = { .policy = i->policy, .key = i->key };
        Choice choice;

        if (takes_groups(j, i))
                pick_target(j, &nobodys, v, &choice);
        else
                rank_for(j, i, v);
}

static bool is_left_alone(const Candidate *c) {
        return c->refusal != REFUSAL_NONE && c->refusal != REFUSAL_NOT_MATCHED &&
                c->refusal != REFUSAL_KTHREAD && c->refusal != REFUSAL_DEAD;
}

/* The largest of those that are left alone, but for one; NULL: there is none. */
static const Candidate *largest_left_alone(const Judge *j, const Candidate *but) {
        size_t n = MIN(j->s->n_procs, j->scratch->size);
        const Candidate *largest = NULL;
        uint64_t most = 0;

        for (size_t k = 0; k < n; k++) {
                const Candidate *c = &j->scratch->candidates[k];
                const ProcSample *p = &j->s->procs[c->proc];

                if (c == but || !is_left_alone(c) || (largest && p->rss + p->swap <= most))
                        continue;
                largest = c;
                most = p->rss + p->swap;
        }
        return largest;
}

/* Where many could be taken, those who are left alone have places all the same: why it was not the
 * largest is what people ask. */
static void list_processes(const Judge *j, Event *e) {
        const DecideScratch *scratch = j->scratch;
        size_t n = MIN(scratch->n_best, (size_t) EVENT_CANDIDATES_MAX);
        bool crowded = n == EVENT_CANDIDATES_MAX &&
                scratch->best[n - EVENT_LEFT_ALONE].refusal == REFUSAL_NONE;
        const Candidate *first = crowded ? largest_left_alone(j, NULL) : NULL;
        const Candidate *second = first ? largest_left_alone(j, first) : NULL;

        for (n -= second ? 2 : first ? 1 : 0; e->n_candidates < n; e->n_candidates++)
                judge_describe(
                        j->s, &scratch->best[e->n_candidates], &e->candidates[e->n_candidates]);
        if (first)
                judge_describe(j->s, first, &e->candidates[e->n_candidates++]);
        if (second)
                judge_describe(j->s, second, &e->candidates[e->n_candidates++]);
}

void pick_list(const Judge *j, const Incident *i, Event *e) {
        const DecideScratch *scratch = j->scratch;
        size_t n = MIN(scratch->n_best_groups, (size_t) EVENT_CANDIDATES_MAX);

        if (!takes_groups(j, i) || n == 0) {
                list_processes(j, e);
                return;
        }
        for (; e->n_candidates < n; e->n_candidates++)
                judge_describe_group_candidate(j->s, &scratch->best_groups[e->n_candidates],
                        &e->candidates[e->n_candidates]);
}

/* What the ranking of the cgroups says of the instance. */
static const GroupCandidate *instance_of(const Judge *j, const Verdict *v) {
        size_t n = MIN(j->s->n_groups, j->scratch->groups_size);

        return v->group >= 0 && (size_t) v->group < n ? &j->scratch->groups[v->group] : NULL;
}

const GroupSample *pick_group(
        const Judge *j, const Verdict *v, const Incident *i, const Choice *choice) {
        const GroupCandidate *instance = instance_of(j, v);

        if (choice->group)
                return &j->s->groups[choice->group->group];
        if (target_is_nobody(&choice->target) && takes_groups(j, i) && instance &&
                instance->refusal == REFUSAL_TOO_SMALL)
                return &j->s->groups[instance->group];
        return NULL;
}

const GroupSample *pick_instance(
        Judge *j, const Incident *i, const Verdict *v, Refusal *ret_refusal) {
        Incident nobodys = { .policy = i->policy, .key = i->key };
        const GroupCandidate *instance;
        Choice choice;

        pick_target(j, &nobodys, v, &choice);
        instance = instance_of(j, v);
        *ret_refusal = instance ? instance->refusal : REFUSAL_UNREACHABLE;
        if (*ret_refusal != REFUSAL_NONE && *ret_refusal != REFUSAL_TOO_SMALL)
                return NULL;
        return &j->s->groups[instance->group];
}

bool pick_unit(Judge *j, Incident *i, const Verdict *v, Choice *choice) {
        Picking p;
        Target target;

        begin(j, i, v, &p);
        if (!choice_unit(&p.choosing, choice, &target))
                return false;
        choice->target = target;
        choice->group = &j->scratch->groups[target.group];
        choice->too_many = false;
        return true;
}

bool pick_wider(const Judge *j, const Incident *i, const Verdict *v, const Choice *choice,
        TargetKind kind, Target *ret) {
        Picking p;

        begin(j, i, v, &p);
        return choice_widen(&p.choosing, choice, kind, ret);
}

void pick_keep_group(Incident *i, const GroupSample *group) {
        i->has_target = true;
        i->target_is_group = true;
        i->slot = group->slot;
        i->generation = group->generation;
}

void pick_keep(const Judge *j, Incident *i, const Target *target) {
        const ProcSample *root;

        if (target->n_groups > 0) {
                pick_keep_group(i, &j->s->groups[target->group]);
                return;
        }
        root = &j->s->procs[target->members[0]];
        i->has_target = true;
        i->target_is_group = false;
        i->slot = root->slot;
        i->generation = root->generation;
}

uint32_t pick_entry(const Policy *p, const Incident *i) {
        uint32_t entry = i->first_destructive_reached;

        if (entry == UINT32_MAX) {
                for (entry = 0; entry < i->next_step && !step_takes_target(p->steps[entry].kind);)
                        entry++;
                return entry;
        }
        while (entry > 0 &&
                (p->steps[entry - 1].kind == STEP_CAPTURE || p->steps[entry - 1].kind == STEP_RUN))
                entry--;
        return entry;
}

void pick_release(Judge *j, Incident *i, const char *why) {
        if (!i)
                return;
        leases_return_of(j, i->id, why);
        i->relief.pending = false;
        i->has_target = false;
        i->next_step = pick_entry(judge_policy(j, i), i);
}
