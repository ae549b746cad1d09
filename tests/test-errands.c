/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/errands.h"

#include "config/config-load.h"

#include <errno.h>
#include <string.h>

#include "tests/harness.h"

#define NOW (5000 * USEC_PER_SEC)

/* An engine that gives out what the test wants, and an owner who does as he is told. */
static Errand given[ERRANDS_OPEN_MAX + 4];
static size_t n_given, n_taken;
static Outcome answers[ERRANDS_OPEN_MAX + 4];
static size_t n_answers;
static Errands errands;

typedef struct Double {
        int begins; /* what begin returns */
        bool answers_within;
        uint64_t begun, cancelled;
        size_t n_begun, n_cancelled;
        const Step *step;
} Double;

static Double owner;

static const Errand *next(void *ctx) {
        (void) ctx;
        return n_taken < n_given ? &given[n_taken++] : NULL;
}

static void done(void *ctx, const Outcome *answer) {
        (void) ctx;
        answers[n_answers++] = *answer;
}

static int begin_errand(void *ctx, const Errand *errand, const Step *step) {
        Double *d = ctx;

        d->begun = errand->id;
        d->n_begun++;
        d->step = step;
        if (d->answers_within)
                errands_answer(
                        &errands, &(Outcome){ .kind = OUTCOME_SKIPPED, .action = errand->id });
        return d->begins;
}

static void cancel_errand(void *ctx, uint64_t id) {
        Double *d = ctx;

        d->cancelled = id;
        d->n_cancelled++;
}

static Policy policy;
static Config config;

static void begin(void) {
        n_given = n_taken = n_answers = 0;
        owner = (Double){};
        policy = (Policy){ .name = "one", .n_steps = 2 };
        policy.steps[0].kind = STEP_HINT;
        policy.steps[1].kind = STEP_RESTART;
        config = (Config){ .policies = &policy, .n_policies = 1 };
        errands_init(&errands, (ErrandSource){ next, done, NULL });
        errands_set_owner(
                &errands, STEP_RESTART, (ErrandOwner){ begin_errand, cancel_errand, &owner });
}

/* Restarts are owned, hints are not. */
static void give(uint64_t id, uint16_t step, usec_t deadline) {
        given[n_given++] = (Errand){
                .id = id,
                .kind = policy.steps[step].kind,
                .config = &config,
                .step = step,
                .deadline_usec = deadline,
        };
}

START_TEST(what_nobody_owns_is_refused) {
        begin();
        give(1, 0, USEC_UNSET);
        errands_dispatch(&errands, NOW);
        ck_assert_uint_eq(n_answers, 1);
        ck_assert_int_eq(answers[0].kind, OUTCOME_REFUSED);
        ck_assert_int_eq(answers[0].error, ENOSYS);
        ck_assert_uint_eq(answers[0].action, 1);
        ck_assert_uint_eq(owner.n_begun, 0);
}
END_TEST

START_TEST(what_a_spent_budget_ends_in_goes_by_its_own_kind) {
        begin();
        policy.steps[1].kind = STEP_KILL;
        give(1, 1, NOW + USEC_PER_SEC);
        given[0].kind = STEP_RESTART;
        errands_dispatch(&errands, NOW);
        ck_assert_uint_eq(owner.begun, 1);
        ck_assert_int_eq(owner.step->kind, STEP_KILL);
}
END_TEST

START_TEST(an_owner_answers_later_and_once) {
        begin();
        give(1, 1, NOW + USEC_PER_SEC);
        errands_dispatch(&errands, NOW);
        ck_assert_uint_eq(owner.begun, 1);
        ck_assert_int_eq(owner.step->kind, STEP_RESTART);
        ck_assert_uint_eq(n_answers, 0);
        ck_assert_uint_eq(errands_next_usec(&errands), NOW + USEC_PER_SEC);

        errands_answer(&errands, &(Outcome){ .kind = OUTCOME_DONE, .action = 1, .value = 42 });
        errands_answer(&errands, &(Outcome){ .kind = OUTCOME_DONE, .action = 1 });
        errands_answer(&errands, &(Outcome){ .kind = OUTCOME_DONE, .action = 7 });
        ck_assert_uint_eq(n_answers, 1);
        ck_assert_uint_eq(answers[0].value, 42);
        ck_assert_uint_eq(errands_next_usec(&errands), USEC_UNSET);
        errands_dispatch(&errands, NOW + USEC_PER_HOUR);
        ck_assert_uint_eq(owner.n_cancelled, 0);
}
END_TEST

START_TEST(what_begin_returns_is_the_answer) {
        static const struct {
                const char *name;
                int begins;
                bool within;
                OutcomeKind kind;
                int error;
        } rows[] = {
                { "done at once", 1, false, OUTCOME_DONE, 0 },
                { "refused", -EPERM, false, OUTCOME_REFUSED, EPERM },
                { "answered from within", 0, true, OUTCOME_SKIPPED, 0 },
                { "answered from within, and done", 1, true, OUTCOME_SKIPPED, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                begin();
                owner.begins = rows[i].begins;
                owner.answers_within = rows[i].within;
                give(9, 1, NOW + USEC_PER_SEC);
                errands_dispatch(&errands, NOW);
                ck_assert_msg(n_answers == 1, "%s: %zu answers", rows[i].name, n_answers);
                ck_assert_msg(answers[0].kind == rows[i].kind && answers[0].action == 9 &&
                                answers[0].error == rows[i].error,
                        "%s", rows[i].name);
                ck_assert_uint_eq(errands_next_usec(&errands), USEC_UNSET);
        }
}
END_TEST

START_TEST(at_its_deadline_it_is_cancelled_and_late) {
        begin();
        give(1, 1, NOW + 2 * USEC_PER_SEC);
        give(2, 1, NOW + USEC_PER_SEC);
        errands_dispatch(&errands, NOW);
        ck_assert_uint_eq(errands_next_usec(&errands), NOW + USEC_PER_SEC);
        errands_dispatch(&errands, NOW + USEC_PER_SEC - 1);
        ck_assert_uint_eq(owner.n_cancelled, 0);

        errands_dispatch(&errands, NOW + USEC_PER_SEC);
        ck_assert_uint_eq(owner.n_cancelled, 1);
        ck_assert_uint_eq(owner.cancelled, 2);
        ck_assert_uint_eq(n_answers, 1);
        ck_assert_int_eq(answers[0].kind, OUTCOME_LATE);
        ck_assert_uint_eq(answers[0].action, 2);
        errands_answer(&errands, &(Outcome){ .kind = OUTCOME_DONE, .action = 2 });
        ck_assert_uint_eq(n_answers, 1); /* too late */
        ck_assert_uint_eq(errands_next_usec(&errands), NOW + 2 * USEC_PER_SEC);
}
END_TEST

START_TEST(one_that_waited_past_its_deadline_is_not_begun) {
        begin();
        give(1, 1, NOW);
        errands_dispatch(&errands, NOW);
        ck_assert_uint_eq(owner.n_begun, 0);
        ck_assert_int_eq(answers[0].kind, OUTCOME_LATE);
}
END_TEST

START_TEST(as_many_as_the_engine_gives_out_are_under_way_at_once) {
        begin();
        for (uint64_t id = 0; id < ERRANDS_OPEN_MAX; id++)
                give(id, 1, NOW + USEC_PER_SEC);
        errands_dispatch(&errands, NOW);
        ck_assert_uint_eq(owner.n_begun, ERRANDS_OPEN_MAX);

        /* one ends, another comes in its place */
        errands_answer(&errands, &(Outcome){ .kind = OUTCOME_DONE, .action = 3 });
        give(100, 1, NOW + USEC_PER_SEC);
        errands_dispatch(&errands, NOW);
        ck_assert_uint_eq(owner.begun, 100);
}
END_TEST

START_TEST(at_the_end_all_are_cancelled_and_none_is_answered) {
        begin();
        give(1, 1, NOW + USEC_PER_SEC);
        give(2, 1, USEC_UNSET);
        errands_dispatch(&errands, NOW);
        errands_done(&errands);
        ck_assert_uint_eq(owner.n_cancelled, 2);
        ck_assert_uint_eq(n_answers, 0);
        errands_done(&errands);
        ck_assert_uint_eq(owner.n_cancelled, 2);
}
END_TEST

HARNESS_MAIN("errands", what_nobody_owns_is_refused,
        what_a_spent_budget_ends_in_goes_by_its_own_kind, an_owner_answers_later_and_once,
        what_begin_returns_is_the_answer, at_its_deadline_it_is_cancelled_and_late,
        one_that_waited_past_its_deadline_is_not_begun,
        as_many_as_the_engine_gives_out_are_under_way_at_once,
        at_the_end_all_are_cancelled_and_none_is_answered)
