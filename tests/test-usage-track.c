/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/usage-track.h"

#include "core/user-sum.h"
#include "tests/core-world.h"

#define MIN_ USEC_PER_MIN

static uint64_t baseline(const UsageTrack *t) {
        uint64_t bytes = 0;

        ck_assert(usage_track_baseline(t, &bytes));
        return bytes;
}

START_TEST(it_is_small) {
        ck_assert_uint_le(sizeof(UsageTrack), 120);
}
END_TEST

START_TEST(the_baseline_is_the_minimum_of_the_last_hour) {
        UsageTrack t;
        usec_t at = SEC(1000);

        usage_track_begin(&t, 1, at, false);
        usage_track_add(&t, at, MIB(100));
        ck_assert_uint_eq(baseline(&t), MIB(100));
        usage_track_add(&t, at + MIN_, MIB(300));
        ck_assert_uint_eq(baseline(&t), MIB(100));
        usage_track_add(&t, at + 2 * MIN_, MIB(50));
        ck_assert_uint_eq(baseline(&t), MIB(50));

        for (int m = 3; m <= 50; m++)
                usage_track_add(&t, at + (usec_t) m * MIN_, MIB(300));
        ck_assert_uint_eq(baseline(&t), MIB(50));
        for (int m = 51; m <= 70; m++)
                usage_track_add(&t, at + (usec_t) m * MIN_, MIB(300));
        ck_assert_uint_eq(baseline(&t), MIB(300)); /* the low hour is over */
}
END_TEST

START_TEST(what_was_born_while_we_watched_counts_in_full_for_an_hour) {
        UsageTrack t;
        usec_t at = SEC(1000);

        usage_track_begin(&t, 1, at, true);
        usage_track_add(&t, at, MIB(500));
        ck_assert_uint_eq(baseline(&t), 0);
        ck_assert(usage_track_is_ripe(&t, at));
        for (int m = 1; m <= 70; m++)
                usage_track_add(&t, at + (usec_t) m * MIN_, MIB(500));
        ck_assert_uint_eq(baseline(&t), MIB(500));
}
END_TEST

START_TEST(what_was_there_before_us_is_ripe_after_a_minute) {
        UsageTrack t;

        usage_track_begin(&t, 1, SEC(1000), false);
        usage_track_add(&t, SEC(1000), MIB(500));
        ck_assert(!usage_track_is_ripe(&t, SEC(1059)));
        ck_assert(usage_track_is_ripe(&t, SEC(1060)));
}
END_TEST

START_TEST(blocks_that_were_not_looked_at_do_not_count) {
        UsageTrack t;
        uint64_t bytes = 7;

        usage_track_begin(&t, 1, SEC(1000), false);
        ck_assert(!usage_track_baseline(&t, &bytes));
        ck_assert_uint_eq(bytes, 7);
        usage_track_add(&t, SEC(1000), MIB(10));
        usage_track_add(&t, SEC(1000) + 40 * MIN_, MIB(500));
        ck_assert_uint_eq(baseline(&t), MIB(10));
        usage_track_add(&t, SEC(1000) + 200 * MIN_, MIB(500)); /* all blocks are old now */
        ck_assert_uint_eq(baseline(&t), MIB(500));
}
END_TEST

START_TEST(a_reading_from_before_changes_nothing) {
        UsageTrack t;

        usage_track_begin(&t, 1, SEC(1000), false);
        usage_track_add(&t, SEC(1000), MIB(100));
        usage_track_add(&t, SEC(500), MIB(1));
        ck_assert_uint_eq(baseline(&t), MIB(100));
}
END_TEST

static const struct {
        const char *name;
        usec_t spacing;
        int n;
        bool known;
} growth_rows[] = {
        { "one reading", MSEC(500), 1, false },
        { "two readings", MSEC(500), 2, false },
        { "three readings half a second apart", MSEC(500), 3, true },
        { "one a second", SEC(1), 12, true },
        { "twenty a second", MSEC(50), 240, true },
        { "every ten seconds", SEC(10), 5, true },
        { "every half a minute is too seldom", SEC(30), 10, false },
};

START_TEST(growth_is_a_slope_over_ten_seconds) {
        UsageTrack t;

        usage_track_begin(&t, 1, SEC(1000), false);
        for (int i = 0; i < growth_rows[_i].n; i++) {
                usec_t later = (usec_t) i * growth_rows[_i].spacing;

                usage_track_add(&t, SEC(1000) + later, MIB(100) + MIB(20) * later / USEC_PER_SEC);
        }
        ck_assert_msg(t.growth_known == growth_rows[_i].known, "%s", growth_rows[_i].name);
        if (t.growth_known)
                ck_assert_msg(labs((long) t.growth_kib - 20 * 1024) < 20, "%s: %d",
                        growth_rows[_i].name, t.growth_kib);
}
END_TEST

START_TEST(shrinking_is_negative_growth) {
        UsageTrack t;

        usage_track_begin(&t, 1, SEC(1000), false);
        for (int i = 0; i < 10; i++)
                usage_track_add(&t, SEC(1000 + i), MIB(1000) - MIB(10) * (uint64_t) i);
        ck_assert_int_eq(t.growth_kib, -10 * 1024);
        usage_track_forget_growth(&t);
        ck_assert(!t.growth_known);
        ck_assert_uint_le(baseline(&t), MIB(1000)); /* the hour is not forgotten */
}
END_TEST

START_TEST(more_than_four_tebibytes_are_capped) {
        UsageTrack t;

        usage_track_begin(&t, 1, SEC(1000), false);
        usage_track_add(&t, SEC(1000), UINT64_MAX);
        ck_assert_uint_eq(baseline(&t), (uint64_t) (UINT32_MAX - 1) * 1024);
}
END_TEST

START_TEST(users_are_summed_in_order_and_shared_memory_once) {
        World *w = world_new();
        SharedMm seen;
        ProcSample *a = world_process(w, "a", MIB(10)), *b = world_process(w, "b", MIB(20));
        ProcSample *c = world_process(w, "c", MIB(5)), *d = world_process(w, "d", MIB(5));
        ProcSample *k = world_process(w, "kthread", MIB(1));

        world_facts(w, a)->uid = 1001;
        world_facts(w, b)->uid = 0;
        world_facts(w, c)->mm_group = world_facts(w, d)->mm_group = 77;
        world_facts(w, k)->kthread = true;
        a->swap = MIB(3);
        a->gained = MIB(2);
        a->growth_known = true;
        a->growth = 4096;
        user_sum(&w->s, &seen);

        ck_assert_uint_eq(w->s.n_users, 3);
        ck_assert_uint_eq(w->users[0].uid, 0);
        ck_assert_uint_eq(w->users[1].uid, 1000);
        ck_assert_uint_eq(w->users[2].uid, 1001);
        ck_assert_uint_eq(w->users[1].n_processes, 2);
        ck_assert_uint_eq(w->users[1].anon, MIB(5));
        ck_assert_uint_eq(w->users[2].anon + w->users[2].swap, MIB(13));
        ck_assert_uint_eq(w->users[2].gained, MIB(2));
        ck_assert_int_eq(w->users[2].growth, 4096);
        ck_assert_ptr_eq(user_sum_find(&w->s, 1001), &w->users[2]);
        ck_assert_ptr_null(user_sum_find(&w->s, 5));

        w->s.users_size = 2; /* no room for all */
        user_sum(&w->s, &seen);
        ck_assert_uint_eq(w->s.n_users, 2);
        world_free(w);
}
END_TEST

int main(void) {
        Suite *s = suite_create("usage-track");
        TCase *tc = tcase_create("usage-track");

        tcase_add_test(tc, it_is_small);
        tcase_add_test(tc, the_baseline_is_the_minimum_of_the_last_hour);
        tcase_add_test(tc, what_was_born_while_we_watched_counts_in_full_for_an_hour);
        tcase_add_test(tc, what_was_there_before_us_is_ripe_after_a_minute);
        tcase_add_test(tc, blocks_that_were_not_looked_at_do_not_count);
        tcase_add_test(tc, a_reading_from_before_changes_nothing);
        tcase_add_loop_test(tc, growth_is_a_slope_over_ten_seconds, 0,
                (int) (sizeof(growth_rows) / sizeof(growth_rows[0])));
        tcase_add_test(tc, shrinking_is_negative_growth);
        tcase_add_test(tc, more_than_four_tebibytes_are_capped);
        tcase_add_test(tc, users_are_summed_in_order_and_shared_memory_once);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
