/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
        ck_assert_int_eq(
                cgroup_events_read_at(f.fd, "a/memory.events.local", &e), CGROUP_UNSUPPORTED);
        fixture_file(&f, "a/memory.events", "low 0\nhigh 0\nmax 8\n");
        ck_assert_int_eq(cgroup_events_read_at(f.fd, "a/memory.events", &e), CGROUP_OK);
        ck_assert_uint_eq(e.max, 8);

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
        a_file_that_is_missing_is_told_from_a_cgroup_that_is_gone,
        a_kept_descriptor_of_a_removed_cgroup_says_so)
