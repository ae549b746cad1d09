/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "config/config-check.h"
#include "config/config-file.h"
#include "config/config-load.h"

#define POLICY(name)                                                                               \
        "version: 1\npolicies:\n  - { name: " name                                                 \
        ", watch: system, when: swap.free < 1%, steps: [ notify ] }\n"

static Fixture f;
static ConfigErrors errors;
static Config *const untouched = (Config *) &errors;

static void setup(void) {
        fixture_init(&f);
}

static void teardown(void) {
        fixture_done(&f);
}

static Config *load(void) {
        Config *config = NULL;
        int r = config_load_dirs(f.fd, &config, &errors);

        ck_assert_msg(r == 0, "%d: %s", r, errors.n ? errors.items[0].message : "");
        ck_assert_uint_eq(errors.n, 0);
        return config;
}

static bool has_policy(const Config *config, const char *name) {
        for (size_t i = 0; i < config->n_policies; i++)
                if (strcmp(config->policies[i].name, name) == 0)
                        return true;
        return false;
}

/* ---- the model ---- */

static const char everything[] =
        "version: 1\n"
        "protect: { user: root, unit: [ a.service, \"b*.service\" ] }\n"
        "policies:\n"
        "  - name: p\n"
        "    watch:\n"
        "      process: [ { exe: /bin/a }, { uid: [ 1000..1999, 33 ], age: \"> 5min\" } ]\n"
        "    when: proc.anon > 10%\n"
        "    for: 2s\n"
        "    targets:\n"
        "      kind: tree\n"
        "      prefer: { size: \"< 1K\", oom_score_adj: \">= 0\" }\n"
        "      rank: { growth: 30s, swap: 0.125 }\n"
        "      at_least: 3M\n"
        "    steps: [ notify: critical, signal: INT, terminate: { grace: 4s }, kill: { timeout: 9s "
        "} ]\n"
        "    settle: 1s\n"
        "    cooldown: 2min\n"
        "    budget: 7 per 1h\n"
        "    on_budget: notify\n"
        "  - { name: q, watch: system, when: swap.free < 1%, steps: [ terminate, { notify: info } "
        "] }\n";

START_TEST(every_key_arrives_in_the_model) {
        Config *config = NULL;
        const Policy *p;
        const MatchSpec *spec;

        fixture_file(&f, "etc/avert/policy.d/10-default.yaml", "");
        /* q would harm on swap alone */
        ck_assert_int_eq(
                config_load_text("t", everything, strlen(everything), &config, &errors), -EINVAL);
        ck_assert_uint_eq(errors.n, 1);
        ck_assert_uint_eq(errors.items[0].line, 19);

        ck_assert_int_eq(config_load_text("t", everything,
                                 (size_t) (strstr(everything, "  - { name: q") - everything),
                                 &config, &errors),
                0);
        p = &config->policies[0];
        ck_assert_int_eq(p->watch, WATCH_PROCESS);
        ck_assert_uint_eq(p->watch_match.n, 2);
        spec = &p->watch_match.specs[1];
        ck_assert_uint_eq(spec->key_mask, 1u << MATCH_UID | 1u << MATCH_AGE);
        ck_assert_uint_eq(spec->ranges[MATCH_UID - _MATCH_PATTERN_MAX].n, 2);
        ck_assert_int_eq(spec->ranges[MATCH_UID - _MATCH_PATTERN_MAX].ranges[0].max, 1999);
        ck_assert_int_eq(spec->ranges[MATCH_UID - _MATCH_PATTERN_MAX].ranges[1].min, 33);
        ck_assert_int_eq(spec->ranges[MATCH_AGE - _MATCH_PATTERN_MAX].ranges[0].min,
                5 * (int64_t) USEC_PER_MIN + 1);
        ck_assert_int_eq(spec->ranges[MATCH_AGE - _MATCH_PATTERN_MAX].ranges[0].max, INT64_MAX);
        ck_assert_str_eq(spec->text, "{ uid: [ 1000..1999, 33 ], age: \"> 5min\" }");
        ck_assert_uint_eq(p->for_usec, 2 * USEC_PER_SEC);
        ck_assert_int_eq(p->targets.kind, TARGET_TREE);
        ck_assert_uint_eq(p->targets.match.n, 0);
        spec = &p->targets.prefer.specs[0];
        ck_assert_int_eq(spec->ranges[MATCH_SIZE - _MATCH_PATTERN_MAX].ranges[0].min, 0);
        ck_assert_int_eq(spec->ranges[MATCH_SIZE - _MATCH_PATTERN_MAX].ranges[0].max, 1023);
        ck_assert_int_eq(
                spec->ranges[MATCH_OOM_SCORE_ADJ - _MATCH_PATTERN_MAX].ranges[0].max, 1000);
        ck_assert_int_eq(p->targets.weight_milli[RANK_GAINED], 0);
        ck_assert_int_eq(p->targets.weight_milli[RANK_GROWTH], 1000);
        ck_assert_int_eq(p->targets.weight_milli[RANK_SWAP], 125);
        ck_assert_uint_eq(p->targets.growth_horizon_usec, 30 * USEC_PER_SEC);
        ck_assert(!p->targets.at_least_percent);
        ck_assert_uint_eq(p->targets.at_least, 3 << 20);
        ck_assert_uint_eq(p->n_steps, 4);
        ck_assert_int_eq(p->steps[0].level, NOTIFY_CRITICAL);
        ck_assert_int_eq(p->steps[1].signo, SIGINT);
        ck_assert_uint_eq(p->steps[2].grace_usec, 4 * USEC_PER_SEC);
        ck_assert_uint_eq(p->steps[2].timeout_usec, 7 * USEC_PER_SEC);
        ck_assert_uint_eq(p->steps[3].timeout_usec, 9 * USEC_PER_SEC);
        ck_assert_uint_eq(p->settle_usec, 1 * USEC_PER_SEC);
        ck_assert_uint_eq(p->cooldown_usec, 2 * USEC_PER_MIN);
        ck_assert_uint_eq(p->budget_count, 7);
        ck_assert_uint_eq(p->budget_window_usec, USEC_PER_HOUR);
        ck_assert_int_eq(p->on_budget, ON_BUDGET_NOTIFY);
        spec = &config->protect.specs[0];
        ck_assert_uint_eq(spec->key_mask, 1u << MATCH_UID | 1u << MATCH_UNIT);
        ck_assert_uint_eq(spec->patterns[MATCH_UNIT].n, 2);
        ck_assert_str_eq(spec->patterns[MATCH_UNIT].patterns[1], "b*.service");
        ck_assert_int_eq(spec->ranges[MATCH_UID - _MATCH_PATTERN_MAX].ranges[0].max, 0);
        config_unref(config);
}
END_TEST

START_TEST(defaults_are_those_of_the_language) {
        static const char text[] = "version: 1\npolicies: [ { name: p, watch: system, when: "
                                   "swap.free < 1%, steps: [ notify ] } ]\n";
        Config *config = NULL;
        const Policy *p;

        ck_assert_int_eq(config_load_text("t", text, strlen(text), &config, &errors), 0);
        p = &config->policies[0];
        ck_assert_uint_eq(p->for_usec, 0);
        ck_assert_uint_eq(p->clear.n_nodes, 0);
        ck_assert_uint_eq(p->settle_usec, 300 * USEC_PER_MSEC);
        ck_assert_uint_eq(p->cooldown_usec, 15 * USEC_PER_SEC);
        ck_assert_uint_eq(p->budget_count, 3);
        ck_assert_uint_eq(p->budget_window_usec, 10 * USEC_PER_MIN);
        ck_assert_int_eq(p->on_budget, ON_BUDGET_WIDEN);
        ck_assert_int_eq(p->targets.kind, TARGET_AUTO);
        ck_assert_int_eq(p->targets.weight_milli[RANK_GAINED], 1000);
        ck_assert_int_eq(p->targets.weight_milli[RANK_FREEABLE], 100);
        ck_assert(p->targets.at_least_percent);
        ck_assert_uint_eq(p->targets.at_least, 100);
        ck_assert_int_eq(p->steps[0].level, NOTIFY_WARNING);
        ck_assert_uint_eq(config->tick.min_usec, 50 * USEC_PER_MSEC);
        ck_assert_uint_eq(config->tick.max_usec, 5 * USEC_PER_SEC);
        ck_assert_uint_eq(config->tick.process_usec, USEC_PER_SEC);
        ck_assert_uint_eq(config->tick.census_usec, 30 * USEC_PER_SEC);
        ck_assert_uint_eq(config->limits.processes, 8192);
        ck_assert_uint_eq(config->limits.kept, 256);
        ck_assert_uint_eq(config->limits.detailed, 64);
        ck_assert_uint_eq(config->limits.instances, 512);
        ck_assert_uint_eq(config->limits.incidents, 32);
        ck_assert_uint_eq(config->limits.cgroups, 8192);
        ck_assert_uint_eq(config->limits.kept_cgroups, 64);
        config_unref(config);
}
END_TEST

/* ---- what is watched and whom it means ---- */

/* Loads a policy of these two keys; NULL when it is refused. */
static Config *load_watch(const char *watch, const char *targets) {
        Config *config = NULL;
        char text[512];

        snprintf(text, sizeof(text),
                "version: 1\npolicies:\n  - name: p\n    watch: %s\n    when: mem.free < "
                "1%%\n%s%s%s"
                "    steps: [ notify ]\n",
                watch, *targets ? "    targets: " : "", targets, *targets ? "\n" : "");
        if (config_load_text("t", text, strlen(text), &config, &errors) < 0)
                ck_assert_ptr_null(config);
        return config;
}

START_TEST(patterns_of_cgroups_and_units_are_one_match_with_an_id) {
        Config *config =
                load_watch("{ cgroup: [ \"/a/**\", /b.slice ] }", "{ prefer: { comm: x } }");
        const MatchSpec *spec;

        ck_assert_ptr_nonnull(config);
        ck_assert_int_eq(config->policies[0].watch, WATCH_CGROUP);
        ck_assert_uint_eq(config->policies[0].watch_match.n, 1);
        spec = &config->policies[0].watch_match.specs[0];
        ck_assert_uint_eq(spec->key_mask, 1u << MATCH_CGROUP);
        ck_assert_uint_eq(spec->patterns[MATCH_CGROUP].n, 2);
        ck_assert_str_eq(spec->patterns[MATCH_CGROUP].patterns[0], "/a/**");
        ck_assert_str_eq(spec->patterns[MATCH_CGROUP].patterns[1], "/b.slice");
        ck_assert_str_eq(spec->text, "{ cgroup: [ \"/a/**\", /b.slice ] }");
        ck_assert_str_eq(spec->file, "t");
        ck_assert_uint_eq(spec->line, 4);
        ck_assert_uint_eq(config->n_matches, 2);
        ck_assert_ptr_eq(config->matches[spec->id], spec);
        config_unref(config);

        config = load_watch("{ unit: a*.service }", "");
        ck_assert_ptr_nonnull(config);
        ck_assert_int_eq(config->policies[0].watch, WATCH_UNIT);
        spec = &config->policies[0].watch_match.specs[0];
        ck_assert_uint_eq(spec->key_mask, 1u << MATCH_UNIT);
        ck_assert_uint_eq(spec->patterns[MATCH_UNIT].n, 1);
        ck_assert_str_eq(spec->patterns[MATCH_UNIT].patterns[0], "a*.service");
        config_unref(config);
}
END_TEST

static const struct {
        const char *watch, *targets;
        TargetKind kind; /* _TARGET_MAX: refused */
        uint32_t max_victims;
} kinds[] = {
        /* what is watched, unless asked for something else */
        { "system", "", TARGET_AUTO, 100 },
        { "process", "", TARGET_AUTO, 100 },
        { "user", "", TARGET_USER, 0 },
        { "{ user: { uid: 1 } }", "{ at_least: 1% }", TARGET_USER, 0 },
        { "{ cgroup: /a }", "", TARGET_CGROUP, 0 },
        { "{ cgroup: /a }", "{ match: { comm: x } }", TARGET_CGROUP, 0 },
        { "{ unit: a.service }", "", TARGET_UNIT, 0 },
        { "{ unit: a.service }", "{ kind: auto }", TARGET_AUTO, 100 },
        { "{ unit: a.service }", "{ kind: tree }", TARGET_TREE, 0 },
        { "{ unit: a.service }", "{ kind: process }", TARGET_PROCESS, 0 },
        { "system", "{ kind: user }", TARGET_USER, 0 },
        /* the bound, in either order of the keys */
        { "system", "{ max_victims: none }", TARGET_AUTO, 0 },
        { "system", "{ kind: auto, max_victims: 7 }", TARGET_AUTO, 7 },
        { "system", "{ max_victims: 7, kind: unit }", TARGET_UNIT, 7 },
        { "{ cgroup: /a }", "{ max_victims: 65536 }", TARGET_CGROUP, 65536 },
        { "user", "{ max_victims: 1 }", TARGET_USER, 1 },
        /* what cannot be */
        { "{ cgroup: /a }", "{ kind: user }", _TARGET_MAX, 0 },
        { "{ unit: a.service }", "{ kind: user }", _TARGET_MAX, 0 },
        { "process", "{ kind: user }", _TARGET_MAX, 0 },
        { "system", "{ kind: process, max_victims: none }", _TARGET_MAX, 0 },
        { "system", "{ max_victims: 0 }", _TARGET_MAX, 0 },
        { "system", "{ max_victims: 65537 }", _TARGET_MAX, 0 },
        { "system", "[ kind ]", _TARGET_MAX, 0 },
};

START_TEST(kind_and_bound_follow_from_what_is_watched) {
        Config *config = load_watch(kinds[_i].watch, kinds[_i].targets);

        ck_assert_msg((config != NULL) == (kinds[_i].kind != _TARGET_MAX), "%s %s: %s",
                kinds[_i].watch, kinds[_i].targets,
                errors.n ? errors.items[0].message : "accepted");
        if (config) {
                ck_assert_msg(config->policies[0].targets.kind == kinds[_i].kind, "%s %s",
                        kinds[_i].watch, kinds[_i].targets);
                ck_assert_msg(config->policies[0].targets.max_victims == kinds[_i].max_victims,
                        "%s %s", kinds[_i].watch, kinds[_i].targets);
        }
        config_unref(config);
}
END_TEST

static const struct {
        const char *watch, *targets;
        bool percent;
        uint64_t at_least;
} worths[] = {
        { "system", "", true, 100 },
        { "system", "{ kind: unit }", true, 100 },
        { "process", "", false, UINT64_C(16) << 20 },
        { "{ process: { comm: x } }", "{ kind: process }", false, UINT64_C(16) << 20 },
        { "user", "", false, UINT64_C(16) << 20 },
        { "{ cgroup: /a }", "{ kind: auto }", false, UINT64_C(16) << 20 },
        { "{ unit: a.service }", "", false, UINT64_C(16) << 20 },
        { "process", "{ at_least: 2% }", true, 200 },
        { "process", "{ at_least: 1M }", false, UINT64_C(1) << 20 },
        { "system", "{ at_least: 1M }", false, UINT64_C(1) << 20 },
};

/* A process that a policy names by its size is ended on a machine of a terabyte as well. */
START_TEST(who_is_named_need_not_be_a_hundredth_of_the_machine) {
        Config *config = load_watch(worths[_i].watch, worths[_i].targets);

        ck_assert_ptr_nonnull(config);
        ck_assert_msg(config->policies[0].targets.at_least_percent == worths[_i].percent, "%s %s",
                worths[_i].watch, worths[_i].targets);
        ck_assert_msg(config->policies[0].targets.at_least == worths[_i].at_least, "%s %s",
                worths[_i].watch, worths[_i].targets);
        config_unref(config);
}
END_TEST

/* The places of all limits are kept, and nothing beside them is written over. */
START_TEST(every_limit_may_be_set_beside_everything_else) {
        static const char text[] =
                "version: 1\nprotect: [ { unit: a.service } ]\n"
                "limits: { processes: 64, kept: 16, detailed: 8, instances: 16, incidents: 4, "
                "policies: 1, cgroups: 64, kept_cgroups: 8 }\n"
                "tick: { min: 100ms, max: 1s, process: 100ms, census: 1min }\n";
        Config *config = NULL;

        ck_assert_int_eq(config_load_text("t", text, strlen(text), &config, &errors), 0);
        ck_assert_uint_eq(config->protect.n, 1);
        ck_assert_str_eq(config->protect.specs[0].text, "{ unit: a.service }");
        ck_assert_uint_eq(config->limits.policies, 1);
        ck_assert_uint_eq(config->limits.cgroups, 64);
        ck_assert_uint_eq(config->limits.kept_cgroups, 8);
        config_unref(config);
}
END_TEST

START_TEST(matches_are_numbered_in_the_table_of_all) {
        Config *config = load();

        ck_assert_uint_ge(config->n_matches, config->protect.n);
        for (size_t i = 0; i < config->n_matches; i++)
                ck_assert_uint_eq(config->matches[i]->id, i);
        for (size_t i = 0; i < config->protect.n; i++)
                ck_assert_ptr_eq(
                        config->matches[config->protect.specs[i].id], &config->protect.specs[i]);
        config_unref(config);
}
END_TEST

START_TEST(config_lives_as_long_as_somebody_holds_it) {
        Config *config = load(), *second = config_ref(config);

        ck_assert_ptr_eq(second, config);
        ck_assert_ptr_null(config_unref(config));
        ck_assert_uint_ge(second->n_policies, 3); /* the sanitizer would see it gone */
        ck_assert_ptr_null(config_unref(second));
        ck_assert_ptr_null(config_unref(NULL));
}
END_TEST

START_TEST(hash_tells_texts_apart) {
        static const char a[] = "version: 1\n", b[] = "version: 1\n\n";
        Config *first = NULL, *second = NULL, *third = NULL;

        ck_assert_int_eq(config_load_text("x", a, strlen(a), &first, &errors), 0);
        ck_assert_int_eq(config_load_text("y", a, strlen(a), &second, &errors), 0);
        ck_assert_int_eq(config_load_text("x", b, strlen(b), &third, &errors), 0);
        ck_assert_uint_eq(first->hash, second->hash);
        ck_assert_uint_ne(first->hash, third->hash);
        config_unref(first);
        config_unref(second);
        config_unref(third);
}
END_TEST

/* ---- explicit files, reload ---- */

START_TEST(explicit_files_stand_alone) {
        char a[300], b[300], missing[300];
        const char *paths[] = { a, b, missing };
        Config *config = NULL;

        fixture_file(&f, "a.yaml", POLICY("a"));
        fixture_file(&f, "b.conf", POLICY("b"));
        fixture_file(&f, "etc/avert/policy.d/c.yaml", POLICY("c"));
        snprintf(a, sizeof(a), "%s/a.yaml", f.path);
        snprintf(b, sizeof(b), "%s/b.conf", f.path);
        snprintf(missing, sizeof(missing), "%s/missing.yaml", f.path);

        ck_assert_int_eq(config_load_files(paths, 2, &config, &errors), 0);
        ck_assert_uint_eq(config->n_policies, 2);
        ck_assert_str_eq(config->policies[1].file, b);
        config_unref(config);

        config = untouched;
        ck_assert_int_eq(config_load_files(paths, 3, &config, &errors), -ENOENT);
        ck_assert_ptr_eq(config, untouched);
        ck_assert_uint_eq(errors.n, 1);
        ck_assert_str_eq(errors.items[0].file, missing);

        fixture_file(&f, "a.yaml", "");
        ck_assert_int_eq(config_load_files(paths, 1, &config, &errors), -EINVAL);
        ck_assert_ptr_eq(config, untouched);
}
END_TEST

START_TEST(reload_of_a_broken_set_leaves_the_running_one_as_it_is) {
        Config *running, *next = untouched;

        fixture_file(&f, "etc/avert/policy.d/a.yaml", POLICY("a"));
        running = load();
        fixture_file(&f, "etc/avert/policy.d/b.yaml", "version: 1\npolicies: [ {} ]\n");
        ck_assert_int_eq(config_load_dirs(f.fd, &next, &errors), -EINVAL);
        ck_assert_ptr_eq(next, untouched);
        ck_assert(has_policy(running, "a"));

        fixture_file(&f, "etc/avert/policy.d/b.yaml", POLICY("b"));
        ck_assert_int_eq(config_load_dirs(f.fd, &next, &errors), 0);
        ck_assert(has_policy(next, "b"));
        ck_assert_int_eq(config_fits(next, running, &errors), 0);
        config_unref(running);
        config_unref(next);
}
END_TEST

START_TEST(reload_beyond_the_pools_is_refused_and_within_them_is_not) {
        static const char small[] =
                "version: 1\nlimits: { kept: 100, incidents: 8, kept_cgroups: 9 }\n";
        static const char large[] = "version: 1\nlimits: { kept: 101, incidents: 9, cgroups: 8193, "
                                    "kept_cgroups: 10 }\n";
        Config *a = NULL, *b = NULL;

        ck_assert_int_eq(config_load_text("a", small, strlen(small), &a, &errors), 0);
        ck_assert_int_eq(config_load_text("b", large, strlen(large), &b, &errors), 0);
        ck_assert_int_eq(config_fits(a, b, &errors), 0);
        ck_assert_uint_eq(errors.n, 0);
        ck_assert_int_eq(config_fits(b, a, &errors), -EINVAL);
        ck_assert_uint_eq(errors.n, 4);
        ck_assert_ptr_nonnull(strstr(errors.items[0].message, "limits.kept 101"));
        ck_assert_ptr_nonnull(strstr(errors.items[2].message, "limits.cgroups 8193"));
        ck_assert_ptr_nonnull(strstr(errors.items[3].message, "limits.kept_cgroups 10"));
        config_unref(a);
        config_unref(b);
}
END_TEST

/* ---- the built-in policy ---- */

START_TEST(built_in_policy_loads_and_keeps_its_word) {
        Config *config = NULL;
        size_t len;

        ck_assert_int_eq(config_load_builtin(&config, &errors), 0);
        ck_assert_uint_eq(strlen(config_builtin_text(&len)), len);
        ck_assert_uint_eq(config->n_warnings, 0);
        for (size_t i = 0; i < config->n_policies; i++) {
                const Policy *p = &config->policies[i];

                ck_assert(p->watch == WATCH_SYSTEM || p->watch == WATCH_CGROUP);
                ck_assert_int_eq(p->steps[0].kind, STEP_NOTIFY); /* it never acts without a word */
                if (p->watch == WATCH_CGROUP && p->n_steps > 1) /* and takes no cgroup as a whole */
                        ck_assert_int_eq(p->targets.kind, TARGET_PROCESS);
                ck_assert_uint_eq(p->targets.prefer.n, 0);
                ck_assert_uint_le(p->when.n_nodes, CONDITION_NODES_MAX);
        }
        config_unref(config);
}
END_TEST

START_TEST(what_is_printed_can_be_loaded) {
        static char first[64 * 1024];
        Config *config = load(), *again = NULL;
        TextBuf b;

        textbuf_init(&b, first, sizeof(first));
        config_print(config, &b);
        ck_assert(!b.truncated);
        ck_assert_int_eq(config_load_text("printed", first, b.len, &again, &errors), 0);
        ck_assert_uint_eq(again->n_policies, config->n_policies);
        for (size_t i = 0; i < config->n_policies; i++) {
                ck_assert_str_eq(again->policies[i].name, config->policies[i].name);
                ck_assert_uint_eq(
                        again->policies[i].when.n_nodes, config->policies[i].when.n_nodes);
                ck_assert_mem_eq(again->policies[i].steps, config->policies[i].steps,
                        sizeof(config->policies[i].steps));
        }
        config_unref(config);
        config_unref(again);
}
END_TEST

/* ---- memory ---- */

static int load_bounded(
        const SourceText *source, size_t max, size_t scratch_max, size_t *ret_used) {
        Loader l = { .errors = &errors };
        bool empty;
        int r;

        config_errors_init(&errors);
        ck_assert_int_eq(arena_new(max, &l.arena), 0);
        ck_assert_int_eq(arena_new(scratch_max, &l.scratch), 0);
        config_file_defaults(&l);
        r = config_file_parse(&l, source, &empty);
        if (r == 0)
                r = config_check(&l);
        *ret_used = arena_used(l.arena) + arena_used(l.scratch);
        arena_free(l.arena);
        arena_free(l.scratch);
        return r;
}

START_TEST(lack_of_memory_at_any_point_is_said_and_nothing_else) {
        static const char text[] =
                "version: 1\n"
                "protect: [ { comm: a }, { unit: [ b.service, c.scope ], uid: 1..2 } ]\n"
                "policies:\n"
                "  - name: p\n"
                "    watch: { process: { exe: /a } }\n"
                "    when: { all: [ proc.anon > 1G, { not: proc.age < 3s } ] }\n"
                "    clear: psi.cpu.some.1s < 1%\n"
                "    targets: { prefer: { size: \"> 1M\" } }\n"
                "    steps: [ notify, run: [ /bin/true, a ], signal: QUIT, kill ]\n"
                "  - name: q\n"
                "    watch: { cgroup: [ /user.slice/*, \"/**/a.service\" ] }\n"
                "    when: cgroup.usage > 90%\n"
                "    targets: { kind: unit, match: { user_unit: b.service }, max_victims: 3 }\n"
                "    steps: [ notify ]\n"
                "  - { name: r, watch: { unit: \"*\" }, steps: [ limit: 2G ] }\n";
        const SourceText source = { "t", text, sizeof(text) - 1 };
        const size_t plenty = (size_t) 1 << 20;
        size_t needed, used;

        ck_assert_int_eq(load_bounded(&source, plenty, plenty, &needed), 0);
        ck_assert_uint_eq(errors.n, 0);
        for (size_t max = 0; max < needed; max += 16) {
                int r = load_bounded(&source, max, plenty, &used);

                ck_assert_msg(r == 0 || r == -ENOMEM, "%zu: %d", max, r);
                ck_assert_msg(r < 0 || used == needed, "%zu: something is missing", max);
                ck_assert_uint_eq(errors.n, 0);

                r = load_bounded(&source, plenty, max, &used);
                ck_assert_msg(r == 0 || r == -ENOMEM, "%zu: %d", max, r);
                ck_assert_msg(r < 0 || used == needed, "%zu: something is missing", max);
                ck_assert_uint_eq(errors.n, 0);
        }
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                every_key_arrives_in_the_model,
                defaults_are_those_of_the_language,
                patterns_of_cgroups_and_units_are_one_match_with_an_id,
                every_limit_may_be_set_beside_everything_else,
                matches_are_numbered_in_the_table_of_all,
                config_lives_as_long_as_somebody_holds_it,
                hash_tells_texts_apart,
                explicit_files_stand_alone,
                reload_of_a_broken_set_leaves_the_running_one_as_it_is,
                reload_beyond_the_pools_is_refused_and_within_them_is_not,
                built_in_policy_loads_and_keeps_its_word,
                what_is_printed_can_be_loaded,
                lack_of_memory_at_any_point_is_said_and_nothing_else,
        };
        Suite *s = suite_create("config-load");
        TCase *tc = tcase_create("config-load");

        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC); /* loads thousands of times */
        tcase_add_checked_fixture(tc, setup, teardown);
        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_loop_test(tc, kind_and_bound_follow_from_what_is_watched, 0, ELEMENTS(kinds));
        tcase_add_loop_test(
                tc, who_is_named_need_not_be_a_hundredth_of_the_machine, 0, ELEMENTS(worths));
        suite_add_tcase(s, tc);
        return harness_run(s);
}
