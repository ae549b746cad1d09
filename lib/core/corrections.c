/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/corrections.h"

#include "base/macro.h"
#include "base/number.h"

/* Shares are parts of this. */
#define WHOLE UINT64_C(1000000)

/* Taken for a zram that holds too little to have a ratio of its own. */
#define ZRAM_COST_ASSUMED (WHOLE / 2)

/* What one byte stored in zram takes in memory. From an eighth of the device on the measured ratio
 * counts alone; below, it is mixed with the assumed one, so that the worth of the swap does not
 * jump when the first pages arrive (a jump would look like memory filling up). */
static uint64_t zram_cost(const SystemRaw *raw) {
        uint64_t measured, known, eighth = raw->zram_swap_total / 8;

        if (!(raw->have & source_bit(SOURCE_ZRAM)) || raw->zram_original == 0 || eighth == 0)
                return ZRAM_COST_ASSUMED;

        measured = MIN(mul_div_u64(raw->zram_physical, WHOLE, raw->zram_original), WHOLE);
        known = MIN(mul_div_u64(raw->zram_original, WHOLE, eighth), WHOLE);
        return (measured * known + ZRAM_COST_ASSUMED * (WHOLE - known)) / WHOLE;
}

/* Free slots on zram, as far as its own limit leaves room for them. */
static uint64_t zram_free(const SystemRaw *raw, uint64_t cost) {
        uint64_t slots = sub_sat_u64(raw->zram_swap_total, raw->zram_swap_used), room;

        if (raw->zram_limit == 0 || !(raw->have & source_bit(SOURCE_ZRAM)))
                return slots;

        room = sub_sat_u64(raw->zram_limit, raw->zram_physical);
        return cost == 0 ? slots : MIN(slots, mul_div_u64(room, WHOLE, cost));
}

/* Free swap helps nobody when memory is short and nothing is left that could go there: what is
 * locked never does, and a kernel whose anonymous lists are empty kills with all of swap free (seen
 * with a locked leak of 9 MiB/s, 6.1). As long as a tenth of memory is available, or is on those
 * lists, or they are not told, all of it counts; below that, in proportion to what is on them. */
static uint64_t swap_reachable(const SystemRaw *raw, const Corrections *c) {
        uint64_t movable = add_sat_u64(raw->active_anon, raw->inactive_anon);
        uint64_t tenth = c->base / 10;

        if (movable == 0 || MAX(movable, c->available) >= tenth)
                return c->swap_free;
        return mul_div_u64(c->swap_free, movable, tenth);
}

static void correct_swap(const SystemRaw *raw, Corrections *ret) {
        uint64_t total = raw->swap_total, free_slots = MIN(raw->swap_free, total);
        uint64_t on_zram = MIN(sub_sat_u64(raw->zram_swap_total, raw->zram_swap_used), free_slots);
        uint64_t cost = zram_cost(raw);
        uint64_t usable = MIN(zram_free(raw, cost), on_zram);

        ret->swap_used = total - free_slots;
        ret->swap_free = free_slots - on_zram + mul_div_u64(usable, WHOLE - cost, WHOLE);
        ret->swap_total = ret->swap_used + ret->swap_free;
        ret->swap_reachable = swap_reachable(raw, ret);
}

static void correct_available(const SystemRaw *raw, uint64_t restored_pages, Corrections *ret) {
        uint64_t file_lru = add_sat_u64(raw->active_file, raw->inactive_file);
        uint64_t page = raw->page_size > 0 ? raw->page_size : 4096;
        uint64_t available = MIN(raw->mem_available, ret->base);

        if (raw->have & source_bit(SOURCE_ARC))
                ret->arc = MIN(sub_sat_u64(raw->arc_size, raw->arc_min), ret->base - available);

        /* Dirty pages are on the file LRU too: together the two take no more than it holds. */
        ret->file = MIN(mul_div_u64(restored_pages, page, 1), file_lru);
        ret->dirty = MIN(add_sat_u64(raw->dirty, raw->writeback), file_lru - ret->file);

        available = sub_sat_u64(available + ret->arc, ret->file);
        ret->available = sub_sat_u64(available, ret->dirty);
}

static uint64_t unexplained(const SystemRaw *raw) {
        uint64_t known[] = {
                raw->mem_free,
                raw->buffers,
                raw->cached,
                raw->anon,
                raw->slab,
                raw->kernel_stack,
                raw->page_tables,
                raw->percpu,
                raw->hugetlb,
                raw->zswap,
                raw->zram_physical,
                raw->have & source_bit(SOURCE_ARC) ? raw->arc_size : 0,
        };
        uint64_t rest = raw->mem_total;

        for (size_t i = 0; i < ELEMENTS(known); i++)
                rest = sub_sat_u64(rest, known[i]);
        return rest;
}

void corrections_compute(const SystemRaw *raw, uint64_t restored_pages, Corrections *ret) {
        *ret = (Corrections){ .base = sub_sat_u64(raw->mem_total, raw->hugetlb) };
        correct_available(raw, restored_pages, ret);
        correct_swap(raw, ret);
        ret->unexplained = unexplained(raw);
}

uint64_t corrections_swap_cost(const SystemRaw *raw, uint64_t swap) {
        uint64_t used = sub_sat_u64(raw->swap_total, raw->swap_free);
        uint64_t on_zram = used == 0 ? 0 : mul_div_u64(swap, MIN(raw->zram_swap_used, used), used);

        return swap - on_zram + mul_div_u64(on_zram, zram_cost(raw), WHOLE);
}

uint64_t corrections_oom_score_bytes(const SystemRaw *raw, uint32_t oom_score, int32_t adj) {
        int64_t permille = (int64_t) oom_score * 3 / 2 - 1000 - adj;

        if (oom_score == 0 || permille <= 0)
                return 0;
        return mul_div_u64((uint64_t) permille, add_sat_u64(raw->mem_total, raw->swap_total), 1000);
}
