/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Judging alone (history, evaluate, rank, decide) over made-up machines of 3,000 and 20,000
 * processes in trouble, up to the step that is ordered, without and with as many cgroups. No file
 * is read. The same input every time, so that `valgrind --tool=callgrind` counts the same
 * instructions. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/macro.h"
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

/* Units, each with a cgroup of its own, every fourth with a limit that is far. */
typedef struct Units {
        size_t n;
        char (*names)[32], (*paths)[64];
        GroupFacts *facts;
        GroupSample *groups;
} Units;

static void units_init(Units *u, size_t n) {
        *u = (Units){ .n = n,
                .names = calloc(n, sizeof(*u->names)),
                .paths = calloc(n, sizeof(*u->paths)),
                .facts = calloc(n, sizeof(*u->facts)),
                .groups = calloc(n, sizeof(*u->groups)) };
        if (!u->names || !u->paths || !u->facts || !u->groups)
                abort();
        for (size_t i = 0; i < n; i++) {
                snprintf(u->names[i], sizeof(u->names[i]), "unit-%zu.service", i);
                snprintf(u->paths[i], sizeof(u->paths[i]), "/system.slice/%s", u->names[i]);
                u->facts[i] = (GroupFacts){ .inode = i,
                        .path = u->paths[i],
                        .unit = u->names[i],
                        .user_unit = "",
                        .slice = "system.slice",
                        .container = "",
                        .is_unit = true,
                        .limit_bytes = i % 4 == 0 ? GIB : UINT64_MAX,
                        .high_bytes = UINT64_MAX };
                u->facts[i].class_hash = group_class(&u->facts[i]);
                u->groups[i] = (GroupSample){ .facts = &u->facts[i],
                        .slot = (uint32_t) i,
                        .generation = 1,
                        .kept = i < 64,
                        .has_memory = true,
                        .populated = true,
                        .has_events = true };
        }
}

static void units_tick(Units *u, usec_t now) {
        for (size_t i = 0; i < u->n; i++) {
                GroupSample *g = &u->groups[i];

                g->at_usec = g->stat_at_usec = now;
                g->anon = g->current = 16 * MIB + (i % 97) * 4096;
        }
}

static void units_done(Units *u) {
        free(u->names);
        free(u->paths);
        free(u->facts);
        free(u->groups);
}

/* What the built-in policy about limits asks: every cgroup is an instance of it. */
static const Policy *limit_policy(void) {
        static const char *const glob = "/**";
        static const CondNode nodes[] = {
                { .kind = COND_ALL, .first_child = 1, .next_sibling = COND_NONE },
                { .kind = COND_ATOM,
                        .first_child = COND_NONE,
                        .next_sibling = 2,
                        .atom = { .metric = METRIC_CGROUP_USAGE,
                                .unit = METRIC_UNIT_BYTES,
                                .op = COMPARE_GT,
                                .percent = true,
                                .is_amount = true,
                                .threshold = 9000,
                                .name = "cgroup.usage",
                                .text = "cgroup.usage > 90%" } },
                { .kind = COND_ATOM,
                        .first_child = COND_NONE,
                        .next_sibling = COND_NONE,
                        .atom = { .metric = METRIC_CGROUP_EXHAUSTION,
                                .unit = METRIC_UNIT_USEC,
                                .op = COMPARE_LT,
                                .is_amount = true,
                                .threshold = 500000,
                                .name = "cgroup.exhaustion",
                                .text = "cgroup.exhaustion < 500ms" } },
        };
        static MatchSpec spec = { .key_mask = UINT32_C(1) << MATCH_CGROUP };
        static Policy policy = { .name = "cgroup-limit",
                .watch = WATCH_CGROUP,
                .watch_match = { &spec, 1 },
                .when = { nodes, 3 },
                .steps = { { .kind = STEP_TERMINATE, .grace_usec = 500000 } },
                .n_steps = 1 };

        spec.patterns[MATCH_CGROUP].patterns = &glob;
        spec.patterns[MATCH_CGROUP].n = 1;
        return &policy;
}

static void machine_init(ProcFacts *facts, ProcSample *procs, size_t n, const Units *u) {
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
                        .cgroup = u->n > 0 ? u->paths[i % u->n] : "/system.slice",
                        .unit = u->n > 0 ? u->names[i % u->n] : units[i % 256],
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

static void run(const Config *config, size_t n, size_t n_groups, unsigned ticks) {
        ProcFacts *facts = calloc(n, sizeof(*facts));
        ProcSample *procs = calloc(n, sizeof(*procs));
        Sample sample = { 0 };
        Pipeline pipeline = { 0 };
        double least = 0, sum = 0, worst = 0;
        unsigned ranked = 0;
        Units units;

        units_init(&units, n_groups);
        if (!facts || !procs || pipeline_init(&pipeline, config, true) < 0)
                abort();
        machine_init(facts, procs, n, &units);
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
                units_tick(&units, now);
                sample.n_groups = 0; /* they come with the processes */
                from = cpu_usec();
                pipeline_begin(&pipeline, &sample);
                sample.procs = procs;
                sample.n_procs = n;
                sample.procs_fresh = true;
                sample.procs_at_usec = now;
                sample.groups = units.groups;
                sample.n_groups = units.n;
                sample.groups_fresh = true;
                sample.groups_at_usec = now;
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
        printf("{\"what\":\"judging\",\"processes\":%zu,\"cgroups\":%zu,\"ticks\":%u,\"least_"
               "usec\":%.1f,\"mean_"
               "usec\":%.1f,"
               "\"longest_usec\":%.1f,\"actions\":%u}\n",
                n, n_groups, ticks, least, sum / (ticks - 5), worst, ranked);
        pipeline_done(&pipeline);
        units_done(&units);
        free(facts);
        free(procs);
}

int main(int argc, char **argv) {
        static const char limits[] = "version: 1\nlimits: { processes: 20480 }\n";
        unsigned ticks = argc > 1 ? (unsigned) strtoul(argv[1], NULL, 10) : 60;
        ConfigErrors errors = { 0 };
        Config *builtin = NULL, *wide = NULL;
        Config mixed;
        static Policy policies[16];

        if (config_load_builtin(&builtin, &errors) < 0 ||
                config_load_text("limits", limits, sizeof(limits) - 1, &wide, &errors) < 0)
                return 1;
        mixed = *builtin;
        mixed.limits = wide->limits;
        run(&mixed, 3000, 0, ticks);
        run(&mixed, 20000, 0, ticks);

        mixed.n_policies = MIN(builtin->n_policies, ELEMENTS(policies) - 1);
        memcpy(policies, builtin->policies, mixed.n_policies * sizeof(policies[0]));
        policies[mixed.n_policies++] = *limit_policy();
        mixed.policies = policies;
        run(&mixed, 3000, 512, ticks);
        run(&mixed, 20000, 5000, ticks);
        config_unref(builtin);
        config_unref(wide);
        return 0;
}
