/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger-budgets.h"

#include <string.h>

#include "base/macro.h"
#include "base/text.h"

#define TOO_OLD_USEC USEC_PER_HOUR

static const char *policy_name(const Config *config, const BudgetEntry *e) {
        return e->class_hash != 0 && e->policy < config->n_policies
                ? config->policies[e->policy].name
                : NULL;
}

/* Of another class or policy, or counted anew: begun from nothing. */
static void save_one(LedgerBudget *r, const BudgetEntry *e, const char *name) {
        uint64_t n = atomic_load(&r->n);

        if (n == e->n && r->class_hash == e->class_hash && strcmp(r->policy, name) == 0)
                return;
        if (n > e->n || r->class_hash != e->class_hash || strcmp(r->policy, name) != 0) {
                atomic_store(&r->n, 0);
                r->class_hash = e->class_hash;
                (void) text_copy(r->policy, sizeof(r->policy), name);
                n = 0;
        }
        if (e->n - n > BUDGET_TIMES_MAX)
                n = e->n - BUDGET_TIMES_MAX;
        for (; n < e->n; n++)
                atomic_store(&r->times[n % BUDGET_TIMES_MAX], e->times[n % BUDGET_TIMES_MAX]);
        atomic_store(&r->n, e->n);
}

void ledger_budgets_save(LeaseLedger *l, const Config *config, const IncidentBook *book) {
        for (uint32_t i = 0; i < BUDGETS_MAX; i++) {
                LedgerBudget *r = lease_ledger_budget(l, i);
                const char *name = policy_name(config, &book->budgets[i]);

                if (name)
                        save_one(r, &book->budgets[i], name);
                else if (atomic_load(&r->n) != 0)
                        atomic_store(&r->n, 0);
        }
}

static bool load_one(
        const LedgerBudget *r, const Config *config, usec_t now_usec, BudgetEntry *ret) {
        uint64_t n = atomic_load(&r->n);
        BudgetEntry e = { .class_hash = r->class_hash, .n = (uint32_t) n };
        usec_t latest;
        int index;

        if (n == 0 || n > UINT32_MAX || r->class_hash == 0 ||
                !memchr(r->policy, '\0', sizeof(r->policy)))
                return false;
        for (size_t i = 0; i < BUDGET_TIMES_MAX; i++)
                e.times[i] = atomic_load(&r->times[i]);
        latest = e.times[(n - 1) % BUDGET_TIMES_MAX];
        if (latest > now_usec || now_usec - latest > TOO_OLD_USEC)
                return false;
        index = config_find_policy(config, r->policy);
        if (index < 0)
                return false;
        e.policy = (uint16_t) index;
        *ret = e;
        return true;
}

size_t ledger_budgets_load(
        LeaseLedger *l, const Config *config, usec_t now_usec, IncidentBook *book) {
        size_t n = 0;

        for (uint32_t i = 0; i < BUDGETS_MAX; i++)
                n += load_one(lease_ledger_budget(l, i), config, now_usec, &book->budgets[i]);
        return n;
}
