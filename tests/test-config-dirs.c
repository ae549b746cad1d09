/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"
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

        ck_assert_msg(r == 0, "%d: %s: %s", r, errors.n ? errors.items[0].file : "",
                errors.n ? errors.items[0].message : "");
        ck_assert_uint_eq(errors.n, 0);
        return config;
}

static bool has_policy(const Config *config, const char *name) {
        for (size_t i = 0; i < config->n_policies; i++)
                if (strcmp(config->policies[i].name, name) == 0)
                        return true;
        return false;
}

static const ConfigSource *find_source(const Config *config, const char *path) {
        for (size_t i = 0; i < config->n_sources; i++)
                if (strcmp(config->sources[i].path, path) == 0)
                        return &config->sources[i];
        return NULL;
}

/* ---- directories ---- */

START_TEST(without_any_file_the_built_in_policy_runs) {
        Config *config = load();

        ck_assert_uint_ge(config->n_policies, 3);
        ck_assert_uint_eq(config->n_sources, 1);
        ck_assert_str_eq(config->sources[0].path, "built-in");
        ck_assert(!config->sources[0].masked);
        ck_assert_uint_eq(config->n_warnings, 0);
        config_unref(config);
}
END_TEST

START_TEST(files_of_all_directories_add_up_in_the_order_of_their_names) {
        Config *config;

        fixture_file(&f, "usr/lib/avert/policy.d/50-b.yaml", POLICY("b"));
        fixture_file(&f, "run/avert/policy.d/90-d.yaml", POLICY("d"));
        fixture_file(&f, "etc/avert/policy.d/60-c.yaml", POLICY("c"));
        fixture_file(&f, "etc/avert/policy.d/05-a.yaml", POLICY("a"));
        config = load();
        ck_assert_uint_eq(config->n_sources, 5);
        ck_assert_str_eq(config->sources[0].path, "/etc/avert/policy.d/05-a.yaml");
        ck_assert_str_eq(config->sources[1].path, "built-in");
        ck_assert_str_eq(config->sources[2].path, "/usr/lib/avert/policy.d/50-b.yaml");
        ck_assert_str_eq(config->sources[3].path, "/etc/avert/policy.d/60-c.yaml");
        ck_assert_str_eq(config->sources[4].path, "/run/avert/policy.d/90-d.yaml");
        ck_assert_str_eq(config->policies[0].name, "a");
        ck_assert_str_eq(config->policies[0].file, "/etc/avert/policy.d/05-a.yaml");
        ck_assert_uint_eq(config->policies[0].line, 3);
        ck_assert_str_eq(config->policies[config->n_policies - 1].name, "d");
        config_unref(config);
}
END_TEST

START_TEST(file_of_the_same_name_masks_those_of_lower_directories) {
        Config *config;

        fixture_file(&f, "usr/lib/avert/policy.d/50-x.yaml", POLICY("vendor"));
        fixture_file(&f, "run/avert/policy.d/50-x.yaml", POLICY("runtime"));
        config = load();
        ck_assert(has_policy(config, "runtime"));
        ck_assert(!has_policy(config, "vendor"));
        config_unref(config);

        fixture_file(&f, "etc/avert/policy.d/50-x.yaml", POLICY("admin"));
        config = load();
        ck_assert(has_policy(config, "admin"));
        ck_assert(!has_policy(config, "runtime"));
        config_unref(config);
}
END_TEST

START_TEST(file_with_the_name_of_the_built_in_takes_its_place) {
        Config *config;

        fixture_file(&f, "etc/avert/policy.d/10-default.yaml", POLICY("mine"));
        config = load();
        ck_assert_uint_eq(config->n_policies, 1);
        ck_assert(find_source(config, "built-in")->masked);
        ck_assert(!find_source(config, "/etc/avert/policy.d/10-default.yaml")->masked);
        config_unref(config);
}
END_TEST

START_TEST(empty_file_and_link_to_null_disable) {
        static const char *const names[] = { "empty", "comments", "link" };

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                Config *config;

                fixture_file(&f, "usr/lib/avert/policy.d/50-x.yaml", POLICY("vendor"));
                if (i == 2) {
                        fixture_link(&f, "etc/avert/policy.d/50-x.yaml", "/dev/null");
                        fixture_link(&f, "etc/avert/policy.d/10-default.yaml", "/dev/null");
                } else {
                        fixture_file(&f, "etc/avert/policy.d/50-x.yaml", i == 0 ? "" : "# off\n");
                        fixture_file(
                                &f, "etc/avert/policy.d/10-default.yaml", i == 0 ? "" : "\n\n");
                }
                config = load();
                ck_assert_msg(config->n_policies == 0, "%s", names[i]);
                ck_assert(find_source(config, "/etc/avert/policy.d/50-x.yaml")->masked);
                ck_assert(find_source(config, "built-in")->masked);
                config_unref(config);
                fixture_remove(&f, "etc/avert/policy.d/50-x.yaml");
                fixture_remove(&f, "etc/avert/policy.d/10-default.yaml");
        }
}
END_TEST

START_TEST(what_is_no_policy_file_is_passed_over_and_a_near_miss_is_mentioned) {
        Config *config;

        fixture_file(&f, "etc/avert/policy.d/a.yaml~", "garbage");
        fixture_file(&f, "etc/avert/policy.d/.a.yaml", "garbage");
        fixture_file(&f, "etc/avert/policy.d/a.yaml.dpkg-old", "garbage");
        fixture_file(&f, "etc/avert/policy.d/README", "garbage");
        fixture_file(&f, "etc/avert/policy.d/.yaml", "garbage");
        fixture_file(&f, "etc/avert/policy.d/a.yml", "garbage");
        config = load();
        ck_assert_uint_eq(config->n_sources, 1);
        ck_assert_uint_eq(config->n_warnings, 1);
        ck_assert_str_eq(config->warnings[0].file, "/etc/avert/policy.d/a.yml");
        config_unref(config);
}
END_TEST

START_TEST(policy_that_anyone_may_write_is_mentioned) {
        Config *config;

        fixture_file(&f, "etc/avert/policy.d/a.yaml", POLICY("a"));
        ck_assert_int_eq(fchmodat(f.fd, "etc/avert/policy.d/a.yaml", 0666, 0), 0);
        config = load();
        ck_assert_uint_eq(config->n_warnings, 1);
        ck_assert_str_eq(config->warnings[0].file, "/etc/avert/policy.d/a.yaml");
        config_unref(config);
}
END_TEST

START_TEST(links_of_a_foreign_root_stay_within_it) {
        Config *config;

        fixture_file(&f, "srv/policy.yaml", POLICY("of-the-root"));
        fixture_link(&f, "etc/avert/policy.d/a.yaml", "/srv/policy.yaml");
        fixture_link(&f, "usr/lib/avert/policy.d", "../../../../../../../../srv/vendor");
        fixture_file(&f, "srv/vendor/b.yaml", POLICY("of-the-vendor"));
        config = load();
        ck_assert(has_policy(config, "of-the-root"));
        ck_assert(has_policy(config, "of-the-vendor"));
        config_unref(config);
}
END_TEST

/* ---- what can go wrong with files ---- */

static void assert_refused(int expect, const char *says) {
        Config *config = untouched;
        int r = config_load_dirs(f.fd, &config, &errors);

        ck_assert_msg(r == expect, "%s: got %d", says, r);
        ck_assert_ptr_eq(config, untouched);
        ck_assert_uint_ge(errors.n, 1);
        ck_assert_msg(strstr(errors.items[0].message, says), "%s", errors.items[0].message);
}

START_TEST(file_that_is_gone_when_it_is_read_refuses_the_load) {
        fixture_link(&f, "etc/avert/policy.d/a.yaml", "elsewhere.yaml");
        assert_refused(-ENOENT, "cannot read it: No such file");
        ck_assert_str_eq(errors.items[0].file, "/etc/avert/policy.d/a.yaml");
}
END_TEST

START_TEST(directory_and_fifo_in_the_place_of_a_file_are_refused_and_do_not_block) {
        fixture_file(&f, "etc/avert/policy.d/a.yaml/x", "");
        assert_refused(-EINVAL, "not a regular file");
        fixture_remove(&f, "etc/avert/policy.d/a.yaml/x");
        fixture_remove(&f, "etc/avert/policy.d/a.yaml");
        ck_assert_int_eq(mkfifoat(f.fd, "etc/avert/policy.d/a.yaml", 0600), 0);
        assert_refused(-EINVAL, "not a regular file");
}
END_TEST

START_TEST(file_in_the_place_of_a_directory_is_refused) {
        fixture_file(&f, "etc/avert/policy.d", "");
        assert_refused(-ENOTDIR, "cannot list it");
}
END_TEST

START_TEST(one_bad_file_refuses_all_and_every_file_is_looked_at) {
        fixture_file(&f, "etc/avert/policy.d/a.yaml", "version: 1\nfoo: 1\n");
        fixture_file(&f, "etc/avert/policy.d/b.yaml", POLICY("good"));
        fixture_link(&f, "etc/avert/policy.d/c.yaml", "elsewhere.yaml");
        fixture_file(&f, "etc/avert/policy.d/d.yaml", "version: 1\nbar: 1\n");
        assert_refused(-ENOENT, "unknown key \"foo\"");
        ck_assert_uint_eq(errors.n, 3);
        ck_assert_str_eq(errors.items[2].file, "/etc/avert/policy.d/d.yaml");
}
END_TEST

START_TEST(too_large_a_file_is_refused) {
        char *text = malloc(300 * 1024);

        memset(text, '#', 300 * 1024);
        fixture_bytes(&f, "etc/avert/policy.d/a.yaml", text, 300 * 1024);
        assert_refused(-EINVAL, "larger than 256 KiB");
        free(text);
}
END_TEST

START_TEST(policy_name_twice_names_both_places) {
        fixture_file(&f, "usr/lib/avert/policy.d/a.yaml", POLICY("same"));
        fixture_file(&f, "etc/avert/policy.d/b.yaml", POLICY("same"));
        assert_refused(-EINVAL,
                "policy \"same\" was already defined in /usr/lib/avert/policy.d/a.yaml:3:13");
        ck_assert_str_eq(errors.items[0].file, "/etc/avert/policy.d/b.yaml");
        ck_assert_uint_eq(errors.items[0].line, 3);
}
END_TEST

/* ---- merging ---- */

START_TEST(protection_adds_up_and_of_ticks_and_limits_the_last_file_wins) {
        Config *config;
        size_t builtin;

        config = load();
        builtin = config->protect.n;
        config_unref(config);

        fixture_file(&f, "usr/lib/avert/policy.d/20.yaml",
                "version: 1\nprotect: [ { unit: a.service } ]\n"
                "tick: { min: 60ms, max: 3s }\nlimits: { kept: 100 }\n");
        fixture_file(&f, "etc/avert/policy.d/30.yaml",
                "version: 1\nprotect: [ { unit: b.service } ]\n"
                "tick: { max: 2s }\nlimits: { processes: 1000 }\n");
        config = load();
        ck_assert_uint_eq(config->protect.n, builtin + 2);
        ck_assert_uint_eq(config->tick.min_usec, 60 * USEC_PER_MSEC);
        ck_assert_uint_eq(config->tick.max_usec, 2 * USEC_PER_SEC);
        ck_assert_uint_eq(config->limits.kept, 100);
        ck_assert_uint_eq(config->limits.processes, 1000);
        ck_assert_uint_eq(config->limits.policies, 64);
        config_unref(config);
}
END_TEST

START_TEST(contradiction_between_files_is_found_at_the_setting) {
        fixture_file(&f, "etc/avert/policy.d/20.yaml", "version: 1\ntick: { max: 200ms }\n");
        fixture_file(&f, "etc/avert/policy.d/30.yaml", "version: 1\ntick: { min: 300ms }\n");
        assert_refused(-EINVAL, "tick.min is larger than tick.max");
        ck_assert_str_eq(errors.items[0].file, "/etc/avert/policy.d/30.yaml");
        ck_assert_uint_eq(errors.items[0].column, 14);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                without_any_file_the_built_in_policy_runs,
                files_of_all_directories_add_up_in_the_order_of_their_names,
                file_of_the_same_name_masks_those_of_lower_directories,
                file_with_the_name_of_the_built_in_takes_its_place,
                empty_file_and_link_to_null_disable,
                what_is_no_policy_file_is_passed_over_and_a_near_miss_is_mentioned,
                policy_that_anyone_may_write_is_mentioned,
                links_of_a_foreign_root_stay_within_it,
                file_that_is_gone_when_it_is_read_refuses_the_load,
                directory_and_fifo_in_the_place_of_a_file_are_refused_and_do_not_block,
                file_in_the_place_of_a_directory_is_refused,
                one_bad_file_refuses_all_and_every_file_is_looked_at,
                too_large_a_file_is_refused,
                policy_name_twice_names_both_places,
                protection_adds_up_and_of_ticks_and_limits_the_last_file_wins,
                contradiction_between_files_is_found_at_the_setting,
        };
        Suite *s = suite_create("config-dirs");
        TCase *tc = tcase_create("config-dirs");

        tcase_add_checked_fixture(tc, setup, teardown);
        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
