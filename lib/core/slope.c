/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/slope.h"

#include <assert.h>

#include "base/number.h"

#define PAIRS_MAX (SLOPE_POINTS_MAX * (SLOPE_POINTS_MAX - 1) / 2)

static int64_t slope_between(const SlopePoint *a, const SlopePoint *b) {
        bool falls = b->value < a->value;
        uint64_t rise = falls ? (uint64_t) a->value - (uint64_t) b->value
                              : (uint64_t) b->value - (uint64_t) a->value;
        uint64_t slope = mul_div_u64(rise, USEC_PER_SEC, b->at_usec - a->at_usec);

        if (slope > INT64_MAX)
                slope = INT64_MAX;
        return falls ? -(int64_t) slope : (int64_t) slope;
}

/* Shell's sort: in place, and qsort() of glibc may allocate. */
static void sort(int64_t *values, size_t n) {
        static const size_t gaps[] = { 57, 23, 10, 4, 1 };

        for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
                size_t gap = gaps[g];

                for (size_t i = gap; i < n; i++) {
                        int64_t value = values[i];
                        size_t j = i;

                        for (; j >= gap && values[j - gap] > value; j -= gap)
                                values[j] = values[j - gap];
                        values[j] = value;
                }
        }
}

bool slope_robust(const SlopePoint *points, size_t n, int64_t *ret_per_sec) {
        int64_t slopes[PAIRS_MAX];
        size_t count = 0;

        assert(n <= SLOPE_POINTS_MAX);

        if (n < 3)
                return false;

        for (size_t i = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++)
                        if (points[j].at_usec > points[i].at_usec)
                                slopes[count++] = slope_between(&points[i], &points[j]);
        if (count == 0)
                return false;

        sort(slopes, count);
        if (count % 2 == 1)
                *ret_per_sec = slopes[count / 2];
        else { /* between the two in the middle; their sum may not fit */
                int64_t a = slopes[count / 2 - 1], b = slopes[count / 2];

                *ret_per_sec = a / 2 + b / 2 + (a % 2 + b % 2) / 2;
        }
        return true;
}
