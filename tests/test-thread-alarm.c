/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/thread-alarm.h"

#include <errno.h>
#include <poll.h>

#include "tests/harness.h"

/* Far beyond what the test may take: ends only by the alarm. */
#define LONG_MS 20000

START_TEST(a_call_that_waits_is_called_back_again_and_again) {
        ThreadAlarm alarm;

        thread_alarm_prepare();
        thread_alarm_init(&alarm);
        ck_assert(alarm.usable);
        thread_alarm_set(&alarm, clock_monotonic_usec() + USEC_PER_MSEC);
        for (int i = 0; i < 3; i++) {
                ck_assert_int_eq(poll(NULL, 0, LONG_MS), -1);
                ck_assert_int_eq(errno, EINTR);
        }
        thread_alarm_set(&alarm, 1); /* long over: at once */
        ck_assert_int_eq(poll(NULL, 0, LONG_MS), -1);
        thread_alarm_done(&alarm);
}
END_TEST

START_TEST(an_alarm_that_is_off_is_silent) {
        ThreadAlarm alarm;

        thread_alarm_prepare();
        thread_alarm_init(&alarm);
        thread_alarm_set(&alarm, clock_monotonic_usec() + USEC_PER_HOUR);
        thread_alarm_set(&alarm, USEC_UNSET);
        ck_assert_int_eq(poll(NULL, 0, 60), 0);
        thread_alarm_done(&alarm);
        thread_alarm_set(&alarm, 1); /* without one: nothing */
        ck_assert_int_eq(poll(NULL, 0, 1), 0);
}
END_TEST

HARNESS_MAIN("thread-alarm", a_call_that_waits_is_called_back_again_and_again,
        an_alarm_that_is_off_is_silent)
