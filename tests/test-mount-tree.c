/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/mount-tree.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "tests/harness.h"

#define ROOT "28 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
#define WANTED "50 28 0:50 / /a/b rw - tmpfs tmpfs rw\n"

/* Whether the way to the mount with the number 50 leads to it. */
static const struct {
        const char *name;
        const char *mounts;
        bool leads;
} rows[] = {
        { "below the root", ROOT WANTED, true },
        { "the order of the lines says nothing", WANTED ROOT, true },
        { "covered at its own point", ROOT WANTED "51 50 0:51 / /a/b rw - nfs4 host:/x rw\n",
                false },
        { "covered by another tmpfs", ROOT WANTED "51 50 0:51 / /a/b rw - tmpfs tmpfs rw\n",
                false },
        { "covered further up", ROOT WANTED "51 28 0:51 / /a rw - ext4 /dev/sdb rw\n", false },
        { "the root is covered", ROOT WANTED "51 28 0:51 / / rw - overlay overlay rw\n", false },
        { "on a root that covers another",
                ROOT "27 28 0:27 / / rw - overlay overlay rw\n"
                     "50 27 0:50 / /a/b rw - tmpfs tmpfs rw\n",
                true },
        { "on top of another",
                ROOT "49 28 0:49 / /a/b rw - ext4 /dev/sdb rw\n"
                     "50 49 0:50 / /a/b rw - tmpfs tmpfs rw\n",
                true },
        { "on top of a server",
                ROOT "49 28 0:49 / /a/b rw - nfs host:/x rw\n"
                     "50 49 0:50 / /a/b rw - tmpfs tmpfs rw\n",
                false },
        { "below a server",
                ROOT "49 28 0:49 / /a rw - nfs4 host:/x rw\n"
                     "50 49 0:50 / /a/b rw - tmpfs tmpfs rw\n",
                false },
        { "below a program",
                ROOT "49 28 0:49 / /a rw - fuse.sshfs x rw\n"
                     "50 49 0:50 / /a/b rw - tmpfs tmpfs rw\n",
                false },
        { "beside a server", ROOT WANTED "49 28 0:49 / /a/bc rw - nfs4 host:/x rw\n", true },
        { "a root from a server", "28 1 0:2 / / rw - nfs host:/ rw\n" WANTED, true },
        { "no root is listed", WANTED, false },
        { "its parent is not listed", ROOT "50 29 0:50 / /a/b rw - tmpfs tmpfs rw\n", false },
        { "in circles",
                ROOT "50 51 0:50 / /a/b rw - tmpfs tmpfs rw\n"
                     "51 50 0:51 / /a/b rw - tmpfs tmpfs rw\n",
                false },
        { "two of one number that carry each other",
                ROOT "50 28 0:50 / /a/b rw - tmpfs tmpfs rw\n"
                     "50 50 0:50 / /a/b rw - tmpfs tmpfs rw\n"
                     "50 50 0:50 / /a/b rw - tmpfs tmpfs rw\n",
                false },
        { "the root itself", "50 1 0:50 / / rw - tmpfs tmpfs rw\n", true },
};

START_TEST(a_mount_is_asked_where_its_point_leads_to_it_by_file_systems_that_answer) {
        MountTree t = MOUNT_TREE_INIT;
        Slice rest = slice_of(rows[_i].mounts), line;
        MountLine m, wanted = { .id = SLICE("none") };

        while (slice_next_line(&rest, &line)) {
                ck_assert(mount_line_parse(line, &m));
                ck_assert_int_eq(mount_tree_add(&t, &m), 0);
                if (slice_equals(m.id, SLICE("50")))
                        wanted = m;
        }
        ck_assert_msg(mount_tree_leads_to(&t, &wanted) == rows[_i].leads, "%s", rows[_i].name);
        mount_tree_done(&t);
        ck_assert_uint_eq(t.n, 0);
        ck_assert(!mount_tree_leads_to(&t, &wanted));
}
END_TEST

START_TEST(hundreds_of_mounts_are_held) {
        MountTree t = MOUNT_TREE_INIT;
        char line[128];
        MountLine m;

        ck_assert(mount_line_parse(SLICE("28 1 8:1 / / rw - ext4 /dev/sda1 rw"), &m));
        ck_assert_int_eq(mount_tree_add(&t, &m), 0);
        for (int i = 0; i < 500; i++) {
                (void) snprintf(line, sizeof(line), "%d 28 0:%d / /m/%d rw - tmpfs t rw", 100 + i,
                        100 + i, i);
                ck_assert(mount_line_parse(slice_of(line), &m));
                ck_assert_int_eq(mount_tree_add(&t, &m), 0);
                ck_assert(mount_tree_leads_to(&t, &m));
        }
        mount_tree_done(&t);
}
END_TEST

int main(void) {
        Suite *s = suite_create("mount-tree");
        TCase *tc = tcase_create("mount-tree");

        tcase_add_loop_test(tc,
                a_mount_is_asked_where_its_point_leads_to_it_by_file_systems_that_answer, 0,
                (int) ELEMENTS(rows));
        tcase_add_test(tc, hundreds_of_mounts_are_held);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
