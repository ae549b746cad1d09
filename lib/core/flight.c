/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/flight.h"

#include <string.h>

#include "base/macro.h"
#include "base/number.h"
#include "core/flight-effect.h"
#include "core/flight-order.h"
#include "core/flight-outcome.h"
#include "core/incident.h"

#define TIMEOUT_ASSUMED_USEC (5 * USEC_PER_SEC)
#define CRITICAL_WAIT_USEC (300 * USEC_PER_MSEC)
#define CRITICAL_PATIENCE_USEC USEC_PER_SEC

/* True when what is left goes on shrinking since the order was given, so fast that it may not last
 * for so long; the last hundredth of memory counts as gone. What is not known is feared. */
static bool is_draining(const Judge *j, const Flight *f, usec_t wait_usec) {
        const Reading *total = &j->s->system[METRIC_MEM_TOTAL];
        uint64_t left, lost;

        if (!f->measured || !total->known || !judge_left(j, &left))
                return true;
        lost = sub_sat_u64(f->before, left);
        left = sub_sat_u64(left, (uint64_t) MAX(total->value, INT64_C(0)) / 100);
        return lost > 0 &&
                mul_div_u64(left, usec_since(j->now_usec, f->sent_usec), lost) < wait_usec;
}

/* How long a victim is waited for when there is no time: a large one needs longer to give back what
 * it has, and until it has, the next one would die for nothing. On a machine that does little else
 * than move pages all of them need longer, so nobody else dies while nobody fills what is left: for
 * a second, as one that hangs in the kernel must not keep the others back. */
static usec_t critical_wait(const Judge *j, const Flight *f) {
        usec_t wait = MAX(CRITICAL_WAIT_USEC, judge_kill_takes_usec(f->promised));

        return is_draining(j, f, wait) ? wait : MAX(CRITICAL_PATIENCE_USEC, wait);
}

/* Bytes per second that everybody but the members is filling. */
static uint64_t rate_of_others(const Judge *j, const Target *target) {
        const Reading *fill = &j->s->system[METRIC_FILL_RATE];
        uint64_t own = 0;

        if (!fill->known || fill->value <= 0)
                return 0;
        if (target->group >= 0 && j->s->groups[target->group].growth_known)
                return sub_sat_u64((uint64_t) fill->value,
                        (uint64_t) MAX(j->s->groups[target->group].growth, INT64_C(0)));
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
        if (step_is_of_unit(step->kind))
                return 0;
        /* The init of a namespace does not even get a SIGTERM it has no handler for. */
        if (step->kind == STEP_KILL || i->critical || step->grace_usec == 0 ||
                (target->n_groups == 0 && j->s->procs[target->members[0]].facts->ns_init))
                return SIGNO_KILL;
        return SIGNO_TERM;
}

/* Where the effect can be seen beside the memory of the machine. */
static void watch_group(const Judge *j, Flight *f, const Incident *i, const Target *target) {
        const GroupSample *g;

        f->group_least = UINT64_MAX;
        if (target->n_groups > 0)
                f->effect_group = target->groups[0];
        else if (watch_is_group(i->key.watch))
                f->effect_group = (GroupRef){ i->key.slot, i->key.generation };
        else
                return;
        g = sample_find_group(j->s, f->effect_group.slot, f->effect_group.generation);
        if (!g || !g->has_memory)
                return;
        f->watches_group = true;
        f->group_before = add_sat_u64(g->current, g->swap);
}

static void set_target(const Judge *j, Flight *f, const Target *target) {
        f->n_members = target->n_members;
        f->n_unreached = (uint32_t) target->n_unreached;
        f->promised = target->promised;
        f->class_hash = target->class_hash;
        for (size_t m = 0; m < target->n_members; m++) {
                f->slots[m] = j->s->procs[target->members[m]].slot;
                f->generations[m] = j->s->procs[target->members[m]].generation;
        }
        memcpy(f->groups, target->groups, target->n_groups * sizeof(f->groups[0]));
        f->n_groups = target->n_groups;
        if (target->n_members > 0)
                judge_describe(j->s, &j->scratch->candidates[target->members[0]], &f->target);
        if (target->n_groups > 0)
                judge_describe_group(j->s, &j->s->groups[target->group], &f->target_group);
}

Event *flight_start(Judge *j, Incident *i, const Step *step, uint16_t index, const Target *target) {
        Flight *f = &j->book->flight;
        Event *e;

        memset(f, 0, sizeof(*f));
        f->incident = i->id;
        f->policy = i->policy;
        f->step = step->kind;
        f->is_errand = step_is_of_unit(step->kind);
        f->timeout_usec = step->timeout_usec > 0 ? step->timeout_usec : TIMEOUT_ASSUMED_USEC;
        f->sent_usec = j->now_usec;
        f->gone_usec = f->settle_usec = f->deadline_usec = USEC_UNSET;
        f->kill_at_usec = usec_add(j->now_usec, step->grace_usec);
        set_target(j, f, target);
        watch_group(j, f, i, target);
        f->others_rate = rate_of_others(j, target);
        f->measured = judge_left(j, &f->before);
        e = judge_add_event(j, EVENT_STEP_TAKEN, i);
        if (f->is_errand)
                flight_order_errand(j, f, i, index, target);
        else
                flight_order(j, f, first_signal(j, i, step, target));
        f->first_action = f->action;
        f->active = !j->dry;
        if (e)
                flight_describe(f, e);
        return e;
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
        usec_t end = flight_n_pending(f) == 0 ? known : usec_add(known, critical_wait(j, f));

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

        flight_order(j, f, SIGNO_KILL);
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

/* The service manager is at it. There is no waiting for it when there is no time. */
static void await_errand(Judge *j, Flight *f, Incident *i, bool critical) {
        bool late = j->now_usec >= f->deadline_usec ||
                (critical && usec_since(j->now_usec, f->sent_usec) >= critical_wait(j, f));

        if (f->answered || f->group_gone)
                begin_settling(j, f, i, f->gone_usec);
        else if (f->errand_failed || late)
                flight_end_unanswered(j, f, i);
}

static bool is_protected(const Judge *j, const Flight *f) {
        const Steering *s = &j->book->steering;
        const GroupSample *g = f->n_groups > 0
                ? sample_find_group(j->s, f->groups[0].slot, f->groups[0].generation)
                : NULL;

        if (s->n_wards == 0)
                return false;
        if (g && steering_find_inside(s, j->s, g, j->now_usec))
                return true;
        for (size_t m = 0; m < f->n_members; m++) {
                const ProcSample *p = flight_is_pending(f, m)
                        ? sample_find(j->s, f->slots[m], f->generations[m])
                        : NULL;

                if (p && steering_find(s, p->facts, j->now_usec))
                        return true;
        }
        return false;
}

/* Why no signal may follow those that were sent; NULL: one may. */
static const char *why_spared(const Judge *j, const Flight *f, const Incident *i) {
        if (!i || i->phase != INCIDENT_OPEN)
                return "the trouble was over before the end of grace: not killed";
        if (steering_is_paused(&j->book->steering, j->now_usec))
                return "avert is paused: not killed";
        return is_protected(j, f) ? "somebody protects it now: not killed" : NULL;
}

/* Who was told to end and has not. */
static void await_end(Judge *j, Flight *f, Incident *i, bool critical) {
        const char *why = f->killed ? NULL : why_spared(j, f, i);

        if (!f->killed) {
                if (why && j->now_usec >= f->kill_at_usec)
                        flight_end_spared(j, f, i, why); /* (4) */
                else if (!why && (critical || j->now_usec >= f->kill_at_usec || is_pressed(j, f)))
                        escalate(j, f, i);
        } else if (j->now_usec >= f->deadline_usec)
                flight_end_stuck(j, f, i, "did not exit");
        else if (critical && usec_since(j->now_usec, f->signal_usec) >= critical_wait(j, f))
                flight_end_stuck(j, f, i, "is still exiting");
}

static void await_outcome(Judge *j, Flight *f, Incident *i, bool critical) {
        if (f->dry)
                flight_end_dry(f, i);
        else if (f->is_errand)
                await_errand(j, f, i, critical);
        else if (flight_n_pending(f) == 0 && f->n_gone == 0 && !f->group_gone)
                flight_end_refused(j, f, i);
        else if (flight_n_pending(f) == 0 || (f->step == STEP_SIGNAL && f->gone_usec != USEC_UNSET))
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
        critical = i && i->phase == INCIDENT_OPEN && judge_is_critical(j, i, f->promised);
        if (f->settle_usec == USEC_UNSET) {
                flight_notice_absence(j, f);
                await_outcome(j, f, i, critical);
                if (f->active && f->again && f->settle_usec == USEC_UNSET && !why_spared(j, f, i))
                        flight_order_again(j, f);
        }
        if (!f->active || f->settle_usec == USEC_UNSET)
                return;

        flight_measure(j, f);
        if (critical)
                shorten_settling(j, f, i);
        if (j->now_usec > f->gone_usec && j->now_usec >= f->settle_usec)
                flight_end_settled(j, f, i);
}
