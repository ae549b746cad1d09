/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/own-cgroup.h"

#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

START_TEST(what_there_is_is_said_with_its_consequence) {
        static const struct {
                CgroupDiscovery d;
                const char *text;
        } cases[] = {
                { { CGROUP_MODE_V2, "/sys/fs/cgroup", "" },
                        "version 2, memory controller at /sys/fs/cgroup" },
                { { CGROUP_MODE_V1, "/sys/fs/cgroup/memory", "x" },
                        "version 1 (/sys/fs/cgroup/memory): avert acts on processes only; boot "
                        "with systemd.unified_cgroup_hierarchy=1" },
                { { CGROUP_MODE_UNKNOWN, "", "not mounted" },
                        "no memory controller (not mounted): avert acts on processes only" },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char text[256];
                TextBuf b;

                textbuf_init(&b, text, sizeof(text));
                cgroup_discovery_print(&cases[i].d, &b);
                ck_assert_str_eq(text, cases[i].text);
        }
}
END_TEST

/* On whatever machine: what is told is the kernel's own word, and telling it twice is the same. */
START_TEST(discovery_can_be_repeated_and_names_a_mount_or_a_reason) {
        CgroupDiscovery once, again;
        struct stat st;

        cgroup_discover(&once);
        cgroup_discover(&again);
        ck_assert_int_eq(once.mode, again.mode);
        ck_assert_str_eq(once.mount, again.mount);
        ck_assert_str_eq(once.why, again.why);
        ck_assert_int_eq(once.mode == CGROUP_MODE_V2, once.why[0] == '\0');
        if (once.mount[0])
                ck_assert_int_eq(stat(once.mount, &st), 0);
}
END_TEST

/* Nobody has delegated the cgroup that the test runs in. */
START_TEST(what_is_not_ours_is_left_alone) {
        char before[4096], after[4096];
        OwnCgroup own;

        ck_assert_int_gt(fdio_read_at(AT_FDCWD, "/proc/self/cgroup", before, sizeof(before)), 0);
        ck_assert(!own_cgroup_enter(&own));
        ck_assert_str_ne(own.why, "");
        ck_assert_str_eq(own.path, "");
        ck_assert_int_lt(own.dir_fd, 0);
        ck_assert_int_gt(fdio_read_at(AT_FDCWD, "/proc/self/cgroup", after, sizeof(after)), 0);
        ck_assert_str_eq(before, after);

        ck_assert_int_eq(own_cgroup_make(&own, "run-1", 1 << 20, 5), -EOPNOTSUPP);
        ck_assert_int_eq(own_cgroup_end(&own, "run-1"), 0);
        ck_assert_int_eq(own_cgroup_remove(&own, "run-1"), 0);
        own_cgroup_done(&own);
}
END_TEST

HARNESS_MAIN("own-cgroup", what_there_is_is_said_with_its_consequence,
        discovery_can_be_repeated_and_names_a_mount_or_a_reason, what_is_not_ours_is_left_alone)
