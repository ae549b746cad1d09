/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Orders for a starter of the test's own, and waiting for its answers. What is started are scripts
 * of the test's, and it ends with the starter. */

#include <poll.h>
#include <string.h>

#include "daemon/starter.h"
#include "tests/harness.h"

#define PATIENCE_USEC (HARNESS_PATIENCE_MSEC * USEC_PER_MSEC)

static StarterAnswer last_answer;
static unsigned n_answers;

static void on_starter_answer(void *ctx _unused_, const StarterAnswer *answer) {
        last_answer = *answer;
        n_answers++;
}

/* Waits until the n-th answer has come. */
static void wait_answers(Starter *s, unsigned n) {
        usec_t until = clock_monotonic_usec() + PATIENCE_USEC;

        while (n_answers < n) {
                struct pollfd p = { .fd = starter_fd(s), .events = POLLIN };

                ck_assert_msg(clock_monotonic_usec() < until, "no answer");
                (void) poll(&p, 1, 100);
                starter_dispatch(s);
                ck_assert(!starter_is_lost(s));
        }
}

static void begin_answers(Starter *s, StarterJob job) {
        n_answers = 0;
        starter_set_listener(s, job, on_starter_answer, NULL);
}
