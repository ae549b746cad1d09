/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness.h"

#include <string.h>

#include "base/macro.h"
#include "config/config-load.h"
#include "core/evaluate.h"

/* What the built-in policy makes of a machine, by the hardest of its policies that is true. */

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define NEVER INT64_MAX
#define MSEC ((int64_t) USEC_PER_MSEC)
#define SEC ((int64_t) USEC_PER_SEC)
#define UNKNOWN INT64_MIN

static const struct {
        const char *name;
        int64_t mem_total, mem_available, swap_total,
                swap_free; /* corrected, as core delivers them */
        int64_t exhaustion_usec;
        int64_t full_permyriad; /* psi.memory.full.10s */
        const char *hardest;    /* NULL: nothing is true */
} rows[] = {
        /* memory is fine, whatever else is said */
        { "idle laptop", 16 * GIB, 9 * GIB, 4 * GIB, 4 * GIB, NEVER, 0, NULL },
        { "page cache pressure with memory to spare", 8 * GIB, 6 * GIB, 0, 0, NEVER, 9000, NULL },
        { "pressure counters that lie", 64 * GIB, 40 * GIB, 8 * GIB, 8 * GIB, NEVER, 10000, NULL },
        { "small swap full, memory free", 16 * GIB, 10 * GIB, 1 * GIB, 50 * MIB, NEVER, 500, NULL },
        { "small swap full, a fast start", 16 * GIB, 6 * GIB, 1 * GIB, 0, 4 * SEC, 0, NULL },
        { "swap switched off in calm", 8 * GIB, 4 * GIB, 0, 0, NEVER, 0, NULL },
        { "tiny machine at rest", 350 * MIB, 120 * MIB, 0, 0, NEVER, 0, NULL },
        { "half a tiny machine taken at once", 350 * MIB, 90 * MIB, 0, 0, 500 * MSEC, 0, NULL },
        { "database that keeps 92%", 64 * GIB, 5 * GIB, 0, 0, NEVER, 0, NULL },
        { "database that keeps 98% of much", 512 * GIB, 10 * GIB, 0, 0, NEVER, 0, NULL },
        { "busy swap, little available, no thrash", 8 * GIB, 500 * MIB, 16 * GIB, 9 * GIB, NEVER,
                1500, NULL },
        { "zram in use, compressing well", 4 * GIB, 250 * MIB, 2 * GIB, 1 * GIB, NEVER, 1000,
                NULL },
        { "nothing known about the rate", 8 * GIB, 2 * GIB, 0, 0, UNKNOWN, UNKNOWN, NULL },

        /* a word */
        { "small server getting short", 2 * GIB, 190 * MIB, 0, 0, NEVER, 0, "host-low" },
        { "little left and filling slowly", 16 * GIB, 2 * GIB, 0, 0, 8 * SEC, 0, "host-low" },
        { "short of memory with some thrash", 8 * GIB, 700 * MIB, 8 * GIB, 6 * GIB, NEVER, 3000,
                "host-low" },
        { "large machine, first sign", 512 * GIB, 3 * GIB, 0, 0, NEVER, 0, "host-low" },

        /* a victim is asked */
        { "slow leak, no swap", 2 * GIB, 90 * MIB, 0, 0, 60 * SEC, 0, "host-exhaustion" },
        { "slow leak, rate unknown", 2 * GIB, 90 * MIB, 0, 0, UNKNOWN, UNKNOWN, "host-exhaustion" },
        { "slow leak, tiny machine", 350 * MIB, 16 * MIB, 0, 0, 10 * SEC, 0, "host-exhaustion" },
        { "leak of 20 MB/s, tiny machine", 350 * MIB, 33 * MIB, 0, 0, 1700 * MSEC, 0,
                "host-exhaustion" },
        { "slow leak, disk swap nearly full", 8 * GIB, 300 * MIB, 2 * GIB, 350 * MIB, 90 * SEC,
                2000, "host-exhaustion" },
        { "slow leak on much memory", 512 * GIB, 900 * MIB, 0, 0, NEVER, 0, "host-exhaustion" },
        { "fast leak at the first sight", 2 * GIB, 280 * MIB, 0, 0, 700 * MSEC, 0,
                "host-exhaustion" },
        { "very fast leak on much memory", 512 * GIB, 20 * GIB, 0, 0, 900 * MSEC, 0,
                "host-exhaustion" },
        { "thrash on a slow disk", 8 * GIB, 200 * MIB, 8 * GIB, 5 * GIB, NEVER, 8000,
                "host-exhaustion" },
        { "zram that holds what does not compress", 4 * GIB, 150 * MIB, 2 * GIB, 10 * MIB, NEVER,
                3000, "host-exhaustion" },

        /* no time left */
        { "nothing left, tiny machine", 350 * MIB, 9 * MIB, 0, 0, 500 * MSEC, 0, "host-critical" },
        { "nothing left, disk swap full", 8 * GIB, 100 * MIB, 2 * GIB, 200 * MIB, NEVER, 5000,
                "host-critical" },
        { "nothing left on much memory", 512 * GIB, 400 * MIB, 0, 0, NEVER, 0, "host-critical" },
        { "fast leak, tiny machine", 350 * MIB, 34 * MIB, 0, 0, 190 * MSEC, 0, "host-critical" },
        { "a gigabyte a second on two", 2 * GIB, 200 * MIB, 0, 0, 200 * MSEC, 0, "host-critical" },
        { "ten gigabytes a second on many", 512 * GIB, 4 * GIB, 0, 0, 390 * MSEC, 0,
                "host-critical" },
        { "zram full of noise", 4 * GIB, 100 * MIB, 2 * GIB, 0, 2 * SEC, 2000, "host-critical" },
};

static void set(Sample *s, MetricId metric, int64_t value, int64_t total) {
        s->system[metric] = (Reading){
                .known = value != UNKNOWN,
                .value = value,
                .total = total,
                .since_usec = s->raw.at_usec,
        };
}

static void fill(Sample *s, size_t i) {
        s->raw.at_usec = 100 * USEC_PER_SEC;
        s->raw.mem_total = (uint64_t) rows[i].mem_total;
        set(s, METRIC_MEM_TOTAL, rows[i].mem_total, rows[i].mem_total);
        set(s, METRIC_MEM_AVAILABLE, rows[i].mem_available, rows[i].mem_total);
        set(s, METRIC_SWAP_TOTAL, rows[i].swap_total, rows[i].swap_total);
        set(s, METRIC_SWAP_FREE, rows[i].swap_free, rows[i].swap_total);
        set(s, METRIC_MEM_EXHAUSTION, rows[i].exhaustion_usec, 0);
        set(s, metric_psi(PSI_MEMORY, PSI_FULL, PSI_10S), rows[i].full_permyriad, 0);
}

/* Policies stand in the file from the hardest to the mildest. */
START_TEST(built_in_policy_knows_trouble_from_calm) {
        static ConfigErrors errors;
        static Verdict verdicts[16];
        const char *hardest = NULL;
        Config *config = NULL;
        Sample s = { 0 };
        size_t n;

        ck_assert_int_eq(config_load_builtin(&config, &errors), 0);
        fill(&s, (size_t) _i);
        n = evaluate(config, &s, NULL, NULL, verdicts, ELEMENTS(verdicts), NULL);
        ck_assert_uint_eq(n, config->n_policies);
        for (size_t i = 0; i < n && !hardest; i++)
                if (verdicts[i].when == TRUTH_TRUE)
                        hardest = config->policies[verdicts[i].policy].name;
        ck_assert_msg(
                rows[_i].hardest ? hardest && strcmp(hardest, rows[_i].hardest) == 0 : !hardest,
                "%s: %s", rows[_i].name, hardest ? hardest : "calm");
        config_unref(config);
}
END_TEST

int main(void) {
        Suite *s = suite_create("config-default");
        TCase *tc = tcase_create("config-default");

        tcase_add_loop_test(tc, built_in_policy_knows_trouble_from_calm, 0, ELEMENTS(rows));
        suite_add_tcase(s, tc);
        return harness_run(s);
}
