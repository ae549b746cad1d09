/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/starter.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "daemon/log.h"
#include "daemon/starter-process.h"
#include "kernel/pidfd.h"

#define FAREWELL_MSEC 1000
#define PARTS_MAX 4

/* Room in the socket for several orders: what the kernel gives by default is just enough for one.
 */
#define SOCKET_BYTES (1 << 20)

struct Starter {
        pid_t pid;
        int fd; /* FD_NONE: lost */
        unsigned renewals;
        struct {
                StarterListener call;
                void *ctx;
        } listeners[_JOB_MAX];
        StarterAnswer answer; /* being taken */
};

int starter_new(Starter **ret) {
        const int size = SOCKET_BYTES;
        pid_t parent = getpid();
        Starter *s;
        int fds[2];

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
                free(s);
                return -errno;
        }
        for (size_t i = 0; i < ELEMENTS(fds); i++)
                (void) setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));

        s->pid = fork();
        if (s->pid == 0)
                starter_guard_run(fds[1], parent);
        close_fd(fds[1]);
        s->fd = fds[0];
        if (s->pid < 0) {
                int e = -errno;

                starter_free(s);
                return e;
        }
        *ret = s;
        return 0;
}

/* The end of the socket is all that they wait for; a stopped guard is killed. */
Starter *starter_free(Starter *s) {
        int pidfd = FD_NONE;

        if (!s)
                return NULL;
        close_fd(s->fd);
        if (s->pid > 0) {
                if (pidfd_new(s->pid, &pidfd) == PIDFD_OK) {
                        struct pollfd p = { .fd = pidfd, .events = POLLIN };

                        if (poll(&p, 1, FAREWELL_MSEC) != 1)
                                (void) kill(s->pid, SIGKILL);
                        close_fd(pidfd);
                } else
                        (void) kill(s->pid, SIGKILL); /* not reaped, so it is still ours */
                (void) waitpid(s->pid, NULL, 0);
        }
        free(s);
        return NULL;
}

void starter_set_listener(Starter *s, StarterJob job, StarterListener listener, void *ctx) {
        assert(job < _JOB_MAX);
        s->listeners[job].call = listener;
        s->listeners[job].ctx = ctx;
}

int starter_fd(const Starter *s) {
        return s->fd;
}

static void lose(Starter *s) {
        s->fd = close_fd(s->fd);
        log_error("the process that starts commands and takes captures is gone: steps of these "
                  "kinds are refused until avertd is started again");
}

static void pass_on(Starter *s) {
        const StarterAnswer *a = &s->answer;

        if (a->result == STARTER_RENEWED) {
                s->renewals++;
                log_warning("the process that starts commands ended; another one took its place");
        } else if (a->job < _JOB_MAX && s->listeners[a->job].call)
                s->listeners[a->job].call(s->listeners[a->job].ctx, a);
}

void starter_dispatch(Starter *s) {
        while (s->fd >= 0) {
                ssize_t n = recv(s->fd, &s->answer, sizeof(s->answer), MSG_DONTWAIT);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return;
                if (n <= 0) {
                        lose(s);
                        return;
                }
                if ((size_t) n < offsetof(StarterAnswer, text) ||
                        s->answer.text_len > STARTER_OUTPUT_MAX ||
                        (size_t) n != starter_answer_size(&s->answer))
                        continue;
                s->answer.text[s->answer.text_len] = '\0';
                s->answer.last_line[sizeof(s->answer.last_line) - 1] = '\0';
                s->answer.where[sizeof(s->answer.where) - 1] = '\0';
                pass_on(s);
        }
}

static void attach_descriptor(struct msghdr *message, void *room, size_t size, int fd) {
        struct cmsghdr *c;

        message->msg_control = room;
        message->msg_controllen = size;
        c = CMSG_FIRSTHDR(message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(fd));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

int starter_send(
        Starter *s, StarterOrder *order, const struct iovec *load, size_t n, int cgroup_fd) {
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct iovec parts[1 + PARTS_MAX] = { { order, sizeof(*order) } };
        struct msghdr message = { .msg_iov = parts, .msg_iovlen = 1 + n };
        size_t len = 0;

        assert(n <= PARTS_MAX);
        if (s->fd < 0)
                return -EPIPE;
        for (size_t i = 0; i < n; i++) {
                parts[1 + i] = load[i];
                len += load[i].iov_len;
        }
        if (len > STARTER_LOAD_MAX)
                return -E2BIG;
        order->load_len = (uint32_t) len;
        if (cgroup_fd >= 0)
                attach_descriptor(&message, &control, sizeof(control), cgroup_fd);
        if (sendmsg(s->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                return -errno;
        return 0;
}

unsigned starter_renewals(const Starter *s) {
        return s->renewals;
}

bool starter_is_lost(const Starter *s) {
        return s->fd < 0;
}

pid_t starter_pid(const Starter *s) {
        return s->pid;
}
