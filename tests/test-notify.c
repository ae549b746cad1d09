/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/notify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"

/* A service manager: a datagram socket in the fixture. */
typedef struct Listener {
        Fixture f;
        char path[300];
        int fd;
} Listener;

static void listener_init(Listener *l) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        fixture_init(&l->f);
        snprintf(l->path, sizeof(l->path), "%s/notify", l->f.path);
        ck_assert_uint_lt(strlen(l->path), sizeof(address.sun_path));
        strcpy(address.sun_path, l->path);
        l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ck_assert_int_eq(bind(l->fd, (struct sockaddr *) &address, sizeof(address)), 0);
}

static void listener_done(Listener *l) {
        close(l->fd);
        fixture_done(&l->f);
}

/* The next message, "" when there is none. */
static const char *hear(Listener *l) {
        static char text[1024];
        ssize_t n = recv(l->fd, text, sizeof(text) - 1, 0);

        text[n > 0 ? n : 0] = '\0';
        return text;
}

START_TEST(every_message_is_in_the_managers_words) {
        Listener l;
        Notifier n;

        listener_init(&l);
        ck_assert_int_eq(notifier_init(&n, l.path), 0);

        ck_assert_int_eq(notifier_ready(&n, "watching"), 1);
        ck_assert_str_eq(hear(&l), "READY=1\nSTATUS=watching");
        ck_assert_int_eq(notifier_status(&n, "armed"), 1);
        ck_assert_str_eq(hear(&l), "STATUS=armed");
        ck_assert_int_eq(notifier_alive(&n), 1);
        ck_assert_str_eq(hear(&l), "WATCHDOG=1");
        ck_assert_int_eq(notifier_reloading(&n, 42), 1);
        ck_assert_str_eq(hear(&l), "RELOADING=1\nMONOTONIC_USEC=42\nSTATUS=reloading");
        ck_assert_int_eq(notifier_stopping(&n, "stopping"), 1);
        ck_assert_str_eq(hear(&l), "STOPPING=1\nSTATUS=stopping");
        ck_assert_str_eq(hear(&l), "");

        notifier_done(&n);
        listener_done(&l);
}
END_TEST

START_TEST(a_status_cannot_add_fields_of_its_own) {
        Listener l;
        Notifier n;

        listener_init(&l);
        ck_assert_int_eq(notifier_init(&n, l.path), 0);
        ck_assert_int_eq(notifier_status(&n, "bad\nREADY=1"), 1);
        ck_assert_str_eq(hear(&l), "STATUS=bad\\x0aREADY=1");
        notifier_done(&n);
        listener_done(&l);
}
END_TEST

START_TEST(a_manager_that_does_not_read_is_not_waited_for_and_hears_the_last_word_later) {
        Listener l;
        Notifier n;
        size_t sent = 0;
        const char *text;

        listener_init(&l);
        ck_assert_int_eq(notifier_init(&n, l.path), 0);

        /* The queue is short (net.unix.max_dgram_qlen); nobody reads, and no call blocks. */
        while (notifier_alive(&n) == 1)
                ck_assert_uint_lt(sent++, 100000);
        ck_assert_int_eq(notifier_reloading(&n, 1), -EAGAIN);
        ck_assert_int_eq(notifier_ready(&n, "reloaded"), -EAGAIN);
        ck_assert_int_eq(notifier_settle(&n), -EAGAIN);

        for (size_t i = 0; i < sent; i++)
                ck_assert_str_eq(hear(&l), "WATCHDOG=1");
        ck_assert_str_eq(hear(&l), "");

        /* What is owed goes out first, once, and is what holds now. */
        ck_assert_int_eq(notifier_status(&n, "calm"), 1);
        text = hear(&l);
        ck_assert_str_eq(text, "READY=1\nSTATUS=reloaded");
        ck_assert_str_eq(hear(&l), "STATUS=calm");
        ck_assert_int_eq(notifier_settle(&n), 0);
        ck_assert_str_eq(hear(&l), "");

        notifier_done(&n);
        listener_done(&l);
}
END_TEST

START_TEST(a_manager_that_went_away_costs_nothing) {
        Listener l;
        Notifier n;

        listener_init(&l);
        ck_assert_int_eq(notifier_init(&n, l.path), 0);
        listener_done(&l);
        ck_assert_int_eq(notifier_ready(&n, "watching"), -ENOENT);
        ck_assert_int_eq(notifier_settle(&n), 0); /* not owed for ever */
        notifier_done(&n);
}
END_TEST

START_TEST(without_a_manager_nothing_is_sent) {
        Notifier n;

        ck_assert_int_eq(notifier_init(&n, NULL), 0);
        ck_assert_int_eq(notifier_ready(&n, "watching"), 0);
        ck_assert_int_eq(notifier_alive(&n), 0);
        notifier_done(&n);
}
END_TEST

START_TEST(impossible_sockets_are_refused_and_harmless) {
        static const char *const paths[] = { "", "relative", "/", "@" };
        char too_long[200];
        Notifier n;

        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                ck_assert_msg(notifier_init(&n, paths[i]) == -EINVAL, "'%s'", paths[i]);
                ck_assert_int_eq(notifier_ready(&n, "x"), 0);
        }
        memset(too_long, 'x', sizeof(too_long) - 1);
        too_long[0] = '/';
        too_long[sizeof(too_long) - 1] = '\0';
        ck_assert_int_eq(notifier_init(&n, too_long), -EINVAL);
}
END_TEST

START_TEST(the_environment_is_taken_and_not_passed_on) {
        Listener l;
        Notifier n;

        listener_init(&l);
        setenv("NOTIFY_SOCKET", l.path, 1);
        setenv("WATCHDOG_USEC", "90000000", 1);
        unsetenv("WATCHDOG_PID");
        ck_assert_int_eq(notifier_init_from_environment(&n), 0);
        ck_assert_uint_eq(n.watchdog_usec, 90 * USEC_PER_SEC);
        ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
        ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
        notifier_done(&n);
        listener_done(&l);
}
END_TEST

HARNESS_MAIN("notify", every_message_is_in_the_managers_words,
        a_status_cannot_add_fields_of_its_own,
        a_manager_that_does_not_read_is_not_waited_for_and_hears_the_last_word_later,
        a_manager_that_went_away_costs_nothing, without_a_manager_nothing_is_sent,
        impossible_sockets_are_refused_and_harmless, the_environment_is_taken_and_not_passed_on)
