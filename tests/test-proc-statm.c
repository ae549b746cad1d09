/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-statm.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "kernel/proc-stat.h"
#include "kernel/proc.h"
#include "tests/harness.h"

START_TEST(anonymous_pages_are_what_is_resident_and_not_shared) {
        static const struct {
                const char *text;
                int expect;
                uint64_t size, resident, shared, anon;
        } rows[] = {
                { "5000 300 100 1 0 200 0\n", 0, 5000, 300, 100, 200 },
                { "0 0 0 0 0 0 0\n", 0, 0, 0, 0, 0 },
                { "5000 100 300 1 0 200 0\n", 0, 5000, 100, 300,
                        0 }, /* counters are not taken together */
                { "18446744073709551615 18446744073709551615 0 1 0 200 0\n", 0, UINT64_MAX,
                        UINT64_MAX, 0, UINT64_MAX },
                { "1 2 3 ", 0, 1, 2, 3, 0 },
                { "1 2 3", -EBADMSG, 0, 0, 0, 0 }, /* may be the beginning of 34 */
                { "1 2", -EBADMSG, 0, 0, 0, 0 },
                { "", -EBADMSG, 0, 0, 0, 0 },
                { "1 x 3 4", -EBADMSG, 0, 0, 0, 0 },
                { "1 -2 3 4", -EBADMSG, 0, 0, 0, 0 },
                { "1  2 3 4", -EBADMSG, 0, 0, 0, 0 },
                { "99999999999999999999 2 3 4", -EBADMSG, 0, 0, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                ProcStatm s = { .size_pages = 4242 };
                int r = proc_statm_parse(rows[i].text, &s);

                ck_assert_msg(r == rows[i].expect, "'%s': got %d", rows[i].text, r);
                if (r < 0) {
                        ck_assert_uint_eq(s.size_pages, 4242);
                        continue;
                }
                ck_assert_uint_eq(s.size_pages, rows[i].size);
                ck_assert_uint_eq(s.resident_pages, rows[i].resident);
                ck_assert_uint_eq(s.shared_pages, rows[i].shared);
                ck_assert_uint_eq(s.anon_pages, rows[i].anon);
        }
}
END_TEST

START_TEST(memory_of_our_own_shows_up_as_anonymous) {
        const size_t size = 8 << 20;
        int dir = fdio_open_dir_at(AT_FDCWD, "/proc/self"), fd;
        ProcStatm before, after;
        char *p;

        ck_assert_int_eq(proc_file_open(dir, "statm", &fd), PROC_OK);
        ck_assert_int_eq(proc_statm_read_fd(fd, &before), PROC_OK);
        p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(p, MAP_FAILED);
        memset(p, 1, size);
        ck_assert_int_eq(proc_statm_read_fd(fd, &after), PROC_OK);
        ck_assert_uint_ge((after.anon_pages - before.anon_pages) * (uint64_t) sysconf(_SC_PAGESIZE),
                size - (1 << 20));
        munmap(p, size);
        close_fd(fd);
        close_fd(dir);
}
END_TEST

START_TEST(a_process_that_ends_is_gone) {
        ProcStatm s = { .size_pages = 4242 };
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
        ck_assert_int_eq(proc_file_open(dir, "statm", &fd), PROC_OK);
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);

        ck_assert_int_eq(proc_statm_read_fd(fd, &s), PROC_GONE);
        ck_assert_int_eq(proc_statm_read_at(dir, &s), PROC_GONE);
        ck_assert_int_eq(proc_statm_read_threads(dir, (uint64_t[512]){ 0 }, 4096, &s), PROC_GONE);
        ck_assert_uint_eq(s.size_pages, 4242);
        close_fd(fd);
        close_fd(dir);
}
END_TEST

enum { HELD = 4 << 20 };

static int to_parent = -1;

static void *hold(void *arg) {
        (void) arg;
        if (write(to_parent, "x", 1) != 1)
                _exit(1);
        pause();
        return NULL;
}

/* A child whose leader ends while a thread lives on with all its memory. */
static void run_leaderless_child(void) {
        pthread_t thread;
        char *p = mmap(NULL, HELD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        memset(p, 1, HELD);
        if (pthread_create(&thread, NULL, hold, NULL) != 0)
                _exit(1);
        pthread_exit(NULL);
}

START_TEST(threads_without_a_leader_show_what_the_leader_hides) {
        _Alignas(8) char buf[1024];
        ProcStatm statm;
        ProcStat stat;
        char name[32], byte;
        int pipefd[2], dir;
        pid_t pid;

        ck_assert_int_eq(pipe2(pipefd, O_CLOEXEC), 0);
        to_parent = pipefd[1];
        pid = fork();
        if (pid == 0)
                run_leaderless_child();
        ck_assert_int_eq(read(pipefd[0], &byte, 1), 1);

        snprintf(name, sizeof(name), "/proc/%d", pid);
        dir = fdio_open_dir_at(AT_FDCWD, name);
        do /* the leader has a few instructions left */
                ck_assert_int_eq(proc_stat_read_at(dir, &stat), PROC_OK);
        while (!proc_stat_is_leaderless(&stat));

        ck_assert_int_eq(proc_statm_read_at(dir, &statm), PROC_OK);
        ck_assert_uint_eq(statm.resident_pages, 0);
        ck_assert_int_eq(proc_statm_read_threads(dir, buf, sizeof(buf), &statm), PROC_OK);
        /* the kernel counts in batches, one for each processor */
        ck_assert_uint_ge(statm.anon_pages * (uint64_t) sysconf(_SC_PAGESIZE), HELD / 2);

        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        ck_assert_int_eq(proc_statm_read_threads(dir, buf, sizeof(buf), &statm), PROC_GONE);
        close_fd(dir);
        close_fd(pipefd[0]);
        close_fd(pipefd[1]);
}
END_TEST

START_TEST(threads_that_vanish_while_listed_are_passed_over) {
        _Alignas(8) char buf[1024];
        ProcStatm s = { .size_pages = 4242 };
        Fixture f;

        fixture_init(&f);
        fixture_file(&f, "task/10/comm", "gone, but for its directory");
        ck_assert_int_eq(proc_statm_read_threads(f.fd, buf, sizeof(buf), &s), PROC_GONE);
        ck_assert_uint_eq(s.size_pages, 4242);
        fixture_file(&f, "task/11/statm", "0 0 0 0 0 0 0\n");
        ck_assert_int_eq(proc_statm_read_threads(f.fd, buf, sizeof(buf), &s), PROC_OK);
        ck_assert_uint_eq(s.resident_pages, 0);
        fixture_file(&f, "task/12/statm", "9 5 1 0 0 0 0\n");
        ck_assert_int_eq(proc_statm_read_threads(f.fd, buf, sizeof(buf), &s), PROC_OK);
        ck_assert_uint_eq(s.anon_pages, 4);
        ck_assert_int_eq(proc_statm_read_threads(f.fd, buf, 8, &s), -EINVAL);
        fixture_done(&f);
}
END_TEST

HARNESS_MAIN("proc-statm", anonymous_pages_are_what_is_resident_and_not_shared,
        memory_of_our_own_shows_up_as_anonymous, a_process_that_ends_is_gone,
        threads_without_a_leader_show_what_the_leader_hides,
        threads_that_vanish_while_listed_are_passed_over)
