/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/trail.h"

#include "base/macro.h"

#include "tests/harness.h"

static Trail trail;
static TrailEntry copy[TRAIL_ENTRIES_MAX];

static void add(usec_t at_usec, bool known, int64_t available) {
        static Sample s;

        s.raw.at_usec = at_usec;
        for (size_t i = 0; i < _METRIC_SYSTEM_MAX; i++)
                s.system[i] = (Reading){ .known = known, .value = (int64_t) i };
        s.system[METRIC_MEM_AVAILABLE] = (Reading){ .known = known, .value = available };
        trail_add(&trail, &s);
}

START_TEST(every_reading_is_kept_or_said_to_be_unknown) {
        trail = (Trail){ 0 };
        ck_assert_uint_eq(trail_copy(&trail, 0, copy, ELEMENTS(copy)), 0);
        add(5, true, 77);
        add(6, false, 78);
        ck_assert_uint_eq(trail_copy(&trail, 0, copy, ELEMENTS(copy)), 2);
        ck_assert_uint_eq(copy[0].at_usec, 5);
        ck_assert_int_eq(copy[0].values[0], 77);
        for (size_t i = 1; i < TRAIL_READINGS; i++)
                ck_assert_int_eq(copy[0].values[i], (int64_t) trail_metric(i));
        for (size_t i = 0; i < TRAIL_READINGS; i++)
                ck_assert_int_eq(copy[1].values[i], TRAIL_UNKNOWN);
}
END_TEST

START_TEST(no_metric_is_there_twice) {
        for (size_t i = 0; i < TRAIL_READINGS; i++)
                for (size_t k = 0; k < i; k++)
                        ck_assert_int_ne(trail_metric(i), trail_metric(k));
}
END_TEST

START_TEST(oldest_go_and_order_stays) {
        static const struct {
                const char *name;
                size_t added;
                usec_t since;
                size_t max, n;
                usec_t first;
        } cases[] = {
                { "all of a few", 10, 0, 100, 10, 1 },
                { "none", 0, 0, 100, 0, 0 },
                { "since", 10, 4, 100, 7, 4 },
                { "since later than all", 10, 11, 100, 0, 0 },
                { "room for the latest", 10, 0, 3, 3, 8 },
                { "since and room", 10, 9, 3, 2, 9 },
                { "no room", 10, 0, 0, 0, 0 },
                { "full", TRAIL_ENTRIES_MAX, 0, TRAIL_ENTRIES_MAX, TRAIL_ENTRIES_MAX, 1 },
                { "beyond", TRAIL_ENTRIES_MAX + 5, 0, TRAIL_ENTRIES_MAX, TRAIL_ENTRIES_MAX, 6 },
                { "beyond, since", 2 * TRAIL_ENTRIES_MAX + 7, 2 * TRAIL_ENTRIES_MAX, 100, 8,
                        2 * TRAIL_ENTRIES_MAX },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                size_t n;

                trail = (Trail){ 0 };
                for (usec_t at = 1; at <= cases[i].added; at++)
                        add(at, true, 0);
                n = trail_copy(&trail, cases[i].since, copy, cases[i].max);
                ck_assert_msg(n == cases[i].n, "%s: %zu", cases[i].name, n);
                for (size_t k = 0; k < n; k++)
                        ck_assert_msg(copy[k].at_usec == cases[i].first + k, "%s", cases[i].name);
        }
}
END_TEST

HARNESS_MAIN("trail", every_reading_is_kept_or_said_to_be_unknown, no_metric_is_there_twice,
        oldest_go_and_order_stays)
