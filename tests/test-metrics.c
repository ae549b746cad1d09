/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fdio.h"
#include "tests/harness.h"
#include "tests/view-double.h"

static ViewDouble double_;
static Fixture fixture;
static sd_event *event;
static Inquiries inquiries;
static Metrics *metrics;
static struct sockaddr_un address;
static size_t requests;
static bool is_there; /* the sentinel has answered */

static int request_view(void *ctx _unused_, bool with_processes) {
        ck_assert(!with_processes);
        requests++;
        return 0;
}

static View *get_view(void *ctx _unused_) {
        return is_there ? &double_.view : NULL;
}

static void release_view(void *ctx _unused_) {
        is_there = false;
}

static void begin(void) {
        char why[256];
        TextBuf b;

        view_double_init(&double_);
        fixture_init(&fixture);
        requests = 0;
        is_there = false;
        inquiries_init(&inquiries, (ViewSource){ request_view, get_view, release_view, NULL });
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(
                metrics_new(&(MetricsOptions){ .event = event, .inquiries = &inquiries }, &metrics),
                0);
        address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/metrics", fixture.path);
        textbuf_init(&b, why, sizeof(why));
        ck_assert_int_eq(metrics_listen(metrics, address.sun_path, &b), 0);
}

static void end(void) {
        inquiries_done(&inquiries);
        metrics = metrics_free(metrics);
        event = sd_event_unref(event);
        fixture_done(&fixture);
        view_double_done(&double_);
}

static void turn(void) {
        while (sd_event_run(event, 0) > 0)
                ;
}

/* The sentinel answers. */
static void show(void) {
        is_there = true;
        inquiries_dispatch(&inquiries, clock_monotonic_usec());
        turn();
}

static int ask(void) {
        static const char get[] = "GET / HTTP/1.0\r\n\r\n";
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_eq(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(send(fd, get, sizeof(get) - 1, 0), sizeof(get) - 1);
        turn();
        return fd;
}

/* What has come; closes it. */
static const char *hear(int fd) {
        static char text[200000];
        size_t len = 0;
        ssize_t n;

        while ((n = recv(fd, text + len, sizeof(text) - 1 - len, MSG_DONTWAIT)) > 0) {
                len += (size_t) n;
                turn();
        }
        text[len] = '\0';
        close_fd(fd);
        return text;
}

START_TEST(all_who_come_at_a_time_cost_one_look) {
        int a, b, c;

        begin();
        a = ask();
        b = ask();
        ck_assert_uint_eq(requests, 1);
        show();
        ck_assert_ptr_nonnull(strstr(hear(a), "\navert_level{level=\"acting\"} 1\n"));
        ck_assert_ptr_nonnull(strstr(hear(b), "HTTP/1.0 200 "));
        c = ask(); /* soon after */
        ck_assert_uint_eq(requests, 1);
        ck_assert_ptr_nonnull(strstr(hear(c), "\navert_level{level=\"acting\"} 1\n"));
        end();
}
END_TEST

START_TEST(end_of_the_daemon_is_no_answer_of_its_health) {
        int fd;

        begin();
        fd = ask();
        inquiries_done(&inquiries);
        ck_assert_ptr_nonnull(strstr(hear(fd), "HTTP/1.0 503 "));
        fd = ask();
        ck_assert_ptr_nonnull(strstr(hear(fd), "HTTP/1.0 503 "));
        end();
}
END_TEST

START_TEST(refused_policy_is_told_at_the_next_look) {
        int fd;

        begin();
        metrics_set_refused(metrics, true);
        fd = ask();
        show();
        ck_assert_ptr_nonnull(strstr(hear(fd), "\navert_config_last_load_successful 0\n"));
        end();
}
END_TEST

START_TEST(file_has_what_the_socket_says) {
        static char text[200000];
        char path[300];
        ssize_t n = -1;

        begin();
        snprintf(path, sizeof(path), "%s/avert.prom", fixture.path);
        ck_assert_int_eq(metrics_keep_file(metrics, path), 0);
        while (requests == 0) /* of its timer, which is due at once */
                ck_assert_int_ge(sd_event_run(event, 5 * USEC_PER_SEC), 0);
        show();
        for (int i = 0; i < 10000 && n < 0; i++) { /* the thread writes when it gets its turn */
                n = fdio_read_at(fixture.fd, "avert.prom", text, sizeof(text));
                (void) sd_event_run(event, USEC_PER_MSEC);
        }
        ck_assert_int_gt(n, 0);
        ck_assert_ptr_nonnull(strstr(hear(ask()), text));
        end();
        ck_assert_int_lt(fdio_read_at(AT_FDCWD, path, text, sizeof(text)), 0);
}
END_TEST

START_TEST(file_in_a_directory_that_is_not_there_changes_nothing_else) {
        char path[300];

        begin();
        snprintf(path, sizeof(path), "%s/gone/avert.prom", fixture.path);
        ck_assert_int_eq(metrics_keep_file(metrics, path), 0);
        while (requests == 0)
                ck_assert_int_ge(sd_event_run(event, 5 * USEC_PER_SEC), 0);
        show();
        ck_assert_ptr_nonnull(strstr(hear(ask()), "HTTP/1.0 200 "));
        end();
}
END_TEST

HARNESS_MAIN("metrics", all_who_come_at_a_time_cost_one_look,
        end_of_the_daemon_is_no_answer_of_its_health, refused_policy_is_told_at_the_next_look,
        file_has_what_the_socket_says, file_in_a_directory_that_is_not_there_changes_nothing_else)
