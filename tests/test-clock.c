/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"

#include "tests/harness.h"

START_TEST(clocks_do_not_run_backwards) {
        usec_t monotonic = clock_monotonic_usec(), boottime = clock_boottime_usec();

        ck_assert_uint_gt(monotonic, 0);
        ck_assert_uint_ge(clock_monotonic_usec(), monotonic);
        ck_assert_uint_ge(clock_boottime_usec(), boottime);
        ck_assert_uint_ge(boottime, monotonic); /* the same, and suspended time beside it */
}
END_TEST

START_TEST(realtime_is_microseconds_since_the_epoch) {
        usec_t year_2020 = UINT64_C(1577836800) * USEC_PER_SEC,
               year_2100 = UINT64_C(4102444800) * USEC_PER_SEC;

        ck_assert_uint_gt(clock_realtime_usec(), year_2020);
        ck_assert_uint_lt(clock_realtime_usec(), year_2100);
}
END_TEST

START_TEST(sums_of_times_saturate_at_never) {
        ck_assert_uint_eq(usec_add(1, 2), 3);
        ck_assert_uint_eq(usec_add(USEC_UNSET, 1), USEC_UNSET);
        ck_assert_uint_eq(usec_add(1, USEC_UNSET), USEC_UNSET);
        ck_assert_uint_eq(usec_add(USEC_UNSET - 1, 1), USEC_UNSET);
        ck_assert_uint_eq(usec_add(USEC_UNSET - 2, 1), USEC_UNSET - 1);
}
END_TEST

START_TEST(time_since_something_later_is_none) {
        ck_assert_uint_eq(usec_since(5, 3), 2);
        ck_assert_uint_eq(usec_since(3, 3), 0);
        ck_assert_uint_eq(usec_since(3, 5), 0);
        ck_assert_uint_eq(usec_since(3, USEC_UNSET), 0);
}
END_TEST

HARNESS_MAIN("clock", clocks_do_not_run_backwards, realtime_is_microseconds_since_the_epoch,
        sums_of_times_saturate_at_never, time_since_something_later_is_none)
