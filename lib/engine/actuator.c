/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/actuator.h"

#include <errno.h>
#include <signal.h>

static OutcomeKind outcome_kind(const ActOps *ops, int result) {
        switch (result) {
        case 0:
                return ops->dry ? OUTCOME_DRY : OUTCOME_SENT;
        case -ESRCH:
                return OUTCOME_GONE;
        case -ESTALE:
                return OUTCOME_STALE;
        case -EAGAIN:
                return OUTCOME_BUSY;
        default:
                return OUTCOME_REFUSED;
        }
}

typedef struct Run {
        const ActOps *ops;
        void *ctx;
        const Action *action;
        usec_t now_usec;
        Outcome *ret;
        size_t n, cap;
} Run;

/* r: as ActOps has it. */
static void add_outcome(Run *run, int r, bool is_group, uint32_t slot, uint32_t generation) {
        if (r == 1 || run->n == run->cap)
                return;
        run->ret[run->n++] = (Outcome){
                .kind = outcome_kind(run->ops, r),
                .action = run->action->id,
                .slot = slot,
                .generation = generation,
                .error = r < 0 ? -r : 0,
                .at_usec = run->now_usec,
                .is_group = is_group,
        };
}

/* All members get their signal before any memory is released: one that shares the memory and is not
 * dying yet would make the release fail. */
static void run_members(Run *run) {
        const Action *a = run->action;
        bool signalled[TARGET_MEMBERS_MAX] = { false };

        for (size_t i = 0; i < a->n_slots; i++) {
                int r = run->ops->signal(run->ctx, a->id, a->slots[i], a->generations[i], a->signo);

                signalled[i] = r >= 0;
                add_outcome(run, r, false, a->slots[i], a->generations[i]);
        }
        for (size_t i = 0; a->release && i < a->n_slots; i++)
                if (signalled[i])
                        (void) run->ops->release(run->ctx, a->id, a->slots[i],
                                a->generations[i]); /* its end is seen anyway */
}

/* Returns whether its members are to be signalled one by one as well. */
static bool run_group(Run *run) {
        const Action *a = run->action;
        int r = run->ops->group(run->ctx, a->id, a->groups, a->n_groups, a->signo);

        if (r == -EBUSY)
                return true;
        add_outcome(run, r, true, a->groups[0].slot, a->groups[0].generation);
        /* Not permitted: what is in it neither. Gone or another one: who was in it and lives has
         * moved. */
        return a->signo == SIGKILL && r != -EPERM && r != -ESTALE && r != -ESRCH;
}

static void run_adjustment(Run *run) {
        const Action *a = run->action;
        size_t at = run->n;
        uint64_t value = 0;
        int r = a->n_groups > 0 ? run->ops->adjust(run->ctx, a, &value) : -EINVAL;

        add_outcome(run, r, true, a->groups[0].slot, a->groups[0].generation);
        if (r != 0 || run->n == at)
                return;
        run->ret[at].value = value;
        if (!run->ops->dry)
                run->ret[at].kind = OUTCOME_DONE;
}

static size_t run_action(
        const ActOps *ops, void *ctx, const Action *a, usec_t now_usec, Outcome *ret, size_t cap) {
        Run run = { ops, ctx, a, now_usec, ret, 0, cap };

        if (a->kind != ACTION_SIGNAL)
                run_adjustment(&run);
        else if (a->n_groups == 0 || run_group(&run))
                run_members(&run);
        return run.n;
}

size_t actuator_run(
        const ActOps *ops, void *ctx, const Plan *plan, usec_t now_usec, Outcome *ret, size_t cap) {
        size_t n = 0;

        for (size_t i = 0; i < plan->n_actions; i++)
                n += run_action(ops, ctx, &plan->actions[i], now_usec, ret + n, cap - n);
        return n;
}
