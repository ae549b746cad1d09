/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/number.h"
#include "tests/cgroup-fixture.h"

/* Waits for a notice of this kind about this watch; others that come first are passed over. */
static bool await(CgroupWatch *w, CgroupNoticeKind kind, int watch) {
        CgroupNotice notice;

        for (;;) {
                struct pollfd p = { .fd = w->fd, .events = POLLIN };

                while (cgroup_watch_next(w, &notice))
                        if (notice.kind == kind && notice.watch == watch)
                                return true;
                if (poll(&p, 1, HARNESS_PATIENCE_MSEC) <= 0)
                        return false;
        }
}

START_TEST(a_directory_tells_of_its_children_and_its_files) {
        CgroupWatch w = CGROUP_WATCH_INIT;
        CgroupNotice notice;
        Fixture f;
        int a, fd;

        fixture_init(&f);
        fixture_file(&f, "a/memory.events", "max 0\n");
        fd = fdio_open_dir_at(f.fd, "a");
        ck_assert_int_eq(cgroup_watch_open(&w), 0);
        ck_assert(!cgroup_watch_next(&w, &notice));
        a = cgroup_watch_add(&w, fd);
        ck_assert_int_ge(a, 0);
        ck_assert_int_eq(cgroup_watch_add(&w, fd), a);
        fixture_file(&f, "a/memory.events", "max 1\n");
        ck_assert(await(&w, CGROUP_NOTICE_EVENTS, a));
        fixture_file(&f, "a/memory.current", "1\n"); /* created: perhaps a child */
        ck_assert(await(&w, CGROUP_NOTICE_CHILDREN, a));
        fixture_file(&f, "a/memory.current", "2\n"); /* nobody asks for that */
        ck_assert(!cgroup_watch_next(&w, &notice));
        fixture_file(&f, "a/memory.events", "max 2\n");
        ck_assert(await(&w, CGROUP_NOTICE_EVENTS, a));
        fixture_file(&f, "a/b/cgroup.procs", "");
        ck_assert(await(&w, CGROUP_NOTICE_CHILDREN, a));
        cgroup_watch_remove(&w, a);
        ck_assert(await(&w, CGROUP_NOTICE_ENDED, a));
        fixture_file(&f, "a/c/cgroup.procs", "");
        ck_assert(!cgroup_watch_next(&w, &notice));
        ck_assert_int_lt(cgroup_watch_add(&w, -1), 0);
        close_fd(fd);
        cgroup_watch_done(&w);
        ck_assert(!cgroup_watch_next(&w, &notice));
        fixture_done(&f);
}
END_TEST

START_TEST(the_kernel_tells_of_cgroups_that_come_change_and_go) {
        CgroupWatch w = CGROUP_WATCH_INIT;
        CgroupFixture f;
        int top, a, dir, state_fd;
        pid_t pid;

        if (!cgroup_fixture_init(&f))
                return;
        ck_assert_int_eq(cgroup_watch_open(&w), 0);
        top = cgroup_watch_add(&w, f.fd);
        ck_assert_int_ge(top, 0);
        dir = cgroup_fixture_make(&f, f.fd, "a");
        ck_assert(await(&w, CGROUP_NOTICE_CHILDREN, top));
        a = cgroup_watch_add(&w, dir);
        close_fd(dir); /* the watch stays */
        dir = fdio_open_dir_at(f.fd, "a");
        state_fd = fdio_open_at(dir, "cgroup.events");
        ck_assert_int_ge(state_fd, 0);
        pid = cgroup_fixture_member(dir, false);
        ck_assert(await(&w, CGROUP_NOTICE_STATE, a));
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(cgroup_fixture_reap(pid, HARNESS_PATIENCE_MSEC), SIGKILL);
        ck_assert(await(&w, CGROUP_NOTICE_STATE, a));
        cgroup_fixture_await_empty(dir);
        close_fd(state_fd);
        close_fd(dir);
        cgroup_fixture_remove(f.fd, "a");
        ck_assert(await(&w, CGROUP_NOTICE_CHILDREN, top));
        cgroup_watch_remove(&w, a); /* it does not end by itself */
        ck_assert(await(&w, CGROUP_NOTICE_ENDED, a));
        cgroup_watch_done(&w);
        cgroup_fixture_done(&f);
}
END_TEST

START_TEST(more_than_the_queue_holds_is_told) {
        CgroupWatch w = CGROUP_WATCH_INIT;
        bool lost = false;
        CgroupNotice notice;
        char text[64];
        int fds[2];
        uint64_t size;
        Fixture f;

        ck_assert_int_gt(fdio_read_at(AT_FDCWD, "/proc/sys/fs/inotify/max_queued_events", text,
                                 sizeof(text)),
                0);
        ck_assert_int_gt(number_scan_u64(text, strlen(text), &size), 0);
        if (size > 50000) {
                printf("# SKIP the queue is too large to be filled in a test\n");
                return;
        }
        fixture_init(&f);
        fixture_file(&f, "memory.events", "x");
        fixture_file(&f, "cgroup.events", "x");
        fds[0] = openat(f.fd, "memory.events", O_WRONLY | O_CLOEXEC);
        fds[1] = openat(f.fd, "cgroup.events", O_WRONLY | O_CLOEXEC);
        ck_assert_int_eq(cgroup_watch_open(&w), 0);
        ck_assert_int_ge(cgroup_watch_add(&w, f.fd), 0);
        for (uint64_t i = 0; i < size + 10; i++) /* the same twice in a row would be one */
                ck_assert_int_eq(pwrite(fds[i % 2], "y", 1, 0), 1);
        while (cgroup_watch_next(&w, &notice))
                lost = lost || notice.kind == CGROUP_NOTICE_LOST;
        ck_assert(lost);
        close_fd(fds[0]);
        close_fd(fds[1]);
        cgroup_watch_done(&w);
        fixture_done(&f);
}
END_TEST

HARNESS_MAIN("cgroup-watch", a_directory_tells_of_its_children_and_its_files,
        the_kernel_tells_of_cgroups_that_come_change_and_go, more_than_the_queue_holds_is_told)
