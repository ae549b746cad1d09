/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/throttle.h"

#include "base/macro.h"
#include "base/number.h"

#define STEP_PART 20
#define FLAT_PART 100
#define LOST_PERMYRIAD 8000

/* Looks in a row that make a livelock, without and with a known pressure. */
#define LOOKS 3
#define LOOKS_WITH_PRESSURE 2

uint64_t amount_bytes(const Amount *amount, uint64_t base) {
        return amount->percent ? mul_div_u64(base, amount->value, 10000) : amount->value;
}

uint64_t page_align(const Sample *s, uint64_t bytes) {
        uint64_t page = s->raw.page_size > 0 ? s->raw.page_size : 4096;

        return bytes / page * page;
}

/* What was charged after memory.stat was read is taken for anonymous: most of what grows fast is,
 * and where it is not, the looks at the lease tell. */
static uint64_t anonymous(const GroupSample *g) {
        uint64_t explained = add_sat_u64(add_sat_u64(g->anon, g->file), g->kernel);

        return add_sat_u64(g->anon, sub_sat_u64(g->current, explained));
}

bool throttle_find_gives(const Sample *s, const GroupSample *g, uint64_t *ret_bytes) {
        if (!g->unreclaimable_known)
                return false;
        *ret_bytes = add_sat_u64(sub_sat_u64(g->current, g->unreclaimable),
                MIN(anonymous(g), s->swap_free_effective));
        return true;
}

bool throttle_find_goal(const Sample *s, const GroupSample *g, const Amount *high,
        uint64_t *ret_bytes, TextBuf *why) {
        uint64_t goal = page_align(s, amount_bytes(high, g->current));
        uint64_t must = sub_sat_u64(g->current, goal), gives;

        if (g->facts->high_bytes <= goal) {
                textbuf_add(why, "a memory.high of ");
                textbuf_add_bytes(why, g->facts->high_bytes);
                textbuf_add(why, " binds it already");
                return false;
        }
        if (!throttle_find_gives(s, g, &gives)) {
                textbuf_add(why, "what it could give back is not known");
                return false;
        }
        if (gives < must) {
                textbuf_add(why, "it would have to give back ");
                textbuf_add_bytes(why, must);
                textbuf_add(why, " and has only ");
                textbuf_add_bytes(why, gives);
                textbuf_add(why, " of clean cache, slab and room in swap");
                return false;
        }
        *ret_bytes = goal;
        return true;
}

uint64_t throttle_next_value(
        const Sample *s, const GroupSample *g, uint64_t last, uint64_t goal_bytes) {
        uint64_t from = MIN(last, MIN(g->current, g->facts->high_bytes));

        /* A goal above what is charged is a bound for growth: nothing is to be given. */
        if (g->current <= goal_bytes)
                return goal_bytes;
        return MAX(goal_bytes, page_align(s, sub_sat_u64(from, g->current / STEP_PART)));
}

static bool is_flat(const GroupSample *g, const Lease *l) {
        uint64_t moved = MAX(g->current, l->watched_current) - MIN(g->current, l->watched_current);

        return moved < MAX(l->watched_current / FLAT_PART, UINT64_C(1));
}

static bool tells_pressure(const GroupSample *g) {
        return g->psi_have & UINT32_C(1) << PSI_MEMORY;
}

/* What it has to give, as far as can be seen, it does not give: its memory is locked, or may not go
 * to swap. A cgroup that gives way is at its memory.high, or not flat. */
static bool is_above(const GroupSample *g, const Lease *l) {
        return sub_sat_u64(g->current, l->value) > g->current / (2 * STEP_PART);
}

/* Who allocates above memory.high is put to sleep, for up to two seconds each time (6.1,
 * mem_cgroup_handle_over_high): where all of them are, nothing is counted meanwhile. */
static bool meets_it(const GroupSample *g, const Lease *l) {
        uint64_t events = g->events[GROUP_EVENT_HIGH];

        return events > l->watched_events || (is_above(g, l) && events > l->first_events);
}

/* Without its pressure, a cgroup that meets memory.high while it has cache to give is one that is
 * held there, which is what a throttle is for. */
static bool is_stuck(const Sample *s, const GroupSample *g, const Lease *l) {
        const int full = (int) metric_psi(PSI_MEMORY, PSI_FULL, PSI_1S) - METRIC_PSI_FIRST;
        uint64_t gives;

        if (!g->has_events || !meets_it(g, l) || !is_flat(g, l))
                return false;
        if (tells_pressure(g))
                return g->pressure[full] != PRESSURE_UNKNOWN && g->pressure[full] > LOST_PERMYRIAD;
        return is_above(g, l) || !throttle_find_gives(s, g, &gives) ||
                gives < g->current / STEP_PART;
}

bool throttle_look(const Sample *s, const GroupSample *g, Lease *l) {
        l->n_stuck = is_stuck(s, g, l) ? l->n_stuck + 1 : 0;
        l->watched_usec = g->at_usec;
        l->watched_events = g->events[GROUP_EVENT_HIGH];
        l->watched_current = g->current;
        return l->n_stuck >= (tells_pressure(g) ? LOOKS_WITH_PRESSURE : LOOKS);
}
