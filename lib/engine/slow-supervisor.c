/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/slow-supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/slow-reader.h"
#include "kernel/child-process.h"
#include "kernel/proc-cmdline.h"
#include "kernel/proc-stat.h"
#include "kernel/proc-status.h"
#include "kernel/proc.h"

/* Workers that were killed and are not gone: they hang in the kernel. With so many, nothing is
 * asked any more. */
#define LOST_MAX 8

/* How often they are looked for while there is nothing else to do. */
#define REAP_MSEC 1000

typedef struct Supervisor {
        int fd;      /* owner: helper; to the daemon */
        int proc_fd; /* owner: any; a directory: only opened below, never read */
        usec_t deadline_usec;
        int worker_fd; /* owner: helper; FD_NONE: there is none */
        pid_t worker;
        pid_t lost[LOST_MAX];
        size_t n_lost;
        bool busy; /* the worker has the first of the queue */
        usec_t until_usec;
        SlowRequest queue[SLOW_PENDING_MAX];
        size_t head, n;
        bool has_reply; /* did not fit into the socket */
        SlowReply reply;
} Supervisor;

/* What was raised for the daemon is not for its helper. Failures leave us as we were, no worse. A
 * key at the terminal is for the daemon; we end with it, by the end of the socket. */
static void become_reader(pid_t parent) {
        child_follow_parent(parent);
        (void) prctl(PR_SET_NAME, "avertd-reader", 0, 0, 0);
        child_reset_signals();
        (void) signal(SIGINT, SIG_IGN);
        (void) signal(SIGHUP, SIG_IGN);
        (void) signal(SIGPIPE, SIG_IGN);
        child_become_ordinary();
        (void) child_limit_capabilities(
                CHILD_CAPABILITY(CAP_SYS_PTRACE) | CHILD_CAPABILITY(CAP_DAC_READ_SEARCH));
        child_follow_parent(parent); /* changing credentials clears the death signal */
}

/* ---- the worker
 * ----------------------------------------------------------------------------------- */

/* Whose the process is, of which the open directory is a hold: an exec(2) may have changed it. */
static int read_owner(int pid_fd, uint32_t *ret) {
        ProcStatus status;
        int r;

        r = proc_status_read_at(pid_fd, &status);
        if (r == PROC_OK)
                *ret = status.uid == status.euid && status.uid == status.suid ? status.uid
                                                                              : SLOW_NO_OWNER;
        return r;
}

static int read_held(int pid_fd, const SlowRequest *request, SlowReply *reply) {
        uint32_t before, after;
        ProcStat stat;
        int r;

        r = proc_stat_read_at(pid_fd, &stat);
        if (r == PROC_OK && request->start_ticks != 0 &&
                request->start_ticks != stat.starttime_ticks)
                return PROC_GONE; /* the number is another's now */
        if (r == PROC_OK)
                r = read_owner(pid_fd, &before);
        if (r == PROC_OK)
                r = proc_cmdline_read_at(pid_fd, reply->text, sizeof(reply->text));
        if (r == PROC_OK)
                r = read_owner(pid_fd, &after);
        if (r == PROC_OK)
                reply->uid = before == after ? after : SLOW_NO_OWNER;
        return r;
}

static void read_text(int proc_fd, const SlowRequest *request, SlowReply *reply) {
        _cleanup_close_ int pid_fd = FD_NONE;
        int r;

        reply->uid = SLOW_NO_OWNER;
        r = proc_dir_open(proc_fd, request->pid, &pid_fd);
        if (r == PROC_OK)
                r = read_held(pid_fd, request, reply);
        reply->cookie = request->cookie;
        reply->pid = request->pid;
        reply->error = r == PROC_OK ? 0 : r == PROC_GONE ? -ESRCH : r > 0 ? -EPERM : r;
        reply->len = r == PROC_OK ? (uint32_t) strnlen(reply->text, sizeof(reply->text) - 1) : 0;
}

static size_t reply_size(const SlowReply *reply) {
        return offsetof(SlowReply, text) + reply->len + 1;
}

static _Noreturn void run_worker(int fd, int proc_fd, pid_t parent) {
        static SlowReply reply;
        SlowRequest request;

        child_follow_parent(parent);
        for (;;) {
                ssize_t n = recv(fd, &request, sizeof(request), 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n != (ssize_t) sizeof(request))
                        _exit(EXIT_SUCCESS);
                read_text(proc_fd, &request, &reply);
                if (send(fd, &reply, reply_size(&reply), MSG_NOSIGNAL) < 0)
                        _exit(EXIT_SUCCESS);
        }
}

static void start_worker(Supervisor *s) {
        pid_t parent = getpid();
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return;
        s->worker = fork();
        if (s->worker == 0) {
                close_fd(s->fd);
                close_fd(fds[0]);
                run_worker(fds[1], s->proc_fd, parent);
        }
        close_fd(fds[1]);
        if (s->worker < 0)
                close_fd(fds[0]);
        else
                s->worker_fd = fds[0];
}

/* ---- the supervisor
 * ------------------------------------------------------------------------------- */

/* SIGKILL ends a reader that waits for a memory lock; one that it does not end is left behind. */
static void end_worker(Supervisor *s) {
        if (s->worker_fd < 0)
                return;
        s->worker_fd = close_fd(s->worker_fd);
        (void) kill(s->worker, SIGKILL); /* not reaped: still our child */
        if (s->n_lost < LOST_MAX)
                s->lost[s->n_lost++] = s->worker;
}

static void reap_lost(Supervisor *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_lost; i++)
                if (waitpid(s->lost[i], NULL, WNOHANG) == 0)
                        s->lost[n++] = s->lost[i];
        s->n_lost = n;
}

static void send_reply(Supervisor *s) {
        ssize_t n = send(s->fd, &s->reply, reply_size(&s->reply), MSG_NOSIGNAL | MSG_DONTWAIT);

        s->has_reply = n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS);
        if (n < 0 && !s->has_reply)
                _exit(EXIT_SUCCESS);
}

static void answer_error(Supervisor *s, int error) {
        const SlowRequest *request = &s->queue[s->head];

        s->reply = (SlowReply){
                .cookie = request->cookie, .pid = request->pid, .error = error, .uid = SLOW_NO_OWNER
        };
        s->has_reply = true;
}

static void finish_first(Supervisor *s) {
        s->head = (s->head + 1) % SLOW_PENDING_MAX;
        s->n--;
        s->busy = false;
}

static void hand_out(Supervisor *s, usec_t now_usec) {
        if (s->worker_fd < 0 && s->n_lost < LOST_MAX)
                start_worker(s);
        if (s->worker_fd >= 0 &&
                send(s->worker_fd, &s->queue[s->head], sizeof(SlowRequest),
                        MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t) sizeof(SlowRequest)) {
                s->busy = true;
                s->until_usec = usec_add(now_usec, s->deadline_usec);
                return;
        }
        end_worker(s);
        answer_error(s, -EAGAIN);
        finish_first(s);
}

static void take_request(Supervisor *s) {
        SlowRequest request;
        ssize_t n = recv(s->fd, &request, sizeof(request), MSG_DONTWAIT);

        if (n == 0)
                _exit(EXIT_SUCCESS); /* the daemon is done; the worker follows */
        if (n == (ssize_t) sizeof(request) && s->n < SLOW_PENDING_MAX)
                s->queue[(s->head + s->n++) % SLOW_PENDING_MAX] = request;
}

static void take_reply(Supervisor *s) {
        ssize_t n = recv(s->worker_fd, &s->reply, sizeof(s->reply), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n < (ssize_t) offsetof(SlowReply, text)) { /* it died */
                end_worker(s);
                answer_error(s, -EAGAIN);
        }
        s->has_reply = true;
        finish_first(s);
}

static int timeout_msec(const Supervisor *s, usec_t now_usec) {
        if (s->busy)
                return (int) MIN(
                        usec_since(s->until_usec, now_usec) / USEC_PER_MSEC + 1, (usec_t) 60000);
        return s->n_lost > 0 ? REAP_MSEC : -1;
}

static void turn(Supervisor *s) {
        struct pollfd p[2] = {
                { .fd = s->fd },
                { .fd = s->busy && !s->has_reply ? s->worker_fd : -1, .events = POLLIN },
        };
        usec_t now = clock_monotonic_usec();

        if (s->has_reply)
                p[0].events |= POLLOUT;
        if (s->n < SLOW_PENDING_MAX)
                p[0].events |= POLLIN;
        if (poll(p, 2, timeout_msec(s, now)) < 0)
                return;

        now = clock_monotonic_usec();
        if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
                take_request(s);
        if (p[1].revents)
                take_reply(s);
        if (s->busy && now >= s->until_usec) {
                end_worker(s);
                answer_error(s, -ETIMEDOUT);
                finish_first(s);
        }
        if (s->has_reply)
                send_reply(s);
        if (s->n_lost > 0)
                reap_lost(s);
        if (s->n > 0 && !s->busy && !s->has_reply)
                hand_out(s, now);
        if (s->has_reply)
                send_reply(s);
}

_Noreturn void slow_supervisor_run(
        const char *proc_path, usec_t deadline_usec, int fd, pid_t parent) {
        static Supervisor s;

        become_reader(parent);
        s.fd = child_keep_only(fd);
        s.worker_fd = FD_NONE;
        s.deadline_usec = deadline_usec;
        s.proc_fd = open(proc_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s.proc_fd < 0)
                _exit(EXIT_FAILURE);
        for (;;)
                turn(&s);
}
