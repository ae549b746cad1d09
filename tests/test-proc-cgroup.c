/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "kernel/proc.h"
#include "tests/harness.h"

#define V1 "12:memory:/user.slice\n5:cpu,cpuacct:/\n1:name=systemd:/user.slice/x\n"

static const struct {
        const char *name, *text;
        int expect;
        const char *path;
        bool deleted;
} cases[] = {
        { "unified", "0::/system.slice/ssh.service\n", 0, "/system.slice/ssh.service", false },
        { "root", "0::/\n", 0, "/", false },
        { "hybrid, last", V1 "0::/init.scope\n", 0, "/init.scope", false },
        { "hybrid, first", "0::/init.scope\n" V1, 0, "/init.scope", false },
        { "removed", "0::/system.slice/x.service (deleted)\n", 0, "/system.slice/x.service", true },
        { "colons in the name", "0::/a/b:cri-containerd:c\n", 0, "/a/b:cri-containerd:c", false },
        { "blanks in the name", "0::/a b/c d\n", 0, "/a b/c d", false },
        { "outside of our namespace", "0::/../../x\n", 0, "/../../x", false },
        { "no newline", "0::/a", 0, "/a", false },
        { "v1 only", V1, -ENODATA, NULL, false },
        { "a v1 name that looks like it", "3:name=0::/x:/y\n", -ENODATA, NULL, false },
        { "not absolute", "0::x\n", -EBADMSG, NULL, false },
        { "cut", "0::", -EBADMSG, NULL, false },
        { "empty", "", -EBADMSG, NULL, false },
        { "something else", "hello\n", -EBADMSG, NULL, false },
};

START_TEST(the_line_of_cgroup2_is_found_among_others) {
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char path[64] = "untouched";
                bool deleted = false;
                int r = proc_cgroup_parse(cases[i].text, path, sizeof(path), &deleted);

                ck_assert_msg(r == cases[i].expect, "%s: got %d", cases[i].name, r);
                ck_assert_str_eq(path, r < 0 ? "untouched" : cases[i].path);
                ck_assert_msg(deleted == cases[i].deleted, "%s", cases[i].name);
        }
}
END_TEST

START_TEST(a_path_that_does_not_fit_is_an_error) {
        char path[6] = "abc";
        bool deleted = true;

        ck_assert_int_eq(
                proc_cgroup_parse("0::/12345\n", path, sizeof(path), &deleted), -ENAMETOOLONG);
        ck_assert_str_eq(path, "abc");
        ck_assert(deleted);
        ck_assert_int_eq(proc_cgroup_parse("0::/1234\n", path, sizeof(path), &deleted), 0);
        ck_assert_str_eq(path, "/1234");
        ck_assert_int_eq(
                proc_cgroup_parse("0::/1234 (deleted)\n", path, sizeof(path), &deleted), 0);
        ck_assert_str_eq(path, "/1234");
        ck_assert(deleted);
}
END_TEST

START_TEST(the_file_is_read_until_the_process_ends) {
        char path[64] = "untouched", long_path[PROC_CGROUP_PATH_MAX],
             text[PROC_CGROUP_PATH_MAX + 8];
        bool deleted;
        Fixture f;
        int fd;

        fixture_init(&f);
        ck_assert_int_eq(proc_cgroup_read_at(f.fd, path, sizeof(path), &deleted), PROC_GONE);
        fixture_file(&f, "cgroup", V1);
        ck_assert_int_eq(proc_cgroup_read_at(f.fd, path, sizeof(path), &deleted), PROC_NONE);
        ck_assert_str_eq(path, "untouched");

        fixture_file(&f, "cgroup", V1 "0::/a\n");
        ck_assert_int_eq(proc_file_open(f.fd, "cgroup", &fd), PROC_OK);
        ck_assert_int_eq(proc_cgroup_read_fd(fd, path, sizeof(path), &deleted), PROC_OK);
        ck_assert_str_eq(path, "/a");
        fixture_file(&f, "cgroup", "");
        ck_assert_int_eq(proc_cgroup_read_fd(fd, path, sizeof(path), &deleted), PROC_GONE);
        ck_assert_str_eq(path, "/a");
        close_fd(fd);

        memset(long_path, 'x', sizeof(long_path)); /* the longest there is */
        long_path[0] = '/';
        long_path[sizeof(long_path) - 1] = '\0';
        snprintf(text, sizeof(text), "0::%s\n", long_path);
        fixture_file(&f, "cgroup", text);
        ck_assert_int_eq(proc_cgroup_read_at(f.fd, text, PROC_CGROUP_PATH_MAX, &deleted), PROC_OK);
        ck_assert_str_eq(text, long_path);
        fixture_done(&f);
}
END_TEST

START_TEST(we_are_in_some_cgroup_or_the_machine_has_none) {
        int dir = fdio_open_dir_at(AT_FDCWD, "/proc/self"), r;
        char path[PROC_CGROUP_PATH_MAX];
        bool deleted;

        r = proc_cgroup_read_at(dir, path, sizeof(path), &deleted);
        ck_assert_msg(r == PROC_OK || r == PROC_NONE, "got %d", r);
        if (r == PROC_OK)
                ck_assert_int_eq(path[0], '/');
        close_fd(dir);
}
END_TEST

HARNESS_MAIN("proc-cgroup", the_line_of_cgroup2_is_found_among_others,
        a_path_that_does_not_fit_is_an_error, the_file_is_read_until_the_process_ends,
        we_are_in_some_cgroup_or_the_machine_has_none)
