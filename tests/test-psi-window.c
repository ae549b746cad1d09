/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/psi-window.h"

#include "tests/core-world.h"

typedef struct Pressure {
        PsiWindows w;
        SystemRaw raw;
} Pressure;

static Pressure *pressure_new(void) {
        Pressure *p = calloc(1, sizeof(*p));

        ck_assert_ptr_nonnull(p);
        psi_windows_init(&p->w);
        p->raw.at_usec = SEC(100);
        p->raw.have = source_bit(SOURCE_PSI_MEMORY) | source_bit(SOURCE_PSI_IO) |
                source_bit(SOURCE_PSI_CPU);
        for (int r = 0; r < _PSI_RESOURCE_MAX; r++)
                p->raw.psi[r].has_full = true;
        return p;
}

/* One more point, the counters of memory having grown by so much. */
static void step(Pressure *p, usec_t later, usec_t some, usec_t full) {
        p->raw.at_usec += later;
        p->raw.psi[PSI_MEMORY].total_usec[PSI_SOME] += some;
        p->raw.psi[PSI_MEMORY].total_usec[PSI_FULL] += full;
        psi_windows_add(&p->w, p->raw.at_usec, (p->raw.have & ~p->raw.suspect) >> SOURCE_PSI_MEMORY,
                p->raw.psi);
}

static void steps(Pressure *p, int n, usec_t later, usec_t some, usec_t full) {
        for (int i = 0; i < n; i++)
                step(p, later, some, full);
}

static Reading some(const Pressure *p, PsiWindow window) {
        return psi_windows_read(&p->w, PSI_MEMORY, PSI_SOME, window);
}

START_TEST(a_window_is_unknown_until_it_is_full) {
        Pressure *p = pressure_new();

        step(p, 0, 0, 0);
        steps(p, 9, MSEC(100), MSEC(50), 0);
        ck_assert(!some(p, PSI_1S).known);
        step(p, MSEC(100), MSEC(50), 0);
        ck_assert(some(p, PSI_1S).known);
        ck_assert_int_eq(some(p, PSI_1S).value, 5000);
        ck_assert_uint_eq(some(p, PSI_1S).since_usec, SEC(100));
        ck_assert(!some(p, PSI_3S).known);
        free(p);
}
END_TEST

START_TEST(each_window_sees_its_own_stretch) {
        Pressure *p = pressure_new();

        step(p, 0, 0, 0);
        steps(p, 90, MSEC(100), 0, 0);
        steps(p, 10, MSEC(100), MSEC(100), MSEC(40));
        ck_assert_int_eq(some(p, PSI_1S).value, 10000);
        ck_assert_int_eq(some(p, PSI_3S).value, 3333);
        ck_assert_int_eq(some(p, PSI_10S).value, 1000);
        ck_assert_int_eq(psi_windows_read(&p->w, PSI_MEMORY, PSI_FULL, PSI_1S).value, 4000);
        ck_assert_int_eq(psi_windows_read(&p->w, PSI_IO, PSI_SOME, PSI_1S).value, 0);
        free(p);
}
END_TEST

START_TEST(points_lie_50_ms_apart_at_least) {
        Pressure *p = pressure_new();

        step(p, 0, 0, 0);
        steps(p, 4, MSEC(10), MSEC(10), 0);
        ck_assert_uint_eq(p->w.n, 1);
        step(p, MSEC(10), MSEC(10), 0);
        ck_assert_uint_eq(p->w.n, 2);
        free(p);
}
END_TEST

START_TEST(sparse_points_make_a_longer_window_but_no_endless_one) {
        Pressure *p = pressure_new();

        step(p, 0, 0, 0);
        step(p, SEC(5), SEC(1), 0);
        ck_assert_int_eq(some(p, PSI_1S).value, 2000);
        ck_assert_uint_eq(some(p, PSI_1S).since_usec, SEC(100));
        step(p, SEC(30), SEC(1), 0);
        ck_assert(!some(p, PSI_1S).known);
        free(p);
}
END_TEST

START_TEST(the_ring_may_go_round) {
        Pressure *p = pressure_new();

        steps(p, 3 * PSI_POINTS_MAX, MSEC(50), MSEC(5), 0);
        ck_assert_int_eq(some(p, PSI_10S).value, 1000);
        free(p);
}
END_TEST

static const struct {
        const char *name;
        usec_t some, full; /* added to the counters in one step of 100 ms */
        bool backwards;
        bool believed;
} lies[] = {
        { "as fast as the clock", MSEC(100), MSEC(100), false, true },
        { "a little booked late", MSEC(140), 0, false, true },
        { "faster than the clock", SEC(4), 0, false, false },
        { "the jump by 2^32 ns", 4294967, 0, false, false },
        { "full without some", 0, MSEC(500), false, false },
        { "backwards", SEC(1), 0, true, false },
};

START_TEST(a_counter_that_lies_is_unknown_until_a_fresh_window_is_full) {
        Pressure *p = pressure_new();

        p->raw.psi[PSI_MEMORY].total_usec[PSI_SOME] = SEC(50);
        step(p, 0, 0, 0);
        steps(p, 20, MSEC(100), MSEC(10), 0);
        ck_assert(some(p, PSI_1S).known);

        step(p, MSEC(100), lies[_i].backwards ? 0 - lies[_i].some : lies[_i].some, lies[_i].full);
        ck_assert_msg(some(p, PSI_1S).known == lies[_i].believed, "%s", lies[_i].name);
        ck_assert(psi_windows_read(&p->w, PSI_IO, PSI_SOME, PSI_1S)
                          .known); /* the others are not in doubt */

        steps(p, 10, MSEC(100), MSEC(10), 0);
        ck_assert_msg(some(p, PSI_1S).known, "%s", lies[_i].name);
        if (!lies[_i].believed)
                ck_assert_int_eq(some(p, PSI_1S).value, 1000);
        free(p);
}
END_TEST

START_TEST(a_window_never_shows_more_than_all_of_the_time) {
        Pressure *p = pressure_new();

        step(p, 0, 0, 0);
        steps(p, 11, MSEC(100), MSEC(110), 0);
        ck_assert_int_eq(some(p, PSI_1S).value, 10000);
        free(p);
}
END_TEST

START_TEST(a_missing_or_suspect_source_is_unknown) {
        Pressure *p = pressure_new();

        step(p, 0, 0, 0);
        steps(p, 20, MSEC(100), MSEC(10), 0);
        p->raw.have = source_bit(SOURCE_PSI_IO);
        step(p, MSEC(100), 0, 0);
        ck_assert(!some(p, PSI_1S).known);
        ck_assert(!psi_windows_is_sane(&p->w, PSI_MEMORY));

        p->raw.have |= source_bit(SOURCE_PSI_MEMORY);
        step(p, MSEC(100), MSEC(10), 0);
        ck_assert(!some(p, PSI_1S).known);
        steps(p, 10, MSEC(100), MSEC(10), 0);
        ck_assert(some(p, PSI_1S).known);

        p->raw.suspect = source_bit(SOURCE_PSI_MEMORY);
        step(p, MSEC(100), 0, 0);
        ck_assert(!some(p, PSI_1S).known);
        free(p);
}
END_TEST

START_TEST(some_without_any_full_for_a_minute_is_a_kernel_that_lost_count) {
        Pressure *p = pressure_new();

        step(p, 0, 0, 0);
        steps(p, 550, MSEC(100), MSEC(79), 0);
        ck_assert(some(p, PSI_1S).known);
        steps(p, 60, MSEC(100), MSEC(79), 0);
        ck_assert(!some(p, PSI_1S).known);
        ck_assert(!psi_windows_is_sane(&p->w, PSI_MEMORY));
        ck_assert(psi_windows_is_sane(&p->w, PSI_IO));

        steps(p, 30, MSEC(100), MSEC(79), MSEC(20)); /* it counts again */
        ck_assert(some(p, PSI_1S).known);
        free(p);
}
END_TEST

START_TEST(some_with_a_little_full_is_honest) {
        Pressure *p = pressure_new();

        step(p, 0, 0, 0);
        steps(p, 900, MSEC(100), MSEC(79), 500);
        ck_assert(some(p, PSI_1S).known);
        free(p);
}
END_TEST

int main(void) {
        Suite *s = suite_create("psi-window");
        TCase *tc = tcase_create("psi-window");

        tcase_add_test(tc, a_window_is_unknown_until_it_is_full);
        tcase_add_test(tc, each_window_sees_its_own_stretch);
        tcase_add_test(tc, points_lie_50_ms_apart_at_least);
        tcase_add_test(tc, sparse_points_make_a_longer_window_but_no_endless_one);
        tcase_add_test(tc, the_ring_may_go_round);
        tcase_add_loop_test(tc, a_counter_that_lies_is_unknown_until_a_fresh_window_is_full, 0,
                (int) (sizeof(lies) / sizeof(lies[0])));
        tcase_add_test(tc, a_window_never_shows_more_than_all_of_the_time);
        tcase_add_test(tc, a_missing_or_suspect_source_is_unknown);
        tcase_add_test(tc, some_without_any_full_for_a_minute_is_a_kernel_that_lost_count);
        tcase_add_test(tc, some_with_a_little_full_is_honest);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
