/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Judging alone (history, evaluate, rank, decide) over made-up machines of 3,000 and 20,000
 * processes in trouble, up to the step that is ordered. No file is read. The same input every time,
 * so that `valgrind --tool=callgrind` counts the same instructions. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/config-load.h"
#include "core/explain.h"
#include "engine/lock-memory.h"
#include "engine/pipeline.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static double cpu_usec(void) {
        struct timespec ts;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}

static void machine_init(ProcFacts *facts, ProcSample *procs, size_t n) {
        static char exes[64][32], units[256][32];

        for (size_t i = 0; i < 64; i++)
                snprintf(exes[i], sizeof(exes[i]), "/usr/bin/program-%zu", i);
        for (size_t i = 0; i < 256; i++)
                snprintf(units[i], sizeof(units[i]), "unit-%zu.service", i);
        for (size_t i = 0; i < n; i++) {
                facts[i] = (ProcFacts){
                        .pid = (int32_t) i + 2,
                        .ppid = 1,
                        .session = (int32_t) i + 2,
                        .start_ticks = i,
                        .born_usec = i,
                        .uid = 1000,
                        .tty = "",
                        .exe = exes[i % 64],
                        .cmdline = "",
                        .cgroup = "/system.slice",
                        .unit = units[i % 256],
                        .user_unit = "",
                        .slice = "system.slice",
                        .container = "",
                };
                snprintf(facts[i].comm, sizeof(facts[i].comm), "program-%zu", i % 64);
                facts[i].class_hash = facts_class(&facts[i]);
                facts[i].group_hash = facts_group(&facts[i]);
                procs[i] = (ProcSample){
                        .facts = &facts[i],
                        .slot = (uint32_t) i,
                        .generation = 1,
                        .kept = i < 256,
                        .state = 'S',
                        .rss = MIB,
                        .anon = MIB,
                        .threads = 1,
                };
        }
}

static void run(const Config *config, size_t n, unsigned ticks) {
        ProcFacts *facts = calloc(n, sizeof(*facts));
        ProcSample *procs = calloc(n, sizeof(*procs));
        Sample sample = { 0 };
        Pipeline pipeline = { 0 };
        double least = 0, sum = 0, worst = 0;
        unsigned ranked = 0;

        if (!facts || !procs || pipeline_init(&pipeline, config, true) < 0)
                abort();
        machine_init(facts, procs, n);
        /* as sentinel_touch_ahead() does for the daemon, before there is trouble */
        memory_touch(pipeline.scratch.candidates, n * sizeof(*pipeline.scratch.candidates));
        memory_touch(pipeline.book, sizeof(*pipeline.book));
        for (unsigned t = 0; t < ticks; t++) {
                usec_t now = (usec_t) t * 100000 + 3600 * USEC_PER_SEC;
                uint64_t available = t < 40 ? 32 * GIB - (uint64_t) t * 800 * MIB : 900 * MIB;
                double from, took;

                sample.raw = (SystemRaw){
                        .at_usec = now,
                        .boottime_usec = now,
                        .have = source_bit(SOURCE_MEMINFO) | source_bit(SOURCE_SWAPS) |
                                source_bit(SOURCE_PROCESSES),
                        .mem_total = 32 * GIB,
                        .mem_free = available / 2,
                        .mem_available = available,
                        .anon = 32 * GIB - available,
                };
                for (size_t i = 0; i < n; i++) {
                        procs[i].at_usec = now;
                        procs[i].anon = procs[i].rss =
                                MIB + (i % 97) * 4096 + (i == 7 ? (uint64_t) t * 700 * MIB : 0);
                }
                from = cpu_usec();
                pipeline_begin(&pipeline, &sample);
                sample.procs = procs;
                sample.n_procs = n;
                sample.procs_fresh = true;
                sample.procs_at_usec = now;
                pipeline_judge(&pipeline, &sample, NULL, 0);
                took = cpu_usec() - from;
                ranked += (unsigned) pipeline.plan.n_actions;
                if (t >= 5) { /* the first ones touch memory that a daemon has touched before it is
                                 needed */
                        worst = took > worst ? took : worst;
                        least = least == 0 || took < least ? took : least;
                        sum += took;
                }
        }
        printf("{\"what\":\"judging\",\"processes\":%zu,\"ticks\":%u,\"least_usec\":%.1f,\"mean_"
               "usec\":%.1f,"
               "\"longest_usec\":%.1f,\"actions\":%u}\n",
                n, ticks, least, sum / (ticks - 5), worst, ranked);
        pipeline_done(&pipeline);
        free(facts);
        free(procs);
}

int main(int argc, char **argv) {
        static const char limits[] = "version: 1\nlimits: { processes: 20480 }\n";
        unsigned ticks = argc > 1 ? (unsigned) strtoul(argv[1], NULL, 10) : 60;
        ConfigErrors errors = { 0 };
        Config *builtin = NULL, *wide = NULL;
        Config mixed;

        if (config_load_builtin(&builtin, &errors) < 0 ||
                config_load_text("limits", limits, sizeof(limits) - 1, &wide, &errors) < 0)
                return 1;
        mixed = *builtin;
        mixed.limits = wide->limits;
        run(&mixed, 3000, ticks);
        run(&mixed, 20000, ticks);
        config_unref(builtin);
        config_unref(wide);
        return 0;
}
