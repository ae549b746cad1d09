/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ladder.h"

#include "base/macro.h"
#include "core/candidates.h"
#include "core/class-budget.h"
#include "core/flight.h"
#include "core/incident.h"
#include "core/no-victim.h"

/* How often a new look is taken when there was nobody to take, or no budget left. */
#define LOOK_AGAIN_USEC USEC_PER_SEC
#define LOOK_AGAIN_CRITICAL_USEC (200 * USEC_PER_MSEC)

/* The policies of a machine in trouble become true together, and mostly rank alike: who is left
 * alone does not change before the next tick, so one ranking serves them all. */
static void rank_for(Judge *j, const Incident *i, const Verdict *v) {
        DecideVeto veto = { j->book, j->now_usec };
        RankVeto ask = { decide_veto, &veto };

        if (j->ranked && rank_is_same(j->ranked, judge_policy(j, i)) &&
                instance_key_equals(&j->ranked_key, &i->key))
                return;

        j->ranked = judge_policy(j, i);
        j->ranked_key = i->key;
        j->scratch->n_best =
                rank(j->config, judge_policy(j, i), v, j->s, &ask, j->scratch->candidates,
                        j->scratch->size, j->scratch->best, ELEMENTS(j->scratch->best));
}

static void list_candidates(const Judge *j, Event *e) {
        for (; e->n_candidates < MIN(j->scratch->n_best, (size_t) EVENT_CANDIDATES_MAX);
                e->n_candidates++)
                judge_describe(
                        j->s, &j->scratch->best[e->n_candidates], &e->candidates[e->n_candidates]);
}

/* (1) */
static void notify(Judge *j, Incident *i, const Verdict *v, const Step *step) {
        Event *e;

        incident_renew_reason(j, i, v);
        e = judge_add_event(j, EVENT_NOTIFY, i);
        i->n_steps_taken++;
        if (!e)
                return;

        e->level = step->level;
        e->step = step->kind;
        e->has_step = true;
        if (j->s->n_procs > 0) {
                rank_for(j, i, v);
                list_candidates(j, e);
        }
}

/* The target that has the ladder, if it is still there to be taken. (3) */
static const Candidate *current_target(const Judge *j, Incident *i) {
        size_t n = MIN(j->s->n_procs, j->scratch->size);

        for (size_t c = 0; i->has_target && c < n; c++)
                if (j->s->procs[c].slot == i->slot && j->s->procs[c].generation == i->generation &&
                        j->scratch->candidates[c].refusal == REFUSAL_NONE)
                        return &j->scratch->candidates[c];
        return NULL;
}

static const Candidate *pick(Judge *j, Incident *i, const Verdict *v) {
        const Candidate *c;

        rank_for(j, i, v);
        c = current_target(j, i);
        if (c)
                return c;

        if (i->has_target) {
                i->has_target = false;
                i->next_step = i->first_destructive_reached;
        }
        if (j->scratch->n_best == 0 || j->scratch->best[0].refusal != REFUSAL_NONE)
                return NULL;
        return &j->scratch->best[0];
}

static void wait_and_look_again(const Judge *j, Incident *i) {
        i->retry_usec =
                usec_add(j->now_usec, i->critical ? LOOK_AGAIN_CRITICAL_USEC : LOOK_AGAIN_USEC);
}

static void tell_budget(Judge *j, Incident *i, const Candidate *winner, const char *what) {
        Event *e;

        if (i->told_budget)
                return;
        i->told_budget = true;

        e = judge_add_event(j, EVENT_BUDGET_SPENT, i);
        if (!e)
                return;
        judge_describe(j->s, winner, &e->target);
        e->target.refusal = REFUSAL_BUDGET;
        e->count = judge_policy(j, i)->budget_count;
        text_copy(e->text, sizeof(e->text), what);
}

/* False when nothing may be done about this class now. */
static bool fit_budget(Judge *j, Incident *i, const Candidate *winner, Target *target) {
        const Policy *p = judge_policy(j, i);

        if (!class_budget_is_spent(
                    j->book, p, i->policy, target->class_hash, target->kind, j->now_usec))
                return true;

        if (p->on_budget == ON_BUDGET_WIDEN && target->kind == TARGET_PROCESS) {
                Target wider;

                if (rank_target_widen(j->s, j->scratch->candidates, winner, &wider) &&
                        !class_budget_is_spent(j->book, p, i->policy, wider.class_hash, TARGET_TREE,
                                j->now_usec)) {
                        tell_budget(j, i, winner,
                                "it comes back again and again: now its parent with all it "
                                "started");
                        i->widened = TARGET_TREE;
                        *target = wider;
                        target->kind = TARGET_TREE;
                        return true;
                }
        }

        if (i->critical && p->watch == WATCH_SYSTEM) {
                tell_budget(j, i, winner, "going on, for there is no time left");
                return true;
        }
        tell_budget(
                j, i, winner, "it comes back again and again: nothing more is done about it here");
        return false;
}

static void add_notes(const Candidate *winner, Event *e) {
        TextBuf out;

        textbuf_init(&out, e->text, sizeof(e->text));
        if (winner->history_missing)
                textbuf_add(&out, "too young a history: what it gained is only what was seen");
        if (winner->adj_ignored) {
                textbuf_add(&out, out.len > 0 ? "; " : "");
                textbuf_add(&out, "its oom_score_adj of -1000 was inherited and does not count");
        }
}

static void launch(
        Judge *j, Incident *i, const Step *step, const Candidate *winner, const Target *target) {
        const ProcSample *root = &j->s->procs[target->members[0]];
        Event *e;

        i->has_target = true;
        i->slot = root->slot;
        i->generation = root->generation;
        i->n_steps_taken++;
        i->told_no_victim = false;
        j->book->steps_total++;
        class_budget_count(j->book, judge_policy(j, i), i->policy, target->class_hash, target->kind,
                j->now_usec);

        e = flight_start(j, i, step, target);
        if (e) {
                list_candidates(j, e);
                add_notes(winner, e);
        }
        if (j->dry)
                i->held = true;
}

/* Somebody must be found, be worth it, and have a budget left. */
static void harm(Judge *j, Incident *i, const Verdict *v, const Step *step) {
        const Candidate *winner = pick(j, i, v);
        Target target;

        if (winner)
                rank_target(judge_policy(j, i), v, j->s, j->scratch->candidates, winner,
                        judge_policy(j, i)->targets.kind, &target);
        if (!winner || target.n_members == 0 ||
                target.promised < rank_at_least(judge_policy(j, i), j->s)) {
                no_victim_tell(j, i);
                wait_and_look_again(j, i);
                return;
        }
        incident_renew_reason(j, i, v);
        if (!fit_budget(j, i, winner, &target)) {
                wait_and_look_again(j, i);
                return;
        }
        /* pick() may have sent the ladder back to where a new target enters. */
        launch(j, i,
                i->next_step < judge_policy(j, i)->n_steps
                        ? &judge_policy(j, i)->steps[i->next_step]
                        : step,
                winner, &target);
}

/* Processes must have been read after the last step settled; a critical moment takes what there is.
 */
static bool has_processes(const Judge *j, const Incident *i) {
        if (j->s->n_procs == 0 || j->s->procs_at_usec == USEC_UNSET)
                return false;
        return i->critical || j->s->procs_at_usec >= j->book->not_before_usec;
}

/* A process waits while an open incident about its user acts. */
static bool is_under_ancestor(const Judge *j, const Incident *i) {
        const ProcSample *p;

        if (i->key.watch != WATCH_PROCESS)
                return false;
        p = sample_find(j->s, i->key.slot, i->key.generation);
        for (size_t k = 0; p && k < INCIDENTS_MAX; k++) {
                const Incident *other = &j->book->incidents[k];

                if (other->used && other->phase == INCIDENT_OPEN &&
                        other->key.watch == WATCH_USER && other->key.uid == p->facts->uid &&
                        incident_can_harm(j, other))
                        return true;
        }
        return false;
}

static void step_up(Judge *j, Incident *i) {
        const Policy *p = judge_policy(j, i);
        const Verdict *v = judge_verdict(j, i);

        if (!incident_is_due(j, i, v))
                return;
        for (; i->next_step < p->n_steps && !step_is_destructive(p->steps[i->next_step].kind);
                i->next_step++)
                notify(j, i, v, &p->steps[i->next_step]);
        if (i->next_step >= p->n_steps)
                return;

        i->first_destructive_reached = MIN(i->first_destructive_reached, i->next_step);
        if (j->book->flight.active || j->outcome_new || j->plan->n_actions > 0 || i->held ||
                j->now_usec < i->retry_usec || j->now_usec < j->book->not_before_usec ||
                !has_processes(j, i) || is_under_ancestor(j, i))
                return;
        harm(j, i, v, &p->steps[i->next_step]);
}

/* (2) */
static bool goes_before(const Judge *j, const Incident *a, const Incident *b) {
        bool system_a = judge_policy(j, a)->watch == WATCH_SYSTEM;
        bool system_b = judge_policy(j, b)->watch == WATCH_SYSTEM;

        if (a->critical != b->critical)
                return a->critical;
        if (system_a != system_b)
                return system_a;
        if (a->policy != b->policy)
                return a->policy < b->policy;
        return a->id < b->id;
}

void ladder_advance(Judge *j) {
        uint16_t order[INCIDENTS_MAX];
        size_t n = 0;

        for (uint16_t k = 0; k < INCIDENTS_MAX; k++) {
                const Incident *incident = &j->book->incidents[k];
                size_t at = n;

                if (!incident->used || incident->phase != INCIDENT_OPEN)
                        continue;
                for (n++; at > 0 && goes_before(j, incident, &j->book->incidents[order[at - 1]]);
                        at--)
                        order[at] = order[at - 1];
                order[at] = k;
        }
        for (size_t k = 0; k < n; k++)
                step_up(j, &j->book->incidents[order[k]]);
}
