/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What one pass of each kind costs on the running machine, without threads: census, kept set,
 * system files, judging. Prints one JSON object per line of the table; bench.py puts them beside a
 * peer's. Times are minima of many passes (the machine is shared), system calls are counted by the
 * caller (bench.py, under strace). */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/config-load.h"
#include "engine/pipeline.h"
#include "engine/roster.h"
#include "engine/sampler.h"
#include "engine/scout.h"
#include "kernel/sysroot.h"
#include "tests/bench/best.h"

/* A mark in the trace, by which the caller finds where a phase begins and ends. */
static void mark(const char *name) {
        char path[64];

        snprintf(path, sizeof(path), "/bench-mark/%s", name);
        (void) access(path, F_OK);
}

/* The parts of the engine without its threads. */
typedef struct Parts {
        SysRoot root;
        Config *config;
        Roster *roster;
        Scout *scout;
        Sampler *sampler;
        Pipeline pipeline;
        Sample sample;
        const RosterListing *listing;
} Parts;

static int parts_init(Parts *p) {
        ConfigErrors errors = { 0 };
        ScoutOptions options = { .root = &p->root, .open_pids = true, .self_pid = getpid() };

        *p = (Parts){ .root = SYSROOT_INIT };
        if (sysroot_open("/", &p->root) < 0 || config_load_builtin(&p->config, &errors) < 0 ||
                roster_new(&p->config->limits, &p->roster) < 0)
                return -1;
        options.roster = p->roster;
        if (scout_new(&options, p->config, &p->scout) < 0 ||
                sampler_new(&p->root, &p->config->limits, &p->sampler) < 0 ||
                pipeline_init(&p->pipeline, p->config, true) < 0)
                return -1;
        return 0;
}

static void parts_done(Parts *p) {
        pipeline_done(&p->pipeline);
        scout_free(p->scout);
        sampler_free(p->sampler);
        roster_free(p->roster);
        config_unref(p->config);
        sysroot_done(&p->root);
}

static void scout_passes(Parts *p, const char *name, bool census, unsigned passes, Best *ret) {
        mark(name);
        for (unsigned i = 0; i < passes; i++) {
                double from = cpu_usec();

                (void) scout_pass(p->scout, clock_monotonic_usec(), clock_boottime_usec(), census);
                best_add(ret, cpu_usec() - from);
                p->listing = roster_acquire(p->roster, ROSTER_SENTINEL);
        }
}

static void system_reads(Parts *p, unsigned passes, Best *ret) {
        mark("system");
        for (unsigned i = 0; i < passes; i++) {
                double from = cpu_usec();

                sampler_read_system(p->sampler, p->scout, clock_monotonic_usec(),
                        clock_boottime_usec(), &p->sample);
                best_add(ret, cpu_usec() - from);
                usleep(55000); /* pressure files must not be read more often than every 50 ms */
        }
}

static void kept_reads(Parts *p, unsigned passes, Best *ret) {
        mark("kept");
        for (unsigned i = 0; i < passes; i++) {
                double from = cpu_usec();

                sampler_read_processes(p->sampler, p->roster, p->listing, true,
                        clock_monotonic_usec(), &p->sample);
                best_add(ret, cpu_usec() - from);
        }
}

static void judgements(Parts *p, unsigned passes, Best *ret) {
        mark("judge");
        for (unsigned i = 0; i < passes; i++) {
                double from;

                p->sample.raw.at_usec = clock_monotonic_usec();
                p->sample.raw.boottime_usec = clock_boottime_usec();
                pipeline_begin(&p->pipeline, &p->sample);
                sampler_read_processes(p->sampler, p->roster, p->listing, false,
                        p->sample.raw.at_usec, &p->sample);
                from = cpu_usec();
                pipeline_judge(&p->pipeline, &p->sample, NULL, 0);
                best_add(ret, cpu_usec() - from);
        }
        mark("end");
}

int main(int argc, char **argv) {
        unsigned passes = argc > 1 ? (unsigned) strtoul(argv[1], NULL, 10) : 20;
        Best first = { 0 }, census = { 0 }, fast = { 0 }, system = { 0 }, kept = { 0 },
             judge = { 0 };
        ScoutStats stats;
        Parts p;

        if (parts_init(&p) < 0)
                return 1;

        scout_passes(&p, "first", true, 1, &first);
        scout_passes(&p, "census", true, passes, &census);
        scout_passes(&p, "fast", false, passes, &fast);
        system_reads(&p, passes, &system);
        kept_reads(&p, passes, &kept);
        judgements(&p, passes, &judge);

        scout_stats(p.scout, &stats);
        best_print("first-census", &first, stats.known);
        best_print("census", &census, stats.known);
        best_print("fast-pass", &fast, stats.known);
        best_print("system", &system, 0);
        best_print("kept", &kept, p.listing ? p.listing->n_kept : 0);
        best_print("judge", &judge, p.sample.n_procs);
        printf("{\"what\":\"counts\",\"seen\":%" PRIu64 ",\"known\":%" PRIu64 ",\"kept\":%" PRIu64
               "}\n",
                stats.seen, stats.known, stats.kept);

        parts_done(&p);
        return 0;
}
