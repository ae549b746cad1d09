/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ladder.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "core/choice.h"
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
        RankVeto ask = { decide_veto, decide_veto_group, &veto };

        if (j->ranked && rank_is_same(j->ranked, judge_policy(j, i)) &&
                instance_key_equals(&j->ranked_key, &i->key))
                return;

        j->ranked = judge_policy(j, i);
        j->ranked_key = i->key;
        j->scratch->n_best =
                rank(j->config, judge_policy(j, i), v, j->s, &ask, j->scratch->candidates,
                        j->scratch->size, j->scratch->best, ELEMENTS(j->scratch->best));
}

static bool takes_groups(const Judge *j, const Incident *i) {
        return target_is_group(judge_policy(j, i)->targets.kind);
}

/* Who would be taken. A target that the incident had and that may not be taken any more is given
 * up, and the next one enters the ladder where it does. (3) */
static void choose(Judge *j, Incident *i, const Verdict *v, Choice *ret) {
        DecideVeto veto = { j->book, j->now_usec };
        RankVeto ask = { decide_veto, decide_veto_group, &veto };
        const Choosing choosing = { j->config, judge_policy(j, i), v, j->s, &ask, j->scratch, i };

        rank_for(j, i, v);
        choice_make(&choosing, ret);
        if (i->has_target && !ret->kept) {
                i->has_target = false;
                i->next_step = i->first_destructive_reached;
        }
}

/* The candidates alone, whoever has the ladder. */
static void rank_both(Judge *j, const Incident *i, const Verdict *v) {
        Incident nobodys = { .policy = i->policy, .key = i->key };
        Choice choice;

        if (takes_groups(j, i))
                choose(j, &nobodys, v, &choice);
        else
                rank_for(j, i, v);
}

static void list_candidates(const Judge *j, const Incident *i, Event *e) {
        const DecideScratch *scratch = j->scratch;
        bool groups = takes_groups(j, i) && scratch->n_best_groups > 0;
        size_t n = MIN(
                groups ? scratch->n_best_groups : scratch->n_best, (size_t) EVENT_CANDIDATES_MAX);

        for (; e->n_candidates < n; e->n_candidates++) {
                EventProcess *to = &e->candidates[e->n_candidates];

                if (groups)
                        judge_describe_group_candidate(
                                j->s, &scratch->best_groups[e->n_candidates], to);
                else
                        judge_describe(j->s, &scratch->best[e->n_candidates], to);
        }
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
        if (v->group >= 0)
                judge_describe_group(j->s, &j->s->groups[v->group], &e->group);
        if (j->s->n_procs > 0) {
                rank_both(j, i, v);
                list_candidates(j, i, e);
        }
}

static void wait_and_look_again(const Judge *j, Incident *i) {
        i->retry_usec =
                usec_add(j->now_usec, i->critical ? LOOK_AGAIN_CRITICAL_USEC : LOOK_AGAIN_USEC);
}

static void tell_budget(Judge *j, Incident *i, const Choice *choice, const char *what) {
        Event *e;

        if (i->told_budget)
                return;
        i->told_budget = true;

        e = judge_add_event(j, EVENT_BUDGET_SPENT, i);
        if (!e)
                return;
        if (choice->winner)
                judge_describe(j->s, choice->winner, &e->target);
        if (choice->target.group >= 0)
                judge_describe_group(j->s, &j->s->groups[choice->target.group], &e->group);
        e->target.refusal = REFUSAL_BUDGET;
        e->count = judge_policy(j, i)->budget_count;
        text_copy(e->text, sizeof(e->text), what);
}

static bool is_spent(const Judge *j, const Incident *i, const Target *target) {
        return class_budget_is_spent(j->book, judge_policy(j, i), i->policy, target->class_hash,
                target->kind, j->now_usec);
}

/* What comes back again and again costs who starts it: first its parent, then its unit. */
static bool widen(Judge *j, Incident *i, const Verdict *v, Choice *choice) {
        static const struct {
                TargetKind kind;
                const char *words;
        } wider[] = {
                { TARGET_TREE,
                        "it comes back again and again: now its parent with all it started" },
                { TARGET_UNIT,
                        "it comes back again and again: now the unit with all that is in it" },
        };
        DecideVeto veto = { j->book, j->now_usec };
        RankVeto ask = { decide_veto, decide_veto_group, &veto };
        const Choosing choosing = { j->config, judge_policy(j, i), v, j->s, &ask, j->scratch, i };
        Target target;

        for (size_t k = choice->target.kind == TARGET_PROCESS ? 0 : 1;
                choice->target.n_groups == 0 && k < ELEMENTS(wider); k++) {
                if (!choice_widen(&choosing, choice, wider[k].kind, &target) ||
                        is_spent(j, i, &target))
                        continue;
                tell_budget(j, i, choice, wider[k].words);
                i->widened = wider[k].kind;
                choice->target = target;
                return true;
        }
        return false;
}

/* False when nothing may be done about this class now. */
static bool fit_budget(Judge *j, Incident *i, const Verdict *v, Choice *choice) {
        const Policy *p = judge_policy(j, i);

        if (!is_spent(j, i, &choice->target))
                return true;
        if (p->on_budget == ON_BUDGET_WIDEN && widen(j, i, v, choice))
                return true;
        if (i->critical && p->watch == WATCH_SYSTEM) {
                tell_budget(j, i, choice, "going on, for there is no time left");
                return true;
        }
        tell_budget(
                j, i, choice, "it comes back again and again: nothing more is done about it here");
        return false;
}

static void add_note(TextBuf *out, const char *note) {
        textbuf_addf(out, "%s%s", out->len > 0 ? "; " : "", note);
}

static void add_notes(const Judge *j, const Incident *i, const Choice *choice, Event *e) {
        const Candidate *winner = choice->winner;
        TextBuf out;

        textbuf_init(&out, e->text, sizeof(e->text));
        if (choice->target.n_groups > 0 ? choice->group && choice->group->history_missing
                                        : winner && winner->history_missing)
                add_note(&out, "too young a history: what it gained is only what was seen");
        if (winner && winner->adj_ignored)
                add_note(&out, "its oom_score_adj of -1000 was inherited and does not count");
        if (choice->too_many) {
                const char *path = j->s->groups[choice->group->group].facts->path;

                add_note(&out, "the one that gained most of ");
                textbuf_add_escaped(&out, path, strlen(path));
                textbuf_addf(&out, ", which holds more than %" PRIu32 " processes (max_victims)",
                        judge_policy(j, i)->targets.max_victims);
        }
}

static void launch(Judge *j, Incident *i, const Step *step, const Choice *choice) {
        const Target *target = &choice->target;
        Event *e;

        i->has_target = true;
        i->target_is_group = target->n_groups > 0;
        if (i->target_is_group) {
                i->slot = target->groups[0].slot;
                i->generation = target->groups[0].generation;
        } else {
                i->slot = j->s->procs[target->members[0]].slot;
                i->generation = j->s->procs[target->members[0]].generation;
        }
        i->n_steps_taken++;
        i->told_no_victim = false;
        j->book->steps_total++;
        class_budget_count(j->book, judge_policy(j, i), i->policy, target->class_hash, target->kind,
                j->now_usec);

        e = flight_start(j, i, step, target);
        if (e) {
                list_candidates(j, i, e);
                add_notes(j, i, choice, e);
        }
        if (j->dry)
                i->held = true;
}

/* Somebody must be found, be worth it, and have a budget left. */
static void harm(Judge *j, Incident *i, const Verdict *v, const Step *step) {
        const Policy *p = judge_policy(j, i);
        Choice choice;

        choose(j, i, v, &choice);
        if (target_is_nobody(&choice.target) || choice.target.promised < rank_at_least(p, j->s)) {
                no_victim_tell(j, i);
                wait_and_look_again(j, i);
                return;
        }
        incident_renew_reason(j, i, v);
        if (!fit_budget(j, i, v, &choice)) {
                wait_and_look_again(j, i);
                return;
        }
        /* choose() may have sent the ladder back to where a new target enters. */
        launch(j, i, i->next_step < p->n_steps ? &p->steps[i->next_step] : step, &choice);
}

/* Processes must have been read after the last step settled; a critical moment takes what there is.
 */
static bool has_processes(const Judge *j, const Incident *i) {
        if (j->s->n_procs == 0 || j->s->procs_at_usec == USEC_UNSET)
                return false;
        return i->critical || j->s->procs_at_usec >= j->book->not_before_usec;
}

/* True when `other` is about something that holds what `i` is about. */
static bool is_ancestor(const Judge *j, const Incident *other, const Incident *i) {
        const ProcSample *p = NULL;
        const GroupSample *g = NULL, *above = NULL;

        if (i->key.watch == WATCH_PROCESS)
                p = sample_find(j->s, i->key.slot, i->key.generation);
        else if (watch_is_group(i->key.watch))
                g = sample_find_group(j->s, i->key.slot, i->key.generation);
        if (other->key.watch == WATCH_USER)
                return (p && p->facts->uid == other->key.uid) ||
                        (g && g->facts->uid == other->key.uid);
        if (!watch_is_group(other->key.watch) || (!p && !g))
                return false;

        above = sample_find_group(j->s, other->key.slot, other->key.generation);
        if (!above || above == g)
                return false;
        return group_holds(above->facts, g ? g->facts->path : p->facts->cgroup);
}

/* An instance waits while an open incident about its user, or about a cgroup around it, acts. */
static bool is_under_ancestor(const Judge *j, const Incident *i) {
        if (i->key.watch != WATCH_PROCESS && !watch_is_group(i->key.watch))
                return false;
        for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                const Incident *other = &j->book->incidents[k];

                if (other->used && other->phase == INCIDENT_OPEN && other != i &&
                        incident_can_harm(j, other) && is_ancestor(j, other, i))
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
