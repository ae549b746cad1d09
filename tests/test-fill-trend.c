/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fill-trend.h"

#include "tests/core-world.h"

typedef struct Tank {
        FillTrend trend;
        SystemRaw raw;
        uint64_t left;
} Tank;

static Tank *tank_new(void) {
        Tank *t = calloc(1, sizeof(*t));

        ck_assert_ptr_nonnull(t);
        t->raw = (SystemRaw){ .at_usec = SEC(100), .mem_total = GIB(16) };
        t->left = GIB(8);
        fill_trend_add(&t->trend, &t->raw, t->left);
        return t;
}

static void take(Tank *t, usec_t later, int64_t bytes) {
        t->raw.at_usec += later;
        t->left -= (uint64_t) bytes;
        fill_trend_add(&t->trend, &t->raw, t->left);
}

static int64_t rate(const Tank *t) {
        Reading r = fill_trend_rate(&t->trend);

        ck_assert(r.known);
        return r.value;
}

static int64_t exhaustion(const Tank *t) {
        Reading r = fill_trend_exhaustion(&t->trend);

        ck_assert(r.known);
        return r.value;
}

START_TEST(three_samples_make_a_rate) {
        Tank *t = tank_new();

        ck_assert(!fill_trend_rate(&t->trend).known);
        ck_assert(!fill_trend_exhaustion(&t->trend).known);
        take(t, MSEC(50), (int64_t) MIB(5));
        ck_assert(!fill_trend_rate(&t->trend).known);
        take(t, MSEC(50), (int64_t) MIB(5));
        ck_assert_int_eq(rate(t), (int64_t) MIB(100));
        ck_assert_int_eq(exhaustion(t), INT64_MAX); /* two of them rose */
        take(t, MSEC(50), (int64_t) MIB(5));
        ck_assert_int_eq(exhaustion(t), (int64_t) (t->left * USEC_PER_SEC / MIB(100)));
        free(t);
}
END_TEST

START_TEST(what_is_released_is_a_negative_rate_and_never_ends) {
        Tank *t = tank_new();

        for (int i = 0; i < 5; i++)
                take(t, MSEC(50), -(int64_t) MIB(5));
        ck_assert_int_eq(rate(t), -(int64_t) MIB(100));
        ck_assert_int_eq(exhaustion(t), INT64_MAX);
        free(t);
}
END_TEST

START_TEST(a_fast_hog_after_a_calm_while_shows_within_three_samples) {
        Tank *t = tank_new();

        for (int i = 0; i < 5; i++)
                take(t, SEC(5), 0);
        take(t, MSEC(50), (int64_t) MIB(50));
        take(t, MSEC(50), (int64_t) MIB(50));
        take(t, MSEC(50), (int64_t) MIB(50));
        ck_assert_int_ge(rate(t), (int64_t) MIB(500));
        ck_assert_int_lt(exhaustion(t), (int64_t) SEC(17));
        free(t);
}
END_TEST

START_TEST(one_release_in_between_starts_the_count_again) {
        Tank *t = tank_new();

        for (int i = 0; i < 4; i++)
                take(t, MSEC(50), (int64_t) MIB(50));
        ck_assert_int_lt(exhaustion(t), INT64_MAX);
        take(t, MSEC(50), -(int64_t) MIB(20));
        ck_assert_int_eq(exhaustion(t), INT64_MAX);
        take(t, MSEC(50), (int64_t) MIB(50));
        take(t, MSEC(50), (int64_t) MIB(50));
        ck_assert_int_eq(exhaustion(t), INT64_MAX);
        take(t, MSEC(50), (int64_t) MIB(50));
        ck_assert_int_lt(exhaustion(t), INT64_MAX);
        free(t);
}
END_TEST

START_TEST(noise_neither_counts_nor_starts_again) {
        Tank *t = tank_new();

        for (int i = 0; i < 4; i++) {
                take(t, MSEC(50), (int64_t) MIB(50));
                take(t, MSEC(50), -(int64_t) MIB(1));
        }
        ck_assert_int_lt(exhaustion(t), INT64_MAX);
        free(t);
}
END_TEST

START_TEST(swap_that_goes_away_is_no_consumption) {
        Tank *t = tank_new();

        t->raw.swap_total = GIB(4);
        for (int i = 0; i < 10; i++)
                take(t, MSEC(100), (int64_t) MIB(1));
        ck_assert_int_eq(rate(t), (int64_t) MIB(10));
        t->raw.swap_total = 0; /* swapoff: four gigabytes less at once */
        take(t, MSEC(100), (int64_t) GIB(4));
        ck_assert(!fill_trend_rate(&t->trend).known);
        for (int i = 0; i < 3; i++)
                take(t, MSEC(100), (int64_t) MIB(1));
        ck_assert_int_eq(rate(t), (int64_t) MIB(10));
        free(t);
}
END_TEST

START_TEST(memory_that_goes_away_is_no_consumption) {
        Tank *t = tank_new();

        for (int i = 0; i < 10; i++)
                take(t, MSEC(100), (int64_t) MIB(1));
        t->raw.mem_total = GIB(12); /* a balloon */
        take(t, MSEC(100), (int64_t) GIB(4));
        ck_assert(!fill_trend_rate(&t->trend).known);
        free(t);
}
END_TEST

START_TEST(after_a_large_release_only_what_follows_counts) {
        Tank *t = tank_new();

        for (int i = 0; i < 20; i++)
                take(t, MSEC(50), (int64_t) MIB(50));
        take(t, MSEC(50), -(int64_t) GIB(1)); /* a victim ended */
        ck_assert(!fill_trend_rate(&t->trend).known);
        take(t, MSEC(50), (int64_t) MIB(1));
        take(t, MSEC(50), (int64_t) MIB(1));
        ck_assert_int_eq(rate(t), (int64_t) MIB(20));
        free(t);
}
END_TEST

START_TEST(one_sudden_piece_among_many_samples_is_no_rate) {
        Tank *t = tank_new();

        for (int i = 0; i < 15; i++)
                take(t, MSEC(100), 0);
        take(t, MSEC(100), (int64_t) GIB(1));
        for (int i = 0; i < 3; i++)
                take(t, MSEC(100), 0);
        ck_assert_int_eq(exhaustion(t), INT64_MAX);
        free(t);
}
END_TEST

START_TEST(sparse_samples_give_the_rate_of_the_last_three) {
        Tank *t = tank_new();

        for (int i = 0; i < 4; i++)
                take(t, SEC(5), (int64_t) MIB(50));
        ck_assert_int_eq(rate(t), (int64_t) MIB(10));
        ck_assert_uint_eq(fill_trend_rate(&t->trend).since_usec, t->raw.at_usec - SEC(10));
        free(t);
}
END_TEST

START_TEST(samples_too_close_together_are_one) {
        Tank *t = tank_new();

        for (int i = 0; i < 10; i++)
                take(t, MSEC(1), (int64_t) MIB(1));
        ck_assert(!fill_trend_rate(&t->trend).known);
        free(t);
}
END_TEST

START_TEST(nothing_left_is_now) {
        Tank *t = tank_new();

        t->left = MIB(20);
        fill_trend_reset(&t->trend);
        for (int i = 0; i < 5; i++)
                take(t, MSEC(50), (int64_t) MIB(4));
        ck_assert_uint_eq(t->left, 0);
        ck_assert_int_eq(exhaustion(t), 0);
        free(t);
}
END_TEST

HARNESS_MAIN("fill-trend", three_samples_make_a_rate,
        what_is_released_is_a_negative_rate_and_never_ends,
        a_fast_hog_after_a_calm_while_shows_within_three_samples,
        one_release_in_between_starts_the_count_again, noise_neither_counts_nor_starts_again,
        swap_that_goes_away_is_no_consumption, memory_that_goes_away_is_no_consumption,
        after_a_large_release_only_what_follows_counts,
        one_sudden_piece_among_many_samples_is_no_rate,
        sparse_samples_give_the_rate_of_the_last_three, samples_too_close_together_are_one,
        nothing_left_is_now)
