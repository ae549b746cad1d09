/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine-state.h"

#include "base/macro.h"
#include "config/config-load.h"
#include "engine/fill-ceiling.h"
#include "engine/lock-memory.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
        EVENTS_TO_JOURNAL = 64,
        EVENTS_TO_MAIN = 32,
        SPARE_SLOTS = 128,
        SPARE_GROUPS = 16,
        REHEARSALS = 2, /* the second goes through what the first has begun */
};

#define SLOW_DEADLINE_USEC (2 * USEC_PER_SEC)

static void engine_freep(Engine **e) {
        engine_free(*e);
}

/* What forks, before any thread and before memory is locked. */
static int open_world(Engine *e, const char *root) {
        int r;

        r = sysroot_open(root, &e->root);
        if (r < 0)
                return r;
        e->dry = e->dry || e->root.foreign;

        probe_run(&e->root, &e->probe);
        if (e->probe.items[PROBE_MEMINFO].state == PROBE_ABSENT)
                return -ENOENT;

        /* Without it no command line is known: policies that ask for one select nobody. */
        (void) slow_reader_new(e->root.foreign ? root : NULL, SLOW_DEADLINE_USEC, &e->slow);
        return 0;
}

/* Has memory ready for the processes of the next listing and some more, before the sentinel sees
 * it: a page fault there could wait for the very memory that it is to free. */
static void on_listing(void *ctx, uint32_t slots) {
        Engine *e = ctx;

        if (!e->sentinel || slots <= e->ready_slots)
                return;
        e->ready_slots = slots + SPARE_SLOTS;
        sentinel_touch_ahead(e->sentinel, e->ready_slots);
}

/* What the probe's child did not survive is not tried again by a reaper. */
static const ReaperOps *reaper_ops(const Engine *e) {
        return e->probe.items[PROBE_MRELEASE].state == PROBE_PRESENT ? &reaper_ops_kernel
                                                                     : &reaper_ops_signals;
}

static void on_groups(void *ctx, uint32_t slots) {
        Engine *e = ctx;

        if (!e->sentinel || slots <= e->ready_groups)
                return;
        e->ready_groups = slots + SPARE_GROUPS;
        sentinel_touch_groups_ahead(e->sentinel, e->ready_groups);
}

static void on_alarm(void *ctx) {
        Engine *e = ctx;

        if (e->sentinel)
                sentinel_alarm(e->sentinel);
}

static int make_parts(Engine *e) {
        ScoutOptions scout = {
                .root = &e->root,
                .roster = NULL,
                .open_pids = !e->root.foreign,
                .self_pid = e->root.foreign ? 0 : (int) getpid(),
                .slow = e->slow,
                .on_listing = on_listing,
                .on_listing_ctx = e,
                .on_groups = on_groups,
                .on_alarm = on_alarm,
                .on_alarm_ctx = e,
        };
        int r;

        r = roster_new(&e->config->limits, &e->roster);
        if (r < 0)
                return r;
        r = group_roster_new(&e->config->limits, &e->groups);
        if (r < 0)
                return r;
        scout.roster = e->roster;
        scout.groups = e->groups;
        r = scout_new(&scout, e->config, &e->scout);
        if (r < 0)
                return r;
        r = sampler_new(&e->root, &e->config->limits, &e->sampler);
        if (r < 0)
                return r;
        r = pipeline_init(&e->pipeline, e->config, true);
        if (r < 0)
                return r;
        r = reporter_new(EVENTS_TO_JOURNAL, EVENTS_TO_MAIN, &e->reporter);
        if (r < 0)
                return r;
        r = reapers_new(reaper_ops(e), REAPERS_DEFAULT, &e->reapers);
        if (r < 0)
                return r;
        r = errand_box_new(&e->errands);
        if (r < 0)
                return r;
        return match_tally_reset(&e->tally, e->config);
}

static int make_sentinel(Engine *e) {
        SentinelParts parts = {
                .sampler = e->sampler,
                .scout = e->scout,
                .roster = e->roster,
                .groups = e->groups,
                .pipeline = &e->pipeline,
                .reporter = e->reporter,
                .errands = e->errands,
                .ops = &act_dry,
        };

        if (!e->root.foreign) {
                triggers_open(&e->root, &e->triggers);
                parts.triggers = &e->triggers;
        }
        if (!e->dry) {
                e->kernel = (KernelAct){
                        .roster = e->roster,
                        .groups = e->groups,
                        .reapers = e->reapers,
                        .ops = reaper_ops(e),
                        .self_pid = (int32_t) getpid(),
                        .ledger = e->ledger,
                        .config = e->config,
                };
                parts.reapers = e->reapers;
                parts.kernel = &e->kernel;
                parts.ops = &act_kernel;
                parts.ops_ctx = &e->kernel;
        }
        return sentinel_new(&parts, &e->sentinel);
}

/* Proves the whole path, and makes resident what it needs. A /proc that cannot be listed today may
 * be tomorrow. */
static void rehearse(Engine *e) {
        uint64_t available = 0;

        (void) scout_pass(e->scout, clock_monotonic_usec(), clock_boottime_usec(), true);
        for (int i = 0; i < REHEARSALS; i++) {
                if (i > 0)
                        (void) usleep((useconds_t) SENTINEL_REST_USEC);
                sentinel_rehearse(e->sentinel, &available);
        }
        if (!e->root.foreign)
                sentinel_set_fill_ceiling(e->sentinel, fill_ceiling_measure(available));
        memory_touch(e, sizeof(*e)); /* the plan is in it */
        (void) scout_pass(e->scout, clock_monotonic_usec(), clock_boottime_usec(), false);
}

void engine_refresh(Engine *e) {
        (void) scout_pass(e->scout, clock_monotonic_usec(), clock_boottime_usec(), true);
        sentinel_rehearse(e->sentinel, NULL);
}

static void lock_memory(Engine *e) {
        int r;

        (void) memory_touch_program();
        r = memory_lock();
        e->lock_error = r < 0 ? -r : 0;
}

int engine_new(const EngineOptions *options, Config *config, Engine **ret) {
        _cleanup_(engine_freep) Engine *e = NULL;
        int r;

        if (options->lock_memory)
                memory_tune_malloc();

        e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        e->root = SYSROOT_INIT;
        e->dry = options->dry;
        e->standby = options->standby;
        e->sink = options->sink;
        e->config = config_ref(config);
        e->first_config = config_ref(config);
        e->started_usec = clock_monotonic_usec();

        r = open_world(e, options->root);
        if (r < 0)
                return r;
        engine_leases_open(e, options->leases);
        if (e->standby && !e->ledger)
                return e->ledger_error != 0 ? -e->ledger_error : -EINVAL;
        r = make_parts(e);
        if (r < 0)
                return r;
        r = make_sentinel(e);
        if (r < 0)
                return r;

        if (options->lock_memory)
                memory_shed_libraries();
        rehearse(e);
        if (options->lock_memory)
                lock_memory(e);

        *ret = TAKE_PTR(e);
        return 0;
}

Engine *engine_free(Engine *e) {
        if (!e)
                return NULL;

        engine_stop(e);
        if (e->stuck)
                return NULL; /* a thread that cannot be ended still uses it */

        engine_view_release(e);
        sentinel_free(e->sentinel);
        e->asked = view_free(e->asked);
        triggers_done(&e->triggers);
        reapers_free(e->reapers);
        errand_box_free(e->errands);
        reporter_free(e->reporter);
        pipeline_done(&e->pipeline);
        sampler_free(e->sampler);
        scout_free(e->scout);
        roster_free(e->roster);
        group_roster_free(e->groups);
        slow_reader_free(e->slow);
        lease_ledger_free(e->ledger);
        sysroot_done(&e->root);
        match_tally_done(&e->tally);
        for (size_t i = 0; i < e->n_retired; i++)
                config_unref(e->retired[i]);
        config_unref(e->config);
        config_unref(e->first_config);
        free(e);
        return NULL;
}
