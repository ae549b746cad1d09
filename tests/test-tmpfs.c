/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/tmpfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "kernel/mount-table.h"
#include "tests/harness.h"

static const char mounts[] =
        "28 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "22 28 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
        "24 28 0:5 / /dev rw,nosuid shared:2 - devtmpfs udev rw,size=10\n"
        "26 24 0:23 / /dev/shm rw,nosuid,nodev shared:4 - tmpfs tmpfs rw\n"
        "27 28 0:24 / /run rw,nosuid,nodev shared:5 - tmpfs tmpfs rw,size=20\n"
        "90 27 0:24 /user /run/user/lower rw shared:5 - tmpfs tmpfs rw\n" /* the same once more */
        "91 28 0:60 / /srv/a\\040b rw - tmpfs scratch rw\n"
        "92 28 0:61 / /gone rw - tmpfs none rw\n"
        "93 28 0:61 / /elsewhere rw - tmpfs none rw\n" /* the same, and there */
        "94 28 0:62 / /covered rw - tmpfs none rw\n"
        "95 94 0:63 / /covered rw - nfs4 host:/x rw\n"
        "nonsense\n";

typedef struct Asked {
        char text[512];
} Asked;

static int ask(void *ctx, const char *path, uint64_t *ret_bytes) {
        static const struct {
                const char *path;
                uint64_t bytes;
        } answers[] = { { "/dev/shm", 300 }, { "/run", 20 }, { "/srv/a b", 7 }, { "/elsewhere", 1 },
                { "/covered", 5000 } };
        Asked *asked = ctx;

        strcat(strcat(asked->text, path), " ");
        for (size_t i = 0; i < ELEMENTS(answers); i++)
                if (strcmp(answers[i].path, path) == 0) {
                        *ret_bytes = answers[i].bytes;
                        return 0;
                }
        return -ENOENT; /* it went between the list and the question */
}

static int memory_file(const char *text) {
        int fd = memfd_create("mountinfo", MFD_CLOEXEC);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t) strlen(text));
        return fd;
}

START_TEST(each_tmpfs_counts_once_and_the_largest_is_named) {
        _cleanup_close_ int fd = memory_file(mounts);
        Asked asked = { 0 };
        TmpfsUsage u;

        ck_assert_int_eq(tmpfs_read_fd(fd, ask, &asked, &u), 0);
        ck_assert_str_eq(asked.text, "/dev/shm /run /srv/a b /gone /elsewhere ");
        ck_assert_uint_eq(u.used_bytes, 328);
        ck_assert_uint_eq(u.largest_bytes, 300);
        ck_assert_str_eq(u.largest, "/dev/shm");
}
END_TEST

START_TEST(without_a_tmpfs_nothing_is_held) {
        _cleanup_close_ int fd = memory_file("22 28 0:21 / /sys rw - sysfs sysfs rw\n");
        TmpfsUsage u;

        ck_assert_int_eq(tmpfs_read_fd(fd, ask, NULL, &u), 0);
        ck_assert_uint_eq(u.used_bytes, 0);
        ck_assert_str_eq(u.largest, "");
}
END_TEST

START_TEST(a_list_that_cannot_be_read_changes_nothing) {
        TmpfsUsage u = { .used_bytes = 5 };

        ck_assert_int_eq(tmpfs_read_fd(-1, ask, NULL, &u), -EBADF);
        ck_assert_uint_eq(u.used_bytes, 5);
}
END_TEST

START_TEST(the_kernel_is_asked_below_the_root_that_is_meant) {
        _cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        uint64_t bytes = UINT64_MAX;

        struct statfs shm;

        ck_assert_int_ge(root_fd, 0);
        if (statfs("/dev/shm", &shm) == 0 && shm.f_type == TMPFS_MAGIC) {
                ck_assert_int_eq(tmpfs_ask_statfs(&root_fd, "/dev/shm", &bytes), 0);
                ck_assert_uint_ne(bytes, UINT64_MAX);
        }
        ck_assert_int_eq(tmpfs_ask_statfs(&root_fd, "/proc", &bytes), -ENODEV); /* on top of it */
        ck_assert_int_eq(tmpfs_ask_statfs(&root_fd, "/nonesuch-avert", &bytes), -ENOENT);
        ck_assert_int_eq(tmpfs_ask_statfs(&root_fd, "dev", &bytes), -EINVAL);
}
END_TEST

static const struct {
        const char *line;
        bool is_mount;
} lines[] = {
        { "26 24 0:23 / /dev/shm rw shared:4 - tmpfs tmpfs rw", true },
        { "26 24 0:23 / /dev/shm rw - tmpfs tmpfs", true },
        { "26 24 0:23 / /dev/shm rw shared:4 tmpfs tmpfs rw", false },
        { "26 24 0:23 / /dev/shm", false },
        { "", false },
};

START_TEST(a_line_is_a_mount_or_is_not) {
        MountLine m;

        ck_assert_msg(mount_line_parse(slice_of(lines[_i].line), &m) == lines[_i].is_mount, "%s",
                lines[_i].line);
        if (lines[_i].is_mount)
                ck_assert(slice_equals(m.device, SLICE("0:23")) &&
                        slice_equals(m.point, SLICE("/dev/shm")));
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                each_tmpfs_counts_once_and_the_largest_is_named,
                without_a_tmpfs_nothing_is_held,
                a_list_that_cannot_be_read_changes_nothing,
                the_kernel_is_asked_below_the_root_that_is_meant,
        };
        Suite *s = suite_create("tmpfs");
        TCase *tc = tcase_create("tmpfs");

        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_loop_test(tc, a_line_is_a_mount_or_is_not, 0, (int) ELEMENTS(lines));
        suite_add_tcase(s, tc);
        return harness_run(s);
}
