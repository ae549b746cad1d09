/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/pressure-server.h"

#include <errno.h>
#include <poll.h>
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

static Fixture fixture;
static sd_event *event;
static PressureServer *server;
static struct sockaddr_un address;

static void begin(void) {
        char why[512];
        TextBuf b;

        fixture_init(&fixture);
        textbuf_init(&b, why, sizeof(why));
        address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        ck_assert(text_copy(address.sun_path, sizeof(address.sun_path), fixture.path));
        strcat(address.sun_path, "/pressure");
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(pressure_server_new(event, &server), 0);
        ck_assert_int_eq(pressure_server_listen(server, address.sun_path, &b), 0);
}

static void end(void) {
        server = pressure_server_free(server);
        event = sd_event_unref(event);
        fixture_done(&fixture);
}

/* Everything that is to be done now. */
static void turn(void) {
        while (sd_event_run(event, 0) > 0)
                ;
}

static int connect_one(void) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

/* Connects and sees it accepted: the listener takes in only so many in a tenth of a second. */
static int join(void) {
        size_t before = pressure_server_count(server);
        int fd = connect_one();

        while (pressure_server_count(server) == before)
                ck_assert_int_ge(sd_event_run(event, 5 * USEC_PER_SEC), 0);
        return fd;
}

static bool is_readable(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

/* What has come, as text; "" for nothing, "end" at the end. */
static const char *heard(int fd) {
        static char text[4096];
        ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

        if (n == 0)
                return "end";
        if (n < 0) {
                ck_assert_int_eq(errno, EAGAIN);
                return "";
        }
        text[n] = '\0';
        return text;
}

START_TEST(everybody_who_listens_is_woken_at_a_rise_and_told_the_level) {
        struct stat st;
        int a, b;

        begin();
        ck_assert_int_eq(stat(address.sun_path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0666);
        a = join();
        b = join();
        ck_assert(!is_readable(a));

        pressure_server_hint(server, 1, HINT_LOW, T0);
        ck_assert(is_readable(a));
        ck_assert_str_eq(heard(a), "low\n");
        ck_assert_str_eq(heard(b), "low\n");
        ck_assert(!is_readable(a));

        pressure_server_hint(server, 2, HINT_MEDIUM, T0);
        ck_assert_str_eq(heard(a), "medium\n");
        pressure_server_hint(server, 2, HINT_CRITICAL, T0);
        ck_assert_str_eq(heard(a), "critical\n");
        ck_assert_str_eq(heard(b), "medium\ncritical\n");
        close_fd(a);
        close_fd(b);
        end();
}
END_TEST

START_TEST(level_that_stays_is_told_once_a_second_and_its_end_is_quiet) {
        int fd;

        begin();
        fd = join();
        pressure_server_hint(server, 1, HINT_MEDIUM, T0);
        ck_assert_str_eq(heard(fd), "medium\n");
        pressure_server_repeat(server, T0 + USEC_PER_SEC - 1);
        ck_assert_str_eq(heard(fd), "");
        pressure_server_repeat(server, T0 + USEC_PER_SEC);
        ck_assert_str_eq(heard(fd), "medium\n");
        pressure_server_hint(server, 1, HINT_NONE, T0 + USEC_PER_SEC);
        pressure_server_repeat(server, T0 + USEC_PER_HOUR);
        ck_assert_str_eq(heard(fd), "");
        close_fd(fd);
        end();
}
END_TEST

START_TEST(server_repeats_by_itself_when_the_time_has_come) {
        int fd;

        begin();
        fd = join();
        pressure_server_hint(server, 1, HINT_LOW, 0); /* long ago: the repeat is due */
        ck_assert_str_eq(heard(fd), "low\n");
        ck_assert_int_ge(sd_event_run(event, 5 * USEC_PER_SEC), 1);
        ck_assert_str_eq(heard(fd), "low\n");
        close_fd(fd);
        end();
}
END_TEST

START_TEST(who_joins_while_a_level_stays_is_told_and_who_joins_later_is_not) {
        int early, late;

        begin();
        pressure_server_hint(server, 1, HINT_CRITICAL, T0);
        early = join();
        ck_assert_str_eq(heard(early), "critical\n");
        pressure_server_hint(server, 1, HINT_NONE, T0);
        late = join();
        ck_assert_str_eq(heard(late), "");
        close_fd(early);
        close_fd(late);
        end();
}
END_TEST

START_TEST(who_never_reads_holds_up_nobody_stays_and_has_three_lines_at_most) {
        int deaf, fd;

        begin();
        deaf = join();
        fd = join();
        for (usec_t i = 0; i < 20000; i++) {
                const usec_t now = T0 + i * USEC_PER_MIN;

                pressure_server_hint(server, i, HINT_LOW + (HintLevel) (i % 3), now);
                ck_assert_str_ne(heard(fd), "");
                pressure_server_hint(server, i, HINT_NONE, now);
        }
        ck_assert_uint_eq(pressure_server_count(server), 2);
        ck_assert_str_eq(heard(deaf), "low\nmedium\ncritical\n");

        /* It reads now, and is heard again. */
        pressure_server_hint(server, 1, HINT_LOW, T0 + 20001 * USEC_PER_MIN);
        ck_assert_str_eq(heard(deaf), "low\n");
        close_fd(deaf);
        close_fd(fd);
        end();
}
END_TEST

START_TEST(what_a_program_writes_is_discarded_and_more_than_that_ends_it) {
        char data[PRESSURE_WRITE_MAX] = { 0 };
        int fd;

        begin();
        fd = join();
        ck_assert_int_eq(send(fd, data, sizeof(data), 0), sizeof(data));
        turn();
        pressure_server_hint(server, 1, HINT_LOW, T0);
        ck_assert_str_eq(heard(fd), "low\n");

        ck_assert_int_eq(send(fd, data, 1, 0), 1);
        turn();
        ck_assert_str_eq(heard(fd), "end");
        ck_assert_uint_eq(pressure_server_count(server), 0);
        close_fd(fd);
        end();
}
END_TEST

START_TEST(who_will_not_write_any_more_is_woken_all_the_same) {
        int fd;

        begin();
        fd = join();
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        turn();
        pressure_server_hint(server, 1, HINT_LOW, T0);
        ck_assert_str_eq(heard(fd), "low\n");
        close_fd(fd);
        turn();
        ck_assert_uint_eq(pressure_server_count(server), 0);
        end();
}
END_TEST

START_TEST(who_hangs_up_midway_leaves_a_free_place_and_the_others_alone) {
        int a, b, c;

        begin();
        a = join();
        b = join();
        close_fd(a); /* the server has not seen it yet when it sends */
        pressure_server_hint(server, 1, HINT_LOW, T0);
        ck_assert_str_eq(heard(b), "low\n");
        ck_assert_uint_eq(pressure_server_count(server), 1);

        c = join();
        ck_assert_int_eq(send(c, "x", 1, 0), 1);
        close_fd(c); /* with something unread of its own */
        turn();
        ck_assert_uint_eq(pressure_server_count(server), 1);
        ck_assert_int_eq(shutdown(b, SHUT_RD), 0);
        pressure_server_hint(server, 1, HINT_MEDIUM, T0);
        ck_assert_uint_eq(pressure_server_count(server), 0);
        close_fd(b);
        end();
}
END_TEST

START_TEST(program_257_is_refused_until_a_place_is_free) {
        int fds[PRESSURE_CLIENTS_MAX], pair[2];

        begin();
        for (size_t i = 0; i < PRESSURE_CLIENTS_MAX; i++) {
                ck_assert_int_eq(
                        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                        0);
                ck_assert_int_eq(pressure_server_adopt(server, pair[0]), 0);
                fds[i] = pair[1];
        }
        ck_assert_int_eq(
                socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
        ck_assert_int_eq(pressure_server_adopt(server, pair[0]), -EUSERS);
        ck_assert_str_eq(heard(pair[1]), "end");
        close_fd(pair[1]);

        pressure_server_hint(server, 1, HINT_LOW, T0);
        for (size_t i = 0; i < PRESSURE_CLIENTS_MAX; i++)
                ck_assert_str_eq(heard(fds[i]), "low\n");

        close_fd(fds[17]);
        turn();
        fds[17] = join();
        for (size_t i = 0; i < PRESSURE_CLIENTS_MAX; i++)
                close_fd(fds[i]);
        end();
}
END_TEST

START_TEST(end_of_the_server_is_an_end_of_file_and_takes_the_socket_away) {
        int fd;

        begin();
        fd = join();
        server = pressure_server_free(server);
        ck_assert_str_eq(heard(fd), "end");
        ck_assert_int_ne(access(address.sun_path, F_OK), 0);
        ck_assert_ptr_null(pressure_server_free(NULL));
        close_fd(fd);
        end();
}
END_TEST

HARNESS_MAIN("pressure-server", everybody_who_listens_is_woken_at_a_rise_and_told_the_level,
        level_that_stays_is_told_once_a_second_and_its_end_is_quiet,
        server_repeats_by_itself_when_the_time_has_come,
        who_joins_while_a_level_stays_is_told_and_who_joins_later_is_not,
        who_never_reads_holds_up_nobody_stays_and_has_three_lines_at_most,
        what_a_program_writes_is_discarded_and_more_than_that_ends_it,
        who_will_not_write_any_more_is_woken_all_the_same,
        who_hangs_up_midway_leaves_a_free_place_and_the_others_alone,
        program_257_is_refused_until_a_place_is_free,
        end_of_the_server_is_an_end_of_file_and_takes_the_socket_away)
