/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/corrections.h"

#include "tests/core-world.h"

/* source_bit() for an initialiser. */
#define BIT(id) (UINT32_C(1) << (id))

/* 16 GiB, half of it available, 2 GiB of file cache, no swap; rows change what they are about. */
static SystemRaw machine(void) {
        return (SystemRaw){ .have = source_bit(SOURCE_MEMINFO),
                .mem_total = GIB(16),
                .mem_free = GIB(6),
                .mem_available = GIB(8),
                .active_file = GIB(1),
                .inactive_file = GIB(1) };
}

static const struct {
        const char *name;
        SystemRaw change; /* fields that are not 0 replace those of the machine */
        uint64_t restored;
        uint64_t available, arc, file, dirty;
} memory_rows[] = {
        { "nothing to correct", { 0 }, 0, GIB(8), 0, 0, 0 },
        { "restored file pages are taken off", { 0 }, 1024, GIB(8) - MIB(4), 0, MIB(4), 0 },
        { "pages of 64 KiB", { .page_size = 65536 }, 1024, GIB(8) - MIB(64), 0, MIB(64), 0 },
        { "restored pages count up to the file LRU", { 0 }, UINT64_C(1) << 40, GIB(6), 0, GIB(2),
                0 },
        { "dirty and writeback are taken off", { .dirty = MIB(300), .writeback = MIB(100) }, 0,
                GIB(8) - MIB(400), 0, 0, MIB(400) },
        { "both together take no more than the file LRU", { .dirty = GIB(4) }, 262144, GIB(6), 0,
                GIB(1), GIB(1) },
        { "ARC down to its minimum is added",
                { .have = BIT(SOURCE_MEMINFO) | BIT(SOURCE_ARC),
                        .arc_size = GIB(4),
                        .arc_min = GIB(1) },
                0, GIB(11), GIB(3), 0, 0 },
        { "ARC below its minimum by one",
                { .have = BIT(SOURCE_MEMINFO) | BIT(SOURCE_ARC),
                        .arc_size = GIB(1),
                        .arc_min = GIB(1) + 1 },
                0, GIB(8), 0, 0, 0 },
        { "ARC without its source is not there", { .arc_size = GIB(4) }, 0, GIB(8), 0, 0, 0 },
        { "ARC cannot make more than all available",
                { .have = BIT(SOURCE_MEMINFO) | BIT(SOURCE_ARC), .arc_size = GIB(64) }, 0, GIB(16),
                GIB(8), 0, 0 },
        { "more available than there is", { .mem_available = GIB(99) }, 0, GIB(16), 0, 0, 0 },
        { "the hugetlb pool is not ours", { .hugetlb = GIB(10) }, 0, GIB(6), 0, 0, 0 },
        { "never below nothing", { .mem_available = MIB(1), .dirty = GIB(1) }, 0, 0, 0, 0, GIB(1) },
};

START_TEST(memory_table) {
        const SystemRaw *change = &memory_rows[_i].change;
        SystemRaw raw = machine();
        Corrections c;

        raw.have = change->have ? change->have : raw.have;
        raw.page_size = change->page_size;
        raw.dirty = change->dirty;
        raw.writeback = change->writeback;
        raw.arc_size = change->arc_size;
        raw.arc_min = change->arc_min;
        raw.hugetlb = change->hugetlb;
        raw.mem_available = change->mem_available ? change->mem_available : raw.mem_available;
        corrections_compute(&raw, memory_rows[_i].restored, &c);
        ck_assert_msg(c.available == memory_rows[_i].available, "%s: available %llu",
                memory_rows[_i].name, (unsigned long long) c.available);
        ck_assert_msg(c.arc == memory_rows[_i].arc, "%s: arc %llu", memory_rows[_i].name,
                (unsigned long long) c.arc);
        ck_assert_msg(c.file == memory_rows[_i].file, "%s: file %llu", memory_rows[_i].name,
                (unsigned long long) c.file);
        ck_assert_msg(c.dirty == memory_rows[_i].dirty, "%s: dirty %llu", memory_rows[_i].name,
                (unsigned long long) c.dirty);
}
END_TEST

static const struct {
        const char *name;
        uint64_t total, free;                         /* meminfo */
        uint64_t zram_total, zram_used;               /* of these, on zram */
        uint64_t original, physical, limit;           /* mm_stat */
        uint64_t want_total, want_free, want_percent; /* permyriad */
} swap_rows[] = {
        { "no swap is 0 B and 0 %", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
        { "a disk counts as it is", GIB(8), GIB(2), 0, 0, 0, 0, 0, GIB(8), GIB(2), 2500 },
        { "garbage in SwapFree is capped", GIB(8), UINT64_MAX - 255, 0, 0, 0, 0, 0, GIB(8), GIB(8),
                10000 },
        { "zram at ratio 2: half of the free part", GIB(8), GIB(4), GIB(8), GIB(4), GIB(4), GIB(2),
                0, GIB(6), GIB(2), 3333 },
        { "zram at ratio 4: three quarters", GIB(8), GIB(4), GIB(8), GIB(4), GIB(4), GIB(1), 0,
                GIB(7), GIB(3), 4285 },
        { "incompressible zram is worth nothing", GIB(8), GIB(4), GIB(8), GIB(4), GIB(4), GIB(4), 0,
                GIB(4), 0, 0 },
        { "zram that costs more than it holds", GIB(8), GIB(4), GIB(8), GIB(4), GIB(4), GIB(5), 0,
                GIB(4), 0, 0 },
        { "empty zram is taken for ratio 2", GIB(8), GIB(8), GIB(8), 0, 0, 0, 0, GIB(4), GIB(4),
                10000 },
        { "zram beside a disk", GIB(12), GIB(8), GIB(8), GIB(4), GIB(4), GIB(2), 0, GIB(10), GIB(6),
                6000 },
        { "a limit of the zram device ends it early", GIB(8), GIB(4), GIB(8), GIB(4), GIB(4),
                GIB(2), GIB(3), GIB(5), GIB(1), 2000 },
        { "a zram at its limit is full", GIB(8), GIB(4), GIB(8), GIB(4), GIB(4), GIB(2), GIB(2),
                GIB(4), 0, 0 },
        { "all used", GIB(8), 0, GIB(8), GIB(8), GIB(8), GIB(2), 0, GIB(8), 0, 0 },
        { "zram counters ahead of meminfo", GIB(8), GIB(1), GIB(8), GIB(4), GIB(4), GIB(2), 0,
                GIB(7) + MIB(512), MIB(512), 666 },
};

START_TEST(swap_table) {
        SystemRaw raw = machine();
        Corrections c;
        uint64_t percent;

        raw.have |= source_bit(SOURCE_ZRAM);
        raw.swap_total = swap_rows[_i].total;
        raw.swap_free = swap_rows[_i].free;
        raw.zram_swap_total = swap_rows[_i].zram_total;
        raw.zram_swap_used = swap_rows[_i].zram_used;
        raw.zram_original = swap_rows[_i].original;
        raw.zram_physical = swap_rows[_i].physical;
        raw.zram_limit = swap_rows[_i].limit;
        corrections_compute(&raw, 0, &c);
        percent = c.swap_total == 0 ? 0 : c.swap_free * 10000 / c.swap_total;
        ck_assert_msg(c.swap_total == swap_rows[_i].want_total, "%s: total %llu",
                swap_rows[_i].name, (unsigned long long) c.swap_total);
        ck_assert_msg(c.swap_free == swap_rows[_i].want_free, "%s: free %llu", swap_rows[_i].name,
                (unsigned long long) c.swap_free);
        ck_assert_msg(percent == swap_rows[_i].want_percent, "%s: %llu", swap_rows[_i].name,
                (unsigned long long) percent);
        ck_assert_uint_eq(c.swap_used + c.swap_free, c.swap_total);
}
END_TEST

static const struct {
        const char *name;
        uint64_t available, movable; /* MiB of 16 GiB */
        uint64_t want_reachable;     /* MiB of 2 GiB of free swap */
} reach_rows[] = {
        { "memory is there: all of it", 8192, 10, 2048 },
        { "short, and much could go to swap: all of it", 100, 4096, 2048 },
        { "short, and half a tenth could: half", 100, 819, 1023 },
        { "short, and next to nothing could: next to nothing", 100, 1, 1 },
        { "short, and the lists are not told: all of it", 100, 0, 2048 },
};

START_TEST(swap_that_nothing_can_go_to_does_not_count_when_memory_is_short) {
        SystemRaw raw = machine();
        Corrections c;

        raw.mem_available = MIB(reach_rows[_i].available);
        raw.active_anon = MIB(reach_rows[_i].movable) / 2;
        raw.inactive_anon = MIB(reach_rows[_i].movable) - raw.active_anon;
        raw.swap_total = GIB(8);
        raw.swap_free = GIB(2);
        corrections_compute(&raw, 0, &c);
        ck_assert_msg(c.swap_reachable >> 20 == reach_rows[_i].want_reachable, "%s: %llu MiB",
                reach_rows[_i].name, (unsigned long long) (c.swap_reachable >> 20));
        ck_assert_uint_eq(c.swap_free, GIB(2)); /* its worth, for what was freed and for how long */
}
END_TEST

START_TEST(the_first_pages_on_zram_do_not_make_its_worth_jump) {
        SystemRaw raw = machine();
        Corrections before, after;

        raw.have |= source_bit(SOURCE_ZRAM);
        raw.swap_total = raw.zram_swap_total = GIB(8);
        for (uint64_t stored = 0; stored < GIB(2); stored += MIB(16)) {
                raw.zram_original = raw.zram_swap_used = stored;
                raw.zram_physical = stored; /* incompressible: the worst case */
                raw.swap_free = GIB(8) - stored;
                corrections_compute(&raw, 0, &before);
                raw.zram_original = raw.zram_swap_used = raw.zram_physical = stored + MIB(16);
                raw.swap_free = GIB(8) - stored - MIB(16);
                corrections_compute(&raw, 0, &after);
                ck_assert_uint_le(before.swap_free - after.swap_free, MIB(16) * 6);
        }
}
END_TEST

START_TEST(zram_without_its_source_counts_half) {
        SystemRaw raw = machine();
        Corrections c;

        raw.swap_total = raw.zram_swap_total = GIB(8);
        raw.swap_free = GIB(4);
        raw.zram_swap_used = GIB(4);
        corrections_compute(&raw, 0, &c);
        ck_assert_uint_eq(c.swap_free, GIB(2));
}
END_TEST

START_TEST(what_nobody_owns_is_unexplained) {
        SystemRaw raw = machine();
        Corrections c;

        raw.mem_free = GIB(2);
        raw.cached = GIB(3);
        raw.buffers = GIB(1);
        raw.anon = GIB(4);
        raw.slab = GIB(1);
        corrections_compute(&raw, 0, &c);
        ck_assert_uint_eq(c.unexplained, GIB(5));

        raw.hugetlb = GIB(1);
        raw.page_tables = raw.kernel_stack = raw.percpu = MIB(256);
        raw.zram_physical = MIB(256);
        raw.zswap = GIB(1);
        corrections_compute(&raw, 0, &c);
        ck_assert_uint_eq(c.unexplained, GIB(2));

        raw.anon = GIB(99); /* counters that contradict each other */
        corrections_compute(&raw, 0, &c);
        ck_assert_uint_eq(c.unexplained, 0);
}
END_TEST

START_TEST(swap_of_a_process_costs_what_it_takes) {
        SystemRaw raw = machine();

        raw.have |= source_bit(SOURCE_ZRAM);
        ck_assert_uint_eq(corrections_swap_cost(&raw, MIB(100)),
                MIB(100)); /* counters disagree: no swap at all */

        raw.swap_total = GIB(8);
        raw.swap_free = GIB(4);
        ck_assert_uint_eq(corrections_swap_cost(&raw, MIB(100)), MIB(100));

        raw.zram_swap_total = GIB(8);
        raw.zram_swap_used = raw.zram_original = GIB(4);
        raw.zram_physical = GIB(1);
        ck_assert_uint_eq(corrections_swap_cost(&raw, MIB(100)), MIB(25));

        raw.zram_swap_total = GIB(4); /* half of what is used is on a disk */
        raw.zram_swap_used = raw.zram_original = GIB(2);
        raw.zram_physical = MIB(512);
        ck_assert_uint_eq(corrections_swap_cost(&raw, MIB(100)), MIB(50) + MIB(50) / 4);
}
END_TEST

START_TEST(an_oom_score_tells_the_size) {
        SystemRaw raw = machine();

        ck_assert_uint_eq(corrections_oom_score_bytes(&raw, 0, 0), 0);
        ck_assert_uint_eq(corrections_oom_score_bytes(&raw, 666, 0), 0);
        ck_assert_uint_eq(corrections_oom_score_bytes(&raw, 1000, 0), GIB(16) / 2);
        ck_assert_uint_eq(
                corrections_oom_score_bytes(&raw, 1000, 300), mul_div_u64(GIB(16), 200, 1000));
        ck_assert_uint_eq(
                corrections_oom_score_bytes(&raw, 100, -1000), mul_div_u64(GIB(16), 150, 1000));
}
END_TEST

int main(void) {
        Suite *s = suite_create("corrections");
        TCase *tc = tcase_create("corrections");

        tcase_add_loop_test(
                tc, memory_table, 0, (int) (sizeof(memory_rows) / sizeof(memory_rows[0])));
        tcase_add_loop_test(tc, swap_table, 0, (int) (sizeof(swap_rows) / sizeof(swap_rows[0])));
        tcase_add_loop_test(tc, swap_that_nothing_can_go_to_does_not_count_when_memory_is_short, 0,
                (int) (sizeof(reach_rows) / sizeof(reach_rows[0])));
        tcase_add_test(tc, the_first_pages_on_zram_do_not_make_its_worth_jump);
        tcase_add_test(tc, zram_without_its_source_counts_half);
        tcase_add_test(tc, what_nobody_owns_is_unexplained);
        tcase_add_test(tc, swap_of_a_process_costs_what_it_takes);
        tcase_add_test(tc, an_oom_score_tells_the_size);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
