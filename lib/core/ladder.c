/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ladder.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "core/aside.h"
#include "core/flight.h"
#include "core/incident.h"
#include "core/lease-book.h"
#include "core/no-victim.h"
#include "core/pick.h"
#include "core/relief.h"
#include "core/remembered.h"
#include "core/steering-told.h"
#include "core/widening.h"

/* How often a new look is taken when there was nobody to take, or no budget left. */
#define LOOK_AGAIN_USEC USEC_PER_SEC
#define ASK_AGAIN_USEC USEC_PER_SEC
#define ASK_AGAIN_MAX_USEC (5 * USEC_PER_MIN)
#define LEFT_OUT_USEC (10 * USEC_PER_MIN)
#define LOOK_AGAIN_CRITICAL_USEC (200 * USEC_PER_MSEC)

static void wait_and_look_again(const Judge *j, Incident *i) {
        i->retry_usec =
                usec_add(j->now_usec, i->critical ? LOOK_AGAIN_CRITICAL_USEC : LOOK_AGAIN_USEC);
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

/* What a spent budget ends in, whatever the policy's own step is. */
static const Step stop_step = { .kind = STEP_STOP, .timeout_usec = 10 * USEC_PER_SEC };

static void launch(Judge *j, Incident *i, uint16_t index, const Choice *choice) {
        const Target *target = &choice->target;
        const Step *step = target->stops ? &stop_step : &judge_policy(j, i)->steps[index];
        Event *e;

        if (step_is_of_unit(step->kind) && !j->dry && j->plan->n_errands == PLAN_ERRANDS_MAX)
                return; /* in the next tick */
        pick_keep(j, i, target);
        i->n_steps_taken++;
        i->told_no_victim = false;
        j->book->steps_total++;
        j->harmed = true;
        widening_count(j, i, target);

        if (!j->dry)
                leases_return_around(j, target, step->kind == STEP_KILL || i->critical);
        e = flight_start(j, i, step, index, target);
        if (e) {
                pick_list(j, i, e);
                add_notes(j, i, choice, e);
        }
        if (j->dry)
                i->held = true;
}

/* A step that cannot be taken on this target: the next one is, or somebody else is looked for. */
static void leave_out(Judge *j, Incident *i, const Target *target, const char *why) {
        const Policy *p = judge_policy(j, i);

        relief_tell_skipped(j, i, p->steps[i->next_step].kind, NULL, why);
        if (++i->next_step < p->n_steps)
                return;
        remembered_add(j->book,
                &(Remembered){ .slot = target->group >= 0 ? target->groups[0].slot
                                                          : j->s->procs[target->members[0]].slot,
                        .generation = target->group >= 0
                                ? target->groups[0].generation
                                : j->s->procs[target->members[0]].generation,
                        .is_group = target->group >= 0,
                        .policy_plus_one = decide_asks(i->policy),
                        .until_usec = usec_add(j->now_usec, LEFT_OUT_USEC),
                        .why = why });
        pick_release(j, i, "its target cannot be dealt with");
}

/* True when a step after this one ends somebody without asking others to. */
static bool has_quicker(const Policy *p, uint32_t from) {
        for (size_t k = from + 1; k < p->n_steps; k++)
                if (p->steps[k].kind == STEP_TERMINATE || p->steps[k].kind == STEP_KILL)
                        return true;
        return false;
}

/* The whole unit in place of what was chosen in it. False when the step was left out. */
static bool fit_unit(Judge *j, Incident *i, const Verdict *v, Choice *choice) {
        const Policy *p = judge_policy(j, i);
        Target target = choice->target;

        if (i->critical && has_quicker(p, i->next_step)) {
                leave_out(j, i, &target, "no time is left to ask the service manager");
                return false;
        }
        if (pick_unit(j, i, v, choice))
                return true;
        leave_out(j, i, &target, "its target is no unit of the system manager that may be taken");
        return false;
}

/* Somebody must be found, be worth it, and have a budget left. */
static void harm(Judge *j, Incident *i, const Verdict *v) {
        const Policy *p = judge_policy(j, i);
        Choice choice;

        pick_target(j, i, v, &choice);
        if (target_is_nobody(&choice.target) || choice.target.promised < rank_at_least(p, j->s)) {
                no_victim_tell(j, i);
                wait_and_look_again(j, i);
                return;
        }
        /* It may have sent the ladder back to where a new target enters. */
        if (i->critical && i->next_step < i->first_destructive_reached)
                i->next_step = i->first_destructive_reached;
        if (!step_is_destructive(p->steps[i->next_step].kind))
                return;
        if (step_is_of_unit(p->steps[i->next_step].kind) && !fit_unit(j, i, v, &choice))
                return;
        incident_renew_reason(j, i, v);
        if (!widening_fit(j, i, v, &choice)) {
                wait_and_look_again(j, i);
                return;
        }
        launch(j, i, (uint16_t) i->next_step, &choice);
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

/* Readings are of now, and nobody is being ended. */
static bool may_act(const Judge *j, const Incident *i) {
        return !j->book->flight.active && !j->outcome_new && !j->harmed && !i->held &&
                j->now_usec >= i->retry_usec && j->now_usec >= j->book->not_before_usec &&
                j->now_usec >= i->not_before_usec && has_processes(j, i) &&
                !is_under_ancestor(j, i);
}

/* A command that says no again and again is asked more and more seldom. */
static usec_t ask_again_after(const Incident *i) {
        usec_t after = ASK_AGAIN_USEC;

        for (uint32_t k = 0; k < i->n_skipped && after < ASK_AGAIN_MAX_USEC; k++)
                after *= 4;
        return MIN(after, ASK_AGAIN_MAX_USEC);
}

/* A command asked for it. After the last step the ladder is entered again, and the command asked.
 */
static bool leave_out_asked(Judge *j, Incident *i) {
        const Policy *p = judge_policy(j, i);

        if (!i->skips_next)
                return false;
        i->skips_next = false;
        if (i->critical)
                return false;
        relief_tell_skipped(
                j, i, p->steps[i->next_step].kind, NULL, "a command asked to leave it out");
        if (++i->next_step < p->n_steps)
                return true;
        i->next_step = pick_entry(p, i);
        i->ask_again_usec = usec_add(j->now_usec, ask_again_after(i));
        i->n_skipped++;
        return true;
}

/* Takes the steps before the next destructive one; true when that is due. */
static bool climb(Judge *j, Incident *i, const Verdict *v) {
        const Policy *p = judge_policy(j, i);

        if (!i->critical && j->now_usec < i->ask_again_usec)
                return false;
        while (i->next_step < p->n_steps) {
                uint16_t index = (uint16_t) i->next_step;
                StepKind kind = p->steps[index].kind;

                if (steering_holds_back(j, i, kind))
                        return false;
                if (step_is_aside(kind)) { /* (1) */
                        if (!aside_take(j, i, v, index))
                                return false;
                        i->next_step++;
                        continue;
                }
                if (leave_out_asked(j, i))
                        return false;
                if (step_is_destructive(kind))
                        return true;
                if (!i->critical && !may_act(j, i))
                        return false;
                switch (relief_take(j, i, v, index)) {
                case RELIEF_LATER:
                        return false;
                case RELIEF_TAKEN:
                        i->next_step++;
                        return false;
                case RELIEF_OUT:
                        i->next_step++;
                }
        }
        return false;
}

static void step_up(Judge *j, Incident *i) {
        const Verdict *v = judge_verdict(j, i);

        if (!incident_is_due(j, i, v))
                return;
        if (i->critical && i->relief.pending) /* its leases hold on */
                incident_drop_relief(j, i);
        if (i->relief.pending || !climb(j, i, v))
                return;

        i->first_destructive_reached = MIN(i->first_destructive_reached, i->next_step);
        if (may_act(j, i) && (i->critical || !aside_is_awaited(j, i)))
                harm(j, i, v);
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
