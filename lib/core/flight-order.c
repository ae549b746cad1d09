/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/flight-order.h"

#include <string.h>

#include "core/errand.h"
#include "core/flight-effect.h"
#include "core/flight-outcome.h"

/* False when the plan is full. */
static bool send_signal(Judge *j, Flight *f, int signo) {
        Action *a = judge_add_action(j, ACTION_SIGNAL, f->incident, f->policy, f->step);

        if (!a)
                return false;
        a->signo = signo;
        a->release = signo == SIGNO_KILL;
        for (size_t m = 0; m < f->n_members; m++) {
                if (!flight_is_pending(f, m))
                        continue;
                a->slots[a->n_slots] = f->slots[m];
                a->generations[a->n_slots++] = f->generations[m];
        }
        if (!f->group_gone && !f->group_out) {
                memcpy(a->groups, f->groups, f->n_groups * sizeof(a->groups[0]));
                a->n_groups = f->n_groups;
        }

        f->action = a->id;
        f->again = false;
        return true;
}

void flight_order(Judge *j, Flight *f, int signo) {
        if (!send_signal(j, f, signo))
                return;
        f->signo = signo;
        f->killed = signo == SIGNO_KILL;
        f->signal_usec = j->now_usec;
        if (f->killed || f->step == STEP_SIGNAL) {
                f->kill_at_usec = USEC_UNSET;
                f->deadline_usec = usec_add(j->now_usec, f->timeout_usec);
        }
}

void flight_order_again(Judge *j, Flight *f) {
        (void) send_signal(j, f, f->signo); /* the plan is full: in the next tick */
}

void flight_order_errand(
        Judge *j, Flight *f, const Incident *i, uint16_t index, const Target *target) {
        Errand *errand;

        f->kill_at_usec = USEC_UNSET;
        f->deadline_usec = usec_add(j->now_usec, f->timeout_usec);
        f->signal_usec = j->now_usec;
        f->action = ++j->book->next_action; /* what a dry run would have ordered */
        if (j->dry)
                return;
        errand = errand_add_step(j, i, f->step, index, f->deadline_usec);
        if (!errand)
                return;
        f->action = errand->id;
        errand_describe(j, target, errand);
        if (j->plan->n_events > 0)
                errand->event = j->plan->events[j->plan->n_events - 1];
        flight_describe(f, &errand->event);
}
