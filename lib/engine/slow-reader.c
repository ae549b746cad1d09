/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/slow-reader.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/slow-supervisor.h"
#include "kernel/pidfd.h"

#define FAREWELL_MSEC 1000

enum { PATH_MAX_BYTES = 4096 };

struct SlowReader {
        pid_t pid; /* 0: lost and reaped */
        int fd;    /* owner: caller; FD_NONE: lost */
        size_t pending;
};

int slow_reader_new(const char *root, usec_t deadline_usec, SlowReader **ret) {
        char proc_path[PATH_MAX_BYTES];
        int fds[2];
        SlowReader *r;
        pid_t parent = getpid();

        if ((size_t) snprintf(proc_path, sizeof(proc_path), "%s/proc", root ? root : "") >=
                sizeof(proc_path))
                return -ENAMETOOLONG;
        r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
                int e = -errno;

                free(r);
                return e;
        }

        r->pid = fork();
        if (r->pid < 0) {
                int e = -errno;

                close_fd(fds[0]);
                close_fd(fds[1]);
                free(r);
                return e;
        }
        if (r->pid == 0)
                slow_supervisor_run(proc_path, deadline_usec, fds[1], parent);

        close_fd(fds[1]);
        r->fd = fds[0];
        *ret = r;
        return 0;
}

/* The end of the socket is all that the supervisor waits for; a stopped one is killed. */
SlowReader *slow_reader_free(SlowReader *r) {
        int pidfd = FD_NONE;

        if (!r)
                return NULL;
        close_fd(r->fd);
        if (r->pid > 0 && pidfd_new(r->pid, &pidfd) == PIDFD_OK) {
                struct pollfd p = { .fd = pidfd, .events = POLLIN };

                if (poll(&p, 1, FAREWELL_MSEC) != 1)
                        (void) pidfd_signal(pidfd, SIGKILL);
                close_fd(pidfd);
        } else if (r->pid > 0)
                (void) kill(r->pid, SIGKILL); /* not reaped, so it is still ours */
        if (r->pid > 0)
                (void) waitpid(r->pid, NULL, 0);
        free(r);
        return NULL;
}

/* A supervisor that ended, killed by somebody: command lines stay unknown from now on. */
static void lose(SlowReader *r) {
        r->fd = close_fd(r->fd);
        r->pending = 0;
        if (r->pid > 0 && waitpid(r->pid, NULL, WNOHANG) == r->pid)
                r->pid = 0;
}

bool slow_reader_ask(SlowReader *r, const SlowRequest *request) {
        ssize_t n;

        if (r->fd < 0 || r->pending >= SLOW_PENDING_MAX)
                return false;
        n = send(r->fd, request, sizeof(*request), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n == (ssize_t) sizeof(*request)) {
                r->pending++;
                return true;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
                lose(r);
        return false;
}

bool slow_reader_next(SlowReader *r, SlowReply *ret) {
        ssize_t n;

        if (r->fd < 0)
                return false;
        n = recv(r->fd, ret, sizeof(*ret), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
                lose(r);
                return false;
        }
        if (n < (ssize_t) offsetof(SlowReply, text) || ret->len >= SLOW_TEXT_MAX ||
                (size_t) n < offsetof(SlowReply, text) + ret->len)
                return false;
        ret->text[ret->len] = '\0';
        r->pending -= r->pending > 0;
        return true;
}

int slow_reader_fd(const SlowReader *r) {
        return r->fd;
}

int32_t slow_reader_pid(const SlowReader *r) {
        return r->fd < 0 ? 0 : r->pid;
}

size_t slow_reader_pending(const SlowReader *r) {
        return r->pending;
}

bool slow_reader_is_lost(const SlowReader *r) {
        return r->fd < 0;
}
