/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/harness.h"

/* So late that the server's own timer does not fire while a test runs. */
#define T0 (USEC_UNSET / 2)

#define GET "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_OPENMETRICS "GET / HTTP/1.1\r\nAccept: application/openmetrics-text\r\n\r\n"

static Fixture fixture;
static sd_event *event;
static MetricsServer *server;
static const char *texts[_EXPOSITION_MAX];
static bool later;   /* the metrics come when the test wants */
static int refusal;  /* there are none */
static size_t asked; /* how often */

static int on_wanted(void *userdata _unused_) {
        asked++;
        if (!later && refusal == 0)
                metrics_server_answer(server, texts);
        return refusal;
}

static void begin(void) {
        later = false;
        refusal = 0;
        asked = 0;
        texts[EXPOSITION_PROMETHEUS] = "prometheus\n";
        texts[EXPOSITION_OPENMETRICS] = "openmetrics\n";
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(metrics_server_new(event, on_wanted, NULL, &server), 0);
}

static void end(void) {
        server = metrics_server_free(server);
        event = sd_event_unref(event);
}

/* Everything that is to be done now. */
static void turn(void) {
        while (sd_event_run(event, 0) > 0)
                ;
}

/* Our end of a connection that the server has taken. */
static int join(void) {
        int fds[2];

        ck_assert_int_eq(
                socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        ck_assert_int_eq(metrics_server_adopt(server, fds[0], T0), 0);
        return fds[1];
}

static void say(int fd, const char *text) {
        ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t) strlen(text));
        turn();
}

/* All that has come; *ret_end: and that is the end. */
static const char *hear(int fd, bool *ret_end) {
        static char text[300000];
        size_t len = 0;
        ssize_t n;

        while ((n = recv(fd, text + len, sizeof(text) - 1 - len, MSG_DONTWAIT)) > 0)
                len += (size_t) n;
        *ret_end = n == 0;
        text[len] = '\0';
        return text;
}

static void assert_answer(int fd, const char *status, const char *body) {
        bool ended;
        const char *text = hear(fd, &ended), *rest = strstr(text, "\r\n\r\n");

        ck_assert_msg(strncmp(text, status, strlen(status)) == 0, "%s", text);
        ck_assert_ptr_nonnull(rest);
        ck_assert_str_eq(rest + 4, body);
        ck_assert(ended);
}

static void assert_silence(int fd) {
        bool ended;

        ck_assert_str_eq(hear(fd, &ended), "");
        ck_assert(!ended);
}

START_TEST(each_gets_his_format_and_the_end) {
        int a, b;

        begin();
        a = join();
        b = join();
        say(a, GET);
        say(b, GET_OPENMETRICS);
        assert_answer(
                a, "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4", "prometheus\n");
        assert_answer(b, "HTTP/1.0 200 OK\r\nContent-Type: application/openmetrics-text;",
                "openmetrics\n");
        ck_assert_uint_eq(metrics_server_count(server), 0);
        close_fd(a);
        close_fd(b);
        end();
}
END_TEST

START_TEST(length_is_told_and_head_has_no_body) {
        bool ended;
        int fd;

        begin();
        fd = join();
        say(fd, "HEAD / HTTP/1.0\r\n\r\n");
        ck_assert_str_eq(hear(fd, &ended),
                "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                "Content-Length: 11\r\nConnection: close\r\n\r\n");
        ck_assert(ended);
        close_fd(fd);
        end();
}
END_TEST

START_TEST(misuse_is_answered_and_asks_nobody_for_metrics) {
        static const struct {
                const char *request, *status, *body;
        } rows[] = {
                { "POST / HTTP/1.0\r\n\r\n", "HTTP/1.0 405 ",
                        "metrics can be read with GET and HEAD\n" },
                { "GET /x HTTP/1.0\r\n\r\n", "HTTP/1.0 404 ", "the metrics are at /metrics\n" },
                { "hello\n\n", "HTTP/1.0 400 ", "this is no request of HTTP/1\n" },
        };

        begin();
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int fd = join();

                say(fd, rows[i].request);
                assert_answer(fd, rows[i].status, rows[i].body);
                close_fd(fd);
        }
        ck_assert_uint_eq(asked, 0);
        end();
}
END_TEST

START_TEST(who_writes_without_end_is_refused) {
        static char line[METRICS_PEERS_MAX * 256];
        bool ended;
        int fd;

        begin();
        fd = join();
        memset(line, 'x', sizeof(line) - 1);
        say(fd, line);
        ck_assert_int_eq(strncmp(hear(fd, &ended), "HTTP/1.0 400 ", 13), 0);
        ck_assert_uint_eq(metrics_server_count(server), 0);
        close_fd(fd);
        end();
}
END_TEST

START_TEST(one_look_serves_all_who_wait_for_it) {
        int a, b, c;

        begin();
        later = true;
        a = join();
        b = join();
        c = join();
        say(a, GET);
        say(b, GET_OPENMETRICS);
        assert_silence(a);
        metrics_server_answer(server, texts);
        assert_answer(a, "HTTP/1.0 200 ", "prometheus\n");
        assert_answer(b, "HTTP/1.0 200 ", "openmetrics\n");
        assert_silence(c); /* has not asked */
        close_fd(a);
        close_fd(b);
        close_fd(c);
        end();
}
END_TEST

START_TEST(without_metrics_the_answer_is_that_there_are_none) {
        static const char *const nothing[_EXPOSITION_MAX] = {};
        int a, b;

        begin();
        refusal = -ETIMEDOUT;
        a = join();
        say(a, GET);
        assert_answer(a, "HTTP/1.0 503 ", "the thread that watches does not answer\n");

        refusal = 0;
        later = true;
        b = join();
        say(b, GET);
        metrics_server_answer(server, nothing);
        assert_answer(b, "HTTP/1.0 503 ", "the thread that watches does not answer\n");
        close_fd(a);
        close_fd(b);
        end();
}
END_TEST

START_TEST(time_is_over_for_who_does_not_ask_and_who_gets_no_metrics) {
        bool ended;
        int mute, waiting;

        begin();
        later = true;
        mute = join();
        waiting = join();
        say(mute, "GET / HT");
        say(waiting, GET);
        metrics_server_expire(server, T0 + METRICS_PATIENCE_USEC - 1);
        ck_assert_uint_eq(metrics_server_count(server), 2);
        metrics_server_expire(server, T0 + METRICS_PATIENCE_USEC);
        ck_assert_uint_eq(metrics_server_count(server), 0);
        ck_assert_str_eq(hear(mute, &ended), "");
        ck_assert(ended);
        assert_answer(waiting, "HTTP/1.0 503 ", "the thread that watches does not answer\n");
        metrics_server_answer(server, texts); /* comes too late: nobody is there */
        close_fd(mute);
        close_fd(waiting);
        end();
}
END_TEST

START_TEST(server_drops_by_itself_when_the_time_has_come) {
        int fds[2];

        begin();
        ck_assert_int_eq(
                socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        ck_assert_int_eq(metrics_server_adopt(server, fds[0], 0), 0); /* came long ago */
        while (metrics_server_count(server) > 0)
                ck_assert_int_ge(sd_event_run(event, 5 * USEC_PER_SEC), 0);
        close_fd(fds[1]);
        end();
}
END_TEST

START_TEST(who_does_not_read_keeps_nobody_waiting_and_is_dropped) {
        static char large[250000];
        const char *body;
        bool ended;
        int slow, quick;

        begin();
        memset(large, 'm', sizeof(large) - 1);
        texts[EXPOSITION_PROMETHEUS] = large;
        slow = join();
        quick = join();
        say(slow, GET); /* does not fit into the socket */
        ck_assert_uint_eq(metrics_server_count(server), 2);
        say(quick, GET_OPENMETRICS);
        assert_answer(quick, "HTTP/1.0 200 ", "openmetrics\n");
        metrics_server_expire(server, T0 + METRICS_PATIENCE_USEC);
        ck_assert_uint_eq(metrics_server_count(server), 0);
        body = hear(slow, &ended);
        ck_assert(ended);
        ck_assert_uint_lt(strlen(body), sizeof(large));
        close_fd(slow);
        close_fd(quick);
        end();
}
END_TEST

START_TEST(who_reads_slowly_gets_all_of_it) {
        static char large[250000], got[300000];
        size_t len = 0;
        bool ended = false;
        int fd;

        begin();
        memset(large, 'm', sizeof(large) - 1);
        texts[EXPOSITION_PROMETHEUS] = large;
        fd = join();
        say(fd, GET);
        while (!ended) {
                ssize_t n = recv(fd, got + len, 7000, MSG_DONTWAIT);

                ck_assert_msg(n >= 0 || errno == EAGAIN, "%s", strerror(errno));
                if (n > 0)
                        len += (size_t) n;
                ended = n == 0;
                turn();
        }
        got[len] = '\0';
        ck_assert_str_eq(strstr(got, "\r\n\r\n") + 4, large);
        close_fd(fd);
        end();
}
END_TEST

START_TEST(who_goes_away_at_any_moment_is_forgotten) {
        static char large[250000];

        begin();
        memset(large, 'm', sizeof(large) - 1);
        texts[EXPOSITION_PROMETHEUS] = large;
        close_fd(join());
        turn();
        ck_assert_uint_eq(metrics_server_count(server), 0);

        later = true; /* while it waits */
        {
                int fd = join();

                say(fd, GET);
                close_fd(fd);
                turn();
        }
        ck_assert_uint_eq(metrics_server_count(server), 0);
        metrics_server_answer(server, texts);

        later = false; /* in the middle of its answer */
        {
                int fd = join();

                say(fd, GET);
                close_fd(fd);
                turn();
        }
        ck_assert_uint_eq(metrics_server_count(server), 0);
        end();
}
END_TEST

START_TEST(who_writes_no_more_may_still_read) {
        int fd;

        begin();
        later = true;
        fd = join();
        ck_assert_int_eq(send(fd, GET, strlen(GET), 0), (ssize_t) strlen(GET));
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        turn();
        metrics_server_answer(server, texts);
        assert_answer(fd, "HTTP/1.0 200 ", "prometheus\n");
        close_fd(fd);
        end();
}
END_TEST

START_TEST(there_is_a_bound_to_peers) {
        int ours[METRICS_PEERS_MAX], fds[2];

        begin();
        for (size_t i = 0; i < ELEMENTS(ours); i++)
                ours[i] = join();
        ck_assert_int_eq(
                socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        ck_assert_int_eq(metrics_server_adopt(server, fds[0], T0), -EUSERS);
        close_fd(ours[7]);
        turn();
        ours[7] = join();
        say(ours[7], GET);
        assert_answer(ours[7], "HTTP/1.0 200 ", "prometheus\n");
        for (size_t i = 0; i < ELEMENTS(ours); i++)
                close_fd(ours[i]);
        close_fd(fds[1]);
        end();
}
END_TEST

START_TEST(socket_is_for_all_and_goes_with_the_server) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char why[256];
        struct stat st;
        TextBuf b;
        int fd;

        begin();
        fixture_init(&fixture);
        snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/metrics", fixture.path);
        textbuf_init(&b, why, sizeof(why));
        ck_assert_int_eq(metrics_server_listen(server, address.sun_path, &b), 0);
        ck_assert_int_eq(stat(address.sun_path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0666);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        say(fd, GET);
        assert_answer(fd, "HTTP/1.0 200 ", "prometheus\n");
        close_fd(fd);
        end();
        ck_assert_int_lt(stat(address.sun_path, &st), 0);
        fixture_done(&fixture);
}
END_TEST

HARNESS_MAIN("metrics-server", each_gets_his_format_and_the_end,
        length_is_told_and_head_has_no_body, misuse_is_answered_and_asks_nobody_for_metrics,
        who_writes_without_end_is_refused, one_look_serves_all_who_wait_for_it,
        without_metrics_the_answer_is_that_there_are_none,
        time_is_over_for_who_does_not_ask_and_who_gets_no_metrics,
        server_drops_by_itself_when_the_time_has_come,
        who_does_not_read_keeps_nobody_waiting_and_is_dropped, who_reads_slowly_gets_all_of_it,
        who_goes_away_at_any_moment_is_forgotten, who_writes_no_more_may_still_read,
        there_is_a_bound_to_peers, socket_is_for_all_and_goes_with_the_server)
