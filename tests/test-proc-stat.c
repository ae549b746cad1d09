/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-stat.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "kernel/proc.h"
#include "tests/harness.h"

#define TAIL                                                                                       \
        " S 17 18 19 34816 20 4194304 1 2 3 4 5 6 7 8 20 0 9 0 123456 1048576 77 "                 \
        "18446744073709551615 1 1\n"

static const struct {
        const char *name, *comm; /* as the owner set it */
} comms[] = {
        { "plain", "bash" },
        { "empty", "" },
        { "blanks", "a b  c" },
        { "a whole stat line's beginning", ") S 1 (" },
        { "closing brackets", ")))" },
        { "opening brackets", "(((" },
        { "looks like the end", "x) R 1 1 1 0" },
        { "newline", "a\nb" },
        { "escape", "\x1b[31m" },
        { "cut in the middle of a character", "abcdefghijklm\xe2\x82" },
        { "a worker's long name", "kworker/u8:3-events_unbound_and_more" },
        { "as long as it can be",
                "0123456789012345678901234567890123456789012345678901234567890123" },
};

START_TEST(whatever_comm_holds_the_fields_behind_it_are_right) {
        for (size_t i = 0; i < ELEMENTS(comms); i++) {
                char text[512], expect[PROC_COMM_MAX];
                ProcStat s;

                snprintf(text, sizeof(text), "4711 (%s)" TAIL, comms[i].comm);
                snprintf(expect, sizeof(expect), "%s", comms[i].comm); /* cut at 63 bytes */
                ck_assert_msg(proc_stat_parse(text, &s) == 0, "%s", comms[i].name);
                ck_assert_str_eq(s.comm, expect);
                ck_assert_int_eq(s.pid, 4711);
                ck_assert_int_eq(s.state, 'S');
                ck_assert_int_eq(s.ppid, 17);
                ck_assert_int_eq(s.pgrp, 18);
                ck_assert_int_eq(s.session, 19);
                ck_assert_int_eq(s.tty_nr, 34816);
                ck_assert_uint_eq(s.flags, 4194304);
                ck_assert_uint_eq(s.majflt, 3);
                ck_assert_uint_eq(s.num_threads, 9);
                ck_assert_uint_eq(s.starttime_ticks, 123456);
                ck_assert_uint_eq(s.vsize_bytes, 1048576);
                ck_assert_uint_eq(s.rss_pages, 77);
        }
}
END_TEST

START_TEST(absurd_numbers_do_no_harm) {
        ProcStat s;

        ck_assert_int_eq(
                proc_stat_parse(
                        "1 (x) S 18446744073709551615 -1 99999999999999999999 -2147483649 -1 "
                        "18446744073709551615 0 0 0 0 0 0 0 0 0 0 18446744073709551615 0 "
                        "18446744073709551615 99999999999999999999 -5",
                        &s),
                0);
        ck_assert_int_eq(s.ppid, -1); /* 2^64 - 1 is how a kernel writes it */
        ck_assert_int_eq(s.pgrp, -1);
        ck_assert_int_eq(s.session, -1);
        ck_assert_int_eq(s.tty_nr, 0); /* beyond an int: none */
        ck_assert_uint_eq(s.flags, UINT32_MAX);
        ck_assert_uint_eq(s.num_threads, UINT64_MAX);
        ck_assert_uint_eq(s.starttime_ticks, UINT64_MAX);
        ck_assert_uint_eq(s.vsize_bytes, UINT64_MAX);
}
END_TEST

START_TEST(what_is_no_stat_line_is_refused) {
        static const char *const texts[] = {
                "",
                "\n",
                "4711",
                "4711 (bash",
                "4711 bash)" TAIL,
                "4711 )" TAIL,
                "4711)(" TAIL,
                "(bash)" TAIL,
                "0 (bash)" TAIL,
                "-1 (bash)" TAIL,
                "99999999999 (bash)" TAIL,
                "4711 (bash)",
                "4711 (bash) ",
                "4711 (bash) SS 1 1 1 0 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
                "4711 (bash) S 17 18 19 34816 20 4194304 1 2 3 4 5 6 7 8 20 0 9 0 123456 "
                "1048576", /* cut */
                "4711 (bash) S 17 18 19 x 20 4194304 1 2 3 4 5 6 7 8 20 0 9 0 123456 "
                "1048576 77",
                "4711 (bash) S 17 18 19 - 20 4194304 1 2 3 4 5 6 7 8 20 0 9 0 123456 "
                "1048576 77",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                ProcStat s = { .pid = 4242 };

                ck_assert_msg(proc_stat_parse(texts[i], &s) == -EBADMSG, "'%s'", texts[i]);
                ck_assert_int_eq(s.pid, 4242);
        }
}
END_TEST

START_TEST(kernel_threads_are_told_by_their_flag_not_by_their_parent) {
        static const struct {
                const char *name, *text;
                bool kthread, leaderless;
        } rows[] = {
                { "kthreadd", "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0",
                        true, false },
                { "child of pid 2 in a pid namespace",
                        "9 (app) S 2 9 9 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 1 1 1", false,
                        false },
                { "pid 2 of a pid namespace",
                        "2 (app) S 1 2 2 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 1 1 1", false,
                        false },
                { "zombie", "9 (app) Z 1 9 9 0 -1 4194316 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0", false,
                        false },
                { "leader ended, threads live",
                        "9 (app) Z 1 9 9 0 -1 4194316 0 0 0 0 0 0 0 0 20 0 3 0 1 0 0", false,
                        true },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                ProcStat s;

                ck_assert_int_eq(proc_stat_parse(rows[i].text, &s), 0);
                ck_assert_msg(proc_stat_is_kthread(&s) == rows[i].kthread, "%s", rows[i].name);
                ck_assert_msg(
                        proc_stat_is_leaderless(&s) == rows[i].leaderless, "%s", rows[i].name);
        }
}
END_TEST

START_TEST(a_process_that_calls_itself_anything_is_read_right) {
        int dir = fdio_open_dir_at(AT_FDCWD, "/proc/self");

        for (size_t i = 0; i < ELEMENTS(comms); i++) {
                char expect[16];
                ProcStat s;

                snprintf(expect, sizeof(expect), "%s",
                        comms[i].comm); /* the kernel keeps 15 bytes */
                ck_assert_int_eq(prctl(PR_SET_NAME, comms[i].comm), 0);
                ck_assert_int_eq(proc_stat_read_at(dir, &s), PROC_OK);
                ck_assert_str_eq(s.comm, expect);
                ck_assert_int_eq(s.pid, getpid());
                ck_assert_int_eq(s.ppid, getppid());
                ck_assert_int_eq(s.pgrp, getpgrp());
                ck_assert_uint_eq(s.num_threads, 1);
        }
        close_fd(dir);
}
END_TEST

START_TEST(a_process_that_ends_is_gone_for_its_old_descriptors) {
        ProcStat s = { .pid = 4242 };
        char name[32];
        int dir, fd;
        pid_t pid;

        pid = fork();
        if (pid == 0) {
                pause();
                _exit(0);
        }
        snprintf(name, sizeof(name), "/proc/%d", pid);
        dir = fdio_open_dir_at(AT_FDCWD, name);
        ck_assert_int_eq(proc_file_open(dir, "stat", &fd), PROC_OK);
        ck_assert_int_eq(proc_stat_read_fd(fd, &s), PROC_OK);
        ck_assert_int_eq(s.pid, pid);

        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        s.pid = 4242;
        ck_assert_int_eq(proc_stat_read_fd(fd, &s), PROC_GONE);
        ck_assert_int_eq(proc_stat_read_at(dir, &s), PROC_GONE);
        ck_assert_int_eq(proc_file_open(dir, "statm", &fd), PROC_GONE);
        ck_assert_int_eq(s.pid, 4242);
        close_fd(fd);
        close_fd(dir);
}
END_TEST

HARNESS_MAIN("proc-stat", whatever_comm_holds_the_fields_behind_it_are_right,
        absurd_numbers_do_no_harm, what_is_no_stat_line_is_refused,
        kernel_threads_are_told_by_their_flag_not_by_their_parent,
        a_process_that_calls_itself_anything_is_read_right,
        a_process_that_ends_is_gone_for_its_old_descriptors)
