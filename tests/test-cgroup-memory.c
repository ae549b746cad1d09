/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "kernel/sysroot.h"
#include "tests/harness.h"

START_TEST(a_value_is_a_number_or_max) {
        static const struct {
                const char *text;
                int expect;
                uint64_t value;
        } rows[] = {
                { "0\n", 0, 0 },
                { "4096\n", 0, 4096 },
                { "4096", 0, 4096 },
                { "max\n", 0, CGROUP_NO_LIMIT },
                { "max", 0, CGROUP_NO_LIMIT },
                { "9223372036854771712\n", 0, UINT64_C(9223372036854771712) },
                { "", -EBADMSG, 42 },
                { "\n", -EBADMSG, 42 },
                { "maximum\n", -EBADMSG, 42 },
                { "-1\n", -EBADMSG, 42 },
                { "12 34\n", -EBADMSG, 42 },
                { "18446744073709551616\n", -EBADMSG, 42 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                uint64_t value = 42;
                int r = cgroup_value_parse(rows[i].text, &value);

                ck_assert_msg(r == rows[i].expect, "'%s': got %d", rows[i].text, r);
                ck_assert_uint_eq(value, rows[i].value);
        }
}
END_TEST

START_TEST(events_are_counted_by_name) {
        CgroupEvents e = { .max = 4242 };

        ck_assert_int_eq(cgroup_events_parse("low 1\nhigh 2\nmax 3\noom 4\noom_kill "
                                             "5\noom_group_kill 6\nsock_throttled 7\n",
                                 &e),
                CGROUP_OK);
        ck_assert_uint_eq(e.low, 1);
        ck_assert_uint_eq(e.high, 2);
        ck_assert_uint_eq(e.max, 3);
        ck_assert_uint_eq(e.oom, 4);
        ck_assert_uint_eq(e.oom_kill, 5);
        ck_assert_uint_eq(e.oom_group_kill, 6);

        ck_assert_int_eq(
                cgroup_events_parse("low 0\nhigh 0\nmax 9\noom 0\noom_kill 0\n", &e), CGROUP_OK);
        ck_assert_uint_eq(e.max, 9);
        ck_assert_uint_eq(e.oom_group_kill, 0); /* before 5.17 */
        ck_assert_int_eq(cgroup_events_parse("", &e), -EBADMSG);
        ck_assert_int_eq(cgroup_events_parse("low 1\nhigh 2\n", &e), -EBADMSG);
        ck_assert_uint_eq(e.max, 9);
}
END_TEST

START_TEST(a_file_that_is_missing_is_told_from_a_cgroup_that_is_gone) {
        bool group = true;
        uint64_t value = 42;
        CgroupEvents e = { .max = 42 };
        Fixture f;
        int fd;

        fixture_init(&f);
        fixture_file(&f, "a/cgroup.procs", "");
        ck_assert_int_eq(
                cgroup_value_read_at(f.fd, "a/memory.current", &value), CGROUP_UNSUPPORTED);
        ck_assert_int_eq(cgroup_value_read_at(f.fd, "b/memory.current", &value), CGROUP_GONE);
        ck_assert_uint_eq(value, 42);

        fixture_file(&f, "a/memory.current", "123\n");
        fixture_file(&f, "a/memory.oom.group", "1\n");
        fixture_file(&f, "a/memory.events", "low 0\nhigh 0\nmax 7\n");
        ck_assert_int_eq(cgroup_value_read_at(f.fd, "a/memory.current", &value), CGROUP_OK);
        ck_assert_uint_eq(value, 123);
        fixture_file(&f, "a/memory.current", "");
        ck_assert_int_eq(cgroup_value_read_at(f.fd, "a/memory.current", &value), -EBADMSG);
        ck_assert_uint_eq(value, 123);
        fd = fdio_open_at(f.fd, "a/memory.events");
        ck_assert_int_eq(cgroup_events_read_fd(fd, &e), CGROUP_OK);
        ck_assert_uint_eq(e.max, 7);
        fixture_file(&f, "a/memory.events", "");
        ck_assert_int_eq(cgroup_events_read_fd(fd, &e), -EBADMSG);
        ck_assert_uint_eq(e.max, 7);
        close_fd(fd);

        fd = fdio_open_dir_at(f.fd, "a");
        group = false;
        ck_assert_int_eq(cgroup_oom_group_read_at(fd, &group), CGROUP_OK);
        ck_assert(group);
        fixture_file(&f, "a/memory.oom.group", "0\n");
        ck_assert_int_eq(cgroup_oom_group_read_at(fd, &group), CGROUP_OK);
        ck_assert(!group);
        fixture_remove(&f, "a/memory.oom.group");
        group = true;
        ck_assert_int_eq(cgroup_oom_group_read_at(fd, &group), CGROUP_UNSUPPORTED);
        fixture_remove(&f, "a/cgroup.procs");
        ck_assert_int_eq(cgroup_oom_group_read_at(fd, &group), CGROUP_GONE);
        ck_assert(group);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

static const struct {
        const char *name;
        const char *max[4], *high[4]; /* of /a, /a/b, /a/b/c, /a/b/c/d; NULL: no such file */
        const char *path;
        int expect;
        uint64_t max_bytes, high_bytes;
        const char *max_path, *high_path;
} limits[] = {
        { "limit at the parent, leaf max", { "max", "100", "max", "max" },
                { "max", "max", "max", "max" }, "/a/b/c/d", 0, 100, CGROUP_NO_LIMIT, "/a/b", "" },
        { "tighter above than below", { "50", "100", "200", "max" }, { "max", "max", "max", "max" },
                "/a/b/c/d", 0, 50, CGROUP_NO_LIMIT, "/a", "" },
        { "own limit", { "max", "max", "max", "70" }, { "max", "60", "max", "max" }, "/a/b/c/d", 0,
                70, 60, "/a/b/c/d", "/a/b" },
        { "equal limits: the lowest", { "70", "max", "70", "max" }, { "max", "max", "max", "max" },
                "/a/b/c/d", 0, 70, CGROUP_NO_LIMIT, "/a/b/c", "" },
        { "nobody limits", { "max", "max", "max", "max" }, { "max", "max", "max", "max" },
                "/a/b/c/d", 0, CGROUP_NO_LIMIT, CGROUP_NO_LIMIT, "", "" },
        { "controller ends above the leaf", { "80", NULL, NULL, NULL }, { "90", NULL, NULL, NULL },
                "/a/b/c/d", 0, 80, 90, "/a", "/a" },
        { "in the middle of the tree", { "max", "30", "20", "10" }, { "max", "max", "max", "max" },
                "/a/b", 0, 30, CGROUP_NO_LIMIT, "/a/b", "" },
        { "zero is a limit", { "max", "0", "max", "max" }, { "max", "max", "max", "max" },
                "/a/b/c/d", 0, 0, CGROUP_NO_LIMIT, "/a/b", "" },
        { "no controller", { NULL, NULL, NULL, NULL }, { NULL, NULL, NULL, NULL }, "/a/b/c/d",
                CGROUP_UNSUPPORTED, 0, 0, NULL, NULL },
        { "gone", { "80", "80", "80", "80" }, { "max", "max", "max", "max" }, "/a/b/x", CGROUP_GONE,
                0, 0, NULL, NULL },
        { "the root", { "80", "80", "80", "80" }, { "max", "max", "max", "max" }, "/",
                CGROUP_UNSUPPORTED, 0, 0, NULL, NULL },
        { "outside of our namespace", { "80", "80", "80", "80" }, { "max", "max", "max", "max" },
                "/../a/b", CGROUP_GONE, 0, 0, NULL, NULL },
        { "broken", { "80", "x", "80", "80" }, { "max", "max", "max", "max" }, "/a/b/c/d", -EBADMSG,
                0, 0, NULL, NULL },
};

START_TEST(the_tightest_ancestor_binds) {
        static const char *const dirs[4] = { "a", "a/b", "a/b/c", "a/b/c/d" };

        for (size_t i = 0; i < ELEMENTS(limits); i++) {
                CgroupLimit limit = { .max_bytes = 4242 };
                char name[64];
                Fixture f;
                int r;

                fixture_init(&f);
                for (size_t level = 0; level < 4; level++) {
                        snprintf(name, sizeof(name), "%s/cgroup.procs", dirs[level]);
                        fixture_file(&f, name, "");
                        snprintf(name, sizeof(name), "%s/memory.max", dirs[level]);
                        if (limits[i].max[level])
                                fixture_file(&f, name, limits[i].max[level]);
                        snprintf(name, sizeof(name), "%s/memory.high", dirs[level]);
                        if (limits[i].high[level])
                                fixture_file(&f, name, limits[i].high[level]);
                }

                r = cgroup_limit_read(f.fd, limits[i].path, &limit);
                ck_assert_msg(r == limits[i].expect, "%s: got %d", limits[i].name, r);
                if (r != CGROUP_OK)
                        ck_assert_uint_eq(limit.max_bytes, 4242);
                else {
                        ck_assert_msg(
                                limit.max_bytes == limits[i].max_bytes, "%s: max", limits[i].name);
                        ck_assert_msg(limit.high_bytes == limits[i].high_bytes, "%s: high",
                                limits[i].name);
                        ck_assert_uint_eq(limit.max_path_len, strlen(limits[i].max_path));
                        ck_assert_uint_eq(limit.high_path_len, strlen(limits[i].high_path));
                }
                fixture_done(&f);
        }
}
END_TEST

START_TEST(names_with_dots_are_not_the_way_up) {
        CgroupLimit limit;
        Fixture f;

        fixture_init(&f);
        fixture_file(&f, "..a/b../x..y/memory.max", "5");
        ck_assert_int_eq(cgroup_limit_read(f.fd, "/..a/b../x..y", &limit), CGROUP_OK);
        ck_assert_uint_eq(limit.max_bytes, 5);
        ck_assert_int_eq(cgroup_limit_read(f.fd, "/..a/..", &limit), CGROUP_GONE);
        ck_assert_int_eq(cgroup_limit_read(f.fd, "..", &limit), CGROUP_GONE);
        fixture_done(&f);
}
END_TEST

START_TEST(a_path_too_long_for_the_kernel_is_an_error) {
        static char path[PATH_MAX + 16];
        CgroupLimit limit = { .max_bytes = 4242 };
        Fixture f;

        fixture_init(&f);
        memset(path, 'a', sizeof(path) - 1);
        path[0] = '/';
        ck_assert_int_eq(cgroup_limit_read(f.fd, path, &limit), -ENAMETOOLONG);
        ck_assert_uint_eq(limit.max_bytes, 4242);
        fixture_done(&f);
}
END_TEST

/* On a machine with cgroup2 and the right to make a group: what the kernel says of a removed one.
 */
START_TEST(a_kept_descriptor_of_a_removed_cgroup_says_so) {
        SysRoot root = SYSROOT_INIT;
        CgroupEvents events;
        uint64_t value = 42;
        char name[32];
        int dir, fd;

        ck_assert_int_eq(sysroot_open(NULL, &root), 0);
        snprintf(name, sizeof(name), "avert-test-%d", getpid());
        if (root.cgroup_fd < 0 || mkdirat(root.cgroup_fd, name, 0755) < 0) {
                sysroot_done(&root);
                return;
        }
        dir = fdio_open_dir_at(root.cgroup_fd, name);
        fd = fdio_open_at(
                dir, "cgroup.freeze"); /* a single value, with or without the memory controller */
        ck_assert_int_eq(cgroup_value_read_fd(fd, &value), CGROUP_OK);
        ck_assert_uint_eq(value, 0);
        ck_assert_int_eq(cgroup_value_read_at(dir, "memory.nonsense", &value), CGROUP_UNSUPPORTED);

        ck_assert_int_eq(unlinkat(root.cgroup_fd, name, AT_REMOVEDIR), 0);
        value = 42;
        ck_assert_int_eq(cgroup_value_read_fd(fd, &value), CGROUP_GONE);
        ck_assert_int_eq(cgroup_events_read_fd(fd, &events), CGROUP_GONE);
        ck_assert_int_eq(cgroup_value_read_at(dir, "memory.nonsense", &value), CGROUP_GONE);
        ck_assert_uint_eq(value, 42);
        close_fd(fd);
        close_fd(dir);
        sysroot_done(&root);
}
END_TEST

HARNESS_MAIN("cgroup-memory", a_value_is_a_number_or_max, events_are_counted_by_name,
        a_file_that_is_missing_is_told_from_a_cgroup_that_is_gone, the_tightest_ancestor_binds,
        names_with_dots_are_not_the_way_up, a_path_too_long_for_the_kernel_is_an_error,
        a_kept_descriptor_of_a_removed_cgroup_says_so)
