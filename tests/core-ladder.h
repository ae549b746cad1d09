/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A machine short of memory beside one unit with cache, and a policy with a ladder for it. */

#include "tests/core-story.h"

#define BUILD 0 /* slot of the unit's cgroup */

static inline Step ladder_throttle(uint64_t permyriad) {
        return (Step){ .kind = STEP_THROTTLE,
                .amount = { true, true, permyriad },
                .lease_usec = SEC(30),
                .timeout_usec = SEC(3) };
}

static inline Step ladder_freeze(void) {
        return (Step){ .kind = STEP_FREEZE, .lease_usec = SEC(5), .timeout_usec = SEC(1) };
}

static inline Step ladder_terminate(void) {
        return (Step){ .kind = STEP_TERMINATE, .grace_usec = SEC(3), .timeout_usec = SEC(5) };
}

static inline Step ladder_capture(void) {
        return (Step){ .kind = STEP_CAPTURE, .timeout_usec = MSEC(300) };
}

static inline Step ladder_run(void) {
        static const char *const args[] = { "/usr/local/bin/ask", NULL };

        return (Step){ .kind = STEP_RUN, .timeout_usec = SEC(5), .args = args, .n_args = 1 };
}

static inline void ladder_set(Policy *p, const Step *steps, size_t n) {
        memcpy(p->steps, steps, n * sizeof(*steps));
        p->n_steps = n;
}

#define LADDER(p, ...)                                                                             \
        ladder_set(p, (const Step[]){ __VA_ARGS__ },                                               \
                sizeof((const Step[]){ __VA_ARGS__ }) / sizeof(Step))

/* 15 of 16 GiB are held by a unit that holds `cache` besides; mem.available < 8 % is true. */
static inline Story *ladder_story(uint64_t cache) {
        Story *st = story_new(GIB(16));
        World *w = st->w;
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        ProcSample *cc;

        p->targets.kind = TARGET_UNIT;
        p->clear = CONDITION(
                w, COND_ALL, atom_share(METRIC_MEM_AVAILABLE, "mem.available", COMPARE_GT, 1200));
        world_unit(w, "/system.slice/build.service", "build.service", 0, UINT64_MAX)->file = cache;
        cc = story_process(st, "cc", GIB(15), 0, ANSWER_OBEYS);
        world_facts(w, cc)->cgroup = "/system.slice/build.service";
        world_facts(w, cc)->unit = "build.service";
        world_rehash(w);
        return st;
}

/* The trouble is over: others gave memory back. */
static inline void ladder_relax(Story *st) {
        st->capacity += GIB(8);
}

static inline uint64_t ladder_high(const Story *st) {
        return st->files[BUILD][LEASE_HIGH].now;
}

static inline bool ladder_is_frozen(const Story *st) {
        return st->files[BUILD][LEASE_FREEZE].now == 1;
}

/* How many leases the book has. */
static inline size_t ladder_n_leases(const Story *st) {
        size_t n = 0;

        for (size_t k = 0; k < LEASES_MAX; k++)
                n += st->w->book.leases.leases[k].phase != LEASE_NONE;
        return n;
}

static inline void ladder_check_text(const Event *e, const char *text) {
        ck_assert_ptr_nonnull(e);
        ck_assert_msg(strstr(e->text, text) != NULL, "%s", e->text);
}
