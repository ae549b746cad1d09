/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/mount-table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

#define PROC(options) "20 1 0:20 / /proc rw,nosuid shared:12 - proc proc rw" options "\n"
#define V1(point, options) "31 30 0:28 / " point " rw - cgroup cgroup rw," options "\n"
#define V2(root, point)                                                                            \
        "40 30 0:37 " root " " point " rw,nosuid shared:5 - cgroup2 cgroup2 rw,nsdelegate\n"

START_TEST(cgroup2_is_found_by_the_type_of_the_mount) {
        static const struct {
                const char *name, *text, *cgroup2;
                bool whole, v1_memory, hides, only;
        } rows[] = {
                { "unified", PROC("") V2("/", "/sys/fs/cgroup"), "/sys/fs/cgroup", true, false,
                        false, false },
                { "hybrid, memory in v1",
                        PROC("") V1("/sys/fs/cgroup/memory", "memory")
                                V2("/", "/sys/fs/cgroup/unified"),
                        "/sys/fs/cgroup/unified", true, true, false, false },
                { "v1 for others only",
                        V1("/sys/fs/cgroup/net_cls", "net_cls,net_prio") V2("/", "/sys/fs/cgroup"),
                        "/sys/fs/cgroup", true, false, false, false },
                { "memory among others", V1("/cg", "cpu,memory"), "", false, true, false, false },
                { "a name that contains memory", V1("/cg", "name=memory,nomemory"), "", false,
                        false, false, false },
                { "v1 only", V1("/sys/fs/cgroup/systemd", "name=systemd"), "", false, false, false,
                        false },
                { "part of the tree, then all",
                        V2("/docker/abc", "/sys/fs/cgroup") V2("/", "/mnt/cg"), "/mnt/cg", true,
                        false, false, false },
                { "all, then part of it", V2("/", "/sys/fs/cgroup") V2("/docker/abc", "/mnt/cg"),
                        "/sys/fs/cgroup", true, false, false, false },
                { "only a part", V2("/docker/abc", "/sys/fs/cgroup"), "/sys/fs/cgroup", false,
                        false, false, false },
                { "the first of two", V2("/", "/a") V2("/", "/b"), "/a", true, false, false,
                        false },
                { "escapes", V2("/", "/my\\040cg\\134x"), "/my cg\\x", true, false, false, false },
                { "no optional fields", "40 30 0:37 / /cg rw - cgroup2 none rw\n", "/cg", true,
                        false, false, false },
                { "many optional fields",
                        "40 30 0:37 / /cg rw shared:1 master:2 unbindable - cgroup2 none rw\n",
                        "/cg", true, false, false, false },
                { "no superoptions", "40 30 0:37 / /cg rw - cgroup2 none\n", "/cg", true, false,
                        false, false },
                { "called cgroup2 only", "40 30 0:37 / /cgroup2 rw - tmpfs cgroup2 rw\n", "", false,
                        false, false, false },
                { "hidepid=2", PROC(",hidepid=2"), "", false, false, true, false },
                { "hidepid=invisible, since 5.8", PROC(",hidepid=invisible"), "", false, false,
                        true, false },
                { "hidepid=0", PROC(",hidepid=0"), "", false, false, false, false },
                { "subset=pid", PROC(",subset=pid"), "", false, false, false, true },
                { "another /proc", "20 1 0:20 / /jail/proc rw - proc proc rw,hidepid=2\n", "",
                        false, false, false, false },
                { "the upper of two", PROC(",hidepid=2") PROC(""), "", false, false, false, false },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                MountTable t;

                ck_assert_msg(mount_table_parse(rows[i].text, &t) == 0, "%s", rows[i].name);
                ck_assert_msg(strcmp(t.cgroup2, rows[i].cgroup2) == 0, "%s: '%s'", rows[i].name,
                        t.cgroup2);
                ck_assert_msg(t.cgroup2_whole == rows[i].whole, "%s: whole", rows[i].name);
                ck_assert_msg(t.v1_memory == rows[i].v1_memory, "%s: v1 memory", rows[i].name);
                ck_assert_msg(t.hides_processes == rows[i].hides, "%s: hides", rows[i].name);
                ck_assert_msg(t.processes_only == rows[i].only, "%s: subset", rows[i].name);
        }
}
END_TEST

START_TEST(a_mount_point_that_does_not_fit_is_none) {
        char line[512], point[400];
        MountTable t = { 0 };

        memset(point, 'a', sizeof(point));
        point[0] = '/';
        point[sizeof(point) - 1] = '\0';
        snprintf(line, sizeof(line), "40 30 0:37 / %s rw - cgroup2 none rw", point);
        ck_assert(mount_table_take_line(&t, slice_of(line)));
        ck_assert_str_eq(t.cgroup2, "");
}
END_TEST

START_TEST(text_that_is_no_mount_table_is_refused) {
        static const char *const texts[] = {
                "",
                "\n",
                "hello",
                "1 2\n",
                "1 2 3\n",
                "1 2 3 4\n",
                "1 2 3 4 5\n",
                "1 2 3 4 5 6 7\n",
                "40 30 0:37 / /cg rw -\n",
                "40 30 0:37 / /cg rw - cgroup2\n",
                "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                MountTable t = { .cgroup2 = "untouched" };

                ck_assert_msg(mount_table_parse(texts[i], &t) == -EBADMSG, "'%s'", texts[i]);
                ck_assert_str_eq(t.cgroup2, "untouched");
        }
}
END_TEST

HARNESS_MAIN("mount-table", cgroup2_is_found_by_the_type_of_the_mount,
        a_mount_point_that_does_not_fit_is_none, text_that_is_no_mount_table_is_refused)
