/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-list.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "kernel/proc.h"
#include "tests/harness.h"

static _Alignas(8) char buf[64 * 1024];

/* All numbers of a listing as a sum and a count. */
static size_t list_all(int fd, size_t size, uint64_t *ret_sum) {
        ProcList l;
        size_t n = 0;
        pid_t pid;
        int r;

        *ret_sum = 0;
        ck_assert_int_eq(proc_list_init(&l, fd, buf, size), 0);
        while ((r = proc_list_next(&l, &pid)) > 0) {
                *ret_sum += (uint64_t) pid;
                n++;
        }
        ck_assert_int_eq(r, 0);
        ck_assert_int_eq(proc_list_next(&l, &pid), 0); /* the end stays the end */
        return n;
}

START_TEST(only_numbers_are_processes) {
        static const char *const names[] = { "1/x", "42/x", "4194304/x", "self/x", "meminfo",
                "12a/x", "-5/x", "0/x", "+7/x", "99999999999/x", "0x10/x", ".17/x" };
        uint64_t sum;
        Fixture f;
        int fd;

        fixture_init(&f);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                fixture_file(&f, names[i], "");
        fd = proc_list_open(f.fd, ".");
        ck_assert_int_ge(fd, 0);
        ck_assert_uint_eq(list_all(fd, sizeof(buf), &sum), 3);
        ck_assert_uint_eq(sum, 1 + 42 + 4194304);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

START_TEST(a_kept_descriptor_lists_anew_each_time_through_any_buffer) {
        uint64_t sum, expect = 0;
        char name[32];
        Fixture f;
        int fd;

        fixture_init(&f);
        for (int i = 1; i <= 300; i++) {
                snprintf(name, sizeof(name), "%d", i * 100);
                ck_assert_int_eq(mkdirat(f.fd, name, 0700), 0);
                expect += (uint64_t) i * 100;
        }
        fd = proc_list_open(f.fd, ".");
        ck_assert_uint_eq(list_all(fd, sizeof(buf), &sum), 300);
        ck_assert_uint_eq(sum, expect);
        ck_assert_uint_eq(list_all(fd, 1024, &sum), 300);
        ck_assert_uint_eq(sum, expect);

        fixture_remove(&f, "100");
        ck_assert_uint_eq(list_all(fd, 1024, &sum), 299);
        ck_assert_uint_eq(sum, expect - 100);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

START_TEST(impossible_buffers_are_refused) {
        int fd = proc_list_open(AT_FDCWD, "/proc");
        ProcList l = { .scan = { .fd = 4242 } };

        ck_assert_int_eq(proc_list_init(&l, fd, buf, 1023), -EINVAL);
        ck_assert_int_eq(proc_list_init(&l, fd, buf + 1, 2048), -EINVAL);
        ck_assert_int_eq(proc_list_init(&l, FD_NONE, buf, 2048), -EBADF);
        ck_assert_int_eq(l.scan.fd, 4242);
        ck_assert_int_eq(proc_list_open(AT_FDCWD, "/proc/self/stat"), -ENOTDIR);
        close_fd(fd);
}
END_TEST

START_TEST(this_machine_lists_us_in_ascending_order) {
        int fd = proc_list_open(AT_FDCWD, "/proc");
        pid_t pid, last = 0;
        bool found = false;
        ProcList l;

        ck_assert_int_eq(proc_list_init(&l, fd, buf, 1024), 0);
        while (proc_list_next(&l, &pid) > 0) {
                ck_assert_int_gt(pid, last);
                last = pid;
                found = found || pid == getpid();
        }
        ck_assert(found);
        close_fd(fd);
}
END_TEST

START_TEST(the_threads_of_a_process_that_ended_are_none) {
        char name[32];
        uint64_t sum;
        pid_t pid;
        int fd;

        pid = fork();
        if (pid == 0) {
                pause();
                _exit(0);
        }
        snprintf(name, sizeof(name), "/proc/%d/task", pid);
        fd = proc_list_open(AT_FDCWD, name);
        ck_assert_uint_eq(list_all(fd, 1024, &sum), 1);
        ck_assert_uint_eq(sum, (uint64_t) pid);

        kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        ck_assert_uint_eq(list_all(fd, 1024, &sum), 0);
        close_fd(fd);
}
END_TEST

HARNESS_MAIN("proc-list", only_numbers_are_processes,
        a_kept_descriptor_lists_anew_each_time_through_any_buffer, impossible_buffers_are_refused,
        this_machine_lists_us_in_ascending_order, the_threads_of_a_process_that_ended_are_none)
