/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config-load.h"
#include "config/dnf.h"
#include "config/metric.h"

static ConfigErrors errors;

/* Loads one policy of the given parts. */
static Config *load(const char *watch, const char *when, const char *more, const char *steps) {
        Config *config = NULL;
        char text[4096];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b,
                "version: 1\npolicies:\n  - name: p\n    watch: %s\n    when: %s\n%s    steps: "
                "%s\n",
                watch, when, more, steps);
        ck_assert(!b.truncated);
        if (config_load_text("t.yaml", text, b.len, &config, &errors) < 0)
                ck_assert_ptr_null(config);
        return config;
}

/* ---- promise 1 ---- */

#define GROUPS "{ cgroup: \"/**\" }"
#define UNITS "{ unit: [ a.service, \"*.scope\" ] }"

static const struct {
        const char *watch, *when, *hold;
        bool accepted;
} promise[] = {
        /* an amount that is scarce, and a second signal */
        { "system", "{ all: [ mem.available < 8%, swap.free < 10% ] }", "", true },
        { "system", "{ all: [ mem.available <= 8%, swap.free < 10% ] }", "", true },
        { "system", "{ all: [ mem.available < 1G, psi.memory.some.10s > 10% ] }", "", true },
        { "system", "{ all: [ mem.exhaustion < 1s, fill.rate > 1M/s ] }", "", true },
        { "system", "{ all: [ mem.available < 8%, mem.exhaustion < 1s ] }", "", true },
        { "system", "{ all: [ mem.available < 50%, swap.free < 10% ] }", "", true },
        /* the same said the other way round */
        { "system", "{ not: { any: [ mem.available >= 8%, swap.free >= 10% ] } }", "", true },
        { "system", "{ all: [ { not: { not: mem.available < 8% } }, { not: swap.free > 10% } ] }",
                "", true },
        { "system", "{ not: { any: [ mem.available < 8%, swap.free < 10% ] } }", "", false },
        /* one amount alone must last for two ticks */
        { "system", "mem.available < 8%", "", false },
        { "system", "mem.available < 8%", "0", false },
        { "system", "mem.available < 8%", "99ms", false },
        { "system", "mem.available < 8%", "100ms", true },
        { "system", "mem.exhaustion < 1s", "1s", true },
        /* nothing else is scarce memory, however long it lasts */
        { "system", "swap.free < 1%", "1h", false },
        { "system", "{ all: [ swap.free < 1%, mem.free < 1% ] }", "1h", false },
        { "system", "psi.memory.full.10s > 90%", "1h", false },
        { "system", "{ all: [ psi.memory.full.10s > 90%, psi.io.full.10s > 90% ] }", "1h", false },
        { "system", "{ all: [ fill.rate > 1G/s, refault.anon > 1000/s ] }", "1h", false },
        { "system", "{ all: [ mem.slab > 90%, mem.unexplained > 9% ] }", "1h", false },
        { "system", "oom.kills > 0", "1h", false },
        /* plenty is not scarce */
        { "system", "{ all: [ mem.available > 8%, swap.free < 1% ] }", "1h", false },
        { "system", "{ all: [ mem.available < 51%, swap.free < 1% ] }", "1h", false },
        { "system", "{ all: [ mem.exhaustion > 1s, swap.free < 1% ] }", "1h", false },
        /* the second signal must be another one, and must be able to change */
        { "system", "{ all: [ mem.available < 8%, mem.available < 1G ] }", "", false },
        { "system", "{ all: [ mem.available < 8%, mem.total > 1G ] }", "", false },
        { "system", "{ all: [ mem.available < 8%, swap.total > 1G ] }", "", false },
        { "system", "{ all: [ mem.available < 8%, mem.total > 1G, swap.free < 1G ] }", "", true },
        /* every branch counts */
        { "system",
                "{ any: [ { all: [ mem.available < 8%, swap.free < 1% ] }, mem.exhaustion < 1s ] }",
                "", false },
        { "system",
                "{ any: [ { all: [ mem.available < 8%, swap.free < 1% ] }, mem.exhaustion < 1s ] }",
                "1s", true },
        { "system", "{ any: [ { all: [ mem.available < 8%, swap.free < 1% ] }, swap.free < 1% ] }",
                "1s", false },
        { "system",
                "{ all: [ { any: [ mem.available < 8%, mem.exhaustion < 1s ] }, { any: [ swap.free "
                "< 1%, psi.cpu.some.1s > 1% ] } ] }",
                "", true },
        { "system",
                "{ all: [ { any: [ mem.available < 8%, swap.free < 1% ] }, psi.cpu.some.1s > 1% ] "
                "}",
                "", false },
        { "system", "{ not: { all: [ mem.available > 8%, swap.free > 10% ] } }", "1s", false },
        /* processes: their own amounts */
        { "process", "proc.anon > 200M", "", true },
        { "process", "proc.rss > 10%", "", true },
        { "process", "proc.swap > 10%", "", true },
        { "process", "proc.stack_usage > 90%", "", true },
        { "process", "mem.available < 10%", "", true },
        { "process", "proc.anon < 200M", "", false },
        { "process", "proc.shmem > 200M", "", false },
        { "process", "proc.file > 200M", "", false },
        { "process", "proc.freeable > 200M", "", false },
        { "process", "proc.growth > 200M/s", "1h", false },
        { "process", "proc.exhaustion < 1s", "1h", false },
        { "process", "{ any: [ proc.anon > 1G, proc.threads > 10000 ] }", "", false },
        /* users: only the system's */
        { "user", "user.anon > 90%", "1h", false },
        { "user", "{ all: [ user.anon > 50%, mem.available < 10% ] }", "", true },
        /* cgroups and units: what cannot be reclaimed, and the time until it meets the limit */
        { GROUPS, "cgroup.usage > 95%", "", true },
        { GROUPS, "cgroup.usage >= 8G", "", true },
        { GROUPS, "cgroup.exhaustion < 1s", "", true },
        { UNITS, "{ not: cgroup.exhaustion >= 1s }", "", true },
        { UNITS, "mem.available < 5%", "", true },
        { UNITS,
                "{ any: [ { all: [ cgroup.usage > 95%, cgroup.events.max > 0 ] }, mem.exhaustion < "
                "1s ] }",
                "", true },
        { GROUPS, "cgroup.usage < 95%", "1h", false },
        { GROUPS, "cgroup.exhaustion > 1s", "1h", false },
        { GROUPS, "cgroup.current > 95%", "1h", false },
        { GROUPS, "cgroup.anon > 95%", "1h", false },
        { GROUPS, "cgroup.gained > 95%", "1h", false },
        { GROUPS, "cgroup.swap > 95%", "1h", false },
        { GROUPS, "{ all: [ cgroup.limit < 95%, cgroup.growth > 1M/s ] }", "1h", false },
        { GROUPS, "{ all: [ cgroup.events.oom > 0, cgroup.events.oom_kill > 0 ] }", "1h", false },
        { UNITS, "{ all: [ cgroup.psi.memory.full.10s > 90%, cgroup.refault.anon > 1000/s ] }",
                "1h", false },
        { UNITS, "{ any: [ cgroup.usage > 95%, cgroup.events.oom > 0 ] }", "1h", false },
        { UNITS, "{ all: [ swap.free < 1%, psi.memory.full.10s > 90% ] }", "1h", false },
};

START_TEST(harm_and_delay_need_scarce_memory_in_every_case) {
        static const char *const steps[] = { "[ kill ]", "[ notify, terminate ]",
                "[ signal: USR1 ]", "[ throttle ]", "[ freeze ]", "[ hint, throttle, kill ]" };
        char hold[64] = "";

        if (*promise[_i].hold)
                snprintf(hold, sizeof(hold), "    for: %s\n", promise[_i].hold);
        for (size_t i = 0; i < ELEMENTS(steps); i++) {
                Config *config = load(promise[_i].watch, promise[_i].when, hold, steps[i]);

                ck_assert_msg((config != NULL) == promise[_i].accepted, "%s for %s, %s: %s",
                        promise[_i].when, promise[_i].hold, steps[i],
                        errors.n ? errors.items[0].message : "accepted");
                config_unref(config);
        }
}
END_TEST

START_TEST(what_harms_nobody_may_rest_on_anything) {
        Config *config = load(promise[_i].watch, promise[_i].when, "",
                "[ notify, hint, capture, run: [ /bin/x ], reclaim ]");

        ck_assert_msg(config, "%s: %s", promise[_i].when, errors.items[0].message);
        config_unref(config);
}
END_TEST

START_TEST(two_ticks_are_those_of_the_effective_configuration) {
        static const char text[] = "version: 1\ntick: { min: 200ms }\npolicies:\n"
                                   "  - { name: a, watch: system, when: mem.available < 5%, for: "
                                   "399ms, steps: [ kill ] }\n"
                                   "  - { name: b, watch: system, when: mem.available < 5%, for: "
                                   "400ms, steps: [ kill ] }\n";
        Config *config = NULL;

        ck_assert_int_eq(config_load_text("t", text, strlen(text), &config, &errors), -EINVAL);
        ck_assert_uint_eq(errors.n, 1);
        ck_assert_uint_eq(errors.items[0].line, 4);
}
END_TEST

/* ---- contradictions ---- */

static const struct {
        const char *when, *clear, *says; /* NULL: accepted */
        bool warns;
} clears[] = {
        { "{ all: [ mem.available < 8%, swap.free < 10% ] }", "mem.available > 12%", NULL, false },
        { "{ all: [ mem.available < 8%, swap.free < 10% ] }", "mem.available >= 8%", NULL, false },
        { "{ all: [ mem.available < 8%, swap.free < 10% ] }", "{ not: mem.available < 8% }", NULL,
                false },
        { "{ all: [ mem.available < 8%, swap.free < 10% ] }",
                "{ any: [ mem.available > 9%, swap.free > 20% ] }", NULL, false },
        { "mem.available < 8%", "mem.available > 7%", "can be true while", false },
        { "mem.available <= 8%", "mem.available >= 8%", "can be true while", false },
        { "mem.available < 8%", "mem.available < 5%", "can be true while", false },
        { "{ any: [ mem.available < 8%, swap.free < 10% ] }",
                "{ any: [ mem.available > 9%, swap.free > 5% ] }", "can be true while", false },
        { "{ any: [ mem.available < 8%, swap.free < 10% ] }",
                "{ all: [ mem.available > 9%, swap.free > 15% ] }", NULL, false },
        { "{ any: [ mem.available < 8%, swap.free < 10% ] }", "mem.available > 9%", NULL, true },
        { "mem.available < 8%", "psi.memory.some.1s < 5%", NULL, true },
        { "mem.available < 8%", "mem.available > 1G", NULL,
                false }, /* the measures do not compare */
        { "mem.available < 8%", "{ any: [ mem.available > 5%, mem.available < 6% ] }",
                "always true", false },
        { "mem.available < 8%", "{ all: [ mem.available > 15%, mem.available < 12% ] }",
                "never be true", false },
        { "mem.available < 8%", "mem.available > 100%", "never be true", false },
        { "mem.available < 8%", "proc.anon < 1G", "needs watch: process", false },
};

START_TEST(clear_must_exclude_when) {
        char more[256];
        Config *config;

        snprintf(more, sizeof(more), "    clear: %s\n", clears[_i].clear);
        config = load("system", clears[_i].when, more, "[ notify ]");
        if (clears[_i].says) {
                ck_assert_msg(!config, "%s accepted", clears[_i].clear);
                ck_assert_msg(strstr(errors.items[0].message, clears[_i].says), "%s: %s",
                        clears[_i].clear, errors.items[0].message);
                ck_assert_uint_eq(errors.items[0].line, 6);
        } else {
                ck_assert_msg(config, "%s: %s", clears[_i].clear, errors.items[0].message);
                ck_assert_msg(
                        config->n_warnings == clears[_i].warns, "%s: warnings", clears[_i].clear);
        }
        config_unref(config);
}
END_TEST

/* ---- what an atom becomes ---- */

static const struct {
        const char *text;
        MetricId metric;
        CompareOp op;
        int64_t threshold;
        bool percent;
        const char *folded;
} atoms[] = {
        { "mem.available < 8%", METRIC_MEM_AVAILABLE, COMPARE_LT, 800, true, "mem.available < 8%" },
        { "mem.available<8%", METRIC_MEM_AVAILABLE, COMPARE_LT, 800, true, "mem.available < 8%" },
        { "mem.available   <=   512M", METRIC_MEM_AVAILABLE, COMPARE_LE, 512 << 20, false,
                "mem.available <= 512M" },
        { "psi.io.full.avg300 > 12.5%", METRIC_PSI_LAST - 12, COMPARE_GT, 1250, false,
                "psi.io.full.avg300 > 12.5%" },
        { "psi.cpu.full.avg300 >= 1%", METRIC_PSI_LAST, COMPARE_GE, 100, false,
                "psi.cpu.full.avg300 >= 1%" },
        { "mem.exhaustion < 500ms", METRIC_MEM_EXHAUSTION, COMPARE_LT, 500000, false,
                "mem.exhaustion < 500ms" },
        { "refault.anon > 300/min", METRIC_REFAULT_ANON, COMPARE_GT, 5, false,
                "refault.anon > 300/min" },
        { "fill.rate > 0", METRIC_FILL_RATE, COMPARE_GT, 0, false, "fill.rate > 0" },
        { "oom.kills > 3", METRIC_OOM_KILLS, COMPARE_GT, 3, false, "oom.kills > 3" },
        { "reclaim.efficiency < 20%", METRIC_RECLAIM_EFFICIENCY, COMPARE_LT, 2000, false,
                "reclaim.efficiency < 20%" },
};

START_TEST(atoms_carry_threshold_unit_and_text) {
        Config *config = load("system", atoms[_i].text, "", "[ notify ]");
        const MetricInfo *info = metric_info(atoms[_i].metric);
        const Atom *atom;

        ck_assert_msg(config, "%s: %s", atoms[_i].text, errors.items[0].message);
        ck_assert_uint_eq(config->policies[0].when.n_nodes, 1);
        atom = &config->policies[0].when.nodes[0].atom;
        ck_assert_int_eq(atom->metric, atoms[_i].metric);
        ck_assert_int_eq(atom->op, atoms[_i].op);
        ck_assert_int_eq(atom->threshold, atoms[_i].threshold);
        ck_assert_int_eq(atom->percent, atoms[_i].percent);
        ck_assert_str_eq(atom->text, atoms[_i].folded);
        ck_assert_str_eq(atom->name, info->name);
        ck_assert_int_eq(atom->unit, info->unit);
        ck_assert_int_eq(atom->is_amount, info->is_amount);
        ck_assert_int_eq(atom->is_pressure_or_rate, info->is_pressure_or_rate);
        config_unref(config);
}
END_TEST

START_TEST(conditions_keep_their_shape_and_order) {
        Config *config = load("system",
                "{ any: [ swap.free < 1%, { not: { all: [ swap.free > 2%, swap.used < 3% ] } }, "
                "mem.free < 4% ] }",
                "", "[ notify ]");
        const CondNode *n;
        char text[512];
        TextBuf b;

        ck_assert_ptr_nonnull(config);
        n = config->policies[0].when.nodes;
        ck_assert_uint_eq(config->policies[0].when.n_nodes, 7);
        ck_assert_int_eq(n[0].kind, COND_ANY);
        ck_assert_uint_eq(n[0].next_sibling, COND_NONE);
        ck_assert_int_eq(n[n[0].first_child].kind, COND_ATOM);
        ck_assert_uint_eq(n[n[0].first_child].first_child, COND_NONE);
        ck_assert_int_eq(n[n[n[0].first_child].next_sibling].kind, COND_NOT);
        textbuf_init(&b, text, sizeof(text));
        config_print_condition(&config->policies[0].when, &b);
        ck_assert_str_eq(text,
                "{ any: [ swap.free < 1%, { not: { all: [ swap.free > 2%, swap.used < 3% ] } }, "
                "mem.free < 4% ] }");
        config_unref(config);
}
END_TEST

START_TEST(largest_condition_expands_within_its_bound) {
        /* 3^4 branches of 12 atoms, and as many of its opposite's dual */
        Config *config = load("system",
                "{ all: [ { any: [ mem.free < 1%, swap.free < 1%, mem.slab < 1% ] },"
                " { any: [ psi.io.some.1s > 1%, psi.io.some.3s > 1%, psi.io.some.10s > 1% ] },"
                " { any: [ psi.cpu.some.1s > 1%, psi.cpu.some.3s > 1%, psi.cpu.some.10s > 1% ] },"
                " { any: [ psi.memory.some.1s > 1%, psi.memory.some.3s > 1%, psi.memory.some.10s > "
                "1% ] } ] }",
                "", "[ notify ]");
        Dnf dnf;

        ck_assert_msg(config, "%s", errors.items[0].message);
        dnf_expand(&config->policies[0].when, false, &dnf);
        ck_assert_uint_eq(dnf.n, DNF_BRANCHES_MAX);
        dnf_expand(&config->policies[0].when, true, &dnf);
        ck_assert_uint_eq(dnf.n, 4);
        ck_assert_uint_eq(dnf.branches[0].no, 7);
        ck_assert_uint_eq(dnf.branches[0].yes, 0);
        config_unref(config);
}
END_TEST

/* ---- metrics ---- */

START_TEST(every_metric_has_a_name_of_its_own_and_is_found_by_it) {
        for (int i = 0; i < _METRIC_MAX; i++) {
                const MetricInfo *m = metric_info((MetricId) i);

                ck_assert_msg(m->name, "metric %d", i);
                ck_assert_int_eq(m->id, i);
                ck_assert_ptr_eq(metric_find(m->name), m);
                ck_assert_ptr_nonnull(m->description);
                ck_assert_msg(m->is_amount == (m->scarce != METRIC_SCARCE_NEVER), "%s", m->name);
                ck_assert_msg(m->may_be_percent ==
                                (m->base != METRIC_BASE_NONE || m->unit == METRIC_UNIT_PERMYRIAD),
                        "%s", m->name);
                ck_assert_msg(metric_is_system(m->id) == (m->scope == METRIC_SCOPE_SYSTEM), "%s",
                        m->name);
                ck_assert_msg(
                        metric_is_user(m->id) == (m->scope == METRIC_SCOPE_USER), "%s", m->name);
                ck_assert_msg(metric_is_process(m->id) == (m->scope == METRIC_SCOPE_PROCESS), "%s",
                        m->name);
                ck_assert_msg(metric_is_cgroup(m->id) == (m->scope == METRIC_SCOPE_CGROUP), "%s",
                        m->name);
                ck_assert_msg(metric_is_cgroup(m->id) == (strncmp(m->name, "cgroup.", 7) == 0),
                        "%s", m->name);
                ck_assert(!metric_is_planned(m->name));
        }
}
END_TEST

START_TEST(pressure_metrics_stand_where_their_parts_say) {
        ck_assert_str_eq(
                metric_info(metric_psi(PSI_MEMORY, PSI_SOME, PSI_1S))->name, "psi.memory.some.1s");
        ck_assert_str_eq(metric_info(metric_psi(PSI_MEMORY, PSI_FULL, PSI_AVG10))->name,
                "psi.memory.full.avg10");
        ck_assert_str_eq(
                metric_info(metric_psi(PSI_IO, PSI_SOME, PSI_10S))->name, "psi.io.some.10s");
        ck_assert_str_eq(metric_info(metric_psi(PSI_CPU, PSI_FULL, PSI_AVG300))->name,
                "psi.cpu.full.avg300");
}
END_TEST

/* A level that is met is an amount, what happens by the second is not; and a percentage of a cgroup
 * is one of its limit. */
START_TEST(metrics_of_cgroups_are_what_the_language_says) {
        static const MetricId scarce[] = { METRIC_CGROUP_USAGE, METRIC_CGROUP_EXHAUSTION };
        size_t n_scarce = 0;

        for (int i = METRIC_CGROUP_CURRENT; i < _METRIC_CGROUP_MAX; i++) {
                const MetricInfo *m = metric_info((MetricId) i);

                n_scarce += m->is_amount;
                if (metric_is_cgroup_event(m->id) || metric_is_cgroup_psi(m->id))
                        ck_assert_msg(m->is_pressure_or_rate && !m->is_amount, "%s", m->name);
                if (m->unit == METRIC_UNIT_BYTES)
                        ck_assert_msg(m->base ==
                                        (m->id == METRIC_CGROUP_LIMIT ? METRIC_BASE_MEM_TOTAL
                                                                      : METRIC_BASE_CGROUP_LIMIT),
                                "%s", m->name);
        }
        ck_assert_uint_eq(n_scarce, ELEMENTS(scarce));
        for (size_t i = 0; i < ELEMENTS(scarce); i++)
                ck_assert(metric_info(scarce[i])->is_amount);
        ck_assert(metric_info(METRIC_CGROUP_LIMIT)->is_constant);
        ck_assert_str_eq(metric_info(metric_cgroup_psi(PSI_IO, PSI_FULL, PSI_AVG60))->name,
                "cgroup.psi.io.full.avg60");
        ck_assert_str_eq(metric_info(metric_cgroup_event(GROUP_EVENT_OOM_KILL))->name,
                "cgroup.events.oom_kill");
}
END_TEST

START_TEST(metrics_of_later_builds_are_known_to_be_that) {
        ck_assert(metric_is_planned("cgroup.leak"));
        ck_assert(metric_is_planned("go.heap_alloc"));
        ck_assert(metric_is_planned("proc.leak"));
        ck_assert(!metric_is_planned("proc.nonsense"));
        ck_assert_ptr_null(metric_find("cgroup.leak"));
        ck_assert_str_eq(metric_suggest("mem.avaiable"), "mem.available");
        ck_assert_ptr_null(metric_suggest("completely.different"));
}
END_TEST

int main(void) {
        Suite *s = suite_create("config-check");
        TCase *tc = tcase_create("config-check");

        tcase_add_loop_test(
                tc, harm_and_delay_need_scarce_memory_in_every_case, 0, ELEMENTS(promise));
        tcase_add_loop_test(tc, what_harms_nobody_may_rest_on_anything, 0, ELEMENTS(promise));
        tcase_add_test(tc, two_ticks_are_those_of_the_effective_configuration);
        tcase_add_loop_test(tc, clear_must_exclude_when, 0, ELEMENTS(clears));
        tcase_add_loop_test(tc, atoms_carry_threshold_unit_and_text, 0, ELEMENTS(atoms));
        tcase_add_test(tc, conditions_keep_their_shape_and_order);
        tcase_add_test(tc, largest_condition_expands_within_its_bound);
        tcase_add_test(tc, every_metric_has_a_name_of_its_own_and_is_found_by_it);
        tcase_add_test(tc, pressure_metrics_stand_where_their_parts_say);
        tcase_add_test(tc, metrics_of_cgroups_are_what_the_language_says);
        tcase_add_test(tc, metrics_of_later_builds_are_known_to_be_that);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
