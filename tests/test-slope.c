/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/slope.h"

#include "tests/harness.h"

#define SEC USEC_PER_SEC

static const struct {
        const char *name;
        SlopePoint points[SLOPE_POINTS_MAX];
        size_t n;
        bool known;
        int64_t per_sec;
} rows[] = {
        { "no points", { { 0, 0 } }, 0, false, 0 },
        { "one point", { { SEC, 5 } }, 1, false, 0 },
        { "two points", { { 0, 0 }, { SEC, 5 } }, 2, false, 0 },
        { "three points at one time", { { SEC, 0 }, { SEC, 5 }, { SEC, 9 } }, 3, false, 0 },
        { "rising", { { 0, 0 }, { SEC, 100 }, { 2 * SEC, 200 } }, 3, true, 100 },
        { "falling", { { 0, 200 }, { SEC, 100 }, { 2 * SEC, 0 } }, 3, true, -100 },
        { "flat", { { 0, 7 }, { SEC, 7 }, { 2 * SEC, 7 } }, 3, true, 0 },
        { "short intervals", { { 0, 0 }, { SEC / 20, 10 }, { SEC / 10, 20 } }, 3, true, 200 },
        { "one outlier of six does not count",
                { { 0, 0 }, { SEC, 10 }, { 2 * SEC, 20 }, { 3 * SEC, 100000 }, { 4 * SEC, 40 },
                        { 5 * SEC, 50 } },
                6, true, 10 },
        { "a step at the end does not count as a slope",
                { { 0, 0 }, { SEC, 0 }, { 2 * SEC, 0 }, { 3 * SEC, 0 }, { 4 * SEC, 1000 } }, 5,
                true, 0 },
        { "values that do not fit into a product",
                { { 0, 0 }, { SEC, INT64_C(1) << 60 }, { 2 * SEC, INT64_C(2) << 60 } }, 3, true,
                INT64_C(1) << 60 },
        { "the largest difference is capped",
                { { 0, INT64_MIN }, { 1, INT64_MAX }, { 2, INT64_MAX } }, 3, true, INT64_MAX },
        { "from highest to lowest",
                { { 0, INT64_MAX }, { SEC, INT64_MIN }, { 2 * SEC, INT64_MIN } }, 3, true,
                -INT64_MAX },
};

START_TEST(slope_table) {
        int64_t slope = 4242;
        bool known = slope_robust(rows[_i].points, rows[_i].n, &slope);

        ck_assert_msg(known == rows[_i].known, "%s: known %d", rows[_i].name, known);
        if (!known)
                ck_assert_int_eq(slope, 4242);
        else if (rows[_i].per_sec == INT64_MAX)
                ck_assert_msg(slope > 0, "%s: %lld", rows[_i].name, (long long) slope);
        else if (rows[_i].per_sec == -INT64_MAX)
                ck_assert_msg(slope < 0, "%s: %lld", rows[_i].name, (long long) slope);
        else
                ck_assert_msg(
                        slope == rows[_i].per_sec, "%s: %lld", rows[_i].name, (long long) slope);
}
END_TEST

START_TEST(as_many_points_as_allowed_are_taken) {
        SlopePoint points[SLOPE_POINTS_MAX];
        int64_t slope = 0;

        for (int i = 0; i < SLOPE_POINTS_MAX; i++)
                points[i] = (SlopePoint){ (usec_t) i * SEC, i * 3 };
        ck_assert(slope_robust(points, SLOPE_POINTS_MAX, &slope));
        ck_assert_int_eq(slope, 3);
}
END_TEST

int main(void) {
        Suite *s = suite_create("slope");
        TCase *tc = tcase_create("slope");

        tcase_add_loop_test(tc, slope_table, 0, (int) (sizeof(rows) / sizeof(rows[0])));
        tcase_add_test(tc, as_many_points_as_allowed_are_taken);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
