/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>

#include "config/config-load.h"

static ConfigErrors errors;

/* Loads one policy on a cgroup that is short of memory, with one step. */
static Config *load(const char *watch, const char *step) {
        Config *config = NULL;
        char text[1024];

        snprintf(text, sizeof(text),
                "version: 1\npolicies:\n  - name: p\n    watch: %s\n    when: cgroup.usage > 90%%\n"
                "    steps: [ %s ]\n",
                watch, step);
        (void) config_load_text("t.yaml", text, strlen(text), &config, &errors);
        ck_assert_msg(config, "%s: %s", step, errors.items[0].message);
        return config;
}

/* A step as it is written, and with all that it then means. */
static const struct {
        const char *written, *means;
} steps[] = {
        { "notify", "notify: { level: warning, timeout: 1s }" },
        { "hint", "hint: { level: medium, timeout: 1s }" },
        { "hint: low", "hint: { level: low, timeout: 1s }" },
        { "hint: { level: critical, timeout: 2s }", "hint: { level: critical, timeout: 2s }" },
        { "capture", "capture: { quota: 64M, timeout: 300ms }" },
        { "capture: 1s", "capture: { quota: 64M, timeout: 1s }" },
        { "run: [ /bin/x ]",
                "run: { command: [ \"/bin/x\" ], user: 65534, memory: 64M, output: 16K, "
                "timeout: 5s }" },
        { "run: { command: [ /bin/x, \"a b\", \"\", '\"\\' ], user: root, memory: 1G, output: 0, "
          "timeout: 1min }",
                "run: { command: [ \"/bin/x\", \"a b\", \"\", \"\\\"\\\\\" ], user: 0, memory: 1G, "
                "output: 0B, timeout: 1min }" },
        { "reclaim", "reclaim: { amount: 10%, timeout: 1s }" },
        { "reclaim: 12.5%", "reclaim: { amount: 12.5%, timeout: 1s }" },
        { "throttle", "throttle: { high: 90%, lease: 30s, timeout: 3s }" },
        { "throttle: 2G", "throttle: { high: 2G, lease: 30s, timeout: 3s }" },
        { "throttle: { lease: 2s }", "throttle: { high: 90%, lease: 2s, timeout: 2s }" },
        { "freeze", "freeze: { lease: 5s, timeout: 1s }" },
        { "freeze: 100ms", "freeze: { lease: 100ms, timeout: 100ms }" },
        { "freeze: { timeout: 4s }", "freeze: { lease: 5s, timeout: 4s }" },
        { "limit: 2G", "limit: { max: 2G, timeout: 3s }" },
        { "limit: { swap_max: 0 }", "limit: { swap_max: 0B, timeout: 3s }" },
        { "limit: { max: 10%, swap_max: 1% }", "limit: { max: 10%, swap_max: 1%, timeout: 3s }" },
        { "signal: HUP", "signal: { signal: SIGHUP, timeout: 3s }" },
        { "restart", "restart: { timeout: 10s }" },
        { "stop", "stop: { timeout: 10s }" },
        { "stop: 1min", "stop: { timeout: 1min }" },
        { "terminate", "terminate: { grace: 3s, timeout: 6s }" },
        { "kill", "kill: { timeout: 3s }" },
};

START_TEST(a_step_means_what_the_manual_says_it_does) {
        Config *config = load("{ unit: a.service }", steps[_i].written);
        char text[STEP_TEXT_MAX];
        TextBuf b;

        ck_assert_uint_eq(config->policies[0].n_steps, 1);
        textbuf_init(&b, text, sizeof(text));
        config_print_step(&config->policies[0].steps[0], &b);
        ck_assert_str_eq(text, steps[_i].means);
        config_unref(config);
}
END_TEST

START_TEST(amounts_tell_bytes_from_shares_and_from_nothing) {
        Config *config = load("{ cgroup: \"/a/*\" }", "limit: { swap_max: 0 }");
        const Step *step = &config->policies[0].steps[0];

        ck_assert(!step->amount.set);
        ck_assert(step->swap_amount.set && !step->swap_amount.percent);
        ck_assert_uint_eq(step->swap_amount.value, 0);
        config_unref(config);

        config = load("{ cgroup: \"/a/*\" }", "throttle: 87.5%");
        step = &config->policies[0].steps[0];
        ck_assert(step->amount.set && step->amount.percent);
        ck_assert_uint_eq(step->amount.value, 8750);
        ck_assert(!step->swap_amount.set);
        config_unref(config);

        config = load("{ cgroup: \"/a/*\" }", "throttle: 1.5G");
        step = &config->policies[0].steps[0];
        ck_assert(step->amount.set && !step->amount.percent);
        ck_assert_uint_eq(step->amount.value, UINT64_C(3) << 29);
        config_unref(config);
}
END_TEST

START_TEST(a_command_is_ready_for_exec) {
        Config *config = load("{ unit: a.service }", "run: [ /bin/x, -v, 3 ]");
        const Step *step = &config->policies[0].steps[0];

        ck_assert_uint_eq(step->n_args, 3);
        ck_assert_str_eq(step->args[0], "/bin/x");
        ck_assert_str_eq(step->args[1], "-v");
        ck_assert_str_eq(step->args[2], "3");
        ck_assert_ptr_null(step->args[3]);
        config_unref(config);
}
END_TEST

/* Only what every machine has is asked for: root, and an id that nobody has. */
START_TEST(a_command_runs_with_the_first_group_of_its_user) {
        static const struct {
                const char *user;
                uint32_t uid, gid;
        } rows[] = {
                { "root", 0, 0 },
                { "0", 0, 0 },
                { "4294967000", 4294967000, 65534 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char text[128];
                Config *config;

                snprintf(
                        text, sizeof(text), "run: { command: [ /bin/x ], user: %s }", rows[i].user);
                config = load("{ unit: a.service }", text);
                ck_assert_uint_eq(config->policies[0].steps[0].uid, rows[i].uid);
                ck_assert_uint_eq(config->policies[0].steps[0].gid, rows[i].gid);
                config_unref(config);
        }
}
END_TEST

START_TEST(only_a_hint_has_a_level_of_hints) {
        Config *config = load("{ unit: a.service }", "hint: critical, notify, kill");
        const Policy *p = &config->policies[0];

        ck_assert_int_eq(p->steps[0].hint, HINT_CRITICAL);
        ck_assert_int_eq(p->steps[1].hint, HINT_NONE);
        ck_assert_int_eq(p->steps[2].hint, HINT_NONE);
        ck_assert_str_eq(hint_level_name(HINT_CRITICAL), "critical");
        ck_assert_str_eq(hint_level_name(HINT_NONE), "none");
        ck_assert_str_eq(hint_level_name(_HINT_MAX), "?");
        config_unref(config);
}
END_TEST

START_TEST(a_limit_without_a_condition_holds_while_anything_is_there) {
        static const char text[] = "version: 1\npolicies:\n  - name: p\n"
                                   "    watch: { cgroup: \"/a/*\" }\n    steps: [ limit: 2G ]\n";
        Config *config = NULL;
        const Atom *atom;

        ck_assert_int_eq(config_load_text("t", text, sizeof(text) - 1, &config, &errors), 0);
        ck_assert_uint_eq(config->policies[0].when.n_nodes, 1);
        atom = &config->policies[0].when.nodes[0].atom;
        ck_assert_int_eq(atom->metric, METRIC_CGROUP_CURRENT);
        ck_assert_int_eq(atom->op, COMPARE_GT);
        ck_assert_int_eq(atom->threshold, 0);
        ck_assert_int_eq(config->policies[0].targets.kind, TARGET_CGROUP);
        config_unref(config);
}
END_TEST

/* The largest command there may be, of nothing but what is written as two characters. */
START_TEST(any_step_fits_into_its_text) {
        const char *args[STEP_ARGS_MAX];
        char quotes[64], text[STEP_TEXT_MAX];
        Step step = { .kind = STEP_RUN,
                .args = args,
                .n_args = STEP_ARGS_MAX,
                .uid = UINT32_MAX,
                .memory_bytes = INT64_MAX,
                .output_bytes = INT64_MAX,
                .timeout_usec = INT64_MAX };
        TextBuf b;

        memset(quotes, '"', sizeof(quotes) - 1);
        quotes[sizeof(quotes) - 1] = '\0';
        for (size_t i = 0; i < STEP_ARGS_MAX; i++)
                args[i] = quotes;
        textbuf_init(&b, text, sizeof(text));
        config_print_step(&step, &b);
        ck_assert(!b.truncated);
}
END_TEST

int main(void) {
        Suite *s = suite_create("config-step");
        TCase *tc = tcase_create("config-step");

        tcase_add_loop_test(tc, a_step_means_what_the_manual_says_it_does, 0, ELEMENTS(steps));
        tcase_add_test(tc, amounts_tell_bytes_from_shares_and_from_nothing);
        tcase_add_test(tc, a_command_is_ready_for_exec);
        tcase_add_test(tc, a_command_runs_with_the_first_group_of_its_user);
        tcase_add_test(tc, only_a_hint_has_a_level_of_hints);
        tcase_add_test(tc, a_limit_without_a_condition_holds_while_anything_is_there);
        tcase_add_test(tc, any_step_fits_into_its_text);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
