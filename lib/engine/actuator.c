/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/actuator.h"

#include <errno.h>

static OutcomeKind outcome_kind(const ActOps *ops, int result) {
        switch (result) {
        case 0:
                return ops->dry ? OUTCOME_DRY : OUTCOME_SENT;
        case -ESRCH:
                return OUTCOME_GONE;
        case -ESTALE:
                return OUTCOME_STALE;
        default:
                return OUTCOME_REFUSED;
        }
}

/* All members get their signal before any memory is released: one that shares the memory and is not
 * dying yet would make the release fail. */
static size_t run_action(
        const ActOps *ops, void *ctx, const Action *a, usec_t now_usec, Outcome *ret, size_t cap) {
        bool signalled[TARGET_MEMBERS_MAX] = { false };
        size_t n = 0;

        for (size_t i = 0; i < a->n_slots; i++) {
                int r = ops->signal(ctx, a->id, a->slots[i], a->generations[i], a->signo);

                signalled[i] = r >= 0;
                if (r == 1 || n == cap)
                        continue;
                ret[n++] = (Outcome){
                        .kind = outcome_kind(ops, r),
                        .action = a->id,
                        .slot = a->slots[i],
                        .generation = a->generations[i],
                        .error = r < 0 ? -r : 0,
                        .at_usec = now_usec,
                };
        }

        for (size_t i = 0; a->release && i < a->n_slots; i++)
                if (signalled[i])
                        (void) ops->release(ctx, a->id, a->slots[i],
                                a->generations[i]); /* its end is seen anyway */
        return n;
}

size_t actuator_run(
        const ActOps *ops, void *ctx, const Plan *plan, usec_t now_usec, Outcome *ret, size_t cap) {
        size_t n = 0;

        for (size_t i = 0; i < plan->n_actions; i++)
                n += run_action(ops, ctx, &plan->actions[i], now_usec, ret + n, cap - n);
        return n;
}
