/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-intent.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/harness.h"

/* A directory that takes user.* attributes as those of cgroup2 do; -1 where the file system of the
 * build takes none. */
static int make_dir(char *path) {
        int fd;

        ck_assert_ptr_nonnull(mkdtemp(path));
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        return fd;
}

static const struct {
        const char *avoid, *omit;
        bool is_avoid, is_omit;
} rows[] = {
        { NULL, NULL, false, false },
        { "1", NULL, true, false },
        { NULL, "1", false, true },
        { "yes", "0", true, false },
        { "", "nonsense", false, false },
        { "no", "true", false, true },
        { "much longer than any word", "1", false, true },
};

START_TEST(what_the_owner_wants_is_read) {
        char path[] = "/var/tmp/avert-intent-XXXXXX";
        int fd = make_dir(path);

        if (rows[_i].avoid &&
                fsetxattr(fd, "user.oomd_avoid", rows[_i].avoid, strlen(rows[_i].avoid), 0) < 0)
                ck_assert_int_eq(errno, ENOTSUP);
        else if (rows[_i].omit &&
                fsetxattr(fd, "user.oomd_omit", rows[_i].omit, strlen(rows[_i].omit), 0) < 0)
                ck_assert_int_eq(errno, ENOTSUP);
        else {
                CgroupIntent intent = { .avoid = !rows[_i].is_avoid, .omit = !rows[_i].is_omit };

                ck_assert_int_eq(cgroup_intent_read(fd, &intent), 0);
                ck_assert_int_eq(intent.avoid, rows[_i].is_avoid);
                ck_assert_int_eq(intent.omit, rows[_i].is_omit);
        }
        close(fd);
        ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(a_failure_leaves_the_result_alone) {
        CgroupIntent intent = { .avoid = true };

        ck_assert_int_eq(cgroup_intent_read(-1, &intent), -EBADF);
        ck_assert(intent.avoid);
}
END_TEST

START_TEST(a_directory_that_is_gone_wants_nothing) {
        char path[] = "/var/tmp/avert-intent-XXXXXX";
        CgroupIntent intent = { .avoid = true, .omit = true };
        int fd = make_dir(path);

        ck_assert_int_eq(rmdir(path), 0);
        ck_assert_int_eq(cgroup_intent_read(fd, &intent), 0);
        ck_assert(!intent.avoid && !intent.omit);
        close(fd);
}
END_TEST

int main(void) {
        Suite *s = suite_create("cgroup-intent");
        TCase *tc = tcase_create("cgroup-intent");

        tcase_add_loop_test(tc, what_the_owner_wants_is_read, 0, (int) ELEMENTS(rows));
        tcase_add_test(tc, a_failure_leaves_the_result_alone);
        tcase_add_test(tc, a_directory_that_is_gone_wants_nothing);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
