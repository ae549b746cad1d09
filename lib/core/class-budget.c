/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/class-budget.h"

#include <string.h>

#include "base/macro.h"

/* A process, a tree and a cgroup of one class have a budget each. */
static uint64_t key_of(uint64_t class_hash, TargetKind kind) {
        uint64_t size = target_is_group(kind) ? 2 : kind == TARGET_TREE;
        uint64_t key = class_hash;

        for (uint64_t i = 0; i < size; i++)
                key *= UINT64_C(0x9e3779b97f4a7c15);
        return MAX(key, UINT64_C(1));
}

static uint32_t count_recent(const BudgetEntry *e, usec_t window, usec_t now) {
        uint32_t n = 0, kept = MIN(e->n, (uint32_t) BUDGET_TIMES_MAX);

        for (uint32_t i = 0; i < kept; i++)
                n += usec_since(now, e->times[i]) < window;
        return n;
}

static usec_t latest(const BudgetEntry *e) {
        return e->n == 0 ? 0 : e->times[(e->n - 1) % BUDGET_TIMES_MAX];
}

bool class_budget_is_spent(const IncidentBook *book, const Policy *policy, uint16_t index,
        uint64_t class_hash, TargetKind kind, usec_t now_usec) {
        uint32_t allowed = MIN(policy->budget_count, (uint32_t) BUDGET_TIMES_MAX);

        if (policy->budget_count == 0)
                return false;
        for (size_t i = 0; i < BUDGETS_MAX; i++) {
                const BudgetEntry *e = &book->budgets[i];

                if (e->class_hash == key_of(class_hash, kind) && e->policy == index)
                        return count_recent(e, policy->budget_window_usec, now_usec) >= allowed;
        }
        return false;
}

void class_budget_count(IncidentBook *book, const Policy *policy, uint16_t index,
        uint64_t class_hash, TargetKind kind, usec_t now_usec) {
        BudgetEntry *place = &book->budgets[0];

        if (policy->budget_count == 0)
                return;

        for (size_t i = 0; i < BUDGETS_MAX; i++) {
                BudgetEntry *e = &book->budgets[i];

                if (e->class_hash == key_of(class_hash, kind) && e->policy == index) {
                        place = e;
                        break;
                }
                if (latest(e) < latest(place)) /* an unused one, or who was quiet longest */
                        place = e;
        }
        if (place->class_hash != key_of(class_hash, kind) || place->policy != index) {
                memset(place, 0, sizeof(*place));
                place->policy = index;
                place->class_hash = key_of(class_hash, kind);
        }
        place->times[place->n++ % BUDGET_TIMES_MAX] = now_usec;
}
