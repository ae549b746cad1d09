/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config-load.h"
#include "engine/program-file.h"

static char path[512], said[512];

static const char *below(const Fixture *f, const char *name) {
        snprintf(path, sizeof(path), "%s/%s", f->path, name);
        return path;
}

/* NULL: nothing is wrong with it, for who runs the test. */
static const char *finding(const char *program) {
        TextBuf why;

        textbuf_init(&why, said, sizeof(said));
        return program_file_is_sound(program, getuid(), getgid(), &why) ? NULL : said;
}

static void make_program(const Fixture *f, const char *name, mode_t mode) {
        fixture_file(f, name, "#!/bin/true\n");
        ck_assert_int_eq(chmod(below(f, name), mode), 0);
}

START_TEST(a_program_is_sound_if_only_root_and_its_user_can_change_it) {
        static const struct {
                mode_t mode, dir_mode;
                const char *says; /* NULL: sound */
        } rows[] = {
                { 0755, 0755, NULL },
                { 0700, 0700, NULL },
                { 0775, 0755, "dir/program can be changed by others" },
                { 0757, 0755, "dir/program can be changed by others" },
                { 0755, 0757, "dir can be changed by others" },
                { 0755, 0775, "dir can be changed by others" },
                { 0755, 01777, NULL },
                { 0644, 0755, "cannot be run by user" },
        };
        Fixture f;

        fixture_init(&f);
        make_program(&f, "dir/program", 0755);
        /* a group of root's is root: take one that is not */
        if (getuid() == 0) {
                ck_assert_int_eq(chown(below(&f, "dir"), 0, 1), 0);
                ck_assert_int_eq(chown(below(&f, "dir/program"), 0, 1), 0);
        }
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const char *got;

                ck_assert_int_eq(chmod(below(&f, "dir"), rows[i].dir_mode), 0);
                ck_assert_int_eq(chmod(below(&f, "dir/program"), rows[i].mode), 0);
                got = finding(below(&f, "dir/program"));
                if (rows[i].says)
                        ck_assert_msg(got && strstr(got, rows[i].says), "row %zu: %s", i,
                                got ? got : "sound");
                else
                        ck_assert_msg(!got, "row %zu: %s", i, got);
        }
        fixture_done(&f);
}
END_TEST

START_TEST(what_is_no_program_is_told_as_what_it_is) {
        Fixture f;

        fixture_init(&f);
        make_program(&f, "a/good", 0755);
        make_program(&f, "open/good", 0755);
        fixture_link(&f, "a/link", "good");
        fixture_link(&f, "a/dangling", "gone");
        fixture_link(&f, "a/loop", "loop");
        fixture_link(&f, "a/elsewhere", "../open/good");
        ck_assert_int_eq(chmod(below(&f, "open"), 0757), 0);

        ck_assert_ptr_null(finding(below(&f, "a/link")));
        ck_assert(strstr(finding(below(&f, "a/none")), "there is no /"));
        ck_assert(strstr(finding(below(&f, "a/good/x")), "there is no /"));
        ck_assert(strstr(finding(below(&f, "a/dangling")), "there is no /"));
        ck_assert(strstr(finding(below(&f, "a/loop")), "cannot look at /"));
        ck_assert(strstr(finding(below(&f, "a")), "is no program"));
        ck_assert(strstr(finding(below(&f, "a/elsewhere")), "/open can be changed by others"));
        fixture_done(&f);
}
END_TEST

/* Whoever owns the file may give it any mode. */
START_TEST(a_program_of_somebody_else_is_not_sound) {
        TextBuf why;
        Fixture f;

        fixture_init(&f);
        make_program(&f, "program", 0755);
        textbuf_init(&why, said, sizeof(said));
        if (getuid() == 0)
                ck_assert_int_eq(chown(below(&f, "program"), 12345, 0), 0);
        ck_assert(!program_file_is_sound(below(&f, "program"), 65534, 65534, &why));
        ck_assert_msg(strstr(said, "program can be changed by others"), "%s", said);
        fixture_done(&f);
}
END_TEST

static void count(const ConfigWarning *finding, void *userdata) {
        size_t *n = userdata;

        (*n)++;
        ck_assert_str_eq(finding->file, "t.yaml");
        ck_assert_uint_eq(finding->line, 4);
        ck_assert_str_eq(finding->text, "there is no /nonexistent/b (a command of policy second)");
}

START_TEST(each_command_of_all_policies_is_looked_at) {
        static const char text[] =
                "version: 1\npolicies:\n"
                "  - { name: first, watch: system, when: swap.free < 1%, steps: [ notify ] }\n"
                "  - { name: second, watch: system, when: swap.free < 1%, steps: [ notify,\n"
                "      run: { command: [ /bin/sh ], user: root }, run: [ /nonexistent/b ] ] }\n";
        static ConfigErrors errors;
        Config *config = NULL;
        size_t n = 0;

        ck_assert_int_eq(config_load_text("t.yaml", text, sizeof(text) - 1, &config, &errors), 0);
        ck_assert_uint_eq(program_files_check(config, count, &n), 1);
        ck_assert_uint_eq(n, 1);
        config_unref(config);
}
END_TEST

HARNESS_MAIN("program-file", a_program_is_sound_if_only_root_and_its_user_can_change_it,
        what_is_no_program_is_told_as_what_it_is, a_program_of_somebody_else_is_not_sound,
        each_command_of_all_policies_is_looked_at)
