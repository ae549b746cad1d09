/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Steps that the service manager carries out, and what a spent budget ends in. */

#include "tests/core-ladder.h"

static Step restart(void) {
        return (Step){ .kind = STEP_RESTART, .timeout_usec = SEC(10) };
}

static void empty(Story *st) {
        st->w->groups[BUILD].populated = false;
        story_end(st, &st->w->procs[0]);
}

START_TEST(a_unit_is_restarted_through_the_service_manager) {
        Story *st = ladder_story(0);
        const Event *e;

        LADDER(&st->w->policies[0], restart(), ladder_terminate());
        e = story_until(st, EVENT_STEP_TAKEN, SEC(5));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_RESTART);
        ck_assert_int_eq(st->errand.kind, STEP_RESTART);
        ck_assert_str_eq(st->errand.unit, "build.service");
        ck_assert_uint_eq(st->errand.deadline_usec, st->w->now + SEC(10));
        ck_assert_uint_eq(st->w->plan.n_actions, 0); /* no signal */

        story_run(st, SEC(2), MSEC(50));
        process_set(&st->w->procs[0], MIB(10)); /* new ones live there */
        story_answer(st, st->errand.id, OUTCOME_DONE, 0, 0);
        e = story_until(st, EVENT_STEP_DONE, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_ge(e->freed, GIB(14));
        ck_assert_int_eq(st->signalled, 0);
        story_free(st);
}
END_TEST

START_TEST(an_empty_cgroup_is_answer_enough) {
        Story *st = ladder_story(0);

        LADDER(&st->w->policies[0], (Step){ .kind = STEP_STOP, .timeout_usec = SEC(10) });
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        story_run(st, SEC(1), MSEC(50));
        empty(st);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(1)));
        story_free(st);
}
END_TEST

START_TEST(an_end_of_one_of_its_processes_is_no_answer) {
        Story *st = ladder_story(0);
        ProcSample *p = &st->w->procs[0];
        const Event *e;

        LADDER(&st->w->policies[0], restart(), ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        story_answer(st, st->errand.id, OUTCOME_GONE, 0, 0);
        st->w->outcomes[st->w->n_outcomes - 1].slot = p->slot;
        st->w->outcomes[st->w->n_outcomes - 1].generation = p->generation;
        process_set(p, MIB(10)); /* another one lives there already */
        p->generation++;
        ck_assert_ptr_null(story_until(st, EVENT_STEP_FAILED, SEC(1)));

        story_answer(st, st->errand.id, OUTCOME_DONE, 0, 0);
        e = story_until(st, EVENT_STEP_DONE, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_RESTART);
        ck_assert_int_eq(st->signalled, 0);
        story_free(st);
}
END_TEST

START_TEST(what_the_service_manager_does_not_do_the_next_step_does) {
        static const OutcomeKind answers[] = { OUTCOME_REFUSED, OUTCOME_LATE, OUTCOME_SENT };

        for (size_t i = 0; i < ELEMENTS(answers); i++) {
                Story *st = ladder_story(0);
                const Event *e;

                LADDER(&st->w->policies[0], restart(), ladder_terminate());
                ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
                if (answers[i] != OUTCOME_SENT) /* nobody answers */
                        story_answer(st, st->errand.id, answers[i], 1, 0);
                e = story_until(st, EVENT_STEP_FAILED, SEC(11));
                ck_assert_ptr_nonnull(e);
                ck_assert_int_eq(e->step, STEP_RESTART);
                e = story_until(st, EVENT_STEP_TAKEN, SEC(1));
                ck_assert_ptr_nonnull(e);
                ck_assert_int_eq(e->step, STEP_TERMINATE);
                ck_assert_str_eq(e->group.unit, "build.service");
                story_free(st);
        }
}
END_TEST

START_TEST(there_is_no_waiting_for_it_when_there_is_no_time) {
        Story *st = ladder_story(0);
        const Event *e;

        LADDER(&st->w->policies[0], restart(), ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        st->capacity = GIB(15) + MIB(100);
        e = story_until(st, EVENT_STEP_TAKEN, SEC(3));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        story_free(st);

        st = ladder_story(0);
        st->capacity = GIB(15) + MIB(100);
        LADDER(&st->w->policies[0], restart(), ladder_terminate());
        e = story_until(st, EVENT_STEP_SKIPPED, SEC(5));
        ladder_check_text(e, "no time is left to ask the service manager");
        ck_assert_uint_eq(st->n_errands, 0);
        story_free(st);
}
END_TEST

START_TEST(who_is_in_no_unit_is_not_stopped_through_one) {
        static const struct {
                const char *cgroup, *unit, *container;
        } rows[] = {
                { "/lost", "", "" },
                { "/system.slice/build.service", "build.service", "0123456789ab" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Story *st = ladder_story(0);

                st->w->policies[0].targets.kind = TARGET_AUTO;
                st->w->facts[0].cgroup = rows[i].cgroup;
                st->w->facts[0].unit = rows[i].unit;
                st->w->facts[0].container = rows[i].container;
                world_rehash(st->w);
                LADDER(&st->w->policies[0], restart(), ladder_terminate());
                ladder_check_text(story_until(st, EVENT_STEP_SKIPPED, SEC(5)),
                        "its target is no unit of the system manager");
                ck_assert_uint_eq(st->n_errands, 0);
                ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
                story_free(st);
        }
}
END_TEST

START_TEST(of_a_process_its_unit_is_restarted) {
        Story *st = ladder_story(0);

        st->w->policies[0].targets.kind = TARGET_AUTO;
        LADDER(&st->w->policies[0], restart());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        ck_assert_str_eq(st->errand.unit, "build.service");
        story_free(st);
}
END_TEST

START_TEST(a_unit_with_too_many_processes_is_not_stopped) {
        Story *st = ladder_story(0);

        for (int i = 0; i < 3; i++) {
                ProcSample *p = story_process(st, "cc", MIB(5), 0, ANSWER_OBEYS);

                world_facts(st->w, p)->cgroup = "/system.slice/build.service";
                world_facts(st->w, p)->unit = "build.service";
        }
        world_rehash(st->w);
        st->w->policies[0].targets.max_victims = 2;
        LADDER(&st->w->policies[0], restart(), ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_SKIPPED, SEC(5)));
        ck_assert_uint_eq(st->n_errands, 0);
        story_free(st);
}
END_TEST

/* Dies when told to, and is there again a second later. */
static const Event *until_spent(Story *st, int most) {
        for (int i = 0; i < most; i++) {
                const Event *e = story_until(st, EVENT_STEP_TAKEN, SEC(5));

                if (!e || e->step == STEP_STOP)
                        return e;
                ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
                st->w->groups[BUILD].populated = true;
                st->w->procs[0].state = 'S';
                st->w->procs[0].generation++;
                process_set(&st->w->procs[0], GIB(15));
        }
        return NULL;
}

START_TEST(unit_that_comes_back_is_stopped_through_systemd) {
        Story *st = ladder_story(0);
        Policy *p = &st->w->policies[0];
        const Event *e;

        p->budget_count = 2;
        p->budget_window_usec = SEC(600);
        p->on_budget = ON_BUDGET_WIDEN;
        e = until_spent(st, 5);
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(st->groups_killed, 2);
        ck_assert_int_eq(st->errand.kind, STEP_STOP);
        ck_assert_str_eq(st->errand.unit, "build.service");
        ladder_check_text(world_event(st->w, EVENT_BUDGET_SPENT),
                "now its unit is stopped through the service manager");
        story_answer(st, st->errand.id, OUTCOME_DONE, 0, 0);
        empty(st);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(2)));
        ck_assert_ptr_nonnull(strstr(st->w->trace, "incident-closed"));
        story_free(st);
}
END_TEST

START_TEST(a_unit_that_cannot_be_stopped_is_left_alone_by_who_tried_and_by_nobody_else) {
        Story *st = ladder_story(0);
        Policy *p = &st->w->policies[0];

        p->budget_count = 1;
        p->budget_window_usec = SEC(600);
        p->on_budget = ON_BUDGET_WIDEN;
        ck_assert_ptr_nonnull(until_spent(st, 5));
        story_answer(st, st->errand.id, OUTCOME_REFUSED, 1, 0);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_FAILED, SEC(2)));
        ck_assert_int_eq(
                decide_veto_group(&(DecideVeto){ &st->w->book, st->w->now, decide_asks(0) },
                        &st->w->groups[BUILD]),
                REFUSAL_REMEMBERED);
        ck_assert_int_eq(
                decide_veto_group(&(DecideVeto){ &st->w->book, st->w->now, decide_asks(1) },
                        &st->w->groups[BUILD]),
                REFUSAL_NONE);
        ck_assert_ptr_null(story_until(st, EVENT_STEP_TAKEN, SEC(10)));
        story_free(st);
}
END_TEST

/* Whenever the second policy comes to act: also when the first has just looked for somebody. */
START_TEST(whom_one_policy_cannot_deal_with_another_one_ends) {
        Story *st = story_new(GIB(16));
        Policy *asks = world_policy(
                st->w, "asks", WATCH_SYSTEM, CONDITION(st->w, COND_ALL, available_below(800)));
        Policy *kills = world_policy(
                st->w, "kills", WATCH_SYSTEM, CONDITION(st->w, COND_ALL, available_below(800)));
        ProcSample *hog = story_process(st, "hog", GIB(10), 0, ANSWER_OBEYS),
                   *innocent = story_process(st, "innocent", GIB(5), 0, ANSWER_OBEYS);

        asks->targets.kind = kills->targets.kind = TARGET_AUTO;
        LADDER(asks, restart());
        LADDER(kills, (Step){ .kind = STEP_KILL, .timeout_usec = SEC(3) });
        kills->for_usec = (usec_t) _i * MSEC(50);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ck_assert(!story_lives(hog));
        ck_assert(story_lives(innocent));
        story_free(st);
}
END_TEST

START_TEST(a_dry_run_shows_it_and_asks_nobody) {
        Story *st = ladder_story(0);
        const Event *e;

        st->w->dry = true;
        LADDER(&st->w->policies[0], restart());
        e = story_until(st, EVENT_STEP_TAKEN, SEC(5));
        ck_assert_ptr_nonnull(e);
        ck_assert(e->dry);
        ck_assert_ptr_null(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        ck_assert_uint_eq(st->n_errands, 0);
        story_free(st);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                a_unit_is_restarted_through_the_service_manager,
                an_empty_cgroup_is_answer_enough,
                an_end_of_one_of_its_processes_is_no_answer,
                what_the_service_manager_does_not_do_the_next_step_does,
                there_is_no_waiting_for_it_when_there_is_no_time,
                who_is_in_no_unit_is_not_stopped_through_one,
                of_a_process_its_unit_is_restarted,
                a_unit_with_too_many_processes_is_not_stopped,
                unit_that_comes_back_is_stopped_through_systemd,
                a_unit_that_cannot_be_stopped_is_left_alone_by_who_tried_and_by_nobody_else,
                a_dry_run_shows_it_and_asks_nobody,
        };
        Suite *s = suite_create("unit-step");
        TCase *tc = tcase_create("unit-step");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_loop_test(tc, whom_one_policy_cannot_deal_with_another_one_ends, 1, 50);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
