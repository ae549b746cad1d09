/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unit-client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/harness.h"

/* The helper's place, served by the test as it likes. */
static Fixture tree;
static char path[320];
static int listening;
static sd_event *event;
static UnitClient *client;
static ErrandOwner owner;
static Outcome answers[4];
static size_t n_answers;

static const Step step = { .kind = STEP_KILL }; /* of no account */
static Errand errand;

static void on_answer(void *ctx, const Outcome *answer) {
        ck_assert_ptr_eq(ctx, &errand);
        answers[n_answers++] = *answer;
}

static void listen_there(int backlog) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        ck_assert(text_copy(address.sun_path, sizeof(address.sun_path), path));
        listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ck_assert_int_ge(listening, 0);
        ck_assert_int_eq(bind(listening, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(listen(listening, backlog), 0);
}

static void begin(void) {
        fixture_init(&tree);
        (void) snprintf(path, sizeof(path), "%s/units", tree.path);
        n_answers = 0;
        listening = FD_NONE;
        ck_assert_int_eq(sd_event_new(&event), 0);
        ck_assert_int_eq(unit_client_new(event, path, on_answer, &errand, &client), 0);
        owner = unit_client_owner(client);
}

static void end(void) {
        client = unit_client_free(client);
        event = sd_event_unref(event);
        close_fd(listening);
        (void) unlink(path);
        fixture_done(&tree);
}

static int ask(uint64_t id, const char *unit, StepKind kind) {
        errand = (Errand){ .id = id, .kind = kind, .deadline_usec = USEC_UNSET };
        ck_assert(text_copy(errand.unit, sizeof(errand.unit), unit));
        return owner.begin(owner.ctx, &errand, &step);
}

/* Takes the connection and what was asked on it. */
static int accept_call(const char *asked) {
        char line[512];
        int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        ssize_t n;

        ck_assert_int_ge(fd, 0);
        n = read(fd, line, sizeof(line) - 1);
        ck_assert_int_gt(n, 0);
        line[n] = '\0';
        ck_assert_str_eq(line, asked);
        return fd;
}

static void say(int fd, const char *text) {
        ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t) strlen(text));
}

/* All that can be done now. */
static void run(void) {
        while (sd_event_run(event, 0) > 0)
                ;
}

static void expect(const char *name, uint64_t id, OutcomeKind kind, int error) {
        ck_assert_msg(n_answers == 1, "%s: %zu answers", name, n_answers);
        ck_assert_msg(
                answers[0].action == id && answers[0].kind == kind && answers[0].error == error,
                "%s: kind %d, error %d", name, (int) answers[0].kind, answers[0].error);
}

START_TEST(what_the_helper_says_is_the_outcome) {
        static const struct {
                const char *name, *text;
                OutcomeKind kind;
                int error;
        } rows[] = {
                { "done", "done\n", OUTCOME_DONE, 0 },
                { "late", "late\n", OUTCOME_LATE, 0 },
                { "refuses", "refused 13 by hand only\n", OUTCOME_REFUSED, EACCES },
                { "garbage", "\x01\xff{}\n", OUTCOME_REFUSED, EPROTO },
                { "an empty line", "\n", OUTCOME_REFUSED, EPROTO },
                { "more than asked for", "done\nlate\n", OUTCOME_DONE, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int fd;

                begin();
                listen_there(4);
                ck_assert_int_eq(ask(7, "a.service", STEP_RESTART), 0);
                fd = accept_call("restart a.service 300000\n");
                run();
                ck_assert_uint_eq(n_answers, 0); /* it is slow: nobody waits */
                say(fd, rows[i].text);
                run();
                expect(rows[i].name, 7, rows[i].kind, rows[i].error);
                close_fd(fd);
                run();
                ck_assert_uint_eq(n_answers, 1);
                end();
        }
}
END_TEST

START_TEST(an_answer_in_pieces_is_one_answer) {
        int fd;

        begin();
        listen_there(4);
        ck_assert_int_eq(ask(1, "a.scope", STEP_STOP), 0);
        fd = accept_call("stop a.scope 300000\n");
        say(fd, "do");
        run();
        say(fd, "ne");
        run();
        ck_assert_uint_eq(n_answers, 0);
        say(fd, "\n");
        run();
        expect("in pieces", 1, OUTCOME_DONE, 0);
        close_fd(fd);
        end();
}
END_TEST

START_TEST(one_that_hangs_up_refused) {
        int fd;

        begin();
        listen_there(4);
        ck_assert_int_eq(ask(1, "a.service", STEP_STOP), 0);
        fd = accept_call("stop a.service 300000\n");
        say(fd, "done"); /* a line without its end is none */
        close_fd(fd);
        run();
        expect("hung up", 1, OUTCOME_REFUSED, ECONNRESET);
        end();
}
END_TEST

START_TEST(one_that_never_ends_its_line_is_left) {
        char flood[4096];
        int fd;

        begin();
        listen_there(4);
        ck_assert_int_eq(ask(1, "a.service", STEP_STOP), 0);
        fd = accept_call("stop a.service 300000\n");
        memset(flood, 'x', sizeof(flood));
        ck_assert_int_eq(write(fd, flood, sizeof(flood)), sizeof(flood));
        run();
        expect("flood", 1, OUTCOME_REFUSED, EPROTO);
        close_fd(fd);
        end();
}
END_TEST

START_TEST(a_cancelled_one_is_not_answered) {
        char byte;
        int fd;

        begin();
        listen_there(4);
        ck_assert_int_eq(ask(3, "a.service", STEP_STOP), 0);
        fd = accept_call("stop a.service 300000\n");
        say(fd, "done\n");
        owner.cancel(owner.ctx, 4); /* nobody */
        owner.cancel(owner.ctx, 3);
        run();
        ck_assert_uint_eq(n_answers, 0);
        errno = 0;
        ck_assert_int_le(read(fd, &byte, 1), 0); /* and the helper sees it */
        ck_assert_int_ne(errno, EAGAIN);
        close_fd(fd);
        end();
}
END_TEST

START_TEST(where_nobody_listens_it_cannot_begin) {
        begin();
        ck_assert_int_eq(ask(1, "a.service", STEP_STOP), -ENOENT);
        listen_there(0);
        close_fd(listening);
        ck_assert_int_eq(ask(1, "a.service", STEP_STOP), -ECONNREFUSED);
        listening = FD_NONE;
        (void) unlink(path);
        listen_there(0);
        ck_assert_int_eq(ask(1, "a.service", STEP_STOP), 0);
        ck_assert_int_eq(ask(2, "b.service", STEP_STOP), -EAGAIN); /* the queue is full */
        run();
        ck_assert_uint_eq(n_answers, 0);
        end(); /* with one under way */
}
END_TEST

START_TEST(a_name_that_no_unit_has_is_not_asked_for) {
        static const char *const names[] = { "", "a", "a.service\nstop b.service", "a b.service",
                "a.slice" };

        begin();
        listen_there(4);
        for (size_t i = 0; i < ELEMENTS(names); i++)
                ck_assert_int_eq(ask(1, names[i], STEP_STOP), -EINVAL);
        ck_assert_int_lt(accept4(listening, NULL, NULL, SOCK_CLOEXEC), 0);
        end();
}
END_TEST

START_TEST(as_many_as_errands_are_under_way_and_are_told_apart) {
        int fds[ERRANDS_OPEN_MAX];

        begin();
        listen_there(ERRANDS_OPEN_MAX);
        for (uint64_t id = 0; id < ERRANDS_OPEN_MAX; id++) {
                ck_assert_int_eq(ask(id, "a.service", STEP_STOP), 0);
                fds[id] = accept_call("stop a.service 300000\n");
        }
        ck_assert_int_eq(ask(99, "a.service", STEP_STOP), -EAGAIN);
        say(fds[5], "done\n");
        run();
        expect("the sixth", 5, OUTCOME_DONE, 0);
        ck_assert_int_eq(ask(99, "a.service", STEP_STOP), 0);
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                close_fd(fds[i]);
        end();
}
END_TEST

HARNESS_MAIN("unit-client", what_the_helper_says_is_the_outcome, an_answer_in_pieces_is_one_answer,
        one_that_hangs_up_refused, one_that_never_ends_its_line_is_left,
        a_cancelled_one_is_not_answered, where_nobody_listens_it_cannot_begin,
        a_name_that_no_unit_has_is_not_asked_for,
        as_many_as_errands_are_under_way_and_are_told_apart)
