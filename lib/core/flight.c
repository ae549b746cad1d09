/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/flight.h"

#include <string.h>

#include "base/macro.h"
#include "base/number.h"
#include "core/flight-effect.h"
#include "core/incident.h"

#define TIMEOUT_ASSUMED_USEC (5 * USEC_PER_SEC)
#define CRITICAL_WAIT_USEC (300 * USEC_PER_MSEC)

static usec_t timeout_of(const Judge *j, const Flight *f) {
        const Policy *p = &j->config->policies[f->policy];

        for (size_t i = 0; i < p->n_steps; i++)
                if (p->steps[i].kind == f->step && p->steps[i].timeout_usec > 0)
                        return p->steps[i].timeout_usec;
        return TIMEOUT_ASSUMED_USEC;
}

/* How long a victim is waited for when there is no time: a large one needs longer to give back what
 * it has, and until it has, the next one would die for nothing. */
static usec_t critical_wait(const Flight *f) {
        return MAX(CRITICAL_WAIT_USEC, judge_kill_takes_usec(f->promised));
}

static size_t n_pending(const Flight *f) {
        return f->n_members - f->n_gone - f->n_out;
}

static bool is_pending(const Flight *f, size_t m) {
        return !f->member_gone[m] && !f->member_out[m];
}

/* Orders the signal for everybody who is still there. */
static void order(Judge *j, Flight *f, int signo) {
        Action *a;

        if (j->plan->n_actions == PLAN_ACTIONS_MAX)
                return;

        a = &j->plan->actions[j->plan->n_actions++];
        a->id = ++j->book->next_action;
        a->incident = f->incident;
        a->policy = f->policy;
        a->step = f->step;
        a->signo = signo;
        a->release = signo == SIGNO_KILL;
        for (size_t m = 0; m < f->n_members; m++) {
                if (!is_pending(f, m))
                        continue;
                a->slots[a->n_slots] = f->slots[m];
                a->generations[a->n_slots++] = f->generations[m];
        }

        f->action = a->id;
        f->signo = signo;
        f->killed = signo == SIGNO_KILL;
        f->signal_usec = j->now_usec;
        if (f->killed || f->step == STEP_SIGNAL) {
                f->kill_at_usec = USEC_UNSET;
                f->deadline_usec = usec_add(j->now_usec, timeout_of(j, f));
        }
}

/* Bytes per second that everybody but the members is filling. */
static uint64_t rate_of_others(const Judge *j, const Target *target) {
        const Reading *fill = &j->s->system[METRIC_FILL_RATE];
        uint64_t own = 0;

        if (!fill->known || fill->value <= 0)
                return 0;
        for (size_t m = 0; m < target->n_members; m++) {
                const ProcSample *p = &j->s->procs[target->members[m]];

                if (p->growth_known && p->growth > 0)
                        own = add_sat_u64(own, (uint64_t) p->growth);
        }
        return sub_sat_u64((uint64_t) fill->value, own);
}

static int first_signal(const Judge *j, const Incident *i, const Step *step, const Target *target) {
        if (step->kind == STEP_SIGNAL)
                return step->signo;
        /* The init of a namespace does not even get a SIGTERM it has no handler for. */
        if (step->kind == STEP_KILL || i->critical || step->grace_usec == 0 ||
                j->s->procs[target->members[0]].facts->ns_init)
                return SIGNO_KILL;
        return SIGNO_TERM;
}

Event *flight_start(Judge *j, Incident *i, const Step *step, const Target *target) {
        Flight *f = &j->book->flight;
        Event *e;

        memset(f, 0, sizeof(*f));
        f->incident = i->id;
        f->policy = i->policy;
        f->step = step->kind;
        f->sent_usec = j->now_usec;
        f->gone_usec = f->settle_usec = f->deadline_usec = USEC_UNSET;
        f->kill_at_usec = usec_add(j->now_usec, step->grace_usec);
        f->n_members = target->n_members;
        f->n_unreached = (uint32_t) target->n_unreached;
        f->promised = target->promised;
        f->class_hash = target->class_hash;
        f->others_rate = rate_of_others(j, target);
        f->measured = judge_left(j, &f->before);
        for (size_t m = 0; m < target->n_members; m++) {
                f->slots[m] = j->s->procs[target->members[m]].slot;
                f->generations[m] = j->s->procs[target->members[m]].generation;
        }
        judge_describe(j->s, &j->scratch->candidates[target->members[0]], &f->target);
        order(j, f, first_signal(j, i, step, target));
        f->first_action = f->action;
        f->active = !j->dry;

        e = judge_add_event(j, EVENT_STEP_TAKEN, i);
        if (e)
                flight_describe(f, e);
        return e;
}

static void take_outcome(Flight *f, const Outcome *o) {
        for (size_t m = 0; m < f->n_members; m++) {
                if (f->slots[m] != o->slot || f->generations[m] != o->generation ||
                        !is_pending(f, m))
                        continue;

                switch (o->kind) {
                case OUTCOME_GONE:
                        f->member_gone[m] = true;
                        f->n_gone++;
                        f->gone_usec = f->gone_usec == USEC_UNSET ? o->at_usec
                                                                  : MAX(f->gone_usec, o->at_usec);
                        return;
                case OUTCOME_REFUSED:
                        f->error = f->error ? f->error : o->error;
                        f->n_refused++;
                        f->member_out[m] = true;
                        f->n_out++;
                        return;
                case OUTCOME_STALE:
                        f->member_out[m] = true;
                        f->n_out++;
                        return;
                case OUTCOME_DRY:
                        f->dry = true;
                        return;
                case OUTCOME_SENT:
                        if (f->step == STEP_SIGNAL && f->gone_usec == USEC_UNSET)
                                f->gone_usec = o->at_usec; /* (1) */
                        return;
                }
        }
}

void flight_take_outcomes(Judge *j, const Outcome *outcomes, size_t n) {
        Flight *f = &j->book->flight;

        for (size_t i = 0; i < n; i++)
                if (f->active && outcomes[i].action >= f->first_action &&
                        outcomes[i].action <= f->action)
                        take_outcome(f, &outcomes[i]);
}

/* Members that a fresh sample does not have any more are gone, whether or not anybody saw them go.
 */
static void notice_absence(const Judge *j, Flight *f) {
        if (!j->s->procs_fresh || j->s->procs_at_usec == USEC_UNSET ||
                j->s->procs_at_usec <= f->sent_usec)
                return;

        for (size_t m = 0; m < f->n_members; m++) {
                const ProcSample *p;

                if (!is_pending(f, m))
                        continue;
                p = sample_find(j->s, f->slots[m], f->generations[m]);
                if (p && p->state != 'X' && (p->state != 'Z' || p->zombie_leader))
                        continue;
                f->member_gone[m] = true;
                f->n_gone++;
                f->gone_usec =
                        f->gone_usec == USEC_UNSET ? j->now_usec : MAX(f->gone_usec, j->now_usec);
        }
}

/* (2) */
static void begin_settling(Judge *j, Flight *f, Incident *i, usec_t known_usec) {
        usec_t settle = j->config->policies[f->policy].settle_usec;

        f->settle_usec = usec_add(known_usec, settle);
        j->book->not_before_usec = f->settle_usec;
        j->outcome_new = true;
        if (i)
                i->not_before_usec = f->settle_usec;
}

/* In a critical moment the victim's end is the end of settling. */
static void shorten_settling(Judge *j, Flight *f, Incident *i) {
        usec_t known = f->gone_usec != USEC_UNSET ? f->gone_usec : f->signal_usec;
        usec_t end = n_pending(f) == 0 ? known : usec_add(known, critical_wait(f));

        if (end >= f->settle_usec)
                return;
        f->settle_usec = end;
        j->book->not_before_usec = end;
        j->outcome_new = true;
        if (i)
                i->not_before_usec = end;
}

static void escalate(Judge *j, Flight *f, Incident *i) {
        Event *e;

        order(j, f, SIGNO_KILL);
        e = judge_add_event(j, EVENT_STEP_ESCALATED, i);
        if (!e)
                return;
        flight_describe(f, e);
        e->took_usec = usec_since(j->now_usec, f->sent_usec);
}

/* True when a policy of the system that goes before the flight's wants to kill and waits for it:
 * then the grace it did not grant is over. */
static bool is_pressed(const Judge *j, const Flight *f) {
        bool of_system = j->config->policies[f->policy].watch == WATCH_SYSTEM;

        for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                const Incident *other = &j->book->incidents[k];
                const Policy *p;

                if (!other->used || other->phase != INCIDENT_OPEN)
                        continue;
                p = judge_policy(j, other);
                if (p->watch != WATCH_SYSTEM || p->targets.match.n > 0 ||
                        (of_system && other->policy >= f->policy))
                        continue;
                if (other->next_step < p->n_steps && p->steps[other->next_step].kind == STEP_KILL &&
                        incident_is_due(j, other, judge_verdict(j, other)))
                        return true;
        }
        return false;
}

/* Who was told to end and has not. */
static void await_end(Judge *j, Flight *f, Incident *i, bool critical) {
        bool over = !i || i->phase != INCIDENT_OPEN;

        if (!f->killed) {
                if (over && j->now_usec >= f->kill_at_usec)
                        flight_end_spared(j, f, i); /* (4) */
                else if (!over && (critical || j->now_usec >= f->kill_at_usec || is_pressed(j, f)))
                        escalate(j, f, i);
        } else if (j->now_usec >= f->deadline_usec)
                flight_end_stuck(j, f, i, "did not exit");
        else if (critical && usec_since(j->now_usec, f->signal_usec) >= critical_wait(f))
                flight_end_stuck(j, f, i, "is still exiting");
}

static void await_outcome(Judge *j, Flight *f, Incident *i, bool critical) {
        if (f->dry)
                flight_end_dry(f, i);
        else if (n_pending(f) == 0 && f->n_gone == 0)
                flight_end_refused(j, f, i);
        else if (n_pending(f) == 0 || (f->step == STEP_SIGNAL && f->gone_usec != USEC_UNSET))
                begin_settling(j, f, i, f->gone_usec);
        else if (f->step == STEP_SIGNAL && j->now_usec >= f->deadline_usec)
                flight_end_stuck(j, f, i, "could not be signalled");
        else if (f->step != STEP_SIGNAL)
                await_end(j, f, i, critical);
}

void flight_advance(Judge *j) {
        Flight *f = &j->book->flight;
        Incident *i;
        bool critical;

        if (!f->active)
                return;

        i = incident_by_id(j->book, f->incident);
        critical = i && i->phase == INCIDENT_OPEN && judge_is_critical(j, f->promised);
        if (f->settle_usec == USEC_UNSET) {
                notice_absence(j, f);
                await_outcome(j, f, i, critical);
        }
        if (!f->active || f->settle_usec == USEC_UNSET)
                return;

        flight_measure(j, f);
        if (critical)
                shorten_settling(j, f, i);
        if (j->now_usec > f->gone_usec && j->now_usec >= f->settle_usec)
                flight_end_settled(j, f, i);
}
