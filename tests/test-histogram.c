/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/histogram.h"

#include "base/macro.h"
#include "tests/harness.h"

START_TEST(bounds_ascend) {
        for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++)
                ck_assert_uint_lt(histogram_bound(i - 1), histogram_bound(i));
}
END_TEST

START_TEST(bound_belongs_to_the_class_that_it_closes) {
        for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
                Histogram h = {};

                histogram_add(&h, histogram_bound(i));
                histogram_add(&h, histogram_bound(i) + 1);
                ck_assert_uint_eq(h.counts[i], 1);
                ck_assert_uint_eq(h.counts[i + 1], 1);
                ck_assert_uint_eq(h.sum_usec, 2 * histogram_bound(i) + 1);
        }
}
END_TEST

START_TEST(nothing_is_too_short_or_too_long_to_count) {
        Histogram h = {};

        histogram_add(&h, 0);
        histogram_add(&h, USEC_PER_HOUR);
        ck_assert_uint_eq(h.counts[0], 1);
        ck_assert_uint_eq(h.counts[HISTOGRAM_BOUNDS], 1);
}
END_TEST

HARNESS_MAIN("histogram", bounds_ascend, bound_belongs_to_the_class_that_it_closes,
        nothing_is_too_short_or_too_long_to_count)
