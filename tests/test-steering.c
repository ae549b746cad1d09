/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A pause holds back every step but notify; a ward is left alone by all of them. */

#include "core/steering.h"

#include "core/explain.h"
#include "tests/core-ladder.h"

static Step notify(void) {
        return (Step){ .kind = STEP_NOTIFY, .level = NOTIFY_WARNING };
}

static void pause_for(Story *st, usec_t length) {
        steering_pause(&st->w->book.steering, usec_add(st->w->now, length), 0);
}

static void protect(Story *st, WardKind kind, const char *name, int32_t pid, usec_t length) {
        Ward w = { .kind = kind, .pid = pid, .until_usec = usec_add(st->w->now, length) };

        text_copy(w.name, sizeof(w.name), name);
        ck_assert(steering_protect(&st->w->book.steering, &w));
}

/* ---- the pause
 * ----------------------------------------------------------------------------------- */

START_TEST(a_pause_holds_back_every_step_but_notify_until_its_time_is_over) {
        static const StepKind kinds[] = { STEP_HINT, STEP_CAPTURE, STEP_RUN, STEP_RECLAIM,
                STEP_THROTTLE, STEP_FREEZE, STEP_LIMIT, STEP_SIGNAL, STEP_TERMINATE, STEP_KILL,
                STEP_RESTART, STEP_STOP };

        for (size_t k = 0; k < ELEMENTS(kinds); k++) {
                Story *st = ladder_story(GIB(5));
                size_t skipped = 0, notified = 0;

                LADDER(&st->w->policies[0], notify(), (Step){ .kind = kinds[k] });
                pause_for(st, SEC(10));
                while (st->w->now < SEC(1009)) {
                        story_tick(st, MSEC(100));
                        skipped += world_event(st->w, EVENT_STEP_SKIPPED) != NULL;
                        notified += world_event(st->w, EVENT_NOTIFY) != NULL;
                        ck_assert_uint_eq(st->w->plan.n_actions, 0);
                        ck_assert_uint_eq(st->w->plan.n_errands, 0);
                        ck_assert_ptr_null(world_event(st->w, EVENT_STEP_TAKEN));
                }
                ck_assert_msg(skipped == 1 && notified == 1, "step %d: %zu %zu", (int) kinds[k],
                        skipped, notified);
                story_free(st);
        }
}
END_TEST

START_TEST(after_the_pause_the_step_is_taken) {
        for (int asked = 0; asked < 2; asked++) {
                Story *st = ladder_story(GIB(5));
                const Event *e;

                pause_for(st, SEC(10));
                ck_assert_ptr_nonnull(story_until(st, EVENT_PAUSED, SEC(1)));
                story_run(st, SEC(5), MSEC(100));
                ck_assert_int_eq(st->signalled, 0);
                if (asked)
                        ck_assert(steering_resume(&st->w->book.steering, st->w->now));
                e = story_until(st, EVENT_RESUMED, SEC(6));
                ladder_check_text(e, asked ? "somebody asked" : "the time of the pause is over");
                ck_assert_int_eq(e->level, NOTIFY_WARNING);
                ck_assert(world_event(st->w, EVENT_STEP_TAKEN) ||
                        story_until(st, EVENT_STEP_TAKEN, SEC(1)));
                ck_assert_int_gt(st->signalled, 0);
                story_free(st);
        }
}
END_TEST

START_TEST(a_pause_holds_when_there_is_no_time_left) {
        Story *st = ladder_story(GIB(5));

        st->capacity = GIB(15) + MIB(100);
        pause_for(st, SEC(10));
        story_run(st, SEC(5), MSEC(100));
        ck_assert(st->w->plan.critical);
        ck_assert_int_eq(st->signalled, 0);
        ck_assert(!st->w->plan.busy); /* nothing can come of looking again at once */
        story_free(st);
}
END_TEST

START_TEST(a_pause_begins_is_made_longer_and_ends_once_in_the_events) {
        Story *st = ladder_story(GIB(5));

        ladder_relax(st);
        pause_for(st, SEC(10));
        story_run(st, SEC(2), MSEC(100));
        pause_for(st, SEC(10));
        story_run(st, SEC(20), MSEC(100));
        assert_trace(st->w, "paused paused resumed ");
        story_free(st);
}
END_TEST

START_TEST(who_got_his_sigterm_is_not_killed_in_a_pause) {
        Story *st = ladder_story(GIB(5));

        st->answer[0] = ANSWER_KILL_ONLY;
        st->w->policies[0].targets.kind = TARGET_PROCESS;
        LADDER(&st->w->policies[0], ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        ck_assert_int_eq(st->signalled, 1);
        pause_for(st, SEC(20));
        ladder_check_text(story_until(st, EVENT_STEP_DONE, SEC(5)), "avert is paused: not killed");
        ck_assert_int_eq(st->signalled, 1);
        ck_assert(!st->w->book.flight.active);
        story_free(st);
}
END_TEST

START_TEST(a_lease_is_not_tightened_in_a_pause_and_still_given_back) {
        Story *st = ladder_story(GIB(5));
        size_t n;

        LADDER(&st->w->policies[0], ladder_throttle(9000));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        story_tick(st, MSEC(50));
        pause_for(st, SEC(60));
        n = st->n_leases;
        story_run(st, SEC(5), MSEC(50));
        ck_assert_uint_eq(st->n_leases, n);
        ladder_relax(st);
        ck_assert_ptr_nonnull(story_until(st, EVENT_LEASE_RETURNED, SEC(5)));
        ck_assert_uint_eq(ladder_high(st), UINT64_MAX);
        story_free(st);
}
END_TEST

/* ---- wards
 * --------------------------------------------------------------------------------------- */

START_TEST(a_ward_is_not_taken_nor_is_what_holds_it) {
        static const struct {
                const char *name;
                WardKind kind;
                const char *what;
                TargetKind target;
        } rows[] = {
                { "process, by process", WARD_PROCESS, "", TARGET_PROCESS },
                { "process, by tree", WARD_PROCESS, "", TARGET_TREE },
                { "process, by unit", WARD_PROCESS, "", TARGET_UNIT },
                { "process, by auto", WARD_PROCESS, "", TARGET_AUTO },
                { "unit, by process", WARD_UNIT, "build.service", TARGET_PROCESS },
                { "unit, by unit", WARD_UNIT, "build.service", TARGET_UNIT },
                { "unit, by cgroup", WARD_UNIT, "build.service", TARGET_CGROUP },
                { "cgroup, by process", WARD_CGROUP, "/system.slice", TARGET_PROCESS },
                { "cgroup, by unit", WARD_CGROUP, "/system.slice", TARGET_UNIT },
                { "cgroup, by cgroup", WARD_CGROUP, "/system.slice/build.service", TARGET_CGROUP },
        };

        for (size_t k = 0; k < ELEMENTS(rows); k++) {
                Story *st = ladder_story(GIB(5));
                char text[8192];
                TextBuf out;

                st->w->policies[0].targets.kind = rows[k].target;
                protect(st, rows[k].kind, rows[k].what, st->w->facts[0].pid, SEC(5));
                story_run(st, SEC(4), MSEC(100));
                ck_assert_msg(st->signalled == 0 && st->n_group_steps == 0, "%s", rows[k].name);

                textbuf_init(&out, text, sizeof(text));
                explain_print(&st->w->config, &st->w->s, st->w->verdicts, st->w->n_verdicts,
                        &st->w->book, &st->w->scratch, -1, 0, &out);
                ck_assert_msg(
                        strstr(text, "protected-on-request") != NULL, "%s: %s", rows[k].name, text);

                story_run(st, SEC(4), MSEC(100)); /* its time is over */
                ck_assert_msg(
                        st->signalled > 0 || st->n_group_steps > 0, "%s, after", rows[k].name);
                story_free(st);
        }
}
END_TEST

START_TEST(where_only_a_ward_would_help_that_is_told) {
        static const struct {
                const char *name;
                WardKind kind;
                const char *what;
                TargetKind target;
                const char *text;
        } rows[] = {
                { "process", WARD_PROCESS, "", TARGET_PROCESS, "best found: cc (pid 1000, " },
                { "unit", WARD_UNIT, "build.service", TARGET_PROCESS,
                        "best found: cc (pid 1000, " },
                { "unit, by unit", WARD_UNIT, "build.service", TARGET_UNIT,
                        "best found: build.service (" },
        };

        for (size_t k = 0; k < ELEMENTS(rows); k++) {
                Story *st = ladder_story(GIB(5));
                ProcSample *small;
                const Event *e;

                st->w->policies[0].targets.kind = rows[k].target;
                small = story_process(st, "small", MIB(20), 0, ANSWER_OBEYS);
                world_unit(st->w, "/system.slice/small.service", "small.service", 0, UINT64_MAX);
                world_facts(st->w, small)->cgroup = "/system.slice/small.service";
                world_facts(st->w, small)->unit = "small.service";
                world_rehash(st->w);
                protect(st, rows[k].kind, rows[k].what, st->w->facts[0].pid, SEC(50));
                e = story_until(st, EVENT_NO_USEFUL_VICTIM, SEC(40));
                ck_assert_msg(e != NULL, "%s", rows[k].name);
                ck_assert_msg(strstr(e->text, rows[k].text) &&
                                strstr(e->text, "protected-on-request), would free 1"),
                        "%s: %s", rows[k].name, e->text);
                story_free(st);
        }
}
END_TEST

START_TEST(another_one_with_the_pid_of_a_ward_is_no_ward) {
        Story *st = ladder_story(GIB(5));

        protect(st, WARD_PROCESS, "", st->w->facts[0].pid, SEC(60));
        st->w->facts[0].start_ticks = 7;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        story_free(st);
}
END_TEST

START_TEST(a_unit_is_not_one_whose_name_only_begins_alike_nor_a_users) {
        static const char *const names[] = { "build.servic", "build.service2", "cc", "" };

        for (size_t k = 0; k < ELEMENTS(names); k++) {
                Story *st = ladder_story(GIB(5));

                st->w->facts[0].user_unit = "cc";
                protect(st, WARD_UNIT, names[k], 0, SEC(60));
                ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
                story_free(st);
        }
}
END_TEST

START_TEST(who_got_his_sigterm_and_is_protected_then_is_not_killed) {
        Story *st = ladder_story(GIB(5));

        st->answer[0] = ANSWER_KILL_ONLY;
        st->w->policies[0].targets.kind = TARGET_PROCESS;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        protect(st, WARD_UNIT, "build.service", 0, SEC(60));
        ladder_check_text(story_until(st, EVENT_STEP_DONE, SEC(5)), "somebody protects it now");
        story_run(st, SEC(5), MSEC(100));
        ck_assert_int_eq(st->signalled, 1);
        story_free(st);
}
END_TEST

START_TEST(the_lease_of_a_ward_is_given_back) {
        for (int by_process = 0; by_process < 2; by_process++) {
                Story *st = ladder_story(GIB(5));

                LADDER(&st->w->policies[0], ladder_freeze());
                ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
                story_tick(st, MSEC(50));
                ck_assert(ladder_is_frozen(st));
                protect(st, by_process ? WARD_PROCESS : WARD_UNIT, "build.service",
                        st->w->facts[0].pid, SEC(60));
                ladder_check_text(story_until(st, EVENT_LEASE_RETURNED, SEC(1)), "protects it");
                ck_assert(!ladder_is_frozen(st));
                story_free(st);
        }
}
END_TEST

START_TEST(wards_are_told_when_they_come_change_and_go) {
        Story *st = ladder_story(GIB(5));

        ladder_relax(st);
        protect(st, WARD_UNIT, "build.service", 0, SEC(10));
        ladder_check_text(
                story_until(st, EVENT_PROTECTED, SEC(1)), "unit build.service for 9.9 s, by uid 0");
        story_run(st, SEC(2), MSEC(100));
        protect(st, WARD_UNIT, "build.service", 0, SEC(10));
        ladder_check_text(story_until(st, EVENT_UNPROTECTED, SEC(20)), "its time is over");
        assert_trace(st->w, "protected protected unprotected ");
        story_free(st);
}
END_TEST

START_TEST(only_so_many_wards_have_a_place) {
        Steering s = { 0 };
        Ward w = { .kind = WARD_PROCESS, .until_usec = SEC(10) };

        for (w.pid = 1; w.pid <= STEERING_WARDS_MAX; w.pid++)
                ck_assert(steering_protect(&s, &w));
        ck_assert(!steering_protect(&s, &w));
        w.pid = 5; /* known: renewed */
        ck_assert(steering_protect(&s, &w));
        ck_assert(steering_unprotect(&s, &w));
        ck_assert(!steering_unprotect(&s, &w));
        ck_assert_uint_eq(s.n_wards, STEERING_WARDS_MAX - 1);
        w.until_usec = SEC(20);
        ck_assert(steering_protect(&s, &w));
        ck_assert_uint_eq(steering_forget(&s, SEC(10)), STEERING_WARDS_MAX - 1);
        ck_assert_uint_eq(s.n_wards, 1);
        ck_assert_int_eq(s.wards[0].pid, 5);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                a_pause_holds_back_every_step_but_notify_until_its_time_is_over,
                after_the_pause_the_step_is_taken,
                a_pause_holds_when_there_is_no_time_left,
                a_pause_begins_is_made_longer_and_ends_once_in_the_events,
                who_got_his_sigterm_is_not_killed_in_a_pause,
                a_lease_is_not_tightened_in_a_pause_and_still_given_back,
                a_ward_is_not_taken_nor_is_what_holds_it,
                where_only_a_ward_would_help_that_is_told,
                another_one_with_the_pid_of_a_ward_is_no_ward,
                a_unit_is_not_one_whose_name_only_begins_alike_nor_a_users,
                who_got_his_sigterm_and_is_protected_then_is_not_killed,
                the_lease_of_a_ward_is_given_back,
                wards_are_told_when_they_come_change_and_go,
                only_so_many_wards_have_a_place,
        };
        Suite *s = suite_create("steering");
        TCase *tc = tcase_create("steering");

        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
