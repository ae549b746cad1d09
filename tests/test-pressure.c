/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "base/text.h"
#include "client/avert.h"
#include "tests/harness.h"

static Fixture fixture;
static char path[400];
static int listening, peer; /* the other side; FD_NONE: none */
static AvertPressure *pressure;

static void begin(void) {
        fixture_init(&fixture);
        snprintf(path, sizeof(path), "%s/source", fixture.path);
        listening = peer = FD_NONE;
        pressure = NULL;
        ck_assert_int_eq(unsetenv("MEMORY_PRESSURE_WATCH"), 0);
        ck_assert_int_eq(unsetenv("MEMORY_PRESSURE_WRITE"), 0);
}

static void end(void) {
        pressure = avert_pressure_close(pressure);
        peer = close_fd(peer);
        listening = close_fd(listening);
        fixture_done(&fixture);
}

static void serve(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        ck_assert(text_copy(address.sun_path, sizeof(address.sun_path), path));
        listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(listening, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(listen(listening, 4), 0);
}

static void open_socket(void) {
        serve();
        ck_assert_int_eq(avert_pressure_open(path, &pressure), 0);
        ck_assert_int_eq(avert_pressure_get_events(pressure), POLLIN);
        peer = accept(listening, NULL, NULL);
        ck_assert_int_ge(peer, 0);
}

static void say(const char *text) {
        ck_assert_int_eq(write(peer, text, strlen(text)), (ssize_t) strlen(text));
}

START_TEST(highest_level_that_was_told_is_given_once) {
        static const struct {
                const char *text;
                AvertPressureLevel want;
        } rows[] = {
                { "low\n", AVERT_PRESSURE_LOW },
                { "medium\n", AVERT_PRESSURE_MEDIUM },
                { "critical\n", AVERT_PRESSURE_CRITICAL },
                { "low\ncritical\nmedium\n", AVERT_PRESSURE_CRITICAL },
                { "x", AVERT_PRESSURE_MEDIUM },
        };

        begin();
        open_socket();
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                struct pollfd p = { .fd = avert_pressure_get_fd(pressure), .events = POLLIN };
                AvertPressureLevel level = 0;

                ck_assert_int_eq(avert_pressure_consume(pressure, &level), 0);
                say(rows[i].text);
                ck_assert_int_eq(poll(&p, 1, 0), 1);
                ck_assert_int_eq(avert_pressure_consume(pressure, &level), 1);
                ck_assert_msg(level == rows[i].want, "row %zu: %d", i, (int) level);
                ck_assert_int_eq(poll(&p, 1, 0), 0);
        }
        say("low\n");
        ck_assert_int_eq(avert_pressure_consume(pressure, NULL), 1);
        end();
}
END_TEST

START_TEST(end_of_the_other_side_is_told_after_its_last_word) {
        AvertPressureLevel level = 0;

        begin();
        open_socket();
        say("critical\n");
        peer = close_fd(peer);
        ck_assert_int_eq(avert_pressure_consume(pressure, &level), 1);
        ck_assert_int_eq(level, AVERT_PRESSURE_CRITICAL);
        level = AVERT_PRESSURE_LOW;
        ck_assert_int_eq(avert_pressure_consume(pressure, &level), -ENOTCONN);
        ck_assert_int_eq(level, AVERT_PRESSURE_LOW);
        end();
}
END_TEST

START_TEST(source_that_never_stops_does_not_keep_the_caller) {
        begin();
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        ck_assert_int_eq(avert_pressure_open(path, &pressure), 0);
        peer = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
        for (size_t i = 0; i < 32; i++)
                for (size_t k = 0; k < 512; k++)
                        say("x");
        ck_assert_int_eq(avert_pressure_consume(pressure, NULL), 1);
        ck_assert_int_eq(avert_pressure_consume(pressure, NULL), 1);
        ck_assert_int_eq(avert_pressure_consume(pressure, NULL), 0);
        end();
}
END_TEST

START_TEST(fifo_stays_when_its_writers_come_and_go) {
        begin();
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        ck_assert_int_eq(avert_pressure_open(path, &pressure), 0);
        ck_assert_int_eq(avert_pressure_get_events(pressure), POLLIN);
        for (int i = 0; i < 2; i++) {
                peer = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
                say("low\n");
                peer = close_fd(peer);
                ck_assert_int_eq(avert_pressure_consume(pressure, NULL), 1);
                ck_assert_int_eq(avert_pressure_consume(pressure, NULL), 0);
        }
        end();
}
END_TEST

START_TEST(pressure_file_is_written_and_never_read) {
        char text[64];

        begin();
        fixture_file(&fixture, "source", "");
        ck_assert_int_eq(avert_pressure_open(path, &pressure), 0);
        ck_assert_int_eq(avert_pressure_get_events(pressure), POLLPRI);
        ck_assert_int_eq(avert_pressure_consume(pressure, NULL), 1);
        ck_assert_int_gt(fdio_read_at(fixture.fd, "source", text, sizeof(text)), 0);
        ck_assert_str_eq(text, "some 200000 2000000");
        end();
}
END_TEST

START_TEST(environment_names_the_source_and_what_is_written_to_it) {
        static const struct {
                const char *name;
                const char *request;
                const char *want; /* NULL: refused */
        } rows[] = {
                { "nothing", NULL, "" },
                { "empty", "", "" },
                { "no padding", "YWJj", "abc" },
                { "one pad", "YWI=", "ab" },
                { "two pads", "YQ==", "a" },
                { "all digits", "+/+/", "\xfb\xff\xbf" },
                { "cut", "YWJ", NULL },
                { "not base64", "YW J", NULL },
                { "a pad inside", "Y=Jj", NULL },
                { "pads only", "====", NULL },
        };

        begin();
        serve();
        ck_assert_int_eq(setenv("MEMORY_PRESSURE_WATCH", path, 1), 0);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char text[64] = "";
                ssize_t n;
                int r;

                if (rows[i].request)
                        ck_assert_int_eq(setenv("MEMORY_PRESSURE_WRITE", rows[i].request, 1), 0);
                r = avert_pressure_open(NULL, &pressure);
                ck_assert_msg(r == (rows[i].want ? 0 : -EINVAL), "%s: %d", rows[i].name, r);
                peer = accept(listening, NULL, NULL);
                n = recv(peer, text, sizeof(text) - 1, MSG_DONTWAIT);
                if (rows[i].want && *rows[i].want)
                        ck_assert_msg(n == (ssize_t) strlen(rows[i].want) &&
                                        memcmp(text, rows[i].want, (size_t) n) == 0,
                                "%s: %zd", rows[i].name, n);
                else
                        ck_assert_msg(n <= 0, "%s: %zd", rows[i].name, n);
                peer = close_fd(peer);
                pressure = avert_pressure_close(pressure);
        }
        end();
}
END_TEST

START_TEST(longest_request_is_bounded) {
        char request[8192];

        begin();
        serve();
        memset(request, 'A', sizeof(request));
        request[5464] = '\0'; /* 4098 bytes */
        ck_assert_int_eq(setenv("MEMORY_PRESSURE_WATCH", path, 1), 0);
        ck_assert_int_eq(setenv("MEMORY_PRESSURE_WRITE", request, 1), 0);
        ck_assert_int_eq(avert_pressure_open(NULL, &pressure), -E2BIG);
        request[5460] = '\0';
        ck_assert_int_eq(setenv("MEMORY_PRESSURE_WRITE", request, 1), 0);
        ck_assert_int_eq(avert_pressure_open(NULL, &pressure), 0);
        end();
}
END_TEST

START_TEST(open_says_why_there_is_no_source) {
        AvertPressure *none = NULL;

        begin();
        ck_assert_int_eq(avert_pressure_open(path, &none), -ENOENT);
        ck_assert_int_eq(avert_pressure_open(fixture.path, &none), -EINVAL);
        serve();
        listening = close_fd(listening);
        ck_assert_int_eq(avert_pressure_open(path, &none), -ECONNREFUSED);
        ck_assert_int_eq(setenv("MEMORY_PRESSURE_WATCH", "/dev/null", 1), 0);
        ck_assert_int_eq(avert_pressure_open(NULL, &none), -EHOSTDOWN);
        ck_assert_ptr_null(none);
        ck_assert_ptr_null(avert_pressure_close(NULL));
        end();
}
END_TEST

HARNESS_MAIN("pressure", highest_level_that_was_told_is_given_once,
        end_of_the_other_side_is_told_after_its_last_word,
        source_that_never_stops_does_not_keep_the_caller, fifo_stays_when_its_writers_come_and_go,
        pressure_file_is_written_and_never_read,
        environment_names_the_source_and_what_is_written_to_it, longest_request_is_bounded,
        open_says_why_there_is_no_source)
