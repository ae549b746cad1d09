/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-track.h"

#include "core/group-history.h"
#include "tests/core-world.h"

/* One cgroup, read every `later`, its counters and amounts set between the readings. */
static void step(World *w, usec_t later) {
        world_tick(w, later);
}

START_TEST(it_is_small) {
        ck_assert_uint_le(sizeof(GroupTrack), 576);
}
END_TEST

/* ---- what cannot be reclaimed */

typedef struct UnreclaimableRow {
        const char *name;
        uint64_t current, anon, active, inactive, dirty, writeback, slab, expected;
} UnreclaimableRow;

static const UnreclaimableRow unreclaimable_rows[] = {
        { "all of it is anonymous", MIB(100), MIB(100), 0, 0, 0, 0, 0, MIB(100) },
        { "a warm cache does not count", MIB(900), MIB(100), MIB(300), MIB(500), 0, 0, 0,
                MIB(100) },
        { "dirty pages and those under way count", MIB(900), MIB(100), MIB(300), MIB(500), MIB(50),
                MIB(30), 0, MIB(180) },
        { "reclaimable slab does not count", MIB(300), MIB(100), 0, 0, 0, 0, MIB(150), MIB(150) },
        { "never below its anonymous memory", MIB(300), MIB(250), MIB(100), MIB(100), 0, 0, 0,
                MIB(250) },
        { "never above what is charged now", MIB(50), MIB(250), 0, 0, 0, 0, 0, MIB(50) },
        { "more dirty pages than there are", MIB(300), MIB(100), MIB(10), 0, MIB(99), 0, 0,
                MIB(300) },
        { "numbers without sense", UINT64_MAX, 1, UINT64_MAX, UINT64_MAX, 0, 0, UINT64_MAX, 1 },
};

START_TEST(what_cannot_be_reclaimed_is_known_from_memory_stat) {
        const UnreclaimableRow *row = &unreclaimable_rows[_i];
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", row->anon);

        g->current = row->current;
        g->active_file = row->active;
        g->inactive_file = row->inactive;
        g->dirty = row->dirty;
        g->writeback = row->writeback;
        g->slab_reclaimable = row->slab;
        step(w, MSEC(100));
        ck_assert(g->unreclaimable_known);
        ck_assert_msg(g->unreclaimable == row->expected, "%s: %llu", row->name,
                (unsigned long long) g->unreclaimable);
        world_free(w);
}
END_TEST

START_TEST(without_memory_stat_it_is_unknown) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100)), *off = world_group(w, "/b", MIB(100));

        g->stat_at_usec = USEC_UNSET;
        off->has_memory = false;
        step(w, MSEC(100));
        ck_assert(!g->unreclaimable_known && !g->gained_known && !g->growth_known);
        ck_assert(!off->unreclaimable_known && !off->gained_known);
        world_free(w);
}
END_TEST

/* Later by so much, with no new memory.stat. */
static void read_current(World *w, GroupSample *g, usec_t later, uint64_t current) {
        g->current = current;
        g->at_usec = w->s.raw.at_usec = w->s.raw.boottime_usec = w->now += later;
        history_advance(w->history, &w->s, 0);
}

START_TEST(memory_stat_stands_for_what_hardly_changes) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(800));

        step(w, MSEC(100));
        read_current(w, g, SEC(3), MIB(1600));
        ck_assert(g->unreclaimable_known); /* it is of now */
        read_current(w, g, SEC(1), MIB(1600));
        ck_assert(!g->unreclaimable_known); /* what came may be page cache */
        read_current(w, g, SEC(1), MIB(890));
        ck_assert(g->unreclaimable_known);
        read_current(w, g, SEC(1), MIB(690));
        ck_assert(!g->unreclaimable_known);
        read_current(w, g, SEC(7), MIB(800));
        ck_assert(!g->unreclaimable_known); /* nobody looked for too long */
        world_free(w);
}
END_TEST

/* ---- gained and growth */

START_TEST(gained_is_anon_and_swap_beyond_the_minimum) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));

        step(w, SEC(1));
        ck_assert(!g->gained_known); /* it was there before us */
        step(w, SEC(61));
        ck_assert(g->gained_known);
        ck_assert_uint_eq(g->gained, 0);
        group_set(g, MIB(300), GIB(2));
        g->swap = MIB(50);
        step(w, SEC(1));
        ck_assert_uint_eq(g->gained, MIB(250)); /* the cache is no gain */
        world_free(w);
}
END_TEST

START_TEST(what_was_made_while_we_watched_counts_in_full) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(700));

        world_group_facts(w, g)->born_watched = true;
        step(w, SEC(1));
        ck_assert(g->gained_known);
        ck_assert_uint_eq(g->gained, MIB(700));
        world_free(w);
}
END_TEST

START_TEST(growth_is_that_of_what_cannot_be_reclaimed) {
        World *w = world_new();
        GroupSample *leak = world_group(w, "/leak", MIB(100));
        GroupSample *cache = world_group(w, "/cache", MIB(100));

        for (int i = 1; i <= 10; i++) {
                group_set(leak, MIB(100 + 10 * (uint64_t) i), 0);
                group_set(cache, MIB(100), MIB(100 * (uint64_t) i));
                step(w, SEC(1));
        }
        ck_assert(leak->growth_known);
        ck_assert_int_eq(leak->growth, (int64_t) MIB(10));
        ck_assert_uint_eq(leak->pace, MIB(10));
        ck_assert(cache->growth_known && cache->pace == 0);
        ck_assert_int_eq(cache->growth, 0);
        world_free(w);
}
END_TEST

START_TEST(what_is_charged_between_two_memory_stats_is_no_growth) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));
        usec_t stat;

        for (int i = 0; i < 4; i++)
                step(w, SEC(1));
        stat = g->stat_at_usec;
        for (int i = 0; i < 4; i++) {
                g->current += MIB(200);
                g->at_usec = w->s.raw.at_usec = w->s.raw.boottime_usec = w->now += SEC(1);
                g->stat_at_usec = stat;
                history_advance(w->history, &w->s, 0);
        }
        ck_assert(g->growth_known);
        ck_assert_int_eq(g->growth, 0);
        world_free(w);
}
END_TEST

typedef struct PaceRow {
        const char *name;
        uint64_t sizes[3];
        uint64_t expected;
} PaceRow;

static const PaceRow pace_rows[] = {
        { "a steady leak", { 100, 150, 200 }, 100 },
        { "one that slows down", { 100, 200, 220 }, 40 },
        { "one jump", { 100, 100, 500 }, 0 },
        { "one that shrinks in between", { 100, 90, 500 }, 0 },
        { "one that stands still", { 100, 100, 100 }, 0 },
};

START_TEST(the_pace_is_that_of_the_slower_step) {
        const PaceRow *row = &pace_rows[_i];
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", 0);
        usec_t begin = 0;

        for (int i = 0; i < 3; i++) {
                ck_assert(g->pace_usec == (i == 0 ? 0 : USEC_UNSET));
                group_set(g, MIB(row->sizes[i]), 0);
                step(w, MSEC(500));
                begin = i == 0 ? w->now : begin;
        }
        ck_assert_uint_eq(g->pace_usec, begin);
        ck_assert_msg(
                g->pace == MIB(row->expected), "%s: %llu", row->name, (unsigned long long) g->pace);
        world_free(w);
}
END_TEST

START_TEST(a_leak_after_a_long_calm_is_seen_with_its_second_step) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));

        for (int i = 0; i < 60; i++)
                step(w, SEC(1));
        for (int i = 1; i <= 2; i++) {
                group_set(g, MIB(100 + 50 * (uint64_t) i), 0);
                step(w, MSEC(500));
        }
        ck_assert_uint_eq(g->pace, MIB(100)); /* the slope over 10 s still says nothing */
        ck_assert_int_lt(g->growth, (int64_t) MIB(10));
        world_free(w);
}
END_TEST

START_TEST(a_pause_forgets_growth_and_rates_and_keeps_gains) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));

        for (int i = 1; i <= 70; i++) {
                group_set(g, MIB(100 + 10 * (uint64_t) i), 0);
                g->refault_file += 50;
                step(w, SEC(1));
        }
        ck_assert(g->growth_known && g->refaults[1].known && g->pace == MIB(10));
        w->s.raw.boottime_usec += SEC(3600); /* it slept */
        w->s.raw.at_usec = w->now += SEC(1);
        history_advance(w->history, &w->s, 0);
        ck_assert(w->s.grace);
        ck_assert(!g->growth_known && !g->refaults[1].known && g->pace_usec == USEC_UNSET);
        ck_assert(g->gained_known);
        ck_assert_uint_ge(g->gained, MIB(600));
        world_free(w);
}
END_TEST

START_TEST(a_slot_with_a_new_generation_begins_anew) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));

        for (int i = 0; i < 70; i++)
                step(w, SEC(1));
        g->events[GROUP_EVENT_MAX] = 9;
        step(w, SEC(1));
        ck_assert_uint_eq(g->recent[GROUP_EVENT_MAX], 9);
        g->generation++;
        group_set(g, MIB(900), 0);
        g->events[GROUP_EVENT_MAX] = 50;
        step(w, SEC(1));
        ck_assert_uint_eq(g->gained, 0);
        ck_assert(!g->growth_known);
        ck_assert_uint_eq(g->recent[GROUP_EVENT_MAX], 0);
        world_free(w);
}
END_TEST

/* ---- events */

START_TEST(events_of_the_last_ten_seconds_are_counted_once) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));

        g->events[GROUP_EVENT_OOM_KILL] = 7; /* before us */
        step(w, SEC(1));
        ck_assert_uint_eq(g->recent[GROUP_EVENT_OOM_KILL], 0);
        g->events[GROUP_EVENT_OOM_KILL] = 9;
        step(w, SEC(1));
        ck_assert_uint_eq(g->recent[GROUP_EVENT_OOM_KILL], 2);
        ck_assert_uint_eq(g->oom_kills, 2);
        ck_assert_uint_eq(g->oom_usec, w->now);
        history_advance(w->history, &w->s, 0); /* the same sample once more */
        ck_assert_uint_eq(g->recent[GROUP_EVENT_OOM_KILL], 2);
        ck_assert_uint_eq(g->oom_usec, w->now);
        for (int i = 0; i < 8; i++)
                step(w, SEC(1));
        ck_assert_uint_eq(g->recent[GROUP_EVENT_OOM_KILL], 2);
        ck_assert_uint_lt(g->oom_usec, w->now);
        for (int i = 0; i < 3; i++)
                step(w, SEC(1));
        ck_assert_uint_eq(g->recent[GROUP_EVENT_OOM_KILL], 0);
        world_free(w);
}
END_TEST

START_TEST(events_between_two_rare_readings_all_count) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));
        usec_t before;

        step(w, SEC(1));
        before = w->now;
        g->events[GROUP_EVENT_HIGH] = 1000000;
        step(w, SEC(30));
        ck_assert_uint_eq(g->recent[GROUP_EVENT_HIGH], UINT16_MAX);
        ck_assert_uint_eq(g->recent_usec, before); /* the window is as long as the gap */
        world_free(w);
}
END_TEST

START_TEST(a_cgroup_made_while_we_watched_counts_from_zero) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));

        world_group_facts(w, g)->born_watched = true;
        g->events[GROUP_EVENT_OOM_KILL] = 1;
        step(w, SEC(1));
        ck_assert_uint_eq(g->recent[GROUP_EVENT_OOM_KILL], 1);
        ck_assert_uint_eq(g->oom_kills, 1);
        world_free(w);
}
END_TEST

START_TEST(counters_that_run_backwards_begin_afresh) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));

        step(w, SEC(1));
        g->events[GROUP_EVENT_MAX] = 20;
        g->events[GROUP_EVENT_LOW] = 3;
        step(w, SEC(1));
        g->events[GROUP_EVENT_MAX] = 5;
        g->events[GROUP_EVENT_LOW] = 10;
        step(w, SEC(1));
        ck_assert_uint_eq(g->recent[GROUP_EVENT_MAX], 0);
        ck_assert_uint_eq(g->recent[GROUP_EVENT_LOW], 0);
        g->events[GROUP_EVENT_MAX] = 6;
        step(w, SEC(1));
        ck_assert_uint_eq(g->recent[GROUP_EVENT_MAX], 1);
        world_free(w);
}
END_TEST

/* ---- refaults */

START_TEST(refaults_are_a_rate_over_three_seconds) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));

        step(w, SEC(1));
        ck_assert(!g->refaults[0].known);
        for (int i = 0; i < 10; i++) {
                g->refault_anon += i < 5 ? 1000 : 300;
                g->refault_file += 10;
                step(w, SEC(1));
        }
        ck_assert(g->refaults[0].known && g->refaults[1].known);
        ck_assert_int_eq(g->refaults[0].value, 300);
        ck_assert_int_eq(g->refaults[1].value, 10);
        ck_assert_uint_eq(g->refaults[0].since_usec, w->now - SEC(3));

        g->refault_anon = 0;
        step(w, SEC(1));
        ck_assert(!g->refaults[0].known); /* somebody else's counter */
        world_free(w);
}
END_TEST

START_TEST(old_refaults_say_nothing_about_now) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));

        step(w, SEC(1));
        step(w, SEC(1));
        ck_assert(g->refaults[0].known);
        w->s.raw.at_usec = w->s.raw.boottime_usec = w->now += SEC(16);
        history_advance(w->history, &w->s, 0);
        ck_assert(!g->refaults[0].known);
        world_free(w);
}
END_TEST

/* ---- pressure */

static uint16_t memory_some(const GroupSample *g, PsiWindow window) {
        return g->pressure[metric_psi(PSI_MEMORY, PSI_SOME, window) - METRIC_PSI_FIRST];
}

START_TEST(pressure_windows_come_from_the_counters) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100)), *other = world_group(w, "/b", MIB(100));

        g->psi_have = UINT32_C(1) << PSI_MEMORY;
        g->psi[PSI_MEMORY].has_full = true;
        g->psi[PSI_MEMORY].avg_permyriad[PSI_SOME][0] = 1234;
        for (int i = 0; i < 11; i++) {
                g->psi[PSI_MEMORY].total_usec[PSI_SOME] += MSEC(40);
                step(w, MSEC(100));
        }
        ck_assert_uint_eq(memory_some(g, PSI_1S), 4000);
        ck_assert_uint_eq(g->pressure_usec[PSI_1S], w->now - SEC(1));
        ck_assert_uint_eq(memory_some(g, PSI_3S), PRESSURE_UNKNOWN);
        ck_assert_uint_eq(memory_some(g, PSI_AVG10), 1234);
        ck_assert_uint_eq(g->pressure[metric_psi(PSI_IO, PSI_SOME, PSI_1S) - METRIC_PSI_FIRST],
                PRESSURE_UNKNOWN);
        ck_assert_uint_eq(memory_some(other, PSI_1S), PRESSURE_UNKNOWN);
        world_free(w);
}
END_TEST

START_TEST(no_more_than_32_have_windows_and_they_are_handed_on) {
        World *w = world_new();
        GroupSample *last;

        for (int i = 0; i < GROUP_WINDOWS_MAX + 1; i++)
                world_group(w, "/a", MIB(1))->psi_have = UINT32_C(1) << PSI_MEMORY;
        last = &w->groups[GROUP_WINDOWS_MAX];
        for (int i = 0; i < 15; i++)
                step(w, MSEC(100));
        ck_assert_uint_eq(memory_some(&w->groups[31], PSI_1S), 0);
        ck_assert_uint_eq(memory_some(last, PSI_1S), PRESSURE_UNKNOWN);

        w->groups[5].psi_have = 0; /* nobody names it any more */
        for (int i = 0; i < 300; i++)
                step(w, MSEC(100));
        ck_assert_uint_eq(memory_some(last, PSI_1S), 0);
        ck_assert_uint_eq(memory_some(&w->groups[31], PSI_1S), 0);
        ck_assert_uint_eq(memory_some(&w->groups[5], PSI_1S), PRESSURE_UNKNOWN);
        world_free(w);
}
END_TEST

START_TEST(a_slot_beyond_the_pool_has_amounts_and_no_history) {
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(100));

        g->slot = WORLD_GROUPS_MAX + 5;
        step(w, SEC(1));
        step(w, SEC(70));
        ck_assert(!g->unreclaimable_known && !g->gained_known && !g->growth_known);
        ck_assert_uint_eq(g->unreclaimable, MIB(100));
        world_free(w);
}
END_TEST

START_TEST(what_was_charged_before_a_kill_is_there_with_it) {
        static const usec_t ago[GROUP_LOOKS] = { MSEC(100), MSEC(500), MSEC(1000) };
        World *w = world_new();
        GroupSample *g = world_group(w, "/a", MIB(1));

        for (uint64_t i = 1; i <= 20; i++) {
                group_set(g, MIB(i), 0);
                step(w, MSEC(100));
                ck_assert_uint_eq(g->before[0].at_usec, 0); /* nobody was killed */
        }
        g->events[GROUP_EVENT_OOM_KILL]++;
        group_set(g, 0, 0);
        step(w, MSEC(100));
        for (size_t i = 0; i < GROUP_LOOKS; i++) {
                ck_assert_uint_eq(w->now - g->before[i].at_usec, ago[i]);
                ck_assert_uint_eq(g->before[i].bytes, MIB(21 - ago[i] / MSEC(100)));
        }
        step(w, MSEC(100));
        ck_assert_uint_eq(g->before[0].at_usec, 0); /* it was told */
        world_free(w);
}
END_TEST

int main(void) {
        Suite *s = suite_create("group-track");
        TCase *tc = tcase_create("group-track");

        tcase_add_test(tc, it_is_small);
        tcase_add_loop_test(tc, what_cannot_be_reclaimed_is_known_from_memory_stat, 0,
                (int) (sizeof(unreclaimable_rows) / sizeof(unreclaimable_rows[0])));
        tcase_add_test(tc, without_memory_stat_it_is_unknown);
        tcase_add_test(tc, memory_stat_stands_for_what_hardly_changes);
        tcase_add_test(tc, gained_is_anon_and_swap_beyond_the_minimum);
        tcase_add_test(tc, what_was_made_while_we_watched_counts_in_full);
        tcase_add_test(tc, growth_is_that_of_what_cannot_be_reclaimed);
        tcase_add_test(tc, what_is_charged_between_two_memory_stats_is_no_growth);
        tcase_add_loop_test(tc, the_pace_is_that_of_the_slower_step, 0,
                (int) (sizeof(pace_rows) / sizeof(pace_rows[0])));
        tcase_add_test(tc, a_leak_after_a_long_calm_is_seen_with_its_second_step);
        tcase_add_test(tc, a_pause_forgets_growth_and_rates_and_keeps_gains);
        tcase_add_test(tc, a_slot_with_a_new_generation_begins_anew);
        tcase_add_test(tc, events_of_the_last_ten_seconds_are_counted_once);
        tcase_add_test(tc, events_between_two_rare_readings_all_count);
        tcase_add_test(tc, a_cgroup_made_while_we_watched_counts_from_zero);
        tcase_add_test(tc, counters_that_run_backwards_begin_afresh);
        tcase_add_test(tc, what_was_charged_before_a_kill_is_there_with_it);
        tcase_add_test(tc, refaults_are_a_rate_over_three_seconds);
        tcase_add_test(tc, old_refaults_say_nothing_about_now);
        tcase_add_test(tc, pressure_windows_come_from_the_counters);
        tcase_add_test(tc, no_more_than_32_have_windows_and_they_are_handed_on);
        tcase_add_test(tc, a_slot_beyond_the_pool_has_amounts_and_no_history);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
