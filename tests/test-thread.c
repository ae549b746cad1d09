/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/thread.h"

#include "tests/harness.h"

#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>

enum { STACK = 128 * 1024 };

typedef struct Report {
        sigset_t blocked;
        char name[16];
        sem_t named;
        sem_t go_on;
} Report;

static Report report;

static void *look(void *ctx) {
        Report *r = ctx;

        sem_wait(&r->named);
        pthread_sigmask(SIG_SETMASK, NULL, &r->blocked);
        pthread_getname_np(pthread_self(), r->name, sizeof(r->name));
        return NULL;
}

static void *hang(void *ctx) {
        Report *r = ctx;

        sem_wait(&r->go_on);
        return NULL;
}

START_TEST(a_thread_has_its_name_and_no_signals) {
        static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGPIPE };
        pthread_t t;

        sem_init(&report.named, 0, 0);
        ck_assert_int_eq(thread_start(&(ThreadSpec){ .name = "avert-test",
                                              .stack_bytes = STACK,
                                              .prefault_bytes = STACK / 2,
                                              .run = look,
                                              .ctx = &report },
                                 &t),
                0);
        sem_post(&report.named);
        ck_assert_int_eq(thread_join(t, 10 * USEC_PER_SEC), 0);
        ck_assert_str_eq(report.name, "avert-test");
        for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
                ck_assert_int_eq(sigismember(&report.blocked, signals[i]), 1);
}
END_TEST

START_TEST(one_that_hangs_is_waited_for_no_longer_than_asked) {
        pthread_t t;

        sem_init(&report.go_on, 0, 0);
        ck_assert_int_eq(thread_start(&(ThreadSpec){ .name = "avert-test",
                                              .stack_bytes = STACK,
                                              .run = hang,
                                              .ctx = &report },
                                 &t),
                0);
        ck_assert_int_eq(thread_join(t, 1000), -ETIMEDOUT);
        sem_post(&report.go_on);
        ck_assert_int_eq(thread_join(t, 10 * USEC_PER_SEC), 0);
}
END_TEST

START_TEST(an_impossible_stack_is_an_error) {
        pthread_t t;

        ck_assert_int_eq(thread_start(&(ThreadSpec){ .name = "avert-test",
                                              .stack_bytes = 1,
                                              .run = look,
                                              .ctx = &report },
                                 &t),
                -EINVAL);
}
END_TEST

HARNESS_MAIN("thread", a_thread_has_its_name_and_no_signals,
        one_that_hangs_is_waited_for_no_longer_than_asked, an_impossible_stack_is_an_error)
