/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/command-steps.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/errand-desk.h"

#define PATIENCE_USEC (HARNESS_PATIENCE_MSEC * USEC_PER_MSEC)

static Starter *starter;
static CommandSteps steps;
static unsigned n_made, n_removed, n_ended;
static int removes_with;
static const char *args[4];

static int make_place(void *ctx _unused_, uint64_t id _unused_, uint64_t memory_bytes) {
        ck_assert_uint_eq(memory_bytes, 64 << 20);
        n_made++;
        return -EPERM; /* there are none here: it runs without */
}

static int remove_place(void *ctx _unused_, uint64_t id _unused_, bool end) {
        if (removes_with >= 0)
                n_removed++;
        n_ended += end;
        return removes_with;
}

static void set_up(void) {
        static const CommandPlaces places = { make_place, remove_place, NULL };

        desk_init(STEP_RUN);
        args[0] = "/bin/sh";
        args[1] = "-c";
        desk_policy.steps[0].args = args;
        desk_policy.steps[0].n_args = 3;
        desk_policy.steps[0].uid = geteuid();
        desk_policy.steps[0].gid = getegid();
        desk_policy.steps[0].memory_bytes = 64 << 20;
        desk_policy.steps[0].output_bytes = 16 << 10;
        (void) text_copy(desk_errand.event.policy, sizeof(desk_errand.event.policy), "here");
        n_made = n_removed = n_ended = 0;
        removes_with = 0;
        ck_assert_int_eq(starter_new(&starter), 0);
        command_steps_init(&steps, starter, &desk, &places);
}

static void tear_down(void) {
        errands_done(&desk);
        starter = starter_free(starter);
        command_steps_done(&steps);
}

static void wait_desk(unsigned n) {
        usec_t until = clock_monotonic_usec() + PATIENCE_USEC;

        while (desk_answers < n) {
                struct pollfd p = { .fd = starter_fd(starter), .events = POLLIN };

                ck_assert_msg(clock_monotonic_usec() < until, "no answer");
                (void) poll(&p, 1, 100);
                starter_dispatch(starter);
        }
}

static void run(const char *script) {
        static uint64_t id;
        unsigned n = desk_answers;

        args[2] = script;
        desk_give(++id, clock_monotonic_usec() + PATIENCE_USEC);
        wait_desk(n + 1);
        ck_assert_uint_eq(desk_answer.action, id);
}

START_TEST(answer_of_a_command_becomes_the_outcome) {
        run("echo freed 4096");
        ck_assert_int_eq(desk_answer.kind, OUTCOME_DONE);
        ck_assert_uint_eq(desk_answer.value, 4096);
        run("echo so; echo skip");
        ck_assert_int_eq(desk_answer.kind, OUTCOME_SKIPPED);
        run("exit 7");
        ck_assert_int_eq(desk_answer.kind, OUTCOME_DONE);
        ck_assert_uint_eq(n_made, 3);
        ck_assert_uint_eq(n_removed, 3);
        ck_assert_uint_eq(n_ended, 0);

        args[0] = "/nonexistent";
        run("");
        ck_assert_int_eq(desk_answer.kind, OUTCOME_REFUSED);
        ck_assert_int_eq(desk_answer.error, ENOENT);
        ck_assert_uint_eq(n_removed, 4);
}
END_TEST

START_TEST(event_is_on_its_input_as_json) {
        desk_errand.event.mem_total = 4711;
        run("python3 -c 'import json, sys; e = json.load(sys.stdin); "
            "print(\"freed\", e[\"mem_total_bytes\"] if e[\"policy\"] == \"here\" else 0)'");
        ck_assert_uint_eq(desk_answer.value, 4711);
}
END_TEST

START_TEST(late_command_is_answered_once_and_its_place_removed) {
        usec_t until;

        args[2] = "sleep 1000";
        desk_give(50, clock_monotonic_usec() + 200 * USEC_PER_MSEC);
        ck_assert_uint_eq(desk_answers, 0);
        until = clock_monotonic_usec() + PATIENCE_USEC;
        while (n_removed == 0 && clock_monotonic_usec() < until) {
                errands_dispatch(&desk, clock_monotonic_usec());
                starter_dispatch(starter);
                (void) poll(NULL, 0, 5);
        }
        ck_assert_uint_eq(n_removed, 1);
        errands_dispatch(&desk, clock_monotonic_usec());
        ck_assert_uint_eq(desk_answers, 1);
        ck_assert_int_eq(desk_answer.kind, OUTCOME_LATE);
}
END_TEST

START_TEST(place_that_cannot_be_removed_is_tried_again) {
        removes_with = -EBUSY;
        run("true");
        ck_assert_uint_eq(n_removed, 0);
        command_steps_care(&steps, clock_monotonic_usec());
        ck_assert_uint_eq(n_removed, 0);
        ck_assert_uint_eq(n_ended, 1); /* who is in there is not waited for */
        removes_with = 0;
        command_steps_care(&steps, clock_monotonic_usec());
        command_steps_care(&steps, clock_monotonic_usec());
        ck_assert_uint_eq(n_removed, 1);
}
END_TEST

START_TEST(place_of_whom_nobody_answers_for_is_ended_after_a_while) {
        usec_t deadline = clock_monotonic_usec() + PATIENCE_USEC;

        args[2] = "sleep 1000";
        desk_give(60, deadline);
        command_steps_care(&steps, deadline);
        ck_assert_uint_eq(n_removed, 0);
        command_steps_care(&steps, deadline + 3 * USEC_PER_SEC);
        ck_assert_uint_eq(n_removed, 1);
        ck_assert_uint_eq(n_ended, 1);
}
END_TEST

START_TEST(without_a_starter_every_command_is_refused) {
        ck_assert_int_eq(kill(starter_pid(starter), SIGKILL), 0);
        for (int i = 0; i < 10000 && !starter_is_lost(starter); i++) {
                starter_dispatch(starter);
                (void) poll(NULL, 0, 1);
        }
        args[2] = "true";
        desk_give(70, clock_monotonic_usec() + PATIENCE_USEC);
        ck_assert_uint_eq(desk_answers, 1);
        ck_assert_int_eq(desk_answer.kind, OUTCOME_REFUSED);
        ck_assert_int_eq(desk_answer.error, EPIPE);
        ck_assert_uint_eq(n_removed, n_made);
}
END_TEST

int main(void) {
        const TTest *const tests[] = { answer_of_a_command_becomes_the_outcome,
                event_is_on_its_input_as_json, late_command_is_answered_once_and_its_place_removed,
                place_that_cannot_be_removed_is_tried_again,
                place_of_whom_nobody_answers_for_is_ended_after_a_while,
                without_a_starter_every_command_is_refused };
        Suite *s = suite_create("command-steps");
        TCase *tc = tcase_create("command-steps");

        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
