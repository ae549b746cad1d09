/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The small files of a process: oom_score and oom_score_adj, limits, exe, cmdline; and what all
 * readers share. */

#include "kernel/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "kernel/proc-cgroup.h"
#include "kernel/proc-cmdline.h"
#include "kernel/proc-exe.h"
#include "kernel/proc-limits.h"
#include "kernel/proc-list.h"
#include "kernel/proc-oom.h"
#include "kernel/proc-share.h"
#include "kernel/proc-stat.h"
#include "kernel/proc-statm.h"
#include "kernel/proc-status.h"
#include "tests/harness.h"

START_TEST(errors_of_proc_become_outcomes) {
        ck_assert_int_eq(proc_outcome(0), PROC_OK);
        ck_assert_int_eq(proc_outcome(-ENOENT), PROC_GONE);
        ck_assert_int_eq(proc_outcome(-ESRCH), PROC_GONE);
        ck_assert_int_eq(proc_outcome(-EACCES), PROC_DENIED);
        ck_assert_int_eq(proc_outcome(-EPERM), PROC_DENIED);
        ck_assert_int_eq(proc_outcome(-EMFILE), -EMFILE);
        ck_assert_int_eq(proc_outcome(-EIO), -EIO);
}
END_TEST

START_TEST(directories_of_processes_are_opened_by_number) {
        int fd = 4242;
        Fixture f;

        fixture_init(&f);
        fixture_file(&f, "17/stat", "x");
        ck_assert_int_eq(proc_dir_open(f.fd, 17, &fd), PROC_OK);
        ck_assert_int_eq(faccessat(fd, "stat", F_OK, 0), 0);
        close_fd(fd);
        fd = 4242;
        ck_assert_int_eq(proc_dir_open(f.fd, 18, &fd), PROC_GONE);
        ck_assert_int_eq(proc_dir_open(f.fd, 0, &fd), -EINVAL);
        ck_assert_int_eq(proc_dir_open(f.fd, -1, &fd), -EINVAL);
        ck_assert_int_eq(fd, 4242);
        fixture_done(&f);
}
END_TEST

/* Without the right to open more, that is what is reported: nothing is taken for gone. */
START_TEST(a_lack_of_descriptors_is_not_a_lack_of_processes) {
        int proc_fd = fdio_open_dir_at(AT_FDCWD, "/proc"), fd = 4242;
        struct rlimit old, none;

        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
        none = (struct rlimit){ (rlim_t) proc_fd + 1, old.rlim_max };
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
        ck_assert_int_eq(proc_dir_open(proc_fd, getpid(), &fd), -EMFILE);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
        ck_assert_int_eq(fd, 4242);
        ck_assert_int_eq(proc_dir_open(proc_fd, getpid(), &fd), PROC_OK);
        close_fd(fd);
        close_fd(proc_fd);
}
END_TEST

START_TEST(oom_scores_are_signed_numbers) {
        static const struct {
                const char *text;
                int expect, value;
        } rows[] = {
                { "0\n", 0, 0 },
                { "-1000\n", 0, -1000 },
                { "1000\n", 0, 1000 },
                { "667\n", 0, 667 },
                { "007\r\n", 0, 7 },
                { "12", 0, 12 },
                { "-12", 0, -12 },
                { "", -EBADMSG, 42 },
                { "\n", -EBADMSG, 42 },
                { "x\n", -EBADMSG, 42 },
                { "1 2\n", -EBADMSG, 42 },
                { "-\n", -EBADMSG, 42 },
                { "-2147483648\n", 0, INT_MIN },
                { "2147483647\n", 0, INT_MAX },
                { "2147483648\n", -EBADMSG, 42 },
                { "-2147483649\n", -EBADMSG, 42 },
                { "18446744073709551615\n", -EBADMSG, 42 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int value = 42;

                ck_assert_msg(proc_oom_parse(rows[i].text, &value) == rows[i].expect, "'%s'",
                        rows[i].text);
                ck_assert_int_eq(value, rows[i].value);
        }
}
END_TEST

START_TEST(oom_files_are_read_until_they_vanish) {
        int score = 42, adj = 42, fd;
        Fixture f;

        fixture_init(&f);
        fixture_file(&f, "oom_score", "668\n");
        fixture_file(&f, "oom_score_adj", "-500\n");
        ck_assert_int_eq(proc_oom_score_read_at(f.fd, &score), PROC_OK);
        ck_assert_int_eq(proc_oom_adj_read_at(f.fd, &adj), PROC_OK);
        ck_assert_int_eq(score, 668);
        ck_assert_int_eq(adj, -500);

        ck_assert_int_eq(proc_file_open(f.fd, "oom_score", &fd), PROC_OK);
        fixture_file(&f, "oom_score", "");
        ck_assert_int_eq(proc_oom_read_fd(fd, &score), -EBADMSG);
        close_fd(fd);
        fixture_remove(&f, "oom_score");
        fixture_remove(&f, "oom_score_adj");
        ck_assert_int_eq(proc_oom_score_read_at(f.fd, &score), PROC_GONE);
        ck_assert_int_eq(proc_oom_adj_read_at(f.fd, &adj), PROC_GONE);
        ck_assert_int_eq(score, 668);
        ck_assert_int_eq(adj, -500);
        fixture_done(&f);
}
END_TEST

#define LIMITS_HEAD                                                                                \
        "Limit                     Soft Limit           Hard Limit           Units     \n"

START_TEST(limits_are_soft_limits_in_bytes) {
        static const struct {
                const char *name, *text;
                int expect;
                uint64_t stack, locked;
        } rows[] = {
                { "usual",
                        LIMITS_HEAD "Max stack size            8388608              unlimited      "
                                    "      bytes     \n"
                                    "Max locked memory         65536                65536          "
                                    "      bytes     \n",
                        0, 8388608, 65536 },
                { "unlimited",
                        "Max stack size            unlimited            unlimited            bytes "
                        "    \n",
                        0, PROC_LIMIT_NONE, PROC_LIMIT_NONE },
                { "zero",
                        "Max stack size            0                    0                    bytes "
                        "    \n",
                        0, 0, PROC_LIMIT_NONE },
                { "another line",
                        "Max address space         unlimited            unlimited            bytes "
                        "    \n",
                        -EBADMSG, 0, 0 },
                { "no stack", LIMITS_HEAD, -EBADMSG, 0, 0 },
                { "empty", "", -EBADMSG, 0, 0 },
                { "cut", "Max stack size            ", -EBADMSG, 0, 0 },
                { "no number",
                        "Max stack size            much                 unlimited            bytes "
                        "    \n",
                        -EBADMSG, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                ProcLimits l = { .stack_bytes = 4242 };
                int r = proc_limits_parse(rows[i].text, &l);

                ck_assert_msg(r == rows[i].expect, "%s: got %d", rows[i].name, r);
                ck_assert_msg(l.stack_bytes == (r < 0 ? 4242 : rows[i].stack), "%s", rows[i].name);
                if (r == 0)
                        ck_assert_uint_eq(l.locked_bytes, rows[i].locked);
        }
}
END_TEST

START_TEST(our_own_stack_limit_is_what_we_set) {
        int dir = fdio_open_dir_at(AT_FDCWD, "/proc/self");
        struct rlimit old, small;
        ProcLimits l;
        Fixture f;

        ck_assert_int_eq(getrlimit(RLIMIT_STACK, &old), 0);
        small = (struct rlimit){ 4 << 20, old.rlim_max };
        ck_assert_int_eq(setrlimit(RLIMIT_STACK, &small), 0);
        ck_assert_int_eq(proc_limits_read_at(dir, &l), PROC_OK);
        ck_assert_int_eq(setrlimit(RLIMIT_STACK, &old), 0);
        ck_assert_uint_eq(l.stack_bytes, 4 << 20);
        close_fd(dir);

        fixture_init(&f);
        ck_assert_int_eq(proc_limits_read_at(f.fd, &l), PROC_GONE);
        fixture_file(&f, "limits", ""); /* as of a process that is ending */
        ck_assert_int_eq(proc_limits_read_at(f.fd, &l), PROC_GONE);
        fixture_file(&f, "limits", LIMITS_HEAD);
        ck_assert_int_eq(proc_limits_read_at(f.fd, &l), -EBADMSG);
        ck_assert_uint_eq(l.stack_bytes, 4 << 20);
        fixture_done(&f);
}
END_TEST

START_TEST(the_kernels_word_for_a_removed_file_is_cut) {
        static const struct {
                const char *path, *expect;
                bool cut;
        } rows[] = {
                { "/usr/bin/x", "/usr/bin/x", false },
                { "/usr/bin/x (deleted)", "/usr/bin/x", true },
                { "/usr/bin/x (deleted) (deleted)", "/usr/bin/x (deleted)", true },
                { "/usr/bin/x (deleted) ", "/usr/bin/x (deleted) ", false },
                { " (deleted)", " (deleted)", false },
                { "", "", false },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char path[64];

                strcpy(path, rows[i].path);
                ck_assert_msg(proc_exe_cut_deleted(path) == rows[i].cut, "'%s'", rows[i].path);
                ck_assert_str_eq(path, rows[i].expect);
        }
}
END_TEST

START_TEST(our_own_exe_has_the_identity_of_the_file) {
        int dir = fdio_open_dir_at(AT_FDCWD, "/proc/self");
        char path[PATH_MAX], small[4] = "abc";
        ProcExe exe = { 0 };
        struct stat st;

        ck_assert_int_eq(proc_exe_read_at(dir, path, sizeof(path), &exe), PROC_OK);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert(exe.has_id);
        ck_assert(!exe.deleted);
        ck_assert_uint_eq(exe.dev, st.st_dev);
        ck_assert_uint_eq(exe.ino, st.st_ino);
        ck_assert_int_eq(proc_exe_read_at(dir, small, sizeof(small), &exe), -ENAMETOOLONG);
        close_fd(dir);
}
END_TEST

START_TEST(a_recorded_exe_has_a_path_and_no_identity) {
        ProcExe exe = { 0 };
        char path[64];
        Fixture f;

        fixture_init(&f);
        ck_assert_int_eq(proc_exe_read_at(f.fd, path, sizeof(path), &exe), PROC_GONE);
        fixture_link(&f, "exe", "/nowhere/hog (deleted)");
        ck_assert_int_eq(proc_exe_read_at(f.fd, path, sizeof(path), &exe), PROC_OK);
        ck_assert_str_eq(path, "/nowhere/hog");
        ck_assert(exe.deleted);
        ck_assert(!exe.has_id);
        fixture_done(&f);
}
END_TEST

START_TEST(arguments_are_joined_with_blanks) {
        static const struct {
                const char *data;
                size_t len;
                const char *expect;
        } rows[] = {
                { "sleep\0"
                  "60\0",
                        9, "sleep 60" },
                { "a\0\0b\0", 5, "a  b" },
                { "a b\0c", 5, "a b c" },
                { "a\0\0\0\0", 5, "a" }, /* a title that was set over the arguments */
                { "\0\0", 2, "" },
                { "", 0, "" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char data[32];

                memset(data, 'X', sizeof(data));
                memcpy(data, rows[i].data, rows[i].len);
                ck_assert_uint_eq(proc_cmdline_join(data, rows[i].len), strlen(rows[i].expect));
                ck_assert_str_eq(data, rows[i].expect);
        }
}
END_TEST

START_TEST(a_command_line_longer_than_the_buffer_is_cut) {
        char buf[8] = "abc";
        Fixture f;

        fixture_init(&f);
        ck_assert_int_eq(proc_cmdline_read_at(f.fd, buf, sizeof(buf)), PROC_GONE);
        ck_assert_str_eq(buf, "abc");
        fixture_bytes(&f, "cmdline", "one\0two\0three\0", 14);
        ck_assert_int_eq(proc_cmdline_read_at(f.fd, buf, sizeof(buf)), PROC_OK);
        ck_assert_str_eq(buf, "one two");
        fixture_bytes(&f, "cmdline", "", 0); /* a kernel thread, a zombie */
        ck_assert_int_eq(proc_cmdline_read_at(f.fd, buf, sizeof(buf)), PROC_OK);
        ck_assert_str_eq(buf, "");
        ck_assert_int_eq(proc_cmdline_read_at(f.fd, buf, 0), -EINVAL);
        fixture_done(&f);
}
END_TEST

_Noreturn static int wait_forever(void *arg) {
        (void) arg;
        for (;;)
                pause();
}

START_TEST(one_address_space_is_told_from_two) {
        static _Alignas(16) char stack[64 * 1024];
        pid_t sharer = clone(wait_forever, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL), other;
        bool same = false;
        int r;

        ck_assert_int_gt(sharer, 0);
        other = fork();
        if (other == 0)
                wait_forever(NULL);

        r = proc_share_compare(getpid(), sharer, &same);
        if (r == PROC_OK) {
                ck_assert(same);
                ck_assert_int_eq(proc_share_compare(getpid(), other, &same), PROC_OK);
                ck_assert(!same);
        } else /* a kernel without it, or a sandbox around this test */
                ck_assert_msg(r == PROC_NONE || r == PROC_DENIED, "got %d", r);

        kill(sharer, SIGKILL);
        kill(other, SIGKILL);
        waitpid(sharer, NULL, 0);
        waitpid(other, NULL, 0);
        same = true;
        if (r == PROC_OK)
                ck_assert_int_eq(proc_share_compare(getpid(), other, &same), PROC_GONE);
        ck_assert(same);
}
END_TEST

/* Children that live for less than a look at them. */
_Noreturn static void breed(void) {
        for (;;) {
                pid_t pid = fork();

                if (pid == 0)
                        _exit(0);
                if (pid > 0)
                        waitpid(pid, NULL, 0);
        }
}

/* All readers at one process. Returns false when it was gone before the last of them. */
static bool look_at(int proc_fd, pid_t pid) {
        static char path[PATH_MAX];
        ProcStatus status;
        ProcLimits limits;
        ProcStatm statm;
        ProcStat stat;
        ProcExe exe;
        bool deleted, all = true;
        int dir, value, r[8];

        r[0] = proc_dir_open(proc_fd, pid, &dir);
        ck_assert_msg(r[0] >= 0, "directory: %d", r[0]);
        if (r[0] != PROC_OK)
                return false;

        r[1] = proc_stat_read_at(dir, &stat);
        r[2] = proc_statm_read_at(dir, &statm);
        r[3] = proc_status_read_at(dir, &status);
        r[4] = proc_cgroup_read_at(dir, path, sizeof(path), &deleted);
        r[5] = proc_exe_read_at(dir, path, sizeof(path), &exe);
        r[6] = proc_oom_score_read_at(dir, &value);
        r[7] = proc_limits_read_at(dir, &limits);
        close_fd(dir);
        for (size_t i = 1; i < ELEMENTS(r); i++) { /* outcomes, never an error */
                ck_assert_msg(r[i] >= 0, "reader %zu: %d", i, r[i]);
                all = all && r[i] != PROC_GONE;
        }
        return all;
}

START_TEST(processes_that_end_while_they_are_looked_at_are_outcomes) {
        int proc_fd = fdio_open_dir_at(AT_FDCWD, "/proc"), list_fd = proc_list_open(proc_fd, ".");
        static _Alignas(8) char buf[16384];
        pid_t breeder = fork(), pid;
        size_t looks = 0;
        bool seen_self = false;

        if (breeder == 0)
                breed();
        for (int round = 0; round < 50; round++) {
                ProcList list;

                ck_assert_int_eq(proc_list_init(&list, list_fd, buf, sizeof(buf)), 0);
                while (proc_list_next(&list, &pid) > 0)
                        if (pid >= getpid()) { /* the young ones */
                                bool whole = look_at(proc_fd, pid);

                                seen_self = seen_self || (whole && pid == getpid());
                                looks++;
                        }
        }
        kill(breeder, SIGKILL);
        ck_assert_int_eq(waitpid(breeder, NULL, 0), breeder);
        ck_assert_uint_ge(looks, 50);
        ck_assert(seen_self);
        close_fd(list_fd);
        close_fd(proc_fd);
}
END_TEST

HARNESS_MAIN("proc-files", errors_of_proc_become_outcomes,
        directories_of_processes_are_opened_by_number,
        a_lack_of_descriptors_is_not_a_lack_of_processes, oom_scores_are_signed_numbers,
        oom_files_are_read_until_they_vanish, limits_are_soft_limits_in_bytes,
        our_own_stack_limit_is_what_we_set, the_kernels_word_for_a_removed_file_is_cut,
        our_own_exe_has_the_identity_of_the_file, a_recorded_exe_has_a_path_and_no_identity,
        arguments_are_joined_with_blanks, a_command_line_longer_than_the_buffer_is_cut,
        one_address_space_is_told_from_two,
        processes_that_end_while_they_are_looked_at_are_outcomes)
