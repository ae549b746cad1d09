/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls a thread back from a system call that takes too long, by a signal of its own (SIGURG): what
 * reclaims in the kernel ends early when one waits, what hangs without looking does not. Belongs to
 * the thread that made it. */

#include <stdbool.h>
#include <time.h>

#include "base/clock.h"

typedef struct ThreadAlarm {
        timer_t timer;
        bool usable; /* false: there is none, calls take as long as they take */
} ThreadAlarm;

/* For all threads, once: what the signal does (nothing, but that a call returns). */
void thread_alarm_prepare(void);

/* Makes the calling thread's, disarmed. Allocates in the kernel, for good. */
void thread_alarm_init(ThreadAlarm *a);
void thread_alarm_done(ThreadAlarm *a);

/* Rings at this CLOCK_MONOTONIC and then again and again, so that one that came just before the
 * call is not the last. USEC_UNSET: silence. */
void thread_alarm_set(ThreadAlarm *a, usec_t at_usec);
