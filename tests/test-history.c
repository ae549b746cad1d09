/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/core-world.h"

static const Reading *reading(const World *w, MetricId id) {
        return &w->s.system[id];
}

START_TEST(levels_are_known_at_once) {
        World *w = world_new();

        w->s.raw.slab = GIB(1);
        w->s.raw.shmem = MIB(300);
        w->s.raw.dirty = MIB(10);
        w->s.raw.writeback = MIB(5);
        w->s.raw.swap_total = GIB(4);
        w->s.raw.swap_free = GIB(1);
        w->s.raw.hugetlb = GIB(2);
        world_tick(w, 0);

        ck_assert_int_eq(reading(w, METRIC_MEM_TOTAL)->value, (int64_t) GIB(14));
        ck_assert_int_eq(reading(w, METRIC_MEM_AVAILABLE)->total, (int64_t) GIB(14));
        ck_assert_int_eq(reading(w, METRIC_MEM_AVAILABLE)->value, (int64_t) (GIB(8) - MIB(15)));
        ck_assert_uint_eq(reading(w, METRIC_MEM_AVAILABLE)->since_usec, w->now);
        ck_assert_uint_eq(w->s.corrected_dirty, MIB(15));
        ck_assert_int_eq(reading(w, METRIC_MEM_SLAB)->value, (int64_t) GIB(1));
        ck_assert_int_eq(reading(w, METRIC_MEM_SHMEM)->value, (int64_t) MIB(300));
        ck_assert_int_eq(reading(w, METRIC_MEM_DIRTY)->value, (int64_t) MIB(15));
        ck_assert_int_eq(reading(w, METRIC_SWAP_TOTAL)->value, (int64_t) GIB(4));
        ck_assert_int_eq(reading(w, METRIC_SWAP_USED)->value, (int64_t) GIB(3));
        ck_assert_int_eq(reading(w, METRIC_SWAP_FREE)->value, (int64_t) GIB(1));
        ck_assert_uint_eq(w->s.swap_free_effective, GIB(1));
        ck_assert(!reading(w, METRIC_FILL_RATE)->known);
        ck_assert(!reading(w, METRIC_MEM_EXHAUSTION)->known);
        ck_assert(!w->s.grace);
        world_free(w);
}
END_TEST

START_TEST(kills_by_the_kernel_are_counted_from_the_first_look) {
        static const struct {
                bool lost;
                uint64_t counter;
                int64_t expected; /* -1: unknown */
        } ticks[] = {
                { true, 0, -1 }, /* the scout has not read it yet */
                { false, 7, 0 }, /* from before our time */
                { false, 9, 2 }, { true, 0, -1 }, { false, 10, 3 },
                { false, 4, 0 }, /* of another machine, in a recording */
        };
        World *w = world_new();
        uint32_t have = w->s.raw.have;

        for (size_t i = 0; i < ELEMENTS(ticks); i++) {
                const Reading *r = reading(w, METRIC_OOM_KILLS);

                w->s.raw.have = have & ~(ticks[i].lost ? source_bit(SOURCE_VMSTAT) : 0);
                w->s.raw.oom_kills = ticks[i].counter;
                world_tick(w, MSEC(100));
                ck_assert_msg(r->known == (ticks[i].expected >= 0), "%zu", i);
                if (r->known)
                        ck_assert_msg(r->value == ticks[i].expected, "%zu: %ld", i, r->value);
        }
        world_free(w);
}
END_TEST

/* Which readings survive which loss. */
static const struct {
        const char *name;
        uint32_t lost, suspect;
        bool memory, swap, oom, pressure;
} source_rows[] = {
        { "all there", 0, 0, true, true, true, true },
        { "meminfo missing", 1 << SOURCE_MEMINFO, 0, false, false, true, true },
        { "meminfo suspect", 0, 1 << SOURCE_MEMINFO, false, false, true, true },
        { "swap repaired: memory stays", 0, 1 << SOURCE_SWAPS, true, false, true, true },
        { "vmstat missing", 1 << SOURCE_VMSTAT, 0, true, true, false, true },
        { "pressure missing", 1 << SOURCE_PSI_MEMORY, 0, true, true, true, false },
        { "pressure suspect", 0, 1 << SOURCE_PSI_MEMORY, true, true, true, false },
};

START_TEST(a_source_takes_only_its_own_readings_with_it) {
        World *w = world_new();

        w->s.raw.have &= ~source_rows[_i].lost;
        w->s.raw.suspect = source_rows[_i].suspect;
        for (int i = 0; i < 30; i++)
                world_tick(w, MSEC(100));
        ck_assert_msg(reading(w, METRIC_MEM_AVAILABLE)->known == source_rows[_i].memory, "%s",
                source_rows[_i].name);
        ck_assert_msg(reading(w, METRIC_SWAP_FREE)->known == source_rows[_i].swap, "%s",
                source_rows[_i].name);
        ck_assert_msg(reading(w, METRIC_FILL_RATE)->known ==
                        (source_rows[_i].memory && source_rows[_i].swap),
                "%s", source_rows[_i].name);
        ck_assert_msg(reading(w, METRIC_OOM_KILLS)->known == source_rows[_i].oom, "%s",
                source_rows[_i].name);
        ck_assert_msg(reading(w, METRIC_REFAULT_FILE)->known == source_rows[_i].oom, "%s",
                source_rows[_i].name);
        ck_assert_msg(reading(w, metric_psi(PSI_MEMORY, PSI_SOME, PSI_1S))->known ==
                        source_rows[_i].pressure,
                "%s", source_rows[_i].name);
        ck_assert_msg(reading(w, metric_psi(PSI_MEMORY, PSI_SOME, PSI_AVG10))->known ==
                        source_rows[_i].pressure,
                "%s", source_rows[_i].name);
        ck_assert(reading(w, metric_psi(PSI_IO, PSI_SOME, PSI_1S))->known);
        world_free(w);
}
END_TEST

START_TEST(all_of_memory_missing_is_no_reading) {
        World *w = world_new();

        w->s.raw.mem_total = w->s.raw.mem_available = w->s.raw.mem_free = 0;
        world_tick(w, 0);
        ck_assert(!reading(w, METRIC_MEM_AVAILABLE)->known);
        ck_assert(!reading(w, METRIC_SWAP_FREE)->known);
        world_free(w);
}
END_TEST

START_TEST(without_swap_it_is_nothing_and_known) {
        World *w = world_new();

        world_tick(w, 0);
        ck_assert(reading(w, METRIC_SWAP_FREE)->known);
        ck_assert_int_eq(reading(w, METRIC_SWAP_FREE)->value, 0);
        ck_assert_int_eq(reading(w, METRIC_SWAP_FREE)->total, 0);
        world_free(w);
}
END_TEST

START_TEST(kernel_averages_begin_as_long_ago_as_they_say) {
        World *w = world_new();

        w->s.raw.psi[PSI_MEMORY].avg_permyriad[PSI_FULL][1] = 1234;
        world_tick(w, 0);
        ck_assert_int_eq(reading(w, metric_psi(PSI_MEMORY, PSI_FULL, PSI_AVG60))->value, 1234);
        ck_assert_uint_eq(reading(w, metric_psi(PSI_MEMORY, PSI_FULL, PSI_AVG60))->since_usec,
                w->now - SEC(60));
        w->s.raw.psi[PSI_CPU].has_full = false;
        world_tick(w, SEC(1));
        ck_assert(!reading(w, metric_psi(PSI_CPU, PSI_FULL, PSI_AVG10))->known);
        ck_assert(reading(w, metric_psi(PSI_CPU, PSI_SOME, PSI_AVG10))->known);
        world_free(w);
}
END_TEST

START_TEST(cache_that_comes_straight_back_is_not_available) {
        World *w = world_new();

        world_tick(w, 0);
        ck_assert_uint_eq(w->s.corrected_file, 0);
        w->s.raw.restore_file += 100000;
        world_tick(w, SEC(1));
        ck_assert_uint_eq(w->s.corrected_file, UINT64_C(100000) * 4096);
        ck_assert_int_eq(reading(w, METRIC_MEM_AVAILABLE)->value,
                (int64_t) (GIB(8) - UINT64_C(100000) * 4096));
        for (int i = 0; i < 12; i++)
                world_tick(w, SEC(1));
        ck_assert_uint_eq(w->s.corrected_file, 0);
        world_free(w);
}
END_TEST

/* How the clocks may part, and what it means. */
static const struct {
        const char *name;
        usec_t monotonic, boottime, planned;
        bool grace;
} gaps[] = {
        { "an ordinary tick", SEC(1), SEC(1), SEC(1), false },
        { "suspended for eight hours", SEC(1), 8 * USEC_PER_HOUR, SEC(1), true },
        { "half a second asleep", SEC(1), SEC(1) + MSEC(500), SEC(1), false },
        { "a little more", SEC(1), SEC(1) + MSEC(501), SEC(1), true },
        { "boottime behind", SEC(2), SEC(1), SEC(1), true },
        { "a tick ten times late", SEC(10) + 10, SEC(10) + 10, SEC(1), true },
        { "a tick nine times late", SEC(9), SEC(9), SEC(1), false },
        { "ten times late, but short", SEC(1), SEC(1), MSEC(50), false },
        { "five seconds late", SEC(5), SEC(5), MSEC(50), true },
        { "late, but nothing was planned", SEC(60), SEC(60), 0, false },
};

START_TEST(a_gap_in_time_begins_a_grace) {
        World *w = world_new();
        const Reading *available = reading(w, METRIC_MEM_AVAILABLE);

        for (int i = 0; i < 100; i++)
                world_tick(w, MSEC(100));
        ck_assert(reading(w, METRIC_FILL_RATE)->known);

        w->now += gaps[_i].monotonic;
        w->s.raw.at_usec += gaps[_i].monotonic;
        w->s.raw.boottime_usec += gaps[_i].boottime;
        history_advance(w->history, &w->s, gaps[_i].planned);
        ck_assert_msg(w->s.grace == gaps[_i].grace, "%s", gaps[_i].name);
        ck_assert_msg(available->known, "%s: levels go on", gaps[_i].name);
        ck_assert_msg(
                !gaps[_i].grace || !reading(w, metric_psi(PSI_MEMORY, PSI_SOME, PSI_AVG10))->known,
                "%s", gaps[_i].name);
        world_free(w);
}
END_TEST

START_TEST(a_grace_ends_after_thirty_seconds_with_full_windows) {
        World *w = world_new();
        usec_t slept = USEC_PER_HOUR;

        for (int i = 0; i < 200; i++) {
                w->s.raw.at_usec = w->now += MSEC(100);
                w->s.raw.boottime_usec = w->now + (i >= 100 ? slept : 0);
                history_advance(w->history, &w->s, MSEC(100));
        }
        ck_assert(w->s.grace);
        ck_assert(!reading(w, METRIC_MEM_EXHAUSTION)->known);
        ck_assert(!reading(w, METRIC_REFAULT_FILE)->known);
        for (int i = 0; i < 201; i++) {
                w->s.raw.at_usec = w->s.raw.vmstat_at_usec = w->now += MSEC(100);
                w->s.raw.boottime_usec = w->now + slept;
                history_advance(w->history, &w->s, MSEC(100));
        }
        ck_assert(!w->s.grace);
        ck_assert(reading(w, METRIC_FILL_RATE)->known);
        ck_assert(reading(w, metric_psi(PSI_MEMORY, PSI_SOME, PSI_10S))->known);
        world_free(w);
}
END_TEST

START_TEST(growth_is_unknown_in_a_grace_and_gain_is_not) {
        World *w = world_new();
        ProcSample *p = world_process(w, "p", MIB(100));

        for (int i = 0; i < 100; i++) {
                process_set(p, p->anon + MIB(1));
                world_tick(w, MSEC(100));
        }
        ck_assert(p->growth_known);
        w->s.raw.at_usec = w->now += MSEC(100);
        w->s.raw.boottime_usec = w->now + SEC(100);
        p->at_usec = w->now;
        history_advance(w->history, &w->s, MSEC(100));
        ck_assert(!p->growth_known);
        ck_assert_uint_eq(p->gained, MIB(99));
        world_free(w);
}
END_TEST

START_TEST(the_same_moment_twice_is_one_sample) {
        World *w = world_new();
        ProcSample *p;
        Reading before, after;

        for (int i = 0; i < 20; i++) {
                w->s.raw.mem_available -= MIB(10);
                world_tick(w, MSEC(100));
        }
        before = *reading(w, METRIC_FILL_RATE);
        ck_assert_uint_eq(w->s.tick_usec, MSEC(100));

        p = world_process(w, "p", MIB(100)); /* now with the processes */
        p->at_usec = w->now;
        history_advance(w->history, &w->s, 0);
        after = *reading(w, METRIC_FILL_RATE);
        ck_assert(before.known && after.known);
        ck_assert_int_eq(after.value, before.value);
        ck_assert_int_eq(after.total, before.total);
        ck_assert_uint_eq(after.since_usec, before.since_usec);
        ck_assert_uint_eq(w->s.tick_usec, MSEC(100));
        ck_assert_uint_eq(p->freeable, MIB(100));
        ck_assert_uint_eq(w->s.n_users, 1);
        world_free(w);
}
END_TEST

START_TEST(a_process_that_a_sample_lacks_is_not_forgotten) {
        World *w = world_new();
        ProcSample *p = world_process(w, "p", MIB(100));

        world_tick(w, 0);
        w->s.n_procs = 0;
        for (int i = 0; i < 50; i++)
                world_tick(w, SEC(1));
        w->s.n_procs = 1;
        process_set(p, MIB(700));
        world_tick(w, SEC(1));
        ck_assert_uint_eq(p->gained, MIB(600));
        world_free(w);
}
END_TEST

START_TEST(a_new_process_in_an_old_slot_starts_afresh) {
        World *w = world_new();
        ProcSample *p = world_process(w, "p", MIB(100));
        UsagePast past;

        world_tick(w, 0);
        world_tick(w, SEC(1));
        ck_assert(history_past(w->history, p->slot, 1, &past));

        p->generation = 2;
        world_facts(w, p)->born_usec = w->now;
        process_set(p, MIB(900));
        world_tick(w, SEC(1));
        ck_assert_uint_eq(p->gained, MIB(900)); /* born while we watched */
        ck_assert(p->gained_known);
        ck_assert(!history_past(w->history, p->slot, 1, &past));
        ck_assert(!history_past(w->history, 99999, 1, &past));
        world_free(w);
}
END_TEST

START_TEST(what_was_there_before_us_has_gained_nothing_yet) {
        World *w = world_new();
        ProcSample *p = world_process(w, "p", GIB(4));

        world_tick(w, 0);
        ck_assert_uint_eq(p->gained, 0);
        ck_assert(!p->gained_known);
        for (int i = 0; i < 60; i++)
                world_tick(w, SEC(1));
        ck_assert(p->gained_known);
        ck_assert_uint_eq(p->gained, 0);
        world_free(w);
}
END_TEST

START_TEST(a_dead_leader_is_sized_by_its_oom_score) {
        World *w = world_new();
        ProcSample *p = world_process(w, "p", GIB(2));

        world_tick(w, 0);
        process_set(p, 0);
        p->state = 'Z';
        p->zombie_leader = true;
        p->oom_score = 1000;
        world_tick(w, SEC(1));
        ck_assert_uint_eq(p->freeable, GIB(8));
        ck_assert_uint_eq(p->gained, GIB(6));
        world_free(w);
}
END_TEST

START_TEST(page_tables_and_swap_are_freed_too) {
        World *w = world_new();
        ProcSample *p = world_process(w, "p", MIB(100));

        p->swap = MIB(50);
        p->page_tables = MIB(2);
        w->s.raw.swap_total = GIB(1);
        w->s.raw.swap_free = MIB(512);
        world_tick(w, 0);
        ck_assert_uint_eq(p->freeable, MIB(152));
        world_free(w);
}
END_TEST

START_TEST(a_slot_beyond_the_history_is_counted_without_one) {
        World *w = world_new();
        ProcSample *p = world_process(w, "p", MIB(100));

        p->slot = 1000000;
        world_tick(w, 0);
        ck_assert(!p->gained_known);
        ck_assert_uint_eq(p->freeable, MIB(100));
        world_free(w);
}
END_TEST

int main(void) {
        Suite *s = suite_create("history");
        TCase *tc = tcase_create("history");

        tcase_add_test(tc, levels_are_known_at_once);
        tcase_add_test(tc, kills_by_the_kernel_are_counted_from_the_first_look);
        tcase_add_loop_test(tc, a_source_takes_only_its_own_readings_with_it, 0,
                (int) (sizeof(source_rows) / sizeof(source_rows[0])));
        tcase_add_test(tc, all_of_memory_missing_is_no_reading);
        tcase_add_test(tc, without_swap_it_is_nothing_and_known);
        tcase_add_test(tc, kernel_averages_begin_as_long_ago_as_they_say);
        tcase_add_test(tc, cache_that_comes_straight_back_is_not_available);
        tcase_add_loop_test(
                tc, a_gap_in_time_begins_a_grace, 0, (int) (sizeof(gaps) / sizeof(gaps[0])));
        tcase_add_test(tc, a_grace_ends_after_thirty_seconds_with_full_windows);
        tcase_add_test(tc, growth_is_unknown_in_a_grace_and_gain_is_not);
        tcase_add_test(tc, the_same_moment_twice_is_one_sample);
        tcase_add_test(tc, a_process_that_a_sample_lacks_is_not_forgotten);
        tcase_add_test(tc, a_new_process_in_an_old_slot_starts_afresh);
        tcase_add_test(tc, what_was_there_before_us_has_gained_nothing_yet);
        tcase_add_test(tc, a_dead_leader_is_sized_by_its_oom_score);
        tcase_add_test(tc, page_tables_and_swap_are_freed_too);
        tcase_add_test(tc, a_slot_beyond_the_history_is_counted_without_one);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
