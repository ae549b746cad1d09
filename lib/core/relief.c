/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/relief.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "base/number.h"
#include "core/incident.h"
#include "core/lease-book.h"
#include "core/limit.h"
#include "core/pick.h"
#include "core/throttle.h"

#define TIMEOUT_ASSUMED_USEC (3 * USEC_PER_SEC)

/* An outcome may be this much behind the timeout before nobody waits for it any more. */
#define OUTCOME_LATE_USEC (500 * USEC_PER_MSEC)

/* The memory.stat of a cgroup that is new and grows fast may come this much after its trouble. */
#define STAT_PATIENCE_USEC USEC_PER_SEC

/* Frozen, thawed, frozen again: more often than this it is no brake but a way to stand still. */
#define FREEZES_MAX 3

void relief_tell_skipped(
        Judge *j, const Incident *i, StepKind step, const GroupSample *g, const char *why) {
        Event *e = judge_add_event(j, EVENT_STEP_SKIPPED, i);

        if (!e)
                return;
        e->has_step = true;
        e->step = step;
        text_copy(e->text, sizeof(e->text), why);
        if (g)
                judge_describe_group(j->s, g, &e->group);
}

static ReliefAnswer leave_out(
        Judge *j, const Incident *i, const Step *step, const GroupSample *g, const char *why) {
        relief_tell_skipped(j, i, step->kind, g, why);
        return RELIEF_OUT;
}

/* It is under way: tells so. */
static Event *begin(Judge *j, Incident *i, const Verdict *v, uint16_t index, const GroupSample *g) {
        const Step *step = &judge_policy(j, i)->steps[index];
        usec_t timeout = step->timeout_usec > 0 ? step->timeout_usec : TIMEOUT_ASSUMED_USEC;
        Event *e;

        i->n_steps_taken++;
        i->relief = (Relief){ .pending = true,
                .step = step->kind,
                .index = index,
                .group = { g->slot, g->generation },
                .sent_usec = j->now_usec,
                .deadline_usec = usec_add(j->now_usec, timeout),
                .settle_usec = USEC_UNSET };
        j->book->steps_total++;
        if (j->dry) /* as if it had been done, and of no use */
                i->relief.settle_usec = usec_add(j->now_usec, judge_policy(j, i)->settle_usec);

        incident_renew_reason(j, i, v);
        e = judge_add_event(j, EVENT_STEP_TAKEN, i);
        if (!e)
                return NULL;
        e->has_step = true;
        e->step = step->kind;
        judge_describe_group(j->s, g, &e->group);
        pick_list(j, i, e);
        return e;
}

static ReliefAnswer take_reclaim(
        Judge *j, Incident *i, const Verdict *v, uint16_t index, const GroupSample *g) {
        const Step *step = &judge_policy(j, i)->steps[index];
        uint64_t bytes = MIN(amount_bytes(&step->amount, g->current), g->current), gives;
        Action *a;
        Event *e;

        if (throttle_find_gives(j->s, g, &gives))
                bytes = MIN(bytes, gives);
        bytes = page_align(j->s, bytes);
        if (bytes == 0)
                return leave_out(j, i, step, g, "it has nothing that could be reclaimed");
        if (!j->dry && !judge_has_room(j, 1))
                return RELIEF_LATER;

        e = begin(j, i, v, index, g);
        if (e)
                e->promised = bytes;
        if (j->dry)
                return RELIEF_TAKEN;
        a = judge_add_action(j, ACTION_RECLAIM, i->id, i->policy, STEP_RECLAIM);
        a->groups[0] = (GroupRef){ g->slot, g->generation };
        a->n_groups = 1;
        a->value = bytes;
        a->deadline_usec = i->relief.deadline_usec;
        i->relief.action = a->id;
        return RELIEF_TAKEN;
}

static ReliefAnswer answer(
        Judge *j, Incident *i, uint16_t index, const LeaseWish *wish, LeaseAnswer how) {
        const Step *step = &judge_policy(j, i)->steps[index];
        const GroupRef group = { wish->group->slot, wish->group->generation };
        char why[128];
        TextBuf out;

        if (how == LEASE_WAIT)
                return RELIEF_LATER;
        textbuf_init(&out, why, sizeof(why));
        if (how == LEASE_FULL)
                textbuf_add(&out, "too many leases are held");
        else
                textbuf_addf(&out, "incident %" PRIu64 " holds its %s",
                        lease_holder(j, wish->file, &group), lease_file_name(wish->file));
        return leave_out(j, i, step, wish->group, why);
}

static void show_lease(Event *e, const LeaseWish *wish, usec_t lease_usec) {
        if (!e)
                return;
        e->has_file = true;
        e->file = wish->file;
        e->value = wish->goal;
        e->lease_usec = lease_usec;
}

static ReliefAnswer take_lease(
        Judge *j, Incident *i, const Verdict *v, uint16_t index, const LeaseWish *wish) {
        LeaseAnswer how = j->dry ? LEASE_ORDERED : lease_take(j, i, index, wish);

        if (how != LEASE_ORDERED)
                return answer(j, i, index, wish, how);
        show_lease(begin(j, i, v, index, wish->group), wish,
                judge_policy(j, i)->steps[index].lease_usec);
        return RELIEF_TAKEN;
}

static ReliefAnswer take_throttle(
        Judge *j, Incident *i, const Verdict *v, uint16_t index, const GroupSample *g) {
        const Step *step = &judge_policy(j, i)->steps[index];
        LeaseWish wish = { .group = g, .file = LEASE_HIGH };
        char why[192];
        TextBuf out;

        if (!g->unreclaimable_known && usec_since(j->now_usec, i->opened_usec) < STAT_PATIENCE_USEC)
                return RELIEF_LATER;
        textbuf_init(&out, why, sizeof(why));
        if (!throttle_find_goal(j->s, g, &step->amount, &wish.goal, &out))
                return leave_out(j, i, step, g, why);
        wish.value = throttle_next_value(j->s, g, UINT64_MAX, wish.goal);
        wish.deadline_usec = usec_add(j->now_usec, step->lease_usec);
        return take_lease(j, i, v, index, &wish);
}

static ReliefAnswer take_freeze(
        Judge *j, Incident *i, const Verdict *v, uint16_t index, const GroupSample *g) {
        const Step *step = &judge_policy(j, i)->steps[index];
        const LeaseWish wish = { .group = g,
                .file = LEASE_FREEZE,
                .value = 1,
                .goal = 1,
                .deadline_usec = usec_add(j->now_usec, step->lease_usec) };
        ReliefAnswer how;

        if (i->n_freezes >= FREEZES_MAX)
                return leave_out(j, i, step, g, "it was frozen three times in this incident");
        how = take_lease(j, i, v, index, &wish);
        i->n_freezes += how == RELIEF_TAKEN;
        return how;
}

/* It waits while it cannot be done without harm: told once. */
static ReliefAnswer wait_with_limit(
        Judge *j, Incident *i, const Step *step, const GroupSample *g, const char *why) {
        if (!i->told_no_victim)
                relief_tell_skipped(j, i, step->kind, g, why);
        i->told_no_victim = true;
        i->retry_usec = usec_add(j->now_usec, USEC_PER_SEC);
        return RELIEF_LATER;
}

static ReliefAnswer take_limit(Judge *j, Incident *i, const Verdict *v, uint16_t index) {
        const Step *step = &judge_policy(j, i)->steps[index];
        LeaseWish wishes[LIMIT_WISHES_MAX];
        const char *why = NULL;
        Refusal refusal;
        const GroupSample *g = pick_instance(j, i, v, &refusal);
        size_t n;

        if (!g)
                return refusal == REFUSAL_UNREACHABLE
                        ? RELIEF_LATER
                        : leave_out(j, i, step, NULL, refusal_name(refusal));
        if (!limit_find_wishes(j, i, g, step, wishes, &n, &why))
                return wait_with_limit(j, i, step, g, why);
        if (n == 0)
                return why ? leave_out(j, i, step, g, why) : RELIEF_OUT;
        if (!j->dry && !lease_has_room(j, n))
                return RELIEF_LATER;
        for (size_t k = 1; k < n && !j->dry; k++) {
                LeaseAnswer how = lease_take(j, i, index, &wishes[k]);

                if (how != LEASE_ORDERED)
                        return answer(j, i, index, &wishes[k], how);
        }
        return take_lease(j, i, v, index, &wishes[0]);
}

static ReliefAnswer take_from(
        Judge *j, Incident *i, const Verdict *v, uint16_t index, const GroupSample *g) {
        const Step *step = &judge_policy(j, i)->steps[index];

        if (step->kind == STEP_FREEZE)
                return take_freeze(j, i, v, index, g);
        if (!g->has_memory)
                return leave_out(j, i, step, g, "it has no memory controller");
        return step->kind == STEP_RECLAIM ? take_reclaim(j, i, v, index, g)
                                          : take_throttle(j, i, v, index, g);
}

ReliefAnswer relief_take(Judge *j, Incident *i, const Verdict *v, uint16_t index) {
        const Step *step = &judge_policy(j, i)->steps[index];
        const GroupSample *g;
        ReliefAnswer how;
        Choice choice;

        if (step->kind == STEP_LIMIT)
                return i->critical ? RELIEF_LATER : take_limit(j, i, v, index);
        if (i->critical)
                return leave_out(j, i, step, NULL, "no time is left");

        pick_target(j, i, v, &choice);
        if (i->next_step != index) /* somebody else's ladder begins */
                return RELIEF_LATER;
        g = pick_group(j, v, i, &choice);
        if (!g)
                return leave_out(j, i, step, NULL,
                        target_is_nobody(&choice.target) ? "there is no cgroup that may be touched"
                                                         : "its target is no cgroup");
        how = take_from(j, i, v, index, g);
        if (how == RELIEF_TAKEN && choice.group)
                pick_keep_group(i, g);
        return how;
}

/* ---- its end
 * --------------------------------------------------------------------------------------- */

static Event *tell_end(Judge *j, const Incident *i, EventKind kind) {
        const GroupRef *ref = &i->relief.group;
        const GroupSample *g = sample_find_group(j->s, ref->slot, ref->generation);
        Event *e = judge_add_event(j, kind, i);

        if (!e)
                return NULL;
        e->has_step = true;
        e->step = i->relief.step;
        e->took_usec = usec_since(j->now_usec, i->relief.sent_usec);
        e->freed = i->relief.freed;
        e->error = i->relief.error;
        if (g)
                judge_describe_group(j->s, g, &e->group);
        return e;
}

static void settle(Judge *j, Incident *i) {
        usec_t until = usec_add(j->now_usec, judge_policy(j, i)->settle_usec);

        i->relief.settle_usec = until;
        i->not_before_usec = until;
        j->book->freed_total += i->relief.freed;
        i->freed_total += i->relief.freed;
        (void) tell_end(j, i, EVENT_STEP_DONE);
}

/* Nothing was changed, so nothing has to settle. */
static void fail(Judge *j, Incident *i, const char *why) {
        Event *e = tell_end(j, i, EVENT_STEP_FAILED);

        i->relief.pending = false;
        if (e)
                text_copy(e->text, sizeof(e->text), why);
}

static void take_outcome(Judge *j, Incident *i, const Outcome *o) {
        i->relief.action = 0;
        i->relief.freed = o->value;
        switch (o->kind) {
        case OUTCOME_DONE:
        case OUTCOME_LATE:
                if (o->value > 0)
                        settle(j, i);
                else
                        fail(j, i, "nothing came back");
                return;
        case OUTCOME_REFUSED:
        case OUTCOME_BUSY:
                i->relief.error = o->error;
                fail(j, i, "the kernel refused it");
                return;
        case OUTCOME_GONE:
        case OUTCOME_STALE:
                fail(j, i, "the cgroup is gone");
                return;
        case OUTCOME_SENT:
        case OUTCOME_DRY:
        case OUTCOME_FOREIGN:
        case OUTCOME_RENEWED:
        case OUTCOME_SKIPPED:
                i->relief.pending = false;
                return;
        }
}

void reliefs_take_outcomes(Judge *j, const Outcome *outcomes, size_t n) {
        for (size_t o = 0; o < n; o++)
                for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                        Incident *i = &j->book->incidents[k];

                        if (i->used && i->relief.pending && i->relief.action != 0 &&
                                i->relief.action == outcomes[o].action)
                                take_outcome(j, i, &outcomes[o]);
                }
}

/* How far its leases are: on the way (false), at their goal, or ended before they got there. */
static bool is_done(const Judge *j, const Incident *i, bool *ret_over) {
        size_t n = 0, done = 0;

        for (size_t k = 0; k < LEASES_MAX; k++) {
                const Lease *l = &j->book->leases.leases[k];

                if (l->phase == LEASE_NONE || l->incident != i->id || l->index != i->relief.index ||
                        l->wants_return)
                        continue;
                n++;
                done += l->phase == LEASE_HELD && (l->file != LEASE_HIGH || l->value <= l->goal);
        }
        *ret_over = n == 0;
        return done == n;
}

static void advance_one(Judge *j, Incident *i) {
        Relief *r = &i->relief;
        bool over = false;

        if (r->settle_usec != USEC_UNSET) {
                r->pending = j->now_usec < r->settle_usec;
                return;
        }
        if (r->failed) {
                fail(j, i, r->failed);
                return;
        }
        if (r->action != 0) {
                if (j->now_usec >= usec_add(r->deadline_usec, OUTCOME_LATE_USEC))
                        fail(j, i, "there was no answer");
                return;
        }
        if (is_done(j, i, &over) && !over)
                settle(j, i);
        else if (over)
                r->pending = false;
        else if (j->now_usec >= r->deadline_usec)
                settle(j, i);
}

void reliefs_advance(Judge *j) {
        for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                Incident *i = &j->book->incidents[k];

                if (i->used && i->phase == INCIDENT_OPEN && i->relief.pending)
                        advance_one(j, i);
        }
}
