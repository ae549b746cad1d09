/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* For builds under the thread sanitizer, put before everything else: it knows the join with a
 * deadline on the realtime clock, not the one that avert uses, and would take all that is freed
 * after that for a race. */

#include <pthread.h>
#include <time.h>

static inline int joins_by_realtime(
        pthread_t thread, void **ret, clockid_t clock, const struct timespec *until) {
        struct timespec now, real;

        clock_gettime(clock, &now);
        clock_gettime(CLOCK_REALTIME, &real);
        real.tv_sec += until->tv_sec - now.tv_sec;
        real.tv_nsec += until->tv_nsec - now.tv_nsec;
        if (real.tv_nsec < 0) {
                real.tv_nsec += 1000000000;
                real.tv_sec--;
        } else if (real.tv_nsec >= 1000000000) {
                real.tv_nsec -= 1000000000;
                real.tv_sec++;
        }
        return pthread_timedjoin_np(thread, ret, &real);
}

#define pthread_clockjoin_np joins_by_realtime
