/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an incident asks of programs reaches whoever tells them, and so does its end. */

#include "core/hint-order.h"
#include "tests/core-ladder.h"

static Step hint(HintLevel level) {
        return (Step){ .kind = STEP_HINT, .hint = level };
}

/* The incident of the story's first policy. */
static uint64_t incident_of(const Story *st, uint16_t policy) {
        for (size_t k = 0; k < INCIDENTS_MAX; k++)
                if (st->w->book.incidents[k].used && st->w->book.incidents[k].policy == policy)
                        return st->w->book.incidents[k].id;
        ck_abort_msg("no incident of policy %u", policy);
}

static void check_order(const Story *st, uint64_t incident, HintLevel level) {
        ck_assert_int_eq(st->errand.kind, STEP_HINT);
        ck_assert_uint_eq(st->errand.incident, incident);
        ck_assert_int_eq(st->errand.hint, level);
        ck_assert_ptr_null(st->errand.config);
        ck_assert_uint_eq(st->errand.deadline_usec, USEC_UNSET);
}

/* Whoever was ordered last has it. */
static void deliver(Story *st) {
        story_answer(st, st->errand.id, OUTCOME_DONE, 0, 0);
        story_tick(st, MSEC(50));
}

START_TEST(a_hint_lasts_as_long_as_the_trouble) {
        Story *st = ladder_story(GIB(5));
        Policy *other = world_policy(
                st->w, "other", WATCH_SYSTEM, CONDITION(st->w, COND_ALL, available_below(650)));
        const Event *e;

        other->clear = CONDITION(st->w, COND_ALL,
                atom_share(METRIC_MEM_AVAILABLE, "mem.available", COMPARE_GT, 700));
        LADDER(&st->w->policies[0], hint(HINT_LOW));
        LADDER(other, hint(HINT_CRITICAL));
        e = story_until(st, EVENT_HINT, SEC(5));
        ck_assert_ptr_nonnull(e);
        story_run(st, MSEC(100), MSEC(50));
        ck_assert_uint_eq(st->n_errands, 2);
        check_order(st, incident_of(st, 1), HINT_CRITICAL);

        process_set(&st->w->procs[0], GIB(15) - MIB(200)); /* between the two */
        e = story_until(st, EVENT_HINT, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->hint, HINT_LOW); /* is what is left */
        check_order(st, incident_of(st, 1), HINT_NONE);
        ladder_relax(st);
        e = story_until(st, EVENT_HINT, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->hint, HINT_NONE);
        check_order(st, incident_of(st, 0), HINT_NONE);
        ck_assert_uint_eq(st->n_errands, 4);
        story_free(st);
}
END_TEST

START_TEST(each_incident_takes_its_own_hint_back) {
        Story *st = ladder_story(GIB(5));
        Policy *other = world_policy(
                st->w, "other", WATCH_SYSTEM, CONDITION(st->w, COND_ALL, available_below(650)));

        other->clear = CONDITION(st->w, COND_ALL,
                atom_share(METRIC_MEM_AVAILABLE, "mem.available", COMPARE_GT, 700));
        LADDER(&st->w->policies[0], hint(HINT_MEDIUM));
        LADDER(other, hint(HINT_MEDIUM));
        ck_assert_ptr_nonnull(story_until(st, EVENT_HINT, SEC(5)));
        story_run(st, MSEC(100), MSEC(50));
        ck_assert_uint_eq(st->n_errands, 2);

        process_set(&st->w->procs[0], GIB(15) - MIB(200));       /* between the two */
        ck_assert_ptr_null(story_until(st, EVENT_HINT, SEC(2))); /* as much is asked as before */
        ck_assert_uint_eq(st->n_errands, 3);
        check_order(st, incident_of(st, 1), HINT_NONE);
        story_free(st);
}
END_TEST

START_TEST(a_policy_that_is_gone_takes_its_hint_along) {
        Story *st = ladder_story(GIB(5));
        Config empty = { .tick = st->w->config.tick, .limits = st->w->config.limits };
        uint64_t incident;
        Plan plan;

        LADDER(&st->w->policies[0], hint(HINT_MEDIUM));
        ck_assert_ptr_nonnull(story_until(st, EVENT_HINT, SEC(5)));
        deliver(st);
        incident = incident_of(st, 0);
        incident_book_rebase(&st->w->book, &st->w->config, &empty, st->w->now, &plan);
        ck_assert_uint_eq(plan.n_errands + plan.n_actions, 0);
        ck_assert_int_eq(plan.events[0].kind, EVENT_HINT);
        ck_assert_int_eq(plan.events[0].hint, HINT_NONE);
        st->w->config = empty;
        story_tick(st, MSEC(50));
        check_order(st, incident, HINT_NONE);
        story_free(st);
}
END_TEST

START_TEST(what_nobody_took_on_is_ordered_again) {
        static const struct {
                const char *name;
                OutcomeKind kind;
                bool again;
        } rows[] = {
                { "no place", OUTCOME_BUSY, true },
                { "main was late", OUTCOME_LATE, true },
                { "nobody tells", OUTCOME_REFUSED, false },
                { "done", OUTCOME_DONE, false },
                { "dry", OUTCOME_DRY, false },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Story *st = ladder_story(GIB(5));
                uint64_t first, incident;

                LADDER(&st->w->policies[0], hint(HINT_MEDIUM));
                ck_assert_ptr_nonnull(story_until(st, EVENT_HINT, SEC(5)));
                deliver(st);
                incident = incident_of(st, 0);
                ladder_relax(st);
                ck_assert_ptr_nonnull(story_until(st, EVENT_HINT, SEC(5)));
                check_order(st, incident, HINT_NONE);
                first = st->errand.id;
                for (size_t n = 2; n < 5; n++) {
                        story_answer(st, st->errand.id, rows[i].kind, 0, 0);
                        story_tick(st, MSEC(50));
                        ck_assert_msg(st->n_errands == (rows[i].again ? n + 1 : 2), "%s: %zu",
                                rows[i].name, st->n_errands);
                }
                check_order(st, incident, HINT_NONE);
                ck_assert_msg((st->errand.id > first) == rows[i].again, "%s", rows[i].name);
                story_free(st);
        }
}
END_TEST

START_TEST(a_hint_that_is_given_again_is_not_taken_back_by_an_old_order) {
        Story *st = ladder_story(GIB(5));

        LADDER(&st->w->policies[0], hint(HINT_MEDIUM));
        ck_assert_ptr_nonnull(story_until(st, EVENT_HINT, SEC(5)));
        deliver(st);
        ladder_relax(st);
        ck_assert_ptr_nonnull(story_until(st, EVENT_HINT, SEC(5)));
        check_order(st, 1, HINT_NONE);

        st->capacity -= GIB(8);
        story_answer(st, st->errand.id, OUTCOME_BUSY, 0, 0);
        st->w->book.incidents[0].next_step = 0;
        ck_assert_ptr_nonnull(story_until(st, EVENT_HINT, SEC(5)));
        check_order(st, 1, HINT_MEDIUM);
        deliver(st);
        check_order(st, 1, HINT_MEDIUM);
        ck_assert(!hints_are_waiting(&st->w->book));
        story_free(st);
}
END_TEST

START_TEST(more_hints_than_a_plan_has_room_for_are_all_ordered) {
        Story *st = ladder_story(GIB(5));
        enum { N = PLAN_ERRANDS_MAX + 2 };
        uint64_t incidents[N] = { 0 };
        size_t n = 0;

        LADDER(&st->w->policies[0], hint(HINT_LOW));
        for (int i = 1; i < N; i++) {
                Policy *p = world_policy(st->w, "another", WATCH_SYSTEM,
                        CONDITION(st->w, COND_ALL, available_below(800)));

                LADDER(p, hint(HINT_LOW));
        }
        for (int i = 0; i < 100 && st->n_errands < N; i++) {
                story_tick(st, MSEC(50));
                for (size_t e = 0; e < st->w->plan.n_errands; e++)
                        incidents[n++] = st->w->plan.errands[e].incident;
                ck_assert(st->w->plan.busy || st->n_errands == 0 || st->n_errands == N);
        }
        ck_assert_uint_eq(n, N);
        for (size_t a = 0; a < n; a++)
                for (size_t b = a + 1; b < n; b++)
                        ck_assert_uint_ne(incidents[a], incidents[b]);
        story_free(st);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                a_hint_lasts_as_long_as_the_trouble,
                each_incident_takes_its_own_hint_back,
                a_policy_that_is_gone_takes_its_hint_along,
                what_nobody_took_on_is_ordered_again,
                a_hint_that_is_given_again_is_not_taken_back_by_an_old_order,
                more_hints_than_a_plan_has_room_for_are_all_ordered,
        };
        Suite *s = suite_create("hint-order");
        TCase *tc = tcase_create("hint-order");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
