/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/starter-process.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "daemon/capture.h"
#include "daemon/command.h"
#include "daemon/incident-writer.h"
#include "daemon/starter-message.h"
#include "kernel/child-process.h"

/* Jobs at a time. One that hangs in the kernel keeps its place. */
#define JOBS_MAX 8

/* Between a starter that ended and the next one, so that one that ends at once costs little. */
#define RENEW_MSEC 100

typedef struct Delivery {
        StarterOrder order;
        alignas(8) char load[STARTER_LOAD_MAX];
} Delivery;

static void answer_error(int fd, const StarterOrder *order, int error) {
        static StarterAnswer answer;

        answer = (StarterAnswer){ .result = STARTER_FAILED,
                .job = order->job,
                .id = order->id,
                .error = error,
                .where = "start",
                .clean = true };
        (void) send(fd, &answer, starter_answer_size(&answer), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The descriptor that came along, or FD_NONE. There is never more than one. */
static int take_descriptor(struct msghdr *message) {
        int fd = FD_NONE;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
                        memcpy(&fd, CMSG_DATA(c), sizeof(fd));
        return fd;
}

/* Waits for an order. Ends the process when there will be none. False: not a whole one. */
static bool take_order(int fd, Delivery *ret, int *ret_fd) {
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec part = { ret, sizeof(*ret) };
        struct msghdr message = { .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control) };
        ssize_t n;

        n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
        if (n == 0)
                _exit(EXIT_SUCCESS); /* the daemon is done */
        if (n < 0)
                return false;
        *ret_fd = take_descriptor(&message);
        return (size_t) n >= offsetof(Delivery, load) &&
                (size_t) n == offsetof(Delivery, load) + ret->order.load_len;
}

static _Noreturn void run_job(int fd, const Delivery *d, int cgroup_fd) {
        child_become_ordinary();
        switch (d->order.job) {
        case JOB_COMMAND:
                command_attend(fd, &d->order, d->load, cgroup_fd);
        case JOB_CAPTURE:
                capture_attend(fd, &d->order, d->load);
        case JOB_INCIDENT:
                incident_writer_attend(fd, &d->order, d->load);
        case _JOB_MAX:
        default:
                answer_error(fd, &d->order, EINVAL);
        }
        _exit(EXIT_FAILURE);
}

static size_t reap(size_t n_jobs) {
        while (n_jobs > 0 && waitpid(-1, NULL, WNOHANG) > 0)
                n_jobs--;
        return n_jobs;
}

static _Noreturn void run_starter(int fd, pid_t parent) {
        static Delivery delivery;
        size_t n_jobs = 0;

        child_follow_parent(parent);
        (void) prctl(PR_SET_NAME, "avertd-starter", 0, 0, 0);
        for (;;) {
                _cleanup_close_ int cgroup_fd = FD_NONE;
                bool whole = take_order(fd, &delivery, &cgroup_fd);
                pid_t pid;

                n_jobs = reap(n_jobs);
                if (!whole)
                        continue;
                if (n_jobs >= JOBS_MAX) {
                        answer_error(fd, &delivery.order, EAGAIN);
                        continue;
                }
                pid = fork();
                if (pid == 0)
                        run_job(fd, &delivery, cgroup_fd);
                if (pid < 0)
                        answer_error(fd, &delivery.order, errno);
                else
                        n_jobs++;
        }
}

/* What commands and captures need of the daemon's rights, and nothing else of them. */
static void become_guard(pid_t parent) {
        child_follow_parent(parent);
        (void) prctl(PR_SET_NAME, "avertd-guard", 0, 0, 0);
        child_reset_signals();
        (void) signal(SIGINT, SIG_IGN); /* a key at the terminal is for the daemon */
        (void) signal(SIGHUP, SIG_IGN);
        (void) signal(SIGPIPE, SIG_IGN);
        (void) child_limit_capabilities(CHILD_CAPABILITY(CAP_SETUID) |
                CHILD_CAPABILITY(CAP_SETGID) | CHILD_CAPABILITY(CAP_KILL) |
                CHILD_CAPABILITY(CAP_SYS_PTRACE) | CHILD_CAPABILITY(CAP_DAC_READ_SEARCH) |
                CHILD_CAPABILITY(CAP_DAC_OVERRIDE));
        child_follow_parent(parent);
}

static void tell_renewed(int fd) {
        static StarterAnswer answer = { .result = STARTER_RENEWED };

        (void) send(fd, &answer, starter_answer_size(&answer), MSG_NOSIGNAL | MSG_DONTWAIT);
}

_Noreturn void starter_guard_run(int fd, pid_t parent) {
        become_guard(parent);
        fd = child_keep_only(fd);
        for (;;) {
                struct pollfd p = { .fd = fd };
                pid_t guard = getpid(), starter = fork();
                int status;

                if (starter == 0)
                        run_starter(fd, guard);
                if (starter > 0 && waitpid(starter, &status, 0) == starter && WIFEXITED(status) &&
                        WEXITSTATUS(status) == EXIT_SUCCESS)
                        _exit(EXIT_SUCCESS);
                if (poll(&p, 1, RENEW_MSEC) == 1 && (p.revents & (POLLHUP | POLLERR)))
                        _exit(EXIT_SUCCESS);
                tell_renewed(fd);
        }
}
