/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"

/* Puts a pipe in the place of stderr, in this test's own process. */
static int take_stderr(void) {
        int fds[2];

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
        close(fds[1]);
        return fds[0];
}

static const char *read_some(int fd) {
        static char text[8192];
        ssize_t n = read(fd, text, sizeof(text) - 1);

        text[n > 0 ? n : 0] = '\0';
        return text;
}

START_TEST(every_line_gets_its_prefix_and_levels_are_kept) {
        int fd = take_stderr();

        log_set(LOG_LEVEL_INFO, LOG_FORM_PREFIX);
        log_error("a\nb");
        log_debug("not wanted");
        ck_assert_str_eq(read_some(fd), "<3>a\n<3>b\n");

        log_set(LOG_LEVEL_DEBUG, LOG_FORM_PLAIN);
        log_warning("x %d", 5);
        log_info("y");
        log_debug("z");
        ck_assert_str_eq(read_some(fd), "avertd: warning: x 5\navertd: y\navertd: debug: z\n");
}
END_TEST

START_TEST(a_reader_that_stops_is_not_waited_for) {
        uint64_t dropped;
        int fd = take_stderr();

        ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, 0), 0); /* now a write would block */
        log_set(LOG_LEVEL_INFO, LOG_FORM_PLAIN);
        for (int i = 0; i < 20000; i++)
                log_info("line %d", i);
        dropped = log_dropped();
        ck_assert_uint_gt(dropped, 0);
        ck_assert_uint_lt(dropped, 20000);
        while (*read_some(fd))
                ;
        log_info("again");
        ck_assert_str_eq(read_some(fd), "avertd: again\n");
        ck_assert_uint_eq(log_dropped(), dropped);
}
END_TEST

START_TEST(long_lines_are_cut_and_end_all_the_same) {
        static char text[6000];
        const char *got;
        int fd = take_stderr();

        memset(text, 'x', sizeof(text) - 1);
        log_set(LOG_LEVEL_INFO, LOG_FORM_PLAIN);
        log_info("%s", text);
        got = read_some(fd);
        ck_assert_uint_lt(strlen(got), 1100);
        ck_assert_int_eq(got[strlen(got) - 1], '\n');
}
END_TEST

START_TEST(levels_have_names) {
        LogLevel level = LOG_LEVEL_DEBUG;

        ck_assert_int_eq(log_level_from_name("warning", &level), 0);
        ck_assert_int_eq((int) level, LOG_LEVEL_WARNING);
        ck_assert_int_eq(log_level_from_name("Warning", &level), -EINVAL);
        ck_assert_int_eq(log_level_from_name("", &level), -EINVAL);
        ck_assert_int_eq((int) level, LOG_LEVEL_WARNING);
}
END_TEST

HARNESS_MAIN("log", every_line_gets_its_prefix_and_levels_are_kept,
        a_reader_that_stops_is_not_waited_for, long_lines_are_cut_and_end_all_the_same,
        levels_have_names)
