/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/text.h"
#include "tests/harness.h"

static Fixture fixture;
static char path[300];

static void begin(void) {
        fixture_init(&fixture);
        snprintf(path, sizeof(path), "%s/avert.prom", fixture.path);
}

static void end(void) {
        fixture_done(&fixture);
}

static int save(const char *text) {
        return metrics_file_save(path, text, strlen(text));
}

static void assert_text(const char *expected) {
        char text[64];

        ck_assert_int_ge(fdio_read_at(fixture.fd, "avert.prom", text, sizeof(text)), 0);
        ck_assert_str_eq(text, expected);
}

static void assert_nothing_else(void) {
        ck_assert_int_lt(faccessat(fixture.fd, "avert.prom.tmp", F_OK, AT_SYMLINK_NOFOLLOW), 0);
}

START_TEST(file_is_replaced_and_all_may_read_it) {
        struct stat st;

        begin();
        (void) umask(0077);
        ck_assert_int_eq(save("one\n"), 0);
        ck_assert_int_eq(save("two\n"), 0);
        assert_text("two\n");
        assert_nothing_else();
        ck_assert_int_eq(fstatat(fixture.fd, "avert.prom", &st, 0), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0644);
        end();
}
END_TEST

/* Who has it open reads what it was, whole. */
START_TEST(reader_never_sees_half_of_it) {
        char text[8];
        int fd;

        begin();
        ck_assert_int_eq(save("one\n"), 0);
        fd = fdio_open_at(fixture.fd, "avert.prom");
        ck_assert_int_eq(save("second\n"), 0);
        ck_assert_int_eq(fdio_pread_all(fd, text, sizeof(text)), 4);
        ck_assert_str_eq(text, "one\n");
        close_fd(fd);
        end();
}
END_TEST

START_TEST(full_disk_leaves_the_old_one_and_nothing_else) {
        static char large[20000];
        struct rlimit limit;

        begin();
        ck_assert_int_eq(save("one\n"), 0);
        memset(large, 'x', sizeof(large) - 1);
        (void) signal(SIGXFSZ, SIG_IGN);
        ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
        limit.rlim_cur = 8192; /* the write is cut there, and the next one fails */
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        ck_assert_int_eq(save(large), -EFBIG);
        limit.rlim_cur = limit.rlim_max;
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_text("one\n");
        assert_nothing_else();
        end();
}
END_TEST

START_TEST(link_under_its_other_name_is_not_followed) {
        begin();
        fixture_file(&fixture, "victim", "mine");
        fixture_link(&fixture, "avert.prom.tmp", "victim");
        ck_assert_int_eq(save("one\n"), 0);
        assert_text("one\n");
        fixture_remove(&fixture, "avert.prom");
        {
                char text[16];

                ck_assert_int_ge(fdio_read_at(fixture.fd, "victim", text, sizeof(text)), 0);
                ck_assert_str_eq(text, "mine");
        }
        end();
}
END_TEST

START_TEST(directory_that_is_not_there_is_an_error) {
        begin();
        snprintf(path, sizeof(path), "%s/gone/avert.prom", fixture.path);
        ck_assert_int_eq(save("one\n"), -ENOENT);
        end();
}
END_TEST

START_TEST(directory_in_its_place_is_an_error_and_stays) {
        begin();
        fixture_file(&fixture, "avert.prom/inside", "x");
        ck_assert_int_eq(save("one\n"), -EISDIR);
        assert_nothing_else();
        end();
}
END_TEST

/* Waits until something gets its last name, or loses it. */
static void await(int watch_fd) {
        char events[4096];
        struct pollfd fd = { .fd = watch_fd, .events = POLLIN };

        ck_assert_int_eq(poll(&fd, 1, HARNESS_PATIENCE_MSEC), 1);
        ck_assert_int_gt(read(watch_fd, events, sizeof(events)), 0);
}

START_TEST(thread_writes_the_latest_and_removes_it_at_the_end) {
        MetricsFile *f = NULL;
        int fd;

        begin();
        fd = inotify_init1(IN_CLOEXEC);
        ck_assert_int_ge(inotify_add_watch(fd, fixture.path, IN_MOVED_TO), 0);
        ck_assert_int_eq(metrics_file_new(path, &f), 0);
        ck_assert_int_eq(metrics_file_result(f), 0);
        metrics_file_put(f, strdup("one\n"));
        await(fd);
        assert_text("one\n");
        metrics_file_put(f, strdup("two\n"));
        await(fd);
        assert_text("two\n");
        ck_assert_ptr_null(metrics_file_free(f));
        ck_assert_int_lt(faccessat(fixture.fd, "avert.prom", F_OK, 0), 0);
        close_fd(fd);
        end();
}
END_TEST

/* A FIFO that nobody reads from: the thread could hang there for ever, if it were to open it. */
START_TEST(fifo_in_its_place_is_replaced) {
        MetricsFile *f = NULL;
        int fd;

        begin();
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        fd = inotify_init1(IN_CLOEXEC);
        ck_assert_int_ge(inotify_add_watch(fd, fixture.path, IN_MOVED_TO), 0);
        ck_assert_int_eq(metrics_file_new(path, &f), 0);
        metrics_file_put(f, strdup("one\n"));
        await(fd);
        assert_text("one\n");
        ck_assert_ptr_null(metrics_file_free(f));
        close_fd(fd);
        end();
}
END_TEST

START_TEST(path_that_is_too_long_is_refused) {
        char name[5000];
        MetricsFile *f = NULL;

        memset(name, 'x', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        ck_assert_int_eq(metrics_file_new(name, &f), -ENAMETOOLONG);
        ck_assert_ptr_null(f);
        ck_assert_ptr_null(metrics_file_free(NULL));
}
END_TEST

HARNESS_MAIN("metrics-file", file_is_replaced_and_all_may_read_it, reader_never_sees_half_of_it,
        full_disk_leaves_the_old_one_and_nothing_else, link_under_its_other_name_is_not_followed,
        directory_that_is_not_there_is_an_error, directory_in_its_place_is_an_error_and_stays,
        thread_writes_the_latest_and_removes_it_at_the_end, fifo_in_its_place_is_replaced,
        path_that_is_too_long_is_refused)
