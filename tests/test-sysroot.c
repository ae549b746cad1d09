/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/harness.h"

static Fixture f;

static void set_up(void) {
        fixture_init(&f);
}

static void tear_down(void) {
        fixture_done(&f);
}

static bool has(int dirfd, const char *name) {
        return faccessat(dirfd, name, F_OK, 0) == 0;
}

START_TEST(the_machine_itself_is_not_foreign) {
        static const char *const names[] = { NULL, "/", "//", "/proc/.." };

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                SysRoot r = SYSROOT_INIT;

                ck_assert_int_eq(sysroot_open(names[i], &r), 0);
                ck_assert(!r.foreign);
                ck_assert(has(r.proc_fd, "self/stat"));
                sysroot_done(&r);
                ck_assert_int_eq(r.proc_fd, FD_NONE);
                ck_assert_int_eq(r.root_fd, FD_NONE);
        }
}
END_TEST

START_TEST(a_recorded_tree_is_foreign_and_its_cgroups_are_found) {
        SysRoot r;

        fixture_file(&f, "proc/meminfo", "x");
        fixture_file(&f, "sys/fs/cgroup/unified/cgroup.procs", "");
        fixture_file(&f, "proc/self/mountinfo",
                "31 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                "40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
        ck_assert_int_eq(sysroot_open(f.path, &r), 0);
        ck_assert(r.foreign);
        ck_assert(has(r.proc_fd, "meminfo"));
        ck_assert(has(r.sys_fd, "fs/cgroup"));
        ck_assert(has(r.cgroup_fd, "cgroup.procs")); /* below the root, not the machine's own */
        ck_assert(r.mounts.v1_memory);
        ck_assert_str_eq(r.mounts.cgroup2, "/sys/fs/cgroup/unified");
        sysroot_done(&r);
}
END_TEST

START_TEST(without_a_mount_table_the_usual_place_is_looked_at) {
        SysRoot r;

        fixture_file(&f, "proc/meminfo", "x");
        fixture_file(&f, "sys/fs/cgroup/here", "");
        ck_assert_int_eq(sysroot_open(f.path, &r), 0);
        ck_assert(has(r.cgroup_fd, "here"));
        ck_assert_str_eq(r.mounts.cgroup2, "/sys/fs/cgroup");
        sysroot_done(&r);
}
END_TEST

START_TEST(cgroups_and_sys_may_be_missing) {
        static const struct {
                const char *file, *text;
        } rows[] = {
                { "proc/meminfo", "x" }, /* neither table nor tree */
                { "proc/self/mountinfo", "20 1 0:20 / /proc rw - proc proc rw\n" }, /* no cgroup2 */
                { "proc/self/mountinfo",
                        "40 30 0:37 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n" }, /* not recorded
                                                                                    */
                { "proc/self/mountinfo", "" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                SysRoot r = SYSROOT_INIT;

                fixture_file(&f, rows[i].file, rows[i].text);
                ck_assert_int_eq(sysroot_open(f.path, &r), 0);
                ck_assert_int_ge(r.proc_fd, 0);
                ck_assert_int_eq(r.sys_fd, FD_NONE);
                ck_assert_msg(r.cgroup_fd == FD_NONE, "row %zu", i);
                ck_assert_str_eq(r.mounts.cgroup2, "");
                sysroot_done(&r);
        }
}
END_TEST

START_TEST(a_cgroup_mount_that_was_recorded_as_a_file_is_none) {
        SysRoot r;

        fixture_file(
                &f, "proc/self/mountinfo", "40 30 0:37 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        fixture_file(&f, "sys/fs/cgroup", "a file");
        ck_assert_int_eq(sysroot_open(f.path, &r), 0);
        ck_assert_int_eq(r.cgroup_fd, FD_NONE);
        ck_assert_int_ge(r.sys_fd, 0);
        sysroot_done(&r);
}
END_TEST

START_TEST(without_proc_there_is_nothing_to_open) {
        SysRoot r = SYSROOT_INIT;

        r.foreign = true;
        ck_assert_int_eq(sysroot_open(f.path, &r), -ENOENT);
        ck_assert_int_eq(sysroot_open("/nonexistent", &r), -ENOENT);
        fixture_file(&f, "proc", "a file");
        ck_assert_int_eq(sysroot_open(f.path, &r), -ENOTDIR);
        ck_assert_int_eq(r.root_fd, FD_NONE);
        ck_assert(r.foreign); /* untouched */
}
END_TEST

START_TEST(no_descriptor_is_left_behind) {
        int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;
        SysRoot r;

        close_fd(before);
        for (int i = 0; i < 3; i++) {
                ck_assert_int_eq(sysroot_open(NULL, &r), 0);
                sysroot_done(&r);
                ck_assert_int_eq(sysroot_open(f.path, &r), -ENOENT);
        }
        after = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ck_assert_int_eq(after, before);
        close_fd(after);
}
END_TEST

int main(void) {
        Suite *s = suite_create("sysroot");
        TCase *tc = tcase_create("sysroot");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, the_machine_itself_is_not_foreign);
        tcase_add_test(tc, a_recorded_tree_is_foreign_and_its_cgroups_are_found);
        tcase_add_test(tc, without_a_mount_table_the_usual_place_is_looked_at);
        tcase_add_test(tc, cgroups_and_sys_may_be_missing);
        tcase_add_test(tc, a_cgroup_mount_that_was_recorded_as_a_file_is_none);
        tcase_add_test(tc, without_proc_there_is_nothing_to_open);
        tcase_add_test(tc, no_descriptor_is_left_behind);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
