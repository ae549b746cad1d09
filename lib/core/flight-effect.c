/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/flight-effect.h"

#include "base/macro.h"
#include "base/number.h"
#include "core/pick.h"
#include "core/remembered.h"

#define REMEMBER_USEC (10 * USEC_PER_MIN)
#define REMEMBER_EXITING_USEC (10 * USEC_PER_SEC)

/* Less than this part of what was promised: it helped nothing. */
#define USELESS_PART 4

#define NOISE_PART 100

/* How long an incident waits after so many failures in a row: what fails again and again should
 * neither march through all processes nor fill the journal. */
static const usec_t pauses_usec[] = {
        0,
        0,
        0,
        5 * USEC_PER_SEC,
        USEC_PER_MIN,
        3 * USEC_PER_MIN,
};

void flight_describe(const Flight *f, Event *e) {
        e->has_step = true;
        e->step = f->step;
        e->signo = f->signo;
        e->target = f->target;
        e->group = f->target_group;
        e->promised = f->promised;
        e->n_members = (uint32_t) f->n_members;
        e->n_unreached = f->n_unreached + (uint32_t) f->n_out;
        e->error = f->error;
}

static void measure_group(const Judge *j, Flight *f) {
        const GroupSample *g;

        if (!f->watches_group || !j->s->groups_fresh || j->s->groups_at_usec == USEC_UNSET ||
                j->s->groups_at_usec <= f->gone_usec)
                return;
        g = sample_find_group(j->s, f->effect_group.slot, f->effect_group.generation);
        f->group_least = MIN(f->group_least, g ? add_sat_u64(g->current, g->swap) : 0);
}

void flight_measure(const Judge *j, Flight *f) {
        uint64_t left, others;

        measure_group(j, f);

        if (!f->measured || j->now_usec <= f->gone_usec || !judge_left(j, &left))
                return;

        /* What others took meanwhile is no failure of the step, up to what it promised. */
        others = mul_div_u64(f->others_rate, usec_since(j->now_usec, f->sent_usec), USEC_PER_SEC);
        if (left < add_sat_u64(f->before, f->promised))
                left = MIN(add_sat_u64(left, others), add_sat_u64(f->before, f->promised));
        f->best = MAX(f->best, left);
}

/* What a cgroup was relieved of. When it is gone that is all it had, its page cache included, so no
 * more is believed than was promised. */
static uint64_t freed_in_group(const Flight *f) {
        return f->group_least == UINT64_MAX
                ? 0
                : MIN(sub_sat_u64(f->group_before, f->group_least), f->promised);
}

static uint64_t freed_by(const Flight *f) {
        uint64_t freed = f->measured && f->best > 0 ? sub_sat_u64(f->best, f->before) : 0;

        return MAX(freed, freed_in_group(f));
}

/* What the machine as a whole has left moves by this much at any time: of a step that promised less
 * it tells nothing. */
static bool is_seen(const Judge *j, const Flight *f) {
        return (f->measured && f->best > 0 && f->promised >= j->s->raw.mem_total / NOISE_PART) ||
                f->group_least != UINT64_MAX;
}

static bool is_useless(const Judge *j, const Flight *f) {
        return is_seen(j, f) && freed_by(f) < f->promised / USELESS_PART;
}

static void count_failure(Judge *j, Incident *i) {
        usec_t pause;

        if (!i)
                return;
        i->n_failures++;
        pause = pauses_usec[MIN((size_t) i->n_failures, ELEMENTS(pauses_usec) - 1)];
        i->retry_usec = usec_add(j->now_usec, i->critical ? pause / 10 : pause);
}

static void release_target(Judge *j, Incident *i) {
        pick_release(j, i, "its target was dealt with");
}

static Event *end(Judge *j, Flight *f, Incident *i, EventKind kind) {
        Event *e = judge_add_event(j, kind, i);

        f->active = false;
        if (!e)
                return NULL;

        flight_describe(f, e);
        e->incident = f->incident;
        e->took_usec =
                usec_since(f->gone_usec != USEC_UNSET ? f->gone_usec : j->now_usec, f->sent_usec);
        e->freed = freed_by(f);
        if (!i)
                text_copy(e->policy, sizeof(e->policy), j->config->policies[f->policy].name);
        return e;
}

/* All of it that is still there. */
static void leave_alone(Judge *j, const Flight *f, usec_t until_usec, const char *why) {
        /* What the service manager cannot do says nothing about what a signal can: to hide the
         * guilty from who may kill would cost an innocent. */
        uint16_t policy_plus_one = f->is_errand ? decide_asks(f->policy) : 0;

        if (f->n_groups > 0 && !f->group_gone)
                remembered_add(j->book,
                        &(Remembered){ .slot = f->groups[0].slot,
                                .generation = f->groups[0].generation,
                                .is_group = true,
                                .policy_plus_one = policy_plus_one,
                                .until_usec = until_usec,
                                .why = why });
        for (size_t m = 0; m < f->n_members; m++)
                if (!f->member_gone[m])
                        remembered_add(j->book,
                                &(Remembered){ .slot = f->slots[m],
                                        .generation = f->generations[m],
                                        .policy_plus_one = policy_plus_one,
                                        .until_usec = until_usec,
                                        .why = why });
}

/* The target lives: it keeps the ladder, or has come to its end. */
static void go_on_with_target(Judge *j, const Flight *f, Incident *i) {
        if (!i || ++i->next_step < j->config->policies[f->policy].n_steps)
                return;
        leave_alone(j, f, usec_add(j->now_usec, REMEMBER_USEC), "did not help at any step");
        release_target(j, i);
}

void flight_end_settled(Judge *j, Flight *f, Incident *i) {
        bool lethal = f->step != STEP_SIGNAL, useless = lethal && is_useless(j, f);
        Event *e = end(j, f, i, useless ? EVENT_STEP_FAILED : EVENT_STEP_DONE);

        j->book->freed_total += freed_by(f);
        if (i)
                i->freed_total += freed_by(f);

        if (!lethal) {
                go_on_with_target(j, f, i);
                return;
        }
        release_target(j, i);
        if (!useless) {
                if (i)
                        i->n_failures = 0;
                return;
        }

        remembered_add(j->book,
                &(Remembered){ .class_hash = f->class_hash,
                        .until_usec = usec_add(j->now_usec, REMEMBER_USEC),
                        .why = "freed nothing" });
        count_failure(j, i);
        if (e)
                text_copy(e->text, sizeof(e->text),
                        "it ended, but hardly any memory came back; its kind is left alone for 10 "
                        "min");
}

void flight_end_refused(Judge *j, Flight *f, Incident *i) {
        Event *e = end(j, f, i, EVENT_STEP_FAILED);

        release_target(j, i);
        if (f->n_refused == 0) {
                if (e)
                        text_copy(e->text, sizeof(e->text), "it is no longer the same process");
                return;
        }

        leave_alone(j, f, usec_add(j->now_usec, REMEMBER_USEC), "refused");
        count_failure(j, i);
        if (e)
                text_copy(
                        e->text, sizeof(e->text), "it may not be signalled; left alone for 10 min");
}

/* Not what a spent budget ended in. */
static bool is_own_step(const Judge *j, const Flight *f, const Incident *i) {
        const Policy *p = judge_policy(j, i);

        return i->next_step < p->n_steps && p->steps[i->next_step].kind == f->step;
}

void flight_end_unanswered(Judge *j, Flight *f, Incident *i) {
        bool refused = f->errand_failed;
        Event *e = end(j, f, i, EVENT_STEP_FAILED);

        j->outcome_new = true;
        count_failure(j, i);
        if (e)
                text_copy(e->text, sizeof(e->text),
                        refused ? "the service manager did not do it"
                                : "the service manager was not done in time");
        if (i && is_own_step(j, f, i)) {
                go_on_with_target(j, f, i);
                return;
        }
        leave_alone(j, f, usec_add(j->now_usec, REMEMBER_USEC), "could not be stopped");
        release_target(j, i);
}

void flight_end_stuck(Judge *j, Flight *f, Incident *i, const char *why) {
        bool exiting = j->now_usec < f->deadline_usec;
        usec_t until = usec_add(j->now_usec, exiting ? REMEMBER_EXITING_USEC : REMEMBER_USEC);
        usec_t settle =
                usec_add(j->now_usec, exiting ? 0 : j->config->policies[f->policy].settle_usec);
        Event *e;

        flight_measure(j, f);
        e = end(j, f, i, EVENT_STEP_FAILED);
        leave_alone(j, f, until, why);
        release_target(j, i);
        count_failure(j, i);

        j->book->not_before_usec = settle;
        j->outcome_new = true;
        if (i)
                i->not_before_usec = settle;
        if (e) {
                TextBuf out;

                textbuf_init(&out, e->text, sizeof(e->text));
                textbuf_addf(&out, "it %s", why);
        }
}

void flight_end_spared(Judge *j, Flight *f, Incident *i, const char *why) {
        Event *e = end(j, f, i, EVENT_STEP_DONE);

        release_target(j, i);
        j->outcome_new = true;
        if (e)
                text_copy(e->text, sizeof(e->text), why);
}

void flight_end_dry(Flight *f, Incident *i) {
        f->active = false;
        if (i)
                i->held = true;
}
