/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/policy-load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "tests/harness.h"

static const char policy[] = "version: 1\n"
                             "policies:\n"
                             "  - name: mine\n"
                             "    watch: system\n"
                             "    when: mem.available < 5%\n"
                             "    for: 1s\n"
                             "    steps: [ { notify: warning } ]\n";

static ConfigErrors errors;

START_TEST(files_of_the_command_line_replace_the_directories) {
        Config *config = NULL;
        const char *files[1];
        char path[300];
        Fixture f;

        fixture_init(&f);
        fixture_file(&f, "etc/avert/policy.d/50-other.yaml", "nonsense");
        fixture_file(&f, "mine.yaml", policy);
        snprintf(path, sizeof(path), "%s/mine.yaml", f.path);
        files[0] = path;
        ck_assert_int_eq(policy_load(&(Options){ .files = files, .n_files = 1, .root = f.path },
                                 &config, &errors),
                0);
        ck_assert_uint_eq(config->n_policies, 1);
        ck_assert_str_eq(config->policies[0].name, "mine");
        config_unref(config);
        fixture_done(&f);
}
END_TEST

START_TEST(a_root_brings_its_own_directories) {
        Config *config = NULL;
        Fixture f;

        fixture_init(&f);
        fixture_file(&f, "etc/avert/policy.d/50-mine.yaml", policy);
        fixture_link(&f, "etc/avert/policy.d/10-default.yaml", "/dev/null");
        ck_assert_int_eq(policy_load(&(Options){ .root = f.path }, &config, &errors), 0);
        ck_assert_uint_eq(config->n_policies, 1);
        ck_assert_str_eq(config->policies[0].name, "mine");
        config_unref(config);
        fixture_done(&f);
}
END_TEST

START_TEST(a_root_that_is_not_there_is_an_error_with_its_name) {
        Config *config = (Config *) 0x42;
        char text[512];
        TextBuf b;
        int r;

        r = policy_load(&(Options){ .root = "/no/such/root" }, &config, &errors);
        ck_assert_int_eq(r, -ENOENT);
        ck_assert_ptr_eq(config, (Config *) 0x42);
        textbuf_init(&b, text, sizeof(text));
        policy_print_first_error(&errors, r, &b);
        ck_assert_ptr_nonnull(strstr(text, "/no/such/root: "));
}
END_TEST

START_TEST(the_first_error_stands_for_all) {
        char text[512];
        TextBuf b;

        config_errors_init(&errors);
        textbuf_init(&b, text, sizeof(text));
        policy_print_first_error(&errors, -ENOMEM, &b);
        ck_assert_str_eq(text, strerror(ENOMEM));

        config_errors_add(&errors, &(SourceText){ .name = "a.yaml" }, 3, 7, "unknown key");
        textbuf_init(&b, text, sizeof(text));
        policy_print_first_error(&errors, -EINVAL, &b);
        ck_assert_str_eq(text, "a.yaml:3:7: unknown key");

        config_errors_add(&errors, &(SourceText){ .name = "b.yaml" }, 1, 1, "another");
        config_errors_add(&errors, &(SourceText){ .name = "b.yaml" }, 0, 0, "third");
        textbuf_init(&b, text, sizeof(text));
        policy_print_first_error(&errors, -EINVAL, &b);
        ck_assert_str_eq(text, "a.yaml:3:7: unknown key (and 2 more)");
}
END_TEST

static void count(const ConfigWarning *warning, void *userdata) {
        size_t *n = userdata;

        *n += strstr(warning->text, "/nowhere/x") != NULL;
}

START_TEST(a_program_that_is_not_there_is_a_warning_but_in_a_recorded_tree) {
        static const char text[] = "version: 1\n"
                                   "policies:\n"
                                   "  - name: p\n"
                                   "    watch: system\n"
                                   "    when: mem.available < 1%\n"
                                   "    steps: [ run: { command: [ /nowhere/x ] } ]\n";
        Options o = { 0 };
        Config *config;
        size_t n = 0;

        ck_assert_int_eq(config_load_text("t.yaml", text, sizeof(text) - 1, &config, &errors), 0);
        ck_assert_uint_eq(policy_warn(&o, config, count, &n), config->n_warnings + 1);
        ck_assert_uint_eq(n, 1);
        o.root = "/tree";
        ck_assert_uint_eq(policy_warn(&o, config, count, &n), config->n_warnings);
        ck_assert_uint_eq(n, 1);
        config_unref(config);
}
END_TEST

HARNESS_MAIN("policy-load", a_program_that_is_not_there_is_a_warning_but_in_a_recorded_tree,
        files_of_the_command_line_replace_the_directories, a_root_brings_its_own_directories,
        a_root_that_is_not_there_is_an_error_with_its_name, the_first_error_stands_for_all)
