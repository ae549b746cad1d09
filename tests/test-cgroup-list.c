/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "kernel/cgroup.h"
#include "tests/cgroup-fixture.h"

_Alignas(8) static char buf[4096];

static size_t count(int fd) {
        CgroupList l;
        const char *name;
        size_t n = 0;

        ck_assert_int_eq(cgroup_list_init(&l, fd, buf, sizeof(buf)), 0);
        while (cgroup_list_next(&l, &name) > 0)
                n++;
        return n;
}

START_TEST(directories_are_children_and_files_are_not) {
        CgroupList l;
        const char *name;
        struct stat st;
        bool has = false;
        Fixture f;
        int fd;

        fixture_init(&f);
        fixture_file(&f, "a/cgroup.procs", "");
        fixture_file(&f, "a/x.service/cgroup.procs", "");
        fixture_link(&f, "a/link", "x.service");
        fd = fdio_open_dir_at(f.fd, "a");
        ck_assert_int_eq(cgroup_list_init(&l, fd, buf, 16), -EINVAL);
        ck_assert_int_eq(cgroup_list_init(&l, fd, buf, sizeof(buf)), 0);
        ck_assert_int_eq(cgroup_list_next(&l, &name), 1);
        ck_assert_str_eq(name, "x.service");
        ck_assert_int_eq(fstatat(fd, name, &st, 0), 0);
        ck_assert_uint_eq(l.inode, st.st_ino);
        ck_assert_int_eq(cgroup_list_next(&l, &name), 0);
        ck_assert_uint_eq(count(fd), 1); /* and again, from the same descriptor */

        ck_assert_int_eq(cgroup_has_children_at(f.fd, "a", false, &has), CGROUP_OK);
        ck_assert(has);
        ck_assert_int_eq(cgroup_has_children_at(f.fd, "none", false, &has), CGROUP_GONE);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

START_TEST(more_children_than_fit_the_buffer_are_all_listed) {
        char name[64];
        Fixture f;

        fixture_init(&f);
        for (int i = 0; i < 300; i++) {
                (void) snprintf(name, sizeof(name), "child-of-a-long-name-%d.service/x", i);
                fixture_file(&f, name, "");
        }
        ck_assert_uint_eq(count(f.fd), 300);
        fixture_done(&f);
}
END_TEST

START_TEST(a_live_cgroup_counts_its_children_and_a_removed_one_has_none) {
        CgroupFixture f;
        bool has = true;
        int a, b;

        if (!cgroup_fixture_init(&f))
                return;
        a = cgroup_fixture_make(&f, f.fd, "a");
        ck_assert_int_eq(cgroup_has_children_at(f.fd, "a", true, &has), CGROUP_OK);
        ck_assert(!has);
        b = cgroup_fixture_make(&f, a, "b");
        ck_assert_int_eq(cgroup_has_children_at(f.fd, "a", true, &has), CGROUP_OK);
        ck_assert(has);
        ck_assert_uint_eq(count(f.fd), 1);
        ck_assert_uint_eq(count(a), 1);
        close_fd(b);
        cgroup_fixture_remove(a, "b");
        ck_assert_uint_eq(count(a), 0);
        cgroup_fixture_remove(f.fd, "a");
        ck_assert_uint_eq(count(a), 0); /* through what is still open */
        ck_assert_int_eq(cgroup_has_children_at(f.fd, "a", true, &has), CGROUP_GONE);
        close_fd(a);
        cgroup_fixture_done(&f);
}
END_TEST

HARNESS_MAIN("cgroup-list", directories_are_children_and_files_are_not,
        more_children_than_fit_the_buffer_are_all_listed,
        a_live_cgroup_counts_its_children_and_a_removed_one_has_none)
