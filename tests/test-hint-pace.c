/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/hint-pace.h"

#include <string.h>

#include "base/macro.h"
#include "tests/harness.h"

#define T0 (1000 * USEC_PER_SEC)

static HintPace pace;

static void begin(void) {
        hint_pace_init(&pace);
}

static void set(uint64_t incident, HintLevel level, usec_t at_usec) {
        hint_pace_set(&pace, incident, level, T0 + at_usec);
}

static HintLevel take(usec_t at_usec) {
        return hint_pace_take(&pace, T0 + at_usec);
}

START_TEST(nobody_is_woken_without_an_incident) {
        begin();
        ck_assert_uint_eq(hint_pace_next(&pace), USEC_UNSET);
        ck_assert_int_eq(take(0), HINT_NONE);
        set(1, HINT_NONE, 0);
        ck_assert_int_eq(take(3600 * USEC_PER_SEC), HINT_NONE);
}
END_TEST

START_TEST(rise_is_told_at_once_each_time) {
        static const HintLevel levels[] = { HINT_LOW, HINT_MEDIUM, HINT_CRITICAL };

        begin();
        for (usec_t i = 0; i < ELEMENTS(levels); i++) {
                set(1, levels[i], i);
                ck_assert_uint_eq(hint_pace_next(&pace), 0);
                ck_assert_int_eq(take(i), levels[i]);
                ck_assert_int_eq(take(i), HINT_NONE);
        }
}
END_TEST

START_TEST(level_that_stays_is_told_again_after_a_second_and_not_before) {
        begin();
        set(1, HINT_MEDIUM, 0);
        ck_assert_int_eq(take(0), HINT_MEDIUM);
        for (usec_t i = 1; i <= 8; i++) {
                ck_assert_uint_eq(hint_pace_next(&pace), T0 + i * USEC_PER_SEC);
                ck_assert_int_eq(take(i * USEC_PER_SEC - 1), HINT_NONE);
                ck_assert_int_eq(take(i * USEC_PER_SEC), HINT_MEDIUM);
        }
}
END_TEST

START_TEST(longer_it_stays_the_more_rarely_it_is_told) {
        usec_t last = 0, gap = 0, next;
        size_t n = 0;

        begin();
        set(1, HINT_LOW, 0);
        ck_assert_int_eq(take(0), HINT_LOW);
        while ((next = hint_pace_next(&pace) - T0) < 24 * USEC_PER_HOUR) {
                ck_assert_uint_ge(next - last, gap);
                gap = next - last;
                last = next;
                ck_assert_int_eq(take(next), HINT_LOW);
                n++;
        }
        ck_assert_uint_eq(gap, HINT_REPEAT_MAX_USEC);
        ck_assert_uint_lt(n, 24 * 3600 / 30 + 40);
}
END_TEST

START_TEST(late_call_tells_once_and_not_all_that_was_missed) {
        begin();
        set(1, HINT_MEDIUM, 0);
        ck_assert_int_eq(take(0), HINT_MEDIUM);
        ck_assert_int_eq(take(USEC_PER_MIN), HINT_MEDIUM);
        ck_assert_int_eq(take(USEC_PER_MIN), HINT_NONE);
}
END_TEST

START_TEST(fall_is_quiet_and_the_lower_level_goes_on) {
        begin();
        set(1, HINT_CRITICAL, 0);
        set(2, HINT_LOW, 0);
        ck_assert_int_eq(take(0), HINT_CRITICAL);
        set(1, HINT_NONE, 100);
        ck_assert_int_eq(take(100), HINT_NONE);
        ck_assert_int_eq(take(USEC_PER_SEC), HINT_LOW);
        set(2, HINT_NONE, USEC_PER_SEC);
        ck_assert_uint_eq(hint_pace_next(&pace), USEC_UNSET);
        ck_assert_int_eq(take(USEC_PER_MIN), HINT_NONE);
}
END_TEST

START_TEST(highest_of_all_incidents_counts_whatever_their_order) {
        static const struct {
                const char *name;
                HintLevel levels[3];
                HintLevel want;
        } rows[] = {
                { "rising", { HINT_LOW, HINT_MEDIUM, HINT_CRITICAL }, HINT_CRITICAL },
                { "falling", { HINT_CRITICAL, HINT_MEDIUM, HINT_LOW }, HINT_CRITICAL },
                { "alike", { HINT_LOW, HINT_LOW, HINT_LOW }, HINT_LOW },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                begin();
                for (uint64_t k = 0; k < 3; k++)
                        set(k + 1, rows[i].levels[k], 0);
                ck_assert_msg(take(0) == rows[i].want, "%s", rows[i].name);
        }
}
END_TEST

START_TEST(level_that_comes_back_within_the_hold_is_no_rise) {
        begin();
        set(1, HINT_MEDIUM, 0);
        ck_assert_int_eq(take(0), HINT_MEDIUM);
        set(1, HINT_NONE, 100);
        set(2, HINT_MEDIUM, 200);
        ck_assert_int_eq(take(200), HINT_NONE);
        ck_assert_int_eq(take(USEC_PER_SEC), HINT_MEDIUM);
        set(2, HINT_NONE, 2 * USEC_PER_SEC);
        set(3, HINT_CRITICAL, 2 * USEC_PER_SEC);
        ck_assert_int_eq(take(2 * USEC_PER_SEC), HINT_CRITICAL); /* this one is */
}
END_TEST

START_TEST(level_that_comes_back_after_the_hold_is_a_rise) {
        begin();
        set(1, HINT_MEDIUM, 0);
        ck_assert_int_eq(take(0), HINT_MEDIUM);
        set(1, HINT_NONE, 100);
        set(2, HINT_MEDIUM, 100 + HINT_HOLD_USEC);
        ck_assert_uint_eq(hint_pace_next(&pace), 0);
        ck_assert_int_eq(take(100 + HINT_HOLD_USEC), HINT_MEDIUM);
        ck_assert_uint_eq(hint_pace_next(&pace), T0 + 100 + HINT_HOLD_USEC + HINT_REPEAT_MIN_USEC);
}
END_TEST

/* Spells of incidents that open and close as fast as they can, at each level, and of quiet, in an
 * order that is random and always the same. */
START_TEST(storm_of_incidents_wakes_sixteen_times_in_ten_seconds_at_most) {
        static usec_t woken[8192];
        usec_t spell_ends = 0;
        uint64_t random = 42;
        size_t n = 0, from = 0, most = 0;
        bool quiet = false;

        begin();
        for (usec_t at = 0; at < USEC_PER_HOUR; at += 5 * USEC_PER_MSEC) {
                random = random * 6364136223846793005ULL + 1442695040888963407ULL;
                if (at >= spell_ends) {
                        spell_ends = at + (random >> 40) % (12 * USEC_PER_SEC);
                        quiet = !quiet;
                        for (uint64_t i = 0; i < 16; i++)
                                set(i, HINT_NONE, at);
                }
                if (!quiet)
                        set(random >> 60, (HintLevel) (random >> 40) % _HINT_MAX, at);
                if (take(at) == HINT_NONE)
                        continue;
                ck_assert_uint_lt(n, ELEMENTS(woken));
                woken[n++] = at;
                while (woken[from] + HINT_HOLD_USEC < at)
                        from++;
                most = MAX(most, n - from);
        }
        ck_assert_uint_gt(n, 500);
        ck_assert_uint_gt(most, 10);
        ck_assert_uint_le(most, 16);
}
END_TEST

START_TEST(more_incidents_than_places_cost_the_oldest_ones) {
        begin();
        set(1, HINT_CRITICAL, 0);
        for (uint64_t i = 0; i < INCIDENTS_MAX; i++)
                set(100 + i, HINT_LOW, 0);
        ck_assert_int_eq(take(0), HINT_LOW);
        for (uint64_t i = 0; i < INCIDENTS_MAX; i++)
                set(100 + i, HINT_NONE, 1);
        ck_assert_uint_eq(hint_pace_next(&pace), USEC_UNSET);
}
END_TEST

HARNESS_MAIN("hint-pace", nobody_is_woken_without_an_incident, rise_is_told_at_once_each_time,
        level_that_stays_is_told_again_after_a_second_and_not_before,
        longer_it_stays_the_more_rarely_it_is_told,
        late_call_tells_once_and_not_all_that_was_missed, fall_is_quiet_and_the_lower_level_goes_on,
        highest_of_all_incidents_counts_whatever_their_order,
        level_that_comes_back_within_the_hold_is_no_rise,
        level_that_comes_back_after_the_hold_is_a_rise,
        storm_of_incidents_wakes_sixteen_times_in_ten_seconds_at_most,
        more_incidents_than_places_cost_the_oldest_ones)
