/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/avert.h"
#include "tests/bus-double.h"
#include "tests/harness.h"

static Fixture fixture;
static BusDouble bus;
static AvertClient *client;

static void begin(const BusDoubleAnswers *answers) {
        fixture_init(&fixture);
        bus_double_start(&bus, fixture.path, answers);
        client = NULL;
}

static void end(void) {
        client = avert_client_unref(client);
        bus_double_stop(&bus);
        fixture_done(&fixture);
}

static void open_client(void) {
        ck_assert_int_eq(avert_client_open(bus.path, &client), 0);
        ck_assert_ptr_nonnull(client);
}

START_TEST(answers_come_back_as_they_were_given) {
        static const BusDoubleAnswers answers = {
                .describe = "{\"schema_version\":1}",
                .policies = "{\"policies\":[]}",
                .consumers = "{\"units\":[]}",
                .explain = "because",
        };
        char *text;

        begin(&answers);
        open_client();
        ck_assert_int_eq(avert_client_describe(client, &text), 0);
        ck_assert_str_eq(text, answers.describe);
        free(text);
        ck_assert_int_eq(avert_client_list_policies(client, &text), 0);
        ck_assert_str_eq(text, answers.policies);
        free(text);
        ck_assert_int_eq(avert_client_list_consumers(client, &text), 0);
        ck_assert_str_eq(text, answers.consumers);
        free(text);
        ck_assert_str_eq(avert_client_get_error(client), "");
        end();
}
END_TEST

START_TEST(explain_hands_over_what_it_is_asked_about) {
        static const BusDoubleAnswers answers = { .explain = "because" };
        char *text;

        begin(&answers);
        open_client();
        ck_assert_int_eq(avert_client_explain(client, NULL, 0, &text), 0);
        ck_assert_str_eq(text, "/0/because");
        free(text);
        ck_assert_int_eq(avert_client_explain(client, "host", 0, &text), 0);
        ck_assert_str_eq(text, "host/0/because");
        free(text);
        ck_assert_int_eq(avert_client_explain_json(client, NULL, 4312, &text), 0);
        ck_assert_str_eq(text, "/4312/because");
        free(text);
        end();
}
END_TEST

START_TEST(command_line_is_of_the_very_process_and_may_be_denied) {
        static const BusDoubleAnswers answers = { .command_line = "vi letter" }, none = { 0 };
        char *text = NULL;

        begin(&answers);
        open_client();
        ck_assert_int_eq(avert_client_command_line(client, 7, UINT64_MAX, &text), 0);
        ck_assert_str_eq(text, "7@18446744073709551615 vi letter");
        free(text);
        end();

        begin(&none);
        open_client();
        text = NULL;
        ck_assert_int_eq(avert_client_command_line(client, 7, 0, &text), -EACCES);
        ck_assert_ptr_null(text);
        end();
}
END_TEST

START_TEST(reload_tells_acceptance_from_refusal_and_from_denial) {
        static const struct {
                const char *name;
                BusDoubleAnswers answers;
                int result;
                bool accepted;
                const char *message;
                const char *error;
        } rows[] = {
                { "accepted", { .accepted = 1, .message = "3 policies" }, 0, true, "3 policies",
                        "" },
                { "refused", { .accepted = 0, .message = "a.yaml:1:1" }, 0, false, "a.yaml:1:1",
                        "" },
                { "denied", { .message = NULL }, -EACCES, true, "untouched",
                        "only root may do that" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char untouched[] = "untouched", *message = untouched;
                bool accepted = true;
                int r;

                begin(&rows[i].answers);
                open_client();
                r = avert_client_reload(client, &accepted, &message);
                ck_assert_msg(r == rows[i].result, "%s: got %d", rows[i].name, r);
                ck_assert_msg(accepted == rows[i].accepted, "%s: accepted", rows[i].name);
                ck_assert_str_eq(message, rows[i].message);
                ck_assert_str_eq(avert_client_get_error(client), rows[i].error);
                if (message != untouched)
                        free(message);
                end();
        }
}
END_TEST

START_TEST(a_reload_can_be_tried_without_doing_it) {
        static const BusDoubleAnswers answers = { .accepted = 1, .message = "3 policies" };
        bool accepted = false;
        char *message;

        begin(&answers);
        open_client();
        ck_assert_int_eq(avert_client_check_reload(client, &accepted, &message), 0);
        ck_assert(accepted);
        ck_assert_str_eq(message, "would: 3 policies");
        free(message);
        end();
}
END_TEST

START_TEST(failed_call_leaves_the_output_alone_and_the_next_one_works) {
        static const BusDoubleAnswers answers = { .explain = "because" };
        char *text = NULL;

        begin(&answers);
        open_client();
        ck_assert_int_eq(avert_client_describe(client, &text), -EACCES);
        ck_assert_ptr_null(text);
        ck_assert_str_eq(avert_client_get_error(client), "only root may do that");
        ck_assert_int_eq(avert_client_explain(client, "", 1, &text), 0);
        ck_assert_str_eq(avert_client_get_error(client), "");
        free(text);
        end();
}
END_TEST

static char seen[256];

static void on_event(void *userdata, const char *json) {
        ck_assert_ptr_eq(userdata, seen);
        strcat(seen, json);
}

/* Takes in events until as many bytes as expected have come. */
static void process_until(size_t len) {
        while (strlen(seen) < len) {
                struct pollfd p = { .fd = avert_client_get_fd(client) };
                uint64_t until;
                int r = avert_client_process(client);

                ck_assert_int_ge(r, 0);
                ck_assert_int_ge(avert_client_get_timeout(client, &until), 0);
                p.events = (short) avert_client_get_events(client);
                if (r == 0)
                        ck_assert_int_ge(poll(&p, 1, HARNESS_PATIENCE_MSEC), 1);
        }
}

START_TEST(events_reach_the_handler_in_order_until_it_is_taken_away) {
        static const char *const events[] = { "{\"a\":1}", "{\"b\":2}", NULL };
        static const BusDoubleAnswers answers = { .describe = "{}", .events = events };
        char *text;

        seen[0] = '\0';
        begin(&answers);
        open_client();
        ck_assert_int_eq(avert_client_subscribe(client, on_event, seen), 0);
        ck_assert_int_eq(avert_client_describe(client, &text), 0);
        free(text);
        process_until(strlen("{\"a\":1}{\"b\":2}"));
        ck_assert_str_eq(seen, "{\"a\":1}{\"b\":2}");

        ck_assert_int_eq(avert_client_subscribe(client, NULL, NULL), 0);
        ck_assert_int_eq(avert_client_describe(client, &text), 0);
        free(text);
        ck_assert_int_eq(
                avert_client_describe(client, &text), 0); /* the first one's events are in */
        free(text);
        while (avert_client_process(client) > 0)
                ;
        ck_assert_str_eq(seen, "{\"a\":1}{\"b\":2}");
        end();
}
END_TEST

START_TEST(daemon_that_vanishes_midway_is_an_error_and_no_hang) {
        static const BusDoubleAnswers answers = { .dies_on_describe = 1 };
        char *text = NULL;
        int r;

        begin(&answers);
        open_client();
        r = avert_client_describe(client, &text);
        ck_assert_msg(r == -ECONNRESET || r == -ENOTCONN, "got %d", r);
        ck_assert_ptr_null(text);
        r = avert_client_process(client);
        ck_assert_msg(r == -ECONNRESET || r == -ENOTCONN, "got %d", r);
        end();
}
END_TEST

START_TEST(daemon_that_never_answers_is_a_timeout) {
        static const BusDoubleAnswers answers = { .describe = "{}" };
        char *text = NULL;

        begin(&answers);
        open_client();
        avert_client_set_timeout(client, 1);
        kill(bus.pid, SIGSTOP);
        ck_assert_int_eq(avert_client_describe(client, &text), -ETIMEDOUT);
        ck_assert_ptr_null(text);
        end();
}
END_TEST

START_TEST(open_says_why_there_is_no_connection) {
        char *untouched = fixture.path, file[300], deep[300];
        AvertClient *none = (AvertClient *) (void *) untouched;

        fixture_init(&fixture);
        snprintf(file, sizeof(file), "%s/nothing", fixture.path);
        ck_assert_int_eq(avert_client_open(file, &none), -ENOENT);

        fixture_file(&fixture, "plain", "");
        snprintf(file, sizeof(file), "%s/plain", fixture.path);
        ck_assert_int_eq(avert_client_open(file, &none), -ECONNREFUSED);

        memset(deep, 'x', sizeof(deep));
        deep[sizeof(deep) - 1] = '\0';
        ck_assert_int_eq(avert_client_open(deep, &none), -ENAMETOOLONG);
        ck_assert_ptr_eq(none, (AvertClient *) (void *) untouched);
        fixture_done(&fixture);
}
END_TEST

START_TEST(socket_path_comes_from_the_environment_when_none_is_given) {
        static const BusDoubleAnswers answers = { .describe = "{}" };
        char *text;

        begin(&answers);
        ck_assert_int_eq(setenv("AVERT_BUS", bus.path, 1), 0);
        ck_assert_int_eq(avert_client_open(NULL, &client), 0);
        ck_assert_int_eq(avert_client_describe(client, &text), 0);
        free(text);
        end();
}
END_TEST

START_TEST(client_lives_until_its_last_reference) {
        static const BusDoubleAnswers answers = { .describe = "{}" };
        char *text;

        begin(&answers);
        open_client();
        ck_assert_ptr_eq(avert_client_ref(client), client);
        ck_assert_ptr_null(avert_client_unref(client));
        ck_assert_int_eq(avert_client_describe(client, &text), 0);
        free(text);
        ck_assert_ptr_null(avert_client_unref(NULL));
        end();
}
END_TEST

HARNESS_MAIN("client", a_reload_can_be_tried_without_doing_it, answers_come_back_as_they_were_given,
        explain_hands_over_what_it_is_asked_about,
        command_line_is_of_the_very_process_and_may_be_denied,
        reload_tells_acceptance_from_refusal_and_from_denial,
        failed_call_leaves_the_output_alone_and_the_next_one_works,
        events_reach_the_handler_in_order_until_it_is_taken_away,
        daemon_that_vanishes_midway_is_an_error_and_no_hang, daemon_that_never_answers_is_a_timeout,
        open_says_why_there_is_no_connection,
        socket_path_comes_from_the_environment_when_none_is_given,
        client_lives_until_its_last_reference)
