/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What one pass of each kind costs on the running machine, without threads: census, kept set,
 * system files, judging. Prints one JSON object per line of the table; bench.py puts them beside a
 * peer's. Times are minima of many passes (the machine is shared), system calls are counted by the
 * caller (bench.py, under strace). */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/config-load.h"
#include "engine/pipeline.h"
#include "engine/roster.h"
#include "engine/sampler.h"
#include "engine/scout.h"
#include "kernel/sysroot.h"

static double cpu_usec(void) {
        struct timespec ts;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}

typedef struct Best {
        double least;
        double sum;
        unsigned n;
} Best;

static void best_add(Best *b, double usec) {
        b->least = b->n == 0 || usec < b->least ? usec : b->least;
        b->sum += usec;
        b->n++;
}

static void best_print(const char *what, const Best *b, uint64_t processes) {
        double each = processes ? b->least / (double) processes : 0;

        printf("{\"what\":\"%s\",\"passes\":%u,\"least_usec\":%.1f,\"mean_usec\":%.1f,"
               "\"processes\":%" PRIu64 ",\"usec_per_process\":%.3f}\n",
                what, b->n, b->least, b->n ? b->sum / b->n : 0, processes, each);
        fflush(stdout);
}

/* A mark in the trace, by which the caller finds where a phase begins and ends. */
static void mark(const char *name) {
        char path[64];

        snprintf(path, sizeof(path), "/bench-mark/%s", name);
        (void) access(path, F_OK);
}

int main(int argc, char **argv) {
        unsigned passes = argc > 1 ? (unsigned) strtoul(argv[1], NULL, 10) : 20;
        Best census = { 0 }, fast = { 0 }, system = { 0 }, kept = { 0 }, judge = { 0 };
        ConfigErrors errors = { 0 };
        Config *config = NULL;
        Roster *roster = NULL;
        Scout *scout = NULL;
        Sampler *sampler = NULL;
        Pipeline pipeline = { 0 };
        SysRoot root = SYSROOT_INIT;
        Sample sample = { 0 };
        const RosterListing *listing;
        ScoutStats stats;
        double from;

        if (sysroot_open("/", &root) < 0 || config_load_builtin(&config, &errors) < 0 ||
                roster_new(&config->limits, &roster) < 0)
                return 1;
        if (scout_new(&(ScoutOptions){ .root = &root,
                              .roster = roster,
                              .open_pids = true,
                              .self_pid = getpid() },
                    config, &scout) < 0 ||
                sampler_new(&root, config->limits.processes, &sampler) < 0 ||
                pipeline_init(&pipeline, config, true) < 0)
                return 1;

        from = cpu_usec();
        (void) scout_pass(scout, clock_monotonic_usec(), clock_boottime_usec(), true);
        printf("{\"what\":\"first-census\",\"least_usec\":%.1f}\n", cpu_usec() - from);

        mark("census");
        for (unsigned i = 0; i < passes; i++) {
                from = cpu_usec();
                (void) scout_pass(scout, clock_monotonic_usec(), clock_boottime_usec(), true);
                best_add(&census, cpu_usec() - from);
                listing = roster_acquire(roster, ROSTER_SENTINEL);
        }
        mark("fast");
        for (unsigned i = 0; i < passes; i++) {
                from = cpu_usec();
                (void) scout_pass(scout, clock_monotonic_usec(), clock_boottime_usec(), false);
                best_add(&fast, cpu_usec() - from);
                listing = roster_acquire(roster, ROSTER_SENTINEL);
        }
        listing = roster_acquire(roster, ROSTER_SENTINEL);
        mark("system");
        for (unsigned i = 0; i < passes; i++) {
                from = cpu_usec();
                sampler_read_system(
                        sampler, scout, clock_monotonic_usec(), clock_boottime_usec(), &sample);
                best_add(&system, cpu_usec() - from);
                usleep(55000); /* pressure files must not be read more often than every 50 ms */
        }
        mark("kept");
        for (unsigned i = 0; i < passes; i++) {
                from = cpu_usec();
                sampler_read_processes(
                        sampler, roster, listing, true, clock_monotonic_usec(), &sample);
                best_add(&kept, cpu_usec() - from);
        }
        mark("judge");
        for (unsigned i = 0; i < passes; i++) {
                sample.raw.at_usec = clock_monotonic_usec();
                sample.raw.boottime_usec = clock_boottime_usec();
                (void) pipeline_begin(&pipeline, &sample);
                sampler_read_processes(
                        sampler, roster, listing, false, sample.raw.at_usec, &sample);
                from = cpu_usec();
                pipeline_judge(&pipeline, &sample, NULL, 0);
                best_add(&judge, cpu_usec() - from);
        }
        mark("end");

        scout_stats(scout, &stats);
        best_print("census", &census, stats.known);
        best_print("fast-pass", &fast, stats.known);
        best_print("system", &system, 0);
        best_print("kept", &kept, listing ? listing->n_kept : 0);
        best_print("judge", &judge, sample.n_procs);
        printf("{\"what\":\"counts\",\"seen\":%" PRIu64 ",\"known\":%" PRIu64 ",\"kept\":%" PRIu64
               "}\n",
                stats.seen, stats.known, stats.kept);

        pipeline_done(&pipeline);
        scout_free(scout);
        sampler_free(sampler);
        roster_free(roster);
        config_unref(config);
        sysroot_done(&root);
        return 0;
}
