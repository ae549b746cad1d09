/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

static Fixture f;

static void set_up(void) {
        fixture_init(&f);
}

static void tear_down(void) {
        fixture_done(&f);
}

START_TEST(closing_gives_back_the_empty_descriptor_and_keeps_errno) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        errno = EXDEV;
        ck_assert_int_eq(close_fd(fd), FD_NONE);
        ck_assert_int_eq(errno, EXDEV);
        ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
        ck_assert_int_eq(close_fd(FD_NONE), FD_NONE);
        ck_assert_int_eq(close_fd(-1), FD_NONE);
}
END_TEST

START_TEST(opening_is_close_on_exec_and_does_not_follow_links) {
        int fd;

        fixture_file(&f, "file", "x");
        fixture_link(&f, "link", "file");
        ck_assert_int_eq(mkfifoat(f.fd, "fifo", 0600), 0);

        fd = fdio_open_at(f.fd, "file");
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        close_fd(fd);
        ck_assert_int_eq(fdio_open_at(f.fd, "link"), -ELOOP);
        ck_assert_int_eq(fdio_open_at(f.fd, "missing"), -ENOENT);
        ck_assert_int_eq(fdio_open_at(f.fd, "file/x"), -ENOTDIR);

        fd = fdio_open_at(f.fd, "fifo"); /* does not wait for a writer */
        ck_assert_int_ge(fd, 0);
        close_fd(fd);
}
END_TEST

START_TEST(directories_are_opened_for_listing) {
        int fd;

        fixture_file(&f, "dir/file", "x");
        fd = fdio_open_dir_at(f.fd, "dir");
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fcntl(fd, F_GETFL) & O_PATH, 0);
        close_fd(fd);
        ck_assert_int_eq(fdio_open_dir_at(f.fd, "dir/file"), -ENOTDIR);
        ck_assert_int_eq(fdio_open_dir_at(f.fd, "missing"), -ENOENT);
}
END_TEST

START_TEST(a_stream_has_the_entries_and_takes_the_descriptor) {
        const struct dirent *e;
        DIR *dir = NULL;
        bool seen = false;
        int fd;

        fixture_file(&f, "dir/file", "x");
        ck_assert_int_eq(fdio_stream(fdio_open_dir_at(f.fd, "dir"), &dir), 0);
        while ((e = readdir(dir)))
                seen = seen || strcmp(e->d_name, "file") == 0;
        ck_assert(seen);
        ck_assert_int_eq(closedir(dir), 0);

        dir = NULL;
        ck_assert_int_eq(fdio_stream(fdio_open_dir_at(f.fd, "missing"), &dir), -ENOENT);
        fd = fdio_open_at(f.fd, "dir/file");
        ck_assert_int_eq(fdio_stream(fd, &dir), -ENOTDIR);
        ck_assert_int_lt(fcntl(fd, F_GETFD), 0); /* taken all the same */
        ck_assert_ptr_null(dir);
}
END_TEST

START_TEST(a_kept_descriptor_is_read_from_the_start_each_time) {
        char buf[16];
        int fd;

        fixture_file(&f, "file", "first");
        fd = fdio_open_at(f.fd, "file");
        ck_assert_int_eq(fdio_pread_all(fd, buf, sizeof(buf)), 5);
        ck_assert_str_eq(buf, "first");
        ck_assert_int_eq(fdio_pread_once(fd, buf, sizeof(buf)), 5);
        ck_assert_str_eq(buf, "first");

        fixture_file(&f, "file", "2nd"); /* the same inode */
        ck_assert_int_eq(fdio_pread_all(fd, buf, sizeof(buf)), 3);
        ck_assert_str_eq(buf, "2nd");
        close_fd(fd);
}
END_TEST

START_TEST(a_file_longer_than_the_buffer_is_told) {
        static const struct {
                const char *text;
                size_t size;
                ssize_t all, once;
                const char *buf;
        } rows[] = {
                { "", 4, 0, 0, "" },
                { "ab", 4, 2, 2, "ab" },
                { "abc", 4, 3, -EOVERFLOW, "abc" }, /* one read cannot tell whether there is more */
                { "abcd", 4, -EOVERFLOW, -EOVERFLOW, "abc" },
                { "", 2, 0, 0, "" },
                { "a", 2, 1, -EOVERFLOW, "a" },
                { "", 1, 0, -EINVAL, "" },
                { "a", 1, -EOVERFLOW, -EINVAL, "" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char buf[8] = "XXXXXXX";
                int fd;

                fixture_file(&f, "file", rows[i].text);
                fd = fdio_open_at(f.fd, "file");
                ck_assert_msg(
                        fdio_pread_all(fd, buf, rows[i].size) == rows[i].all, "row %zu, all", i);
                ck_assert_str_eq(buf, rows[i].buf);
                ck_assert_msg(
                        fdio_pread_once(fd, buf, rows[i].size) == rows[i].once, "row %zu, once", i);
                ck_assert_str_eq(buf, rows[i].buf);
                ck_assert_int_eq(buf[rows[i].size], 'X');
                ck_assert_msg(fdio_read_at(f.fd, "file", buf, rows[i].size) == rows[i].all,
                        "row %zu, at", i);
                close_fd(fd);
        }
}
END_TEST

START_TEST(failures_leave_the_buffer_alone) {
        char buf[8] = "XXXXXXX";
        int pipefd[2];

        ck_assert_int_eq(fdio_read_at(f.fd, "missing", buf, sizeof(buf)), -ENOENT);
        ck_assert_int_eq(fdio_pread_all(FD_NONE, buf, sizeof(buf)), -EBADF);
        ck_assert_int_eq(fdio_pread_once(FD_NONE, buf, sizeof(buf)), -EBADF);
        ck_assert_int_eq(fdio_pread_all(f.fd, buf, sizeof(buf)), -EISDIR);
        ck_assert_int_eq(fdio_pread_all(f.fd, buf, 0), -EINVAL);

        ck_assert_int_eq(pipe2(pipefd, O_CLOEXEC), 0);
        ck_assert_int_eq(fdio_pread_once(pipefd[0], buf, sizeof(buf)), -ESPIPE);
        close_fd(pipefd[0]);
        close_fd(pipefd[1]);
        ck_assert_str_eq(buf, "XXXXXXX");
}
END_TEST

START_TEST(a_value_is_written_in_one_piece) {
        char buf[16];

        fixture_file(&f, "value", "");
        ck_assert_int_eq(fdio_write_at(f.fd, "value", "max\n"), 0);
        ck_assert_int_eq(fdio_read_at(f.fd, "value", buf, sizeof(buf)), 4);
        ck_assert_str_eq(buf, "max\n");

        ck_assert_int_eq(fdio_write_at(f.fd, "missing", "1"), -ENOENT); /* never made */
        ck_assert_int_lt(faccessat(f.fd, "missing", F_OK, 0), 0);
        fixture_link(&f, "link", "value");
        ck_assert_int_eq(fdio_write_at(f.fd, "link", "1"), -ELOOP);
}
END_TEST

START_TEST(links_are_read_whole_or_not_at_all) {
        char buf[8] = "XXXXXXX";

        fixture_link(&f, "link", "1234567");
        fixture_file(&f, "file", "x");
        ck_assert_int_eq(fdio_readlink_at(f.fd, "link", buf, 8), 7);
        ck_assert_str_eq(buf, "1234567");
        ck_assert_int_eq(fdio_readlink_at(f.fd, "link", buf, 7), -ENAMETOOLONG);
        ck_assert_int_eq(fdio_readlink_at(f.fd, "link", buf, 0), -EINVAL);
        ck_assert_int_eq(fdio_readlink_at(f.fd, "file", buf, 8), -EINVAL);
        ck_assert_int_eq(fdio_readlink_at(f.fd, "missing", buf, 8), -ENOENT);
}
END_TEST

int main(void) {
        Suite *s = suite_create("fdio");
        TCase *tc = tcase_create("fdio");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, closing_gives_back_the_empty_descriptor_and_keeps_errno);
        tcase_add_test(tc, opening_is_close_on_exec_and_does_not_follow_links);
        tcase_add_test(tc, directories_are_opened_for_listing);
        tcase_add_test(tc, a_stream_has_the_entries_and_takes_the_descriptor);
        tcase_add_test(tc, a_kept_descriptor_is_read_from_the_start_each_time);
        tcase_add_test(tc, a_file_longer_than_the_buffer_is_told);
        tcase_add_test(tc, failures_leave_the_buffer_alone);
        tcase_add_test(tc, a_value_is_written_in_one_piece);
        tcase_add_test(tc, links_are_read_whole_or_not_at_all);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
