/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps that harm nobody, and what others are asked to do for them. */

#include "core/aside.h"
#include "tests/core-ladder.h"

static Step hint(HintLevel level) {
        return (Step){ .kind = STEP_HINT, .hint = level };
}

START_TEST(terminate_waits_for_capture_no_longer_than_its_timeout) {
        Story *st = ladder_story(GIB(5));
        const Event *e;
        usec_t asked;

        LADDER(&st->w->policies[0], ladder_capture(), ladder_terminate());
        e = story_until(st, EVENT_STEP_TAKEN, SEC(5));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_CAPTURE);
        ck_assert_uint_eq(st->n_errands, 1);
        ck_assert_int_eq(st->errand.kind, STEP_CAPTURE);
        ck_assert_uint_eq(st->errand.deadline_usec, st->w->now + MSEC(300));
        ck_assert_str_eq(st->errand.cgroup, "/system.slice/build.service");
        ck_assert_uint_eq(st->errand.n_processes, 1);
        ck_assert_int_eq(st->errand.pids[0], st->w->facts[0].pid);
        ck_assert_int_eq(st->errand.event.kind, EVENT_STEP_TAKEN);
        asked = st->w->now;

        e = story_until(st, EVENT_STEP_TAKEN, SEC(1)); /* nobody answers */
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        ck_assert_uint_ge(st->w->now - asked, MSEC(300));
        ck_assert_uint_le(st->w->now - asked, MSEC(350));
        story_free(st);
}
END_TEST

START_TEST(an_answered_capture_is_waited_for_no_longer) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        LADDER(&st->w->policies[0], ladder_capture(), ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        story_tick(st, MSEC(50));
        ck_assert_ptr_null(world_event(st->w, EVENT_STEP_TAKEN));
        story_answer(st, st->errand.id, OUTCOME_DONE, 0, 0);
        story_tick(st, MSEC(50));
        e = world_event(st->w, EVENT_CAPTURED);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->took_usec, MSEC(100));
        ck_assert_ptr_nonnull(world_event(st->w, EVENT_STEP_TAKEN));
        story_free(st);
}
END_TEST

START_TEST(when_there_is_no_time_nothing_waits_for_evidence) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        st->capacity = GIB(15) + MIB(100);
        LADDER(&st->w->policies[0], ladder_capture(), ladder_terminate());
        e = story_until(st, EVENT_STEP_TAKEN, SEC(5)); /* the last of this tick */
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        ck_assert_uint_eq(st->n_errands, 1);
        story_free(st);
}
END_TEST

START_TEST(evidence_is_kept_of_each_target) {
        Story *st = ladder_story(GIB(5));
        ProcSample *other = story_process(st, "ld", GIB(8), 0, ANSWER_OBEYS);

        st->capacity += GIB(8);
        world_unit(st->w, "/system.slice/link.service", "link.service", 0, UINT64_MAX);
        world_facts(st->w, other)->cgroup = "/system.slice/link.service";
        world_facts(st->w, other)->unit = "link.service";
        world_rehash(st->w);
        LADDER(&st->w->policies[0], ladder_capture(), ladder_terminate());
        st->answer[0] = ANSWER_STUCK;
        st->group_answer[0] = ANSWER_STALE;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        ck_assert_str_eq(st->errand.cgroup, "/system.slice/build.service");
        for (int i = 0; i < 200 && st->n_errands < 2; i++)
                story_tick(st, MSEC(50));
        ck_assert_uint_eq(st->n_errands, 2);
        ck_assert_str_eq(st->errand.cgroup, "/system.slice/link.service");
        story_free(st);
}
END_TEST

START_TEST(a_command_may_skip_the_next_step) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        LADDER(&st->w->policies[0], ladder_run(),
                (Step){ .kind = STEP_SIGNAL, .signo = 10, .timeout_usec = SEC(1) },
                ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        ck_assert_int_eq(st->errand.kind, STEP_RUN);
        story_answer(st, st->errand.id, OUTCOME_SKIPPED, 0, 0);
        story_tick(st, MSEC(50));
        ck_assert_ptr_nonnull(world_event(st->w, EVENT_COMMAND_ANSWERED));
        e = world_event(st->w, EVENT_STEP_SKIPPED);
        ladder_check_text(e, "a command asked to leave it out");
        ck_assert_int_eq(e->step, STEP_SIGNAL);
        e = world_event(st->w, EVENT_STEP_TAKEN);
        e = e ? e : story_until(st, EVENT_STEP_TAKEN, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE); /* once */
        story_free(st);
}
END_TEST

START_TEST(a_command_that_leaves_out_the_last_step_is_asked_again) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        LADDER(&st->w->policies[0], ladder_run(), ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        story_answer(st, st->errand.id, OUTCOME_SKIPPED, 0, 0);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_SKIPPED, SEC(1)));
        e = story_until(st, EVENT_STEP_TAKEN, MSEC(900));
        ck_assert_ptr_null(e);
        e = story_until(st, EVENT_STEP_TAKEN, MSEC(200));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_RUN);
        story_answer(st, st->errand.id, OUTCOME_DONE, 0, MIB(7));
        e = story_until(st, EVENT_COMMAND_ANSWERED, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->freed, MIB(7));
        e = world_event(st->w, EVENT_STEP_TAKEN);
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        story_free(st);
}
END_TEST

START_TEST(a_command_that_says_no_for_ten_minutes_is_asked_a_few_times_unless_it_is_critical) {
        Story *st = ladder_story(GIB(5));
        size_t n_events = 0;
        uint32_t n_asked = 0;

        LADDER(&st->w->policies[0], ladder_run(), ladder_terminate());
        for (usec_t end = st->w->now + SEC(600); st->w->now < end;) {
                story_tick(st, MSEC(200));
                n_events += st->w->plan.n_events;
                if (st->n_errands == n_asked)
                        continue;
                n_asked = (uint32_t) st->n_errands;
                story_answer(st, st->errand.id, OUTCOME_SKIPPED, 0, 0);
        }
        ck_assert_uint_ge(n_asked, 4);
        ck_assert_uint_le(n_events, 20);

        st->capacity = GIB(15) + MIB(100);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(2)));
        story_free(st);
}
END_TEST

START_TEST(what_is_not_done_is_told) {
        static const struct {
                OutcomeKind kind;
                const char *text;
        } rows[] = {
                { OUTCOME_LATE, "it was not done in time" },
                { OUTCOME_REFUSED, "it could not be done" },
                { OUTCOME_SENT, "there was no answer" }, /* which is none */
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Story *st = ladder_story(GIB(5));

                LADDER(&st->w->policies[0], ladder_capture());
                ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
                if (rows[i].kind != OUTCOME_SENT)
                        story_answer(st, st->errand.id, rows[i].kind, 2, 0);
                ladder_check_text(story_until(st, EVENT_STEP_FAILED, SEC(2)), rows[i].text);
                story_answer(st, st->errand.id, OUTCOME_DONE, 0, 0); /* too late */
                ck_assert_ptr_null(story_until(st, EVENT_CAPTURED, SEC(1)));
                story_free(st);
        }
}
END_TEST

START_TEST(asides_delay_nothing_and_are_not_queued) {
        Story *st = ladder_story(GIB(5));
        Policy *other = world_policy(
                st->w, "other", WATCH_SYSTEM, CONDITION(st->w, COND_ALL, available_below(799)));
        const Event *e;

        LADDER(&st->w->policies[0], ladder_terminate());
        LADDER(other, hint(HINT_LOW), ladder_run(),
                (Step){ .kind = STEP_NOTIFY, .level = NOTIFY_INFO });
        e = story_until(st, EVENT_NOTIFY, SEC(5)); /* while the other one is ending somebody */
        ck_assert_ptr_nonnull(e);
        ck_assert_ptr_nonnull(world_event(st->w, EVENT_HINT));
        ck_assert(st->w->book.flight.active);
        ck_assert_uint_eq(st->n_errands, 2);
        story_free(st);
}
END_TEST

START_TEST(a_dry_run_asks_nobody) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        st->w->dry = true;
        LADDER(&st->w->policies[0], hint(HINT_MEDIUM), ladder_capture(), ladder_run(),
                ladder_terminate());
        e = story_until(st, EVENT_STEP_TAKEN, SEC(5));
        ck_assert_ptr_nonnull(e);
        ck_assert(e->dry);
        ck_assert_int_eq(e->step, STEP_TERMINATE); /* all of them in one tick */
        story_run(st, SEC(1), MSEC(50));
        ck_assert_uint_eq(st->n_errands, 0);
        story_free(st);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                terminate_waits_for_capture_no_longer_than_its_timeout,
                an_answered_capture_is_waited_for_no_longer,
                when_there_is_no_time_nothing_waits_for_evidence,
                evidence_is_kept_of_each_target,
                a_command_may_skip_the_next_step,
                a_command_that_says_no_for_ten_minutes_is_asked_a_few_times_unless_it_is_critical,
                a_command_that_leaves_out_the_last_step_is_asked_again,
                what_is_not_done_is_told,
                asides_delay_nothing_and_are_not_queued,
                a_dry_run_asks_nobody,
        };
        Suite *s = suite_create("aside");
        TCase *tc = tcase_create("aside");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
