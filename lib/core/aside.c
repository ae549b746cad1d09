/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/aside.h"

#include <string.h>

#include "base/macro.h"
#include "core/errand.h"
#include "core/hint-order.h"
#include "core/incident.h"
#include "core/pick.h"

/* An answer may be this much behind its deadline before it is told that there was none. */
#define ANSWER_LATE_USEC (500 * USEC_PER_MSEC)

static Event *tell(Judge *j, Incident *i, const Verdict *v, EventKind kind, const Step *step) {
        Event *e;

        incident_renew_reason(j, i, v);
        e = judge_add_event(j, kind, i);
        i->n_steps_taken++;
        if (!e)
                return NULL;
        e->has_step = true;
        e->step = step->kind;
        return e;
}

static bool notify(Judge *j, Incident *i, const Verdict *v, const Step *step) {
        Event *e = tell(j, i, v, EVENT_NOTIFY, step);

        if (!e)
                return true;
        e->level = step->level;
        if (v->group >= 0)
                judge_describe_group(j->s, &j->s->groups[v->group], &e->group);
        if (j->s->n_procs > 0) {
                pick_rank(j, i, v);
                pick_list(j, i, e);
        }
        return true;
}

static bool has_errands(const Judge *j) {
        return j->dry || j->plan->n_errands < PLAN_ERRANDS_MAX;
}

static void send(Errand *errand, const Event *e) {
        if (e)
                errand->event = *e;
}

static bool hint(Judge *j, Incident *i, const Verdict *v, const Step *step) {
        Event *e = tell(j, i, v, EVENT_HINT, step);

        if (e)
                e->hint = step->hint;
        if (!j->dry)
                hint_give(j, i, step->hint);
        return true;
}

static Awaited *find_place(Judge *j) {
        for (size_t k = 0; k < AWAITED_MAX; k++)
                if (j->book->awaited[k].errand == 0)
                        return &j->book->awaited[k];
        return NULL;
}

/* About somebody new it is asked only when he can be told from him who was dealt with before. */
static bool is_ready(const Judge *j, const Incident *i) {
        return j->now_usec >= i->retry_usec &&
                (i->critical || j->s->n_procs == 0 || j->s->procs_at_usec == USEC_UNSET ||
                        j->s->procs_at_usec >= j->book->not_before_usec);
}

static void describe(const Judge *j, const Choice *choice, Event *e) {
        const Target *target = &choice->target;

        if (target->group >= 0)
                judge_describe_group(j->s, &j->s->groups[target->group], &e->group);
        if (target->n_members > 0)
                judge_describe(j->s, &j->scratch->candidates[target->members[0]], &e->target);
        e->n_members = (uint32_t) target->n_members;
        e->promised = target->promised;
}

/* Evidence about the target, or a command that may know better. */
static bool ask(Judge *j, Incident *i, const Verdict *v, uint16_t index) {
        const Step *step = &judge_policy(j, i)->steps[index];
        Choice choice = { .target.group = -1 };
        Awaited *awaited = find_place(j);
        Errand *errand;
        Event *e;

        if (!has_errands(j) || !awaited)
                return i->critical; /* then it is left out: there is no time to wait for room */
        if (!is_ready(j, i))
                return false;
        if (j->s->n_procs > 0)
                pick_target(j, i, v, &choice);
        if (i->next_step != index) /* somebody else's ladder begins */
                return false;
        if (!target_is_nobody(&choice.target))
                pick_keep(j, i, &choice.target);

        e = tell(j, i, v, EVENT_STEP_TAKEN, step);
        if (e) {
                describe(j, &choice, e);
                pick_list(j, i, e);
                if (step->kind == STEP_RUN && step->n_args > 0)
                        text_copy(e->text, sizeof(e->text), step->args[0]);
        }
        if (j->dry)
                return true;
        errand =
                errand_add_step(j, i, step->kind, index, usec_add(j->now_usec, step->timeout_usec));
        errand_describe(j, &choice.target, errand);
        send(errand, e);
        *awaited = (Awaited){ .errand = errand->id,
                .incident = i->id,
                .step = step->kind,
                .index = index,
                .sent_usec = j->now_usec,
                .deadline_usec = errand->deadline_usec };
        return true;
}

bool aside_take(Judge *j, Incident *i, const Verdict *v, uint16_t index) {
        const Step *step = &judge_policy(j, i)->steps[index];

        switch (step->kind) {
        case STEP_NOTIFY:
                return notify(j, i, v, step);
        case STEP_HINT:
                return hint(j, i, v, step);
        case STEP_CAPTURE:
        case STEP_RUN:
                return ask(j, i, v, index);
        case STEP_RECLAIM:
        case STEP_THROTTLE:
        case STEP_FREEZE:
        case STEP_LIMIT:
        case STEP_SIGNAL:
        case STEP_RESTART:
        case STEP_STOP:
        case STEP_TERMINATE:
        case STEP_KILL:
        case _STEP_MAX:
                break;
        }
        return true;
}

bool aside_is_awaited(const Judge *j, const Incident *i) {
        for (size_t k = 0; k < AWAITED_MAX; k++) {
                const Awaited *a = &j->book->awaited[k];

                if (a->errand != 0 && a->incident == i->id && j->now_usec < a->deadline_usec)
                        return true;
        }
        return false;
}

static Event *tell_answer(Judge *j, const Awaited *a, EventKind kind, const char *text) {
        Event *e = judge_add_event(j, kind, incident_by_id(j->book, a->incident));

        if (!e)
                return NULL;
        e->incident = a->incident;
        e->has_step = true;
        e->step = a->step;
        e->took_usec = usec_since(j->now_usec, a->sent_usec);
        text_copy(e->text, sizeof(e->text), text);
        return e;
}

static void take_answer(Judge *j, const Awaited *a, const Outcome *o) {
        Incident *i = incident_by_id(j->book, a->incident);
        bool of_command = a->step == STEP_RUN;
        Event *e;

        switch (o->kind) {
        case OUTCOME_DONE:
                e = tell_answer(j, a, of_command ? EVENT_COMMAND_ANSWERED : EVENT_CAPTURED, "");
                if (e && of_command)
                        e->freed = o->value;
                return;
        case OUTCOME_RENEWED:
        case OUTCOME_SKIPPED:
                if (i && i->phase == INCIDENT_OPEN)
                        i->skips_next = true;
                (void) tell_answer(
                        j, a, EVENT_COMMAND_ANSWERED, "it asks to leave out the next step");
                return;
        case OUTCOME_LATE:
                (void) tell_answer(j, a, EVENT_STEP_FAILED, "it was not done in time");
                return;
        case OUTCOME_REFUSED:
        case OUTCOME_BUSY:
        case OUTCOME_STALE:
        case OUTCOME_GONE:
                e = tell_answer(j, a, EVENT_STEP_FAILED, "it could not be done");
                if (e)
                        e->error = o->error;
                return;
        case OUTCOME_SENT:
        case OUTCOME_DRY:
        case OUTCOME_FOREIGN:
                return; /* of no errand */
        }
}

void asides_take_outcomes(Judge *j, const Outcome *outcomes, size_t n) {
        for (size_t o = 0; o < n; o++)
                for (size_t k = 0; k < AWAITED_MAX; k++) {
                        Awaited *a = &j->book->awaited[k];

                        if (a->errand == 0 || a->errand != outcomes[o].action)
                                continue;
                        take_answer(j, a, &outcomes[o]);
                        memset(a, 0, sizeof(*a));
                }
}

void asides_advance(Judge *j) {
        for (size_t k = 0; k < AWAITED_MAX; k++) {
                Awaited *a = &j->book->awaited[k];

                if (a->errand == 0 || j->now_usec < usec_add(a->deadline_usec, ANSWER_LATE_USEC))
                        continue;
                (void) tell_answer(j, a, EVENT_STEP_FAILED, "there was no answer");
                memset(a, 0, sizeof(*a));
        }
}
