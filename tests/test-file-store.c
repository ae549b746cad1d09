/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/file-store.h"

#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

enum { FILES_MAX = 64 };

static Fixture fixture;
static int dir_fd;

static void set_up(void) {
        char path[512];

        fixture_init(&fixture);
        (void) snprintf(path, sizeof(path), "%s/captures", fixture.path);
        dir_fd = file_store_open(path);
        ck_assert_int_ge(dir_fd, 0);
}

static void tear_down(void) {
        dir_fd = close_fd(dir_fd);
        fixture_done(&fixture);
}

static bool is_there(const char *name) {
        return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int keep(const char *name, size_t len, uint64_t quota) {
        static char text[100000];
        int fd = FD_NONE, r;

        memset(text, 'x', sizeof(text));
        r = file_store_write(dir_fd, name, text, len,
                &(FileStoreRule){ .files_max = FILES_MAX, .bytes_max = quota }, &fd);
        if (r < 0) {
                ck_assert_int_eq(fd, FD_NONE);
                return r;
        }
        ck_assert(!is_there(name)); /* not before it is whole */
        return file_store_settle(dir_fd, name, fd);
}

START_TEST(file_is_whole_and_ours_alone) {
        struct stat st;

        ck_assert_int_eq(keep("1.json", 5000, 10000), 0);
        ck_assert_int_eq(fstatat(dir_fd, "1.json", &st, 0), 0);
        ck_assert_int_eq(st.st_size, 5000);
        ck_assert_uint_eq(st.st_mode & 07777, 0600);
        ck_assert_int_eq(fstat(dir_fd, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0700);
        ck_assert(!is_there("1.json.unfinished"));
}
END_TEST

START_TEST(oldest_go_when_the_quota_is_reached) {
        ck_assert_int_eq(keep("1.json", 4000, 10000), 0);
        ck_assert_int_eq(keep("3.json", 4000, 10000), 0);
        ck_assert_int_eq(keep("2.json", 2000, 10000), 0); /* fits to the byte */
        ck_assert(is_there("1.json") && is_there("2.json") && is_there("3.json"));
        ck_assert_int_eq(keep("4.json", 1, 10000), 0);
        ck_assert(!is_there("1.json") && is_there("2.json") && is_there("3.json"));
        ck_assert_int_eq(keep("5.json", 10000, 10000), 0);
        ck_assert(!is_there("2.json") && !is_there("3.json") && !is_there("4.json"));
        ck_assert_int_eq(keep("6.json", 10001, 10000), -EFBIG);
        ck_assert(is_there("5.json"));
}
END_TEST

START_TEST(number_of_files_is_bounded_as_well) {
        char name[32];

        for (int i = 0; i < FILES_MAX + 3; i++) {
                (void) snprintf(name, sizeof(name), "%03d.json", i);
                ck_assert_int_eq(keep(name, 10, UINT64_MAX), 0);
        }
        ck_assert(!is_there("002.json"));
        ck_assert(is_there("003.json"));
}
END_TEST

START_TEST(what_is_not_ours_is_left_alone) {
        fixture_file(&fixture, "captures/README", "mine\n");
        fixture_file(&fixture, "captures/0.json/inside", "a directory\n");
        fixture_link(&fixture, "captures/00.json", "README");
        ck_assert_int_eq(keep("1.json", 100, 100), 0);
        ck_assert_int_eq(keep("2.json", 100, 100), 0);
        ck_assert(is_there("README") && is_there("0.json/inside") && is_there("00.json"));
        ck_assert(!is_there("1.json"));
}
END_TEST

START_TEST(what_a_crash_left_behind_goes_when_it_is_old) {
        const struct timespec long_ago[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

        fixture_file(&fixture, "captures/0.json.unfinished", "torn");
        fixture_file(&fixture, "captures/1.json.unfinished", "being written by another");
        ck_assert_int_eq(utimensat(dir_fd, "0.json.unfinished", long_ago, 0), 0);
        ck_assert_int_eq(keep("2.json", 100, 1000), 0);
        ck_assert(!is_there("0.json.unfinished"));
        ck_assert(is_there("1.json.unfinished"));
}
END_TEST

START_TEST(full_disk_leaves_nothing_behind_and_what_was_there) {
        const struct rlimit small = { 3000, 3000 };

        ck_assert_int_eq(keep("1.json", 2000, 100000), 0);
        (void) signal(SIGXFSZ, SIG_IGN); /* then write(2) says EFBIG, after a part */
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
        ck_assert_int_eq(keep("2.json", 4000, 100000), -EFBIG);
        ck_assert(!is_there("2.json"));
        ck_assert(!is_there("2.json.unfinished"));
        ck_assert(is_there("1.json"));
        ck_assert_int_eq(keep("3.json", 2500, 100000), 0);
}
END_TEST

START_TEST(directory_that_cannot_be_made_is_said_so) {
        char path[512];

        (void) snprintf(path, sizeof(path), "%s/no/such/place", fixture.path);
        ck_assert_int_eq(file_store_open(path), -ENOENT);
        fixture_file(&fixture, "file", "");
        (void) snprintf(path, sizeof(path), "%s/file", fixture.path);
        ck_assert_int_eq(file_store_open(path), -ENOTDIR);
}
END_TEST

START_TEST(directory_that_vanishes_midway_is_no_harm) {
        const FileStoreRule small = { .files_max = 10, .bytes_max = 100 };
        int fd = FD_NONE;

        ck_assert_int_eq(file_store_write(dir_fd, "1.json", "x", 1, &small, &fd), 0);
        ck_assert_int_eq(unlinkat(dir_fd, "1.json.unfinished", 0), 0);
        ck_assert_int_eq(file_store_settle(dir_fd, "1.json", fd), -ENOENT);
        fixture_remove(&fixture, "captures");
        ck_assert_int_eq(file_store_write(dir_fd, "2.json", "x", 1, &small, &fd), -ENOENT);
}
END_TEST

static bool begins_with_a(const char *name) {
        return name[0] == 'a';
}

static int keep_one(const char *name, const char *text) {
        const FileStoreRule rule = { .files_max = 2, .bytes_max = 100, .is_ours = begins_with_a };
        int fd = FD_NONE, r;

        r = file_store_write(dir_fd, name, text, strlen(text), &rule, &fd);
        return r < 0 ? r : file_store_settle(dir_fd, name, fd);
}

START_TEST(written_anew_it_takes_the_place_of_nobody_else) {
        char text[16];

        ck_assert_int_eq(keep_one("a1.json", "one"), 0);
        ck_assert_int_eq(keep_one("a2.json", "two"), 0);
        ck_assert_int_eq(keep_one("a1.json", "one more"), 0);
        ck_assert(is_there("a2.json"));
        ck_assert_int_eq(fdio_read_at(dir_fd, "a1.json", text, sizeof(text)), 8);
        ck_assert_str_eq(text, "one more");
        ck_assert_int_eq(keep_one("a3.json", "three"), 0);
        ck_assert(!is_there("a1.json"));
}
END_TEST

START_TEST(files_of_others_are_neither_counted_nor_removed) {
        fixture_file(&fixture, "captures/0.json", "somebody else's");
        fixture_file(&fixture, "captures/b.json", "somebody else's");
        ck_assert_int_eq(keep_one("a1.json", "one"), 0);
        ck_assert_int_eq(keep_one("a2.json", "two"), 0);
        ck_assert(is_there("a1.json") && is_there("0.json") && is_there("b.json"));
        ck_assert_int_eq(keep_one("a3.json", "three"), 0);
        ck_assert(!is_there("a1.json") && is_there("0.json") && is_there("b.json"));
}
END_TEST

int main(void) {
        const TTest *const tests[] = { file_is_whole_and_ours_alone,
                oldest_go_when_the_quota_is_reached, number_of_files_is_bounded_as_well,
                what_is_not_ours_is_left_alone, what_a_crash_left_behind_goes_when_it_is_old,
                full_disk_leaves_nothing_behind_and_what_was_there,
                directory_that_cannot_be_made_is_said_so, directory_that_vanishes_midway_is_no_harm,
                written_anew_it_takes_the_place_of_nobody_else,
                files_of_others_are_neither_counted_nor_removed };
        Suite *s = suite_create("file-store");
        TCase *tc = tcase_create("file-store");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
