/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/harness.h"

static Fixture fixture;
static sd_event *event;
static char why[512];
static int taken;

static int take(void *userdata _unused_, int fd) {
        taken++;
        close_fd(fd);
        return 0;
}

static void begin(void) {
        fixture_init(&fixture);
        ck_assert_int_ge(sd_event_new(&event), 0);
        taken = 0;
}

static void end(void) {
        event = sd_event_unref(event);
        fixture_done(&fixture);
}

static int listen_at(const char *path, Listener **ret) {
        TextBuf b;

        textbuf_init(&b, why, sizeof(why));
        return listener_new(
                &(ListenerOptions){
                        .event = event, .name = "test", .path = path, .mode = 0646, .take = take },
                ret, &b);
}

/* A path in the fixture, for one call. */
static const char *at(const char *name) {
        static char path[400];

        snprintf(path, sizeof(path), "%s/%s", fixture.path, name);
        return path;
}

static int connect_to(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert(text_copy(address.sun_path, sizeof(address.sun_path), path));
        ck_assert_int_eq(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

START_TEST(who_connects_is_handed_over_and_the_socket_has_the_given_mode) {
        Listener *l = NULL;
        struct stat st;
        int fds[2];

        begin();
        ck_assert_int_eq(listen_at(at("socket"), &l), 0);
        ck_assert_int_eq(stat(at("socket"), &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0646);
        for (size_t i = 0; i < 2; i++)
                fds[i] = connect_to(at("socket"));
        while (taken < 2)
                ck_assert_int_ge(sd_event_run(event, 5 * USEC_PER_SEC), 1);
        ck_assert_ptr_null(listener_free(l));
        for (size_t i = 0; i < 2; i++)
                close_fd(fds[i]);
        end();
}
END_TEST

START_TEST(peer_that_left_before_it_was_accepted_is_no_trouble) {
        Listener *l = NULL;

        begin();
        ck_assert_int_eq(listen_at(at("socket"), &l), 0);
        close_fd(connect_to(at("socket")));
        ck_assert_int_ge(sd_event_run(event, 5 * USEC_PER_SEC), 1);
        close_fd(connect_to(at("socket")));
        ck_assert_int_ge(sd_event_run(event, 5 * USEC_PER_SEC), 1);
        ck_assert_int_eq(taken, 2);
        listener_free(l);
        end();
}
END_TEST

START_TEST(socket_that_is_served_is_left_alone) {
        Listener *l = NULL, *second = NULL;

        begin();
        ck_assert_int_eq(listen_at(at("socket"), &l), 0);
        ck_assert_int_eq(listen_at(at("socket"), &second), -EADDRINUSE);
        ck_assert_ptr_null(second);
        ck_assert_ptr_nonnull(strstr(why, "another daemon answers"));
        ck_assert_int_eq(access(at("socket"), F_OK), 0);
        listener_free(l);
        end();
}
END_TEST

START_TEST(socket_that_nobody_serves_is_replaced_and_removed_at_the_end) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Listener *l = NULL;
        int fd;

        begin();
        ck_assert(text_copy(address.sun_path, sizeof(address.sun_path), at("stale")));
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        close_fd(fd);
        ck_assert_int_eq(listen_at(at("stale"), &l), 0);
        close_fd(connect_to(at("stale")));
        listener_free(l);
        ck_assert_int_ne(access(at("stale"), F_OK), 0);
        end();
}
END_TEST

START_TEST(place_without_a_socket_is_told_in_words) {
        char path[201];
        Listener *l = NULL;

        begin();
        fixture_file(&fixture, "file", "precious");
        ck_assert_int_eq(listen_at(at("file"), &l), -EEXIST);
        ck_assert_ptr_nonnull(strstr(why, "not a socket"));
        ck_assert_int_eq(access(at("file"), F_OK), 0);

        ck_assert_int_eq(listen_at(at("no/such/place"), &l), -ENOENT);
        ck_assert_ptr_nonnull(strstr(why, "cannot make the socket"));

        memset(path, 'x', 200);
        path[200] = '\0';
        ck_assert_int_eq(listen_at(path, &l), -ENAMETOOLONG);
        ck_assert_ptr_nonnull(strstr(why, "too long"));
        ck_assert_ptr_null(l);
        ck_assert_ptr_null(listener_free(NULL));
        end();
}
END_TEST

HARNESS_MAIN("listener", who_connects_is_handed_over_and_the_socket_has_the_given_mode,
        peer_that_left_before_it_was_accepted_is_no_trouble, socket_that_is_served_is_left_alone,
        socket_that_nobody_serves_is_replaced_and_removed_at_the_end,
        place_without_a_socket_is_told_in_words)
