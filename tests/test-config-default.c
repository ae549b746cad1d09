/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness.h"

#include <string.h>

#include "base/macro.h"
#include "config/config-load.h"
#include "config/dnf.h"
#include "config/metric.h"
#include "core/condition.h"
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
        ck_assert_uint_ge(n, 3);
        for (size_t i = 0; i < n && !hardest; i++)
                if (verdicts[i].when == TRUTH_TRUE)
                        hardest = config->policies[verdicts[i].policy].name;
        ck_assert_msg(
                rows[_i].hardest ? hardest && strcmp(hardest, rows[_i].hardest) == 0 : !hardest,
                "%s: %s", rows[_i].name, hardest ? hardest : "calm");
        config_unref(config);
}
END_TEST

/* ---- thrashing that the memory counters do not show ---- */

static const struct {
        const char *name;
        int64_t mem_total, mem_available;
        int64_t io_full_permyriad, refaults, mapped_permyriad; /* of 10 s, a second, of 10 s */
        const char *hardest;
} thrash_rows[] = {
        { "text comes back all the time, slow disk", 8 * GIB, 500 * MIB, 9000, 3000, 9500,
                "host-thrash" },
        { "the same on a tiny machine", 350 * MIB, 25 * MIB, 6000, 900, 8000, "host-thrash" },
        { "a backup, everything read once", 8 * GIB, 500 * MIB, 9500, 0, 0, NULL },
        { "a tree of files searched again and again", 8 * GIB, 500 * MIB, 9500, 50000, 100, NULL },
        { "the same while programs start", 8 * GIB, 500 * MIB, 9500, 50000, 2000, NULL },
        { "a program starts for the first time", 8 * GIB, 500 * MIB, 9000, 20, 10000, NULL },
        { "text comes back from a fast disk", 8 * GIB, 500 * MIB, 2000, 5000, 10000, NULL },
        { "text comes back, memory to spare", 8 * GIB, 2 * GIB, 9500, 5000, 10000, NULL },
        { "database that maps its files", 512 * GIB, 10 * GIB, 9500, 90000, 10000, NULL },
        { "nothing known of the faults", 8 * GIB, 500 * MIB, 9000, 3000, UNKNOWN, NULL },
};

START_TEST(built_in_policy_knows_thrashing_from_a_busy_page_cache) {
        static ConfigErrors errors;
        static Verdict verdicts[16];
        const char *hardest = NULL;
        Config *config = NULL;
        Sample s = { .raw = { .at_usec = 100 * USEC_PER_SEC } };
        int64_t total = thrash_rows[_i].mem_total;
        size_t n;

        ck_assert_int_eq(config_load_builtin(&config, &errors), 0);
        set(&s, METRIC_MEM_TOTAL, total, total);
        set(&s, METRIC_MEM_AVAILABLE, thrash_rows[_i].mem_available, total);
        set(&s, METRIC_SWAP_TOTAL, 0, 0);
        set(&s, METRIC_SWAP_FREE, 0, 0);
        set(&s, METRIC_MEM_EXHAUSTION, NEVER, 0);
        set(&s, metric_psi(PSI_MEMORY, PSI_FULL, PSI_10S), 1000, 0);
        set(&s, metric_psi(PSI_IO, PSI_FULL, PSI_10S), thrash_rows[_i].io_full_permyriad, 0);
        set(&s, METRIC_REFAULT_FILE, thrash_rows[_i].refaults, 0);
        set(&s, METRIC_REFAULT_MAPPED, thrash_rows[_i].mapped_permyriad, 0);
        n = evaluate(config, &s, NULL, NULL, verdicts, ELEMENTS(verdicts), NULL);
        for (size_t i = 0; i < n && !hardest; i++) {
                const Policy *p = &config->policies[verdicts[i].policy];

                if (verdicts[i].when == TRUTH_TRUE && strcmp(p->name, "host-low") != 0)
                        hardest = p->name;
        }
        ck_assert_msg(thrash_rows[_i].hardest
                        ? hardest && strcmp(hardest, thrash_rows[_i].hardest) == 0
                        : !hardest,
                "%s: %s", thrash_rows[_i].name, hardest ? hardest : "calm");
        config_unref(config);
}
END_TEST

/* ---- a cgroup and its limit ---- */

static const struct {
        const char *name;
        int64_t mem_total, limit, usage; /* without a limit of its own: mem_total */
        int64_t exhaustion_usec;
        int64_t swap_total, swap_free;
        const char *hardest; /* NULL: nothing is true */
} groups[] = {
        /* level alone says nothing */
        { "service at rest", 8 * GIB, 1 * GIB, 300 * MIB, NEVER, 0, 0, NULL },
        { "database that fills its limit for years", 64 * GIB, 32 * GIB, 32 * GIB - 64 * MIB, NEVER,
                0, 0, NULL },
        { "the same, shrinking and growing a little", 64 * GIB, 32 * GIB, 32 * GIB - 64 * MIB,
                60 * SEC, 0, 0, NULL },
        { "full to the last byte, still", 8 * GIB, 512 * MIB, 512 * MIB, NEVER, 0, 0, NULL },
        { "rate unknown", 8 * GIB, 512 * MIB, 511 * MIB, UNKNOWN, 0, 0, NULL },
        { "usage unknown", 8 * GIB, 512 * MIB, UNKNOWN, 100 * MSEC, 0, 0, NULL },
        /* fast, with room */
        { "runtime that takes 80% of its limit at once", 8 * GIB, 1 * GIB, 820 * MIB, 100 * MSEC, 0,
                0, NULL },
        { "start of a service, halfway", 8 * GIB, 1 * GIB, 600 * MIB, 400 * MSEC, 0, 0, NULL },
        { "loads its data to 94%, not so fast", 8 * GIB, 1 * GIB, 960 * MIB, 3500 * MSEC, 0, 0,
                "cgroup-low" },
        /* no limit: that is the business of the machine */
        { "leak without a limit", 8 * GIB, 8 * GIB, 7900 * MIB, 100 * MSEC, 0, 0, NULL },
        { "limit as large as memory", 8 * GIB, 7900 * MIB, 7890 * MIB, 100 * MSEC, 0, 0, NULL },
        /* it will swap, not die */
        { "leak with swap left", 8 * GIB, 1 * GIB, 1000 * MIB, 300 * MSEC, 4 * GIB, 3 * GIB, NULL },
        { "leak with much swap left, little of it", 64 * GIB, 1 * GIB, 1000 * MIB, 300 * MSEC,
                64 * GIB, 10 * GIB, NULL },

        /* a word */
        { "slow leak, 10 s to go", 8 * GIB, 1 * GIB, 920 * MIB, 10 * SEC, 0, 0, "cgroup-low" },

        /* a member is asked */
        { "slow leak at its end", 8 * GIB, 1 * GIB, 1020 * MIB, 1900 * MSEC, 0, 0, "cgroup-limit" },
        { "slow leak, small", 350 * MIB, 64 * MIB, 62 * MIB, 1 * SEC, 0, 0, "cgroup-limit" },
        { "fast leak", 2 * GIB, 128 * MIB, 117 * MIB, 400 * MSEC, 0, 0, "cgroup-limit" },
        { "fast leak, large", 512 * GIB, 64 * GIB, 59 * GIB, 450 * MSEC, 0, 0, "cgroup-limit" },
        { "leak with swap used up", 8 * GIB, 1 * GIB, 1010 * MIB, 1 * SEC, 2 * GIB, 100 * MIB,
                "cgroup-limit" },
};

static Reading group_reading(size_t row, MetricId metric) {
        const struct {
                MetricId metric;
                int64_t value, total;
        } values[] = {
                { METRIC_CGROUP_LIMIT, groups[row].limit, groups[row].mem_total },
                { METRIC_CGROUP_USAGE, groups[row].usage, groups[row].limit },
                { METRIC_CGROUP_EXHAUSTION, groups[row].exhaustion_usec, 0 },
                { METRIC_SWAP_FREE, groups[row].swap_free, groups[row].swap_total },
        };

        for (size_t i = 0; i < ELEMENTS(values); i++)
                if (values[i].metric == metric)
                        return (Reading){ .known = values[i].value != UNKNOWN,
                                .value = values[i].value,
                                .total = values[i].total };
        ck_abort_msg("%s has no value here", metric_info(metric)->name);
        return (Reading){ 0 };
}

/* Only the words of the policy are judged here, not where the numbers come from. */
static bool holds_for(const Condition *condition, size_t row) {
        Dnf dnf;

        dnf_expand(condition, false, &dnf);
        for (size_t i = 0; i < dnf.n; i++) {
                bool all = dnf.branches[i].no == 0;

                for (size_t k = 0; k < dnf.n_atoms && all; k++) {
                        const Atom *a = &dnf.atoms[k]->atom;
                        Reading r = group_reading(row, a->metric);

                        if ((dnf.branches[i].yes >> k) & 1)
                                all = r.known &&
                                        condition_compare(&r, a->op, a->threshold, a->percent);
                }
                if (all)
                        return true;
        }
        return false;
}

START_TEST(built_in_policy_knows_a_cgroup_that_meets_its_limit) {
        static ConfigErrors errors;
        const char *hardest = NULL;
        Config *config = NULL;
        size_t n = 0;

        ck_assert_int_eq(config_load_builtin(&config, &errors), 0);
        for (size_t i = 0; i < config->n_policies; i++) {
                const Policy *p = &config->policies[i];

                if (!watch_is_group(p->watch))
                        continue;
                n++;
                if (!hardest && holds_for(&p->when, (size_t) _i))
                        hardest = p->name;
        }
        ck_assert_uint_ge(n, 2);
        ck_assert_msg(
                groups[_i].hardest ? hardest && strcmp(hardest, groups[_i].hardest) == 0 : !hardest,
                "%s: %s", groups[_i].name, hardest ? hardest : "calm");
        config_unref(config);
}
END_TEST

int main(void) {
        Suite *s = suite_create("config-default");
        TCase *tc = tcase_create("config-default");

        tcase_add_loop_test(tc, built_in_policy_knows_trouble_from_calm, 0, ELEMENTS(rows));
        tcase_add_loop_test(tc, built_in_policy_knows_thrashing_from_a_busy_page_cache, 0,
                (int) ELEMENTS(thrash_rows));
        tcase_add_loop_test(
                tc, built_in_policy_knows_a_cgroup_that_meets_its_limit, 0, ELEMENTS(groups));
        suite_add_tcase(s, tc);
        return harness_run(s);
}
