/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-procs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "tests/cgroup-fixture.h"

#define MANY 70 /* more than are opened at a time, twice */

START_TEST(each_process_is_listed_and_rubbish_is_not) {
        CgroupProcs p;
        pid_t pid;
        Fixture f;
        int fd;

        fixture_init(&f);
        fixture_file(&f, "cgroup.procs", "12\n0\nx\n\n-3\n99999999999\n13");
        fd = fdio_open_at(f.fd, "cgroup.procs");
        for (int i = 0; i < 2; i++) { /* and again from the beginning */
                cgroup_procs_init(&p, fd);
                ck_assert_int_eq(cgroup_procs_next(&p, &pid), 1);
                ck_assert_int_eq(pid, 12);
                ck_assert_int_eq(cgroup_procs_next(&p, &pid), 1);
                ck_assert_int_eq(pid, 0);
                ck_assert_int_eq(cgroup_procs_next(&p, &pid), 1);
                ck_assert_int_eq(pid, 13);
                ck_assert_int_eq(cgroup_procs_next(&p, &pid), 0);
        }
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

static int open_procs(int dir) {
        int fd;

        ck_assert_int_eq(cgroup_file_open_at(dir, "cgroup.procs", &fd), CGROUP_OK);
        return fd;
}

START_TEST(every_process_gets_the_signal_and_none_outside) {
        CgroupFixture f;
        CgroupSignalled done;
        pid_t pids[MANY], outsider, below;
        int dir, inner, fd;

        if (!cgroup_fixture_init(&f))
                return;
        dir = cgroup_fixture_make(&f, f.fd, "a");
        inner = cgroup_fixture_make(&f, dir, "inner");
        for (size_t i = 0; i < MANY; i++)
                pids[i] = cgroup_fixture_member(dir, false);
        below = cgroup_fixture_member(inner, false);
        outsider = cgroup_fixture_member(f.fd, false);

        fd = open_procs(dir);
        ck_assert_int_eq(cgroup_procs_signal(fd, SIGTERM, &done), CGROUP_OK);
        ck_assert_uint_eq(done.n_sent, MANY);
        ck_assert_uint_eq(done.n_refused, 0);
        for (size_t i = 0; i < MANY; i++)
                ck_assert_msg(cgroup_fixture_reap(pids[i], HARNESS_PATIENCE_MSEC) == SIGTERM,
                        "process %zu", i);
        ck_assert_int_eq(cgroup_fixture_reap(below, 0), -1);
        ck_assert_int_eq(cgroup_fixture_reap(outsider, 0), -1);

        ck_assert_int_eq(cgroup_procs_signal(fd, SIGTERM, &done), CGROUP_OK);
        ck_assert_uint_eq(done.n_sent, 0); /* nobody is left */
        close_fd(fd);
        close_fd(inner);
        close_fd(dir);
        cgroup_fixture_done(&f);
}
END_TEST

/* As after a reuse: the list names a process that is not in the cgroup when it is looked at again.
 */
START_TEST(who_is_no_longer_listed_is_not_hit) {
        CgroupFixture f;
        CgroupSignalled done;
        char text[64];
        pid_t pid;
        Fixture files;
        int fd;

        if (!cgroup_fixture_init(&f))
                return;
        pid = cgroup_fixture_member(f.fd, false);
        fixture_init(&files);
        (void) snprintf(text, sizeof(text), "%d\n%d\n1\n", pid, getpid());
        fixture_file(&files, "cgroup.procs", text);
        fd = fdio_open_at(files.fd, "cgroup.procs");
        ck_assert_int_eq(cgroup_procs_signal(fd, 0, &done), CGROUP_OK);
        ck_assert_uint_eq(done.n_sent, 1); /* neither to pid 1 nor to ourselves */

        fixture_file(&files, "cgroup.procs", "");
        ck_assert_int_eq(cgroup_procs_signal(fd, SIGTERM, &done), CGROUP_OK);
        ck_assert_uint_eq(done.n_sent, 0);
        ck_assert_int_eq(cgroup_fixture_reap(pid, 0), -1);
        close_fd(fd);
        fixture_done(&files);
        cgroup_fixture_done(&f);
}
END_TEST

START_TEST(the_whole_tree_is_killed_through_a_kept_descriptor) {
        CgroupFixture f;
        pid_t a, b;
        int dir, inner, fd, procs;
        CgroupSignalled done;

        if (!cgroup_fixture_init(&f))
                return;
        dir = cgroup_fixture_make(&f, f.fd, "a");
        inner = cgroup_fixture_make(&f, dir, "inner");
        if (cgroup_file_open_write_at(dir, "cgroup.kill", &fd) != CGROUP_OK) {
                printf("# SKIP this kernel has no cgroup.kill\n");
                close_fd(inner);
                close_fd(dir);
                cgroup_fixture_done(&f);
                return;
        }
        procs = open_procs(dir);
        a = cgroup_fixture_member(dir, true);
        b = cgroup_fixture_member(inner, true);
        ck_assert_int_eq(cgroup_kill_fd(fd), CGROUP_OK);
        ck_assert_int_eq(cgroup_fixture_reap(a, HARNESS_PATIENCE_MSEC), SIGKILL);
        ck_assert_int_eq(cgroup_fixture_reap(b, HARNESS_PATIENCE_MSEC), SIGKILL);
        ck_assert_int_eq(cgroup_kill_fd(fd), CGROUP_OK); /* an empty one: nothing to do */

        cgroup_fixture_await_empty(dir);
        close_fd(inner);
        cgroup_fixture_remove(dir, "inner");
        cgroup_fixture_remove(f.fd, "a");
        ck_assert_int_eq(cgroup_kill_fd(fd), CGROUP_GONE);
        ck_assert_int_eq(cgroup_procs_signal(procs, SIGTERM, &done), CGROUP_GONE);
        ck_assert_uint_eq(done.n_sent, 0);
        close_fd(procs);
        close_fd(fd);
        close_fd(dir);
        cgroup_fixture_done(&f);
}
END_TEST

START_TEST(a_threaded_cgroup_refuses_both) {
        CgroupFixture f;
        CgroupSignalled done;
        int dir, inner, kill_fd = FD_NONE, procs;

        if (!cgroup_fixture_init(&f))
                return;
        dir = cgroup_fixture_make(&f, f.fd, "a");
        inner = cgroup_fixture_make(&f, dir, "threads");
        ck_assert_int_eq(fdio_write_at(inner, "cgroup.type", "threaded"), 0);
        procs = open_procs(inner);
        ck_assert_int_eq(cgroup_procs_signal(procs, SIGTERM, &done), CGROUP_UNSUPPORTED);
        if (cgroup_file_open_write_at(inner, "cgroup.kill", &kill_fd) == CGROUP_OK)
                ck_assert_int_eq(cgroup_kill_fd(kill_fd), CGROUP_UNSUPPORTED);
        close_fd(kill_fd);
        close_fd(procs);
        close_fd(inner);
        close_fd(dir);
        cgroup_fixture_done(&f);
}
END_TEST

HARNESS_MAIN("cgroup-procs", each_process_is_listed_and_rubbish_is_not,
        every_process_gets_the_signal_and_none_outside, who_is_no_longer_listed_is_not_hit,
        the_whole_tree_is_killed_through_a_kept_descriptor, a_threaded_cgroup_refuses_both)
