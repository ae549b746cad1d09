/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger-budgets.h"

#include <string.h>

#include "core/class-budget.h"
#include "tests/lease-fixture.h"

#define NOW (10 * USEC_PER_HOUR)

static Policy policies[2] = {
        { .name = "first", .budget_count = 3, .budget_window_usec = 10 * USEC_PER_MIN },
        { .name = "second", .budget_count = 2, .budget_window_usec = 10 * USEC_PER_MIN },
};
static Config config = { .policies = policies, .n_policies = 2 };
static IncidentBook book;

static void spend(uint16_t policy, uint64_t class_hash, usec_t at_usec) {
        class_budget_count(&book, &policies[policy], policy, class_hash, TARGET_PROCESS, at_usec);
}

static bool is_spent(uint16_t policy, uint64_t class_hash, usec_t now_usec) {
        return class_budget_is_spent(
                &book, &policies[policy], policy, class_hash, TARGET_PROCESS, now_usec);
}

/* Saved, killed, started again. */
static size_t restart(LeaseFixture *f, const Config *next, usec_t now_usec) {
        ledger_budgets_save(f->ledger, &config, &book);
        lease_fixture_reopen(f);
        memset(&book, 0, sizeof(book));
        return ledger_budgets_load(f->ledger, next, now_usec, &book);
}

static void begin(LeaseFixture *f) {
        lease_fixture_init(f);
        memset(&book, 0, sizeof(book));
}

START_TEST(what_was_spent_is_still_spent_after_a_kill) {
        LeaseFixture f;

        begin(&f);
        for (usec_t i = 0; i < 3; i++)
                spend(0, 77, NOW + i);
        spend(1, 77, NOW);
        ck_assert_uint_eq(restart(&f, &config, NOW + USEC_PER_SEC), 2);
        ck_assert(is_spent(0, 77, NOW + USEC_PER_SEC));
        ck_assert(!is_spent(1, 77, NOW + USEC_PER_SEC));
        spend(1, 77, NOW + USEC_PER_SEC); /* goes on from there */
        ck_assert(is_spent(1, 77, NOW + USEC_PER_SEC));
        ck_assert(!is_spent(0, 77, NOW + 11 * USEC_PER_MIN));
        lease_fixture_done(&f);
}
END_TEST

START_TEST(a_ring_that_went_round_is_kept) {
        LeaseFixture f;

        begin(&f);
        for (usec_t i = 0; i < 40; i++) {
                spend(0, 77, NOW + i);
                if (i % 7 == 0)
                        ledger_budgets_save(f.ledger, &config, &book);
        }
        ck_assert_uint_eq(restart(&f, &config, NOW + USEC_PER_SEC), 1);
        ck_assert_uint_eq(book.budgets[0].n, 40);
        for (usec_t i = 24; i < 40; i++)
                ck_assert_uint_eq(book.budgets[0].times[i % BUDGET_TIMES_MAX], NOW + i);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(what_is_old_or_of_a_policy_that_is_gone_is_left) {
        static Policy other = { .name = "second" };
        static Config next = { .policies = &other, .n_policies = 1 };
        LeaseFixture f;

        begin(&f);
        spend(0, 77, NOW);
        spend(1, 78, NOW);
        ck_assert_uint_eq(restart(&f, &next, NOW + 1), 1);
        ck_assert_uint_eq(book.budgets[0].n + book.budgets[1].n, 1);
        ck_assert_uint_eq(book.budgets[1].policy, 0); /* by its name */

        memset(&book, 0, sizeof(book));
        spend(0, 77, NOW);
        ck_assert_uint_eq(restart(&f, &config, NOW + 61 * USEC_PER_MIN), 0);
        ck_assert_uint_eq(restart(&f, &config, NOW - 1), 0); /* and what is from the future */
        lease_fixture_done(&f);
}
END_TEST

START_TEST(a_place_that_is_used_again_has_nothing_of_the_last) {
        LeaseFixture f;

        begin(&f);
        for (usec_t i = 0; i < 5; i++)
                spend(0, 77, NOW + i);
        ledger_budgets_save(f.ledger, &config, &book);
        memset(&book, 0, sizeof(book));
        spend(1, 99, NOW + 10);
        ck_assert_uint_eq(restart(&f, &config, NOW + USEC_PER_SEC), 1);
        ck_assert_uint_eq(book.budgets[0].n, 1);
        ck_assert_uint_eq(book.budgets[0].policy, 1);
        memset(&book, 0, sizeof(book));
        ck_assert_uint_eq(restart(&f, &config, NOW + USEC_PER_SEC), 0); /* and none */
        lease_fixture_done(&f);
}
END_TEST

HARNESS_MAIN("ledger-budgets", what_was_spent_is_still_spent_after_a_kill,
        a_ring_that_went_round_is_kept, what_is_old_or_of_a_policy_that_is_gone_is_left,
        a_place_that_is_used_again_has_nothing_of_the_last)
