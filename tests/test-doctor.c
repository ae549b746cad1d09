/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl.h"
#include "ctl/json-tree.h"

#include <string.h>

#include "tests/harness.h"

#define MEMINFO                                                                                    \
        "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 500 kB\nBuffers: 0 kB\nCached: 0 kB\n"  \
        "SwapTotal: 100 kB\nSwapFree: 50 kB\nDirty: 0 kB\nShmem: 0 kB\nSlab: 0 kB\n"
#define PSI                                                                                        \
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 "  \
        "total=0\n"

static Fixture tree;
static char *out;
static int code;

static void set_up(void) {
        fixture_init(&tree);
        fixture_file(&tree, "proc/meminfo", MEMINFO);
        fixture_file(&tree, "proc/vmstat",
                "oom_kill 0\nworkingset_refault_file 0\nworkingset_refault_anon 0\n");
        fixture_file(&tree, "proc/zoneinfo",
                "Node 0, zone Normal\n min 1\n low 2\n high 3\n managed 10\n");
        fixture_file(&tree, "proc/swaps", "Filename Type Size Used Priority\n");
        fixture_file(&tree, "proc/pressure/memory", PSI);
        fixture_file(&tree, "proc/pressure/io", PSI);
        fixture_file(&tree, "proc/self/mountinfo",
                "40 30 0:37 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        fixture_file(&tree, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
        fixture_file(&tree, "sys/fs/cgroup/cgroup.subtree_control", "cpu memory pids\n");
        fixture_file(&tree, "sys/fs/cgroup/init.scope/cgroup.kill", "");
        fixture_file(&tree, "sys/fs/cgroup/init.scope/memory.current", "1\n");
}

static void tear_down(void) {
        free(out);
        out = NULL;
        fixture_done(&tree);
}

static void run(JsonMode json) {
        Ctl ctl = { .json = json, .root = tree.path, .err = stderr };
        size_t len;

        free(out);
        ctl.out = open_memstream(&out, &len);
        code = verb_doctor(&ctl, 0, NULL);
        ck_assert_int_eq(fclose(ctl.out), 0);
}

START_TEST(what_is_there_and_what_is_missing_is_said_with_a_fix) {
        static const char golden[] =
                "present   meminfo\n"
                "present   vmstat\n"
                "present   psi.memory\n"
                "present   psi.io\n"
                "absent    psi.cpu: the kernel has no /proc/pressure/cpu: add psi=1 to its command "
                "line, if it was built with PSI\n"
                "          so: psi.cpu.* is unknown\n"
                "          fix: a kernel with CONFIG_PSI, booted with psi=1\n"
                "present   swaps\n"
                "none      zram: no swap lives on zram\n"
                "present   zoneinfo\n"
                "none      arc: ZFS is not loaded\n"
                "present   cgroup2\n"
                "present   cgroup.memory\n"
                "present   cgroup.kill\n"
                "present   processes\n"
                "degraded  rivals: active as well: earlyoom (pid 7)\n"
                "          so: both may act on one shortage, and neither can tell what the other "
                "has freed\n"
                "          fix: let only one of them kill: systemctl disable --now the other\n"
                "2 of 14 want a look\n";

        fixture_file(&tree, "proc/7/stat",
                "7 (earlyoom) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77 1 1\n");
        run(JSON_OFF);
        ck_assert_str_eq(out, golden);
        ck_assert_int_eq(code, CTL_LACKS);
}
END_TEST

START_TEST(whole_machine_is_well) {
        fixture_file(&tree, "proc/pressure/cpu", PSI);
        run(JSON_OFF);
        ck_assert_ptr_nonnull(strstr(out, "nothing is missing\n"));
        ck_assert_ptr_null(strstr(out, "fix:"));
        ck_assert_int_eq(code, CTL_OK);
}
END_TEST

START_TEST(json_has_the_same) {
        _cleanup_(json_unrefp) Json *json = NULL;
        const Json *item;

        run(JSON_SHORT);
        ck_assert_int_eq(code, CTL_LACKS);
        ck_assert_int_eq(json_parse(out, &json), 0);
        ck_assert_uint_eq(json_count(json, "schema_version"), 1);
        ck_assert_uint_eq(json_count(json, "lacks"), 1);
        ck_assert_uint_eq(json_length(json_get(json, "findings")), 14);
        item = json_at(json_get(json, "findings"), 4);
        ck_assert_str_eq(json_text(item, "name"), "psi.cpu");
        ck_assert_str_eq(json_text(item, "state"), "absent");
        ck_assert(json_flag(item, "lack"));
        ck_assert_str_eq(json_text(item, "fix"), "a kernel with CONFIG_PSI, booted with psi=1");
        ck_assert_str_eq(json_text(json_at(json_get(json, "findings"), 0), "fix"), "");
}
END_TEST

START_TEST(tree_without_proc_is_refused) {
        Ctl ctl = { .root = "/nonexistent", .out = stdout, .err = fopen("/dev/null", "we") };

        ck_assert_ptr_nonnull(ctl.err);
        ck_assert_int_eq(verb_doctor(&ctl, 0, NULL), CTL_FAILED);
        ck_assert_int_eq(fclose(ctl.err), 0);
}
END_TEST

int main(void) {
        const TTest *const tests[] = { what_is_there_and_what_is_missing_is_said_with_a_fix,
                whole_machine_is_well, json_has_the_same, tree_without_proc_is_refused };
        Suite *s = suite_create("doctor");
        TCase *tc = tcase_create("doctor");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
