/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/cgroup-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "kernel/cgroup-list.h"
#include "kernel/cgroup-procs.h"
#include "kernel/cgroup-state.h"
#include "kernel/pidfd.h"

static bool give_up(CgroupFixture *f, const char *why) {
        printf("# SKIP %s\n", why);
        sysroot_done(&f->root);
        return false;
}

bool cgroup_fixture_init(CgroupFixture *f) {
        *f = (CgroupFixture){ .root = SYSROOT_INIT, .fd = FD_NONE };
        ck_assert_int_eq(sysroot_open(NULL, &f->root), 0);
        if (f->root.cgroup_fd < 0)
                return give_up(f, "no cgroup2 is mounted");

        (void) snprintf(f->name, sizeof(f->name), "avert-test-%d", getpid());
        if (mkdirat(f->root.cgroup_fd, f->name, 0755) < 0)
                return give_up(f, "no cgroup can be made here");
        f->fd = fdio_open_dir_at(f->root.cgroup_fd, f->name);
        ck_assert_int_ge(f->fd, 0);
        return true;
}

static void empty(int dir_fd) {
        int fd;

        if (cgroup_file_open_write_at(dir_fd, "cgroup.kill", &fd) == CGROUP_OK) {
                (void) cgroup_kill_fd(fd);
                close_fd(fd);
        }
        while (waitpid(-1, NULL, WNOHANG) > 0)
                ;
        cgroup_fixture_await_empty(dir_fd);
}

static void remove_below(int dir_fd) {
        _Alignas(8) char buf[4096];
        CgroupList list;
        const char *name;

        ck_assert_int_eq(cgroup_list_init(&list, dir_fd, buf, sizeof(buf)), 0);
        while (cgroup_list_next(&list, &name) > 0) {
                int fd = fdio_open_dir_at(dir_fd, name);

                if (fd < 0)
                        continue;
                remove_below(fd);
                close_fd(fd);
                cgroup_fixture_remove(dir_fd, name);
        }
}

void cgroup_fixture_done(CgroupFixture *f) {
        empty(f->fd);
        remove_below(f->fd);
        close_fd(f->fd);
        cgroup_fixture_remove(f->root.cgroup_fd, f->name);
        sysroot_done(&f->root);
}

int cgroup_fixture_make(const CgroupFixture *f, int dir_fd, const char *name) {
        int fd;

        (void) f;
        ck_assert_msg(mkdirat(dir_fd, name, 0755) == 0, "mkdir %s: %s", name, strerror(errno));
        fd = fdio_open_dir_at(dir_fd, name);
        ck_assert_int_ge(fd, 0);
        return fd;
}

void cgroup_fixture_remove(int dir_fd, const char *name) {
        ck_assert_msg(
                unlinkat(dir_fd, name, AT_REMOVEDIR) == 0, "rmdir %s: %s", name, strerror(errno));
}

pid_t cgroup_fixture_member(int dir_fd, bool deaf) {
        int ready[2], leash[2];
        char text[32], byte = 0;
        pid_t pid;

        ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
        ck_assert_int_eq(pipe2(leash, O_CLOEXEC), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                close(leash[1]); /* the test's: at the end of the file the test has ended */
                (void) signal(SIGTERM, deaf ? SIG_IGN : SIG_DFL);
                if (write(ready[1], &byte, 1) != 1)
                        _exit(1);
                while (read(leash[0], &byte, 1) < 0 && errno == EINTR)
                        ;
                _exit(0);
        }
        close(ready[1]);
        close(leash[0]);
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        (void) snprintf(text, sizeof(text), "%d", pid);
        ck_assert_int_eq(fdio_write_at(dir_fd, "cgroup.procs", text), 0);
        return pid;
}

int cgroup_fixture_reap(pid_t pid, int timeout_ms) {
        struct pollfd p = { .events = POLLIN };
        int status, n;

        ck_assert_int_eq(pidfd_new(pid, &p.fd), PIDFD_OK);
        n = poll(&p, 1, timeout_ms);
        close_fd(p.fd);
        if (n == 0)
                return -1;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

void cgroup_fixture_await_empty(int dir_fd) {
        struct pollfd p = { .events = POLLPRI };
        CgroupState state = { .populated = true };
        int r;

        ck_assert_int_eq(cgroup_file_open_at(dir_fd, "cgroup.events", &p.fd), CGROUP_OK);
        do
                r = cgroup_state_read_fd(p.fd, &state);
        while (r == CGROUP_OK && state.populated && poll(&p, 1, HARNESS_PATIENCE_MSEC) > 0);
        close_fd(p.fd);
        ck_assert_int_eq(r, CGROUP_OK);
        ck_assert_msg(!state.populated, "somebody is left in the cgroup");
}
