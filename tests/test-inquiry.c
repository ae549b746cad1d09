/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/inquiry.h"

#include <errno.h>
#include <string.h>

#include "tests/harness.h"

/* A sentinel that answers when the test wants it. */
typedef struct Double {
        View *ready;
        int refuse; /* what request returns */
        size_t n_requests;
        size_t n_released;
        bool with_processes; /* of the last request */
} Double;

static int request(void *ctx, bool with_processes) {
        Double *d = ctx;

        if (d->refuse < 0)
                return d->refuse;
        d->n_requests++;
        d->with_processes = with_processes;
        return 0;
}

static View *get(void *ctx) {
        return ((Double *) ctx)->ready;
}

static void release(void *ctx) {
        Double *d = ctx;

        d->ready = NULL;
        d->n_released++;
}

static Inquiries make(Double *d) {
        Inquiries q;

        inquiries_init(&q, (ViewSource){ request, get, release, d });
        return q;
}

/* Somebody who asks: remembers what he was told. */
typedef struct Asker {
        size_t n;
        View *view;
        Inquiries *asks_again; /* from within the answer */
} Asker;

static void on_answer(void *userdata, View *view) {
        Asker *a = userdata;

        a->n++;
        a->view = view;
        if (a->asks_again) {
                Inquiries *q = a->asks_again;

                a->asks_again = NULL;
                ck_assert_int_eq(inquiries_add(q, true, 0, on_answer, a), 0);
        }
}

static View view_a, view_b;

START_TEST(one_request_serves_whom_it_was_made_for_and_the_next_the_others) {
        Double d = {};
        Inquiries q = make(&d);
        Asker first = {}, second = {}, third = {};

        ck_assert_int_eq(inquiries_add(&q, false, 0, on_answer, &first), 0);
        ck_assert_uint_eq(d.n_requests, 1);
        ck_assert(!d.with_processes);

        /* These came after the request: its view may be older than their question. */
        ck_assert_int_eq(inquiries_add(&q, false, 0, on_answer, &second), 0);
        ck_assert_int_eq(inquiries_add(&q, true, 0, on_answer, &third), 0);
        ck_assert_uint_eq(d.n_requests, 1);

        d.ready = &view_a;
        inquiries_dispatch(&q, 0);
        ck_assert_uint_eq(first.n, 1);
        ck_assert_ptr_eq(first.view, &view_a);
        ck_assert_uint_eq(second.n, 0);
        ck_assert_uint_eq(d.n_released, 1);
        ck_assert_uint_eq(d.n_requests, 2);
        ck_assert(d.with_processes); /* one of the two needs them */

        d.ready = &view_b;
        inquiries_dispatch(&q, 0);
        ck_assert_ptr_eq(second.view, &view_b);
        ck_assert_ptr_eq(third.view, &view_b);
        ck_assert_uint_eq(first.n, 1);
        ck_assert_uint_eq(d.n_requests, 2);
}
END_TEST

START_TEST(waking_without_a_view_answers_nobody) {
        Double d = {};
        Inquiries q = make(&d);
        Asker a = {};

        inquiries_dispatch(&q, 0);
        ck_assert_int_eq(inquiries_add(&q, false, 0, on_answer, &a), 0);
        inquiries_dispatch(&q, 0);
        ck_assert_uint_eq(a.n, 0);
        ck_assert_uint_eq(d.n_released, 0);
}
END_TEST

START_TEST(an_answer_may_ask_again) {
        Double d = {};
        Inquiries q = make(&d);
        Asker a = { .asks_again = &q };

        ck_assert_int_eq(inquiries_add(&q, false, 0, on_answer, &a), 0);
        d.ready = &view_a;
        inquiries_dispatch(&q, 0);
        ck_assert_uint_eq(a.n, 1);
        ck_assert_uint_eq(d.n_requests, 2);
        d.ready = &view_b;
        inquiries_dispatch(&q, 0);
        ck_assert_uint_eq(a.n, 2);
        ck_assert_ptr_eq(a.view, &view_b);
}
END_TEST

START_TEST(a_crowd_is_refused_and_a_stalled_sentinel_is_said_at_once) {
        Double d = {};
        Inquiries q = make(&d);
        Asker a = {};

        for (size_t i = 0; i < INQUIRIES_MAX; i++)
                ck_assert_int_eq(inquiries_add(&q, false, 1000, on_answer, &a), 0);
        ck_assert_int_eq(inquiries_add(&q, false, 1000, on_answer, &a), -EBUSY);
        ck_assert_int_eq(
                inquiries_add(&q, false, 1001 + INQUIRY_PATIENCE_USEC, on_answer, &a), -ETIMEDOUT);
        ck_assert_uint_eq(a.n, 0);
}
END_TEST

START_TEST(a_refused_request_leaves_nobody_waiting) {
        Double d = { .refuse = -ENOMEM };
        Inquiries q = make(&d);
        Asker first = {}, second = {};

        ck_assert_int_eq(inquiries_add(&q, false, 0, on_answer, &first), -ENOMEM);
        ck_assert_uint_eq(first.n, 0);

        d.refuse = 0;
        ck_assert_int_eq(inquiries_add(&q, false, 0, on_answer, &first), 0);
        ck_assert_int_eq(inquiries_add(&q, false, 0, on_answer, &second), 0);
        d.refuse = -ENOMEM; /* the second request, made from within */
        d.ready = &view_a;
        inquiries_dispatch(&q, 0);
        ck_assert_ptr_eq(first.view, &view_a);
        ck_assert_uint_eq(second.n, 1);
        ck_assert_ptr_null(second.view);
}
END_TEST

START_TEST(at_the_end_everybody_is_told) {
        Double d = {};
        Inquiries q = make(&d);
        Asker a = {}, b = {}, late = {};

        ck_assert_int_eq(inquiries_add(&q, false, 0, on_answer, &a), 0);
        ck_assert_int_eq(inquiries_add(&q, false, 0, on_answer, &b), 0);
        inquiries_done(&q);
        ck_assert_uint_eq(a.n + b.n, 2);
        ck_assert_ptr_null(a.view);
        ck_assert_int_lt(inquiries_add(&q, false, 60 * USEC_PER_SEC, on_answer, &late), 0);
}
END_TEST

HARNESS_MAIN("inquiry", one_request_serves_whom_it_was_made_for_and_the_next_the_others,
        waking_without_a_view_answers_nobody, an_answer_may_ask_again,
        a_crowd_is_refused_and_a_stalled_sentinel_is_said_at_once,
        a_refused_request_leaves_nobody_waiting, at_the_end_everybody_is_told)
