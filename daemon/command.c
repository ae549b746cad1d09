/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/command.h"

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
#include "base/text.h"
#include "daemon/command-child.h"
#include "kernel/child-process.h"
#include "kernel/pidfd.h"
#include "kernel/proc-children.h"

/* How long what was sent SIGKILL may take to be gone before the answer goes out without it. */
#define END_USEC USEC_PER_SEC
#define END_STEP_MSEC 2

/* Of what is in the pipes when the command ends; what its own children go on writing is nobody's.
 */
#define DRAIN_MAX (1u << 20)

enum { STREAM_OUT, STREAM_ERR, _STREAM_MAX };

typedef struct Attendance {
        int fd;
        int cgroup_fd;
        int in_fd;
        int streams[_STREAM_MAX];
        int trouble_fd;
        int pidfd;
        pid_t child; /* its number is ours until it is reaped */
        bool reaped;
        const char *input;
        size_t input_len;
        char line[COMMAND_LAST_LINE_MAX]; /* of stdout, as far as it came */
        size_t line_len;
        uint32_t output_max;
        StarterAnswer answer;
} Attendance;

/* ---- what it writes and reads
 * --------------------------------------------------------------------- */

/* The last line that is not empty, whether or not it ends in a newline. */
static void follow_lines(Attendance *a, const char *text, size_t len) {
        for (size_t i = 0; i < len; i++) {
                if (text[i] == '\n') {
                        a->line_len = 0;
                        continue;
                }
                if (a->line_len == 0)
                        memset(a->line, 0, sizeof(a->line));
                if (a->line_len < sizeof(a->line) - 1)
                        a->line[a->line_len++] = text[i];
        }
}

/* Returns what was read; 0 at the end, and then the stream is closed. */
static size_t take_output(Attendance *a, int stream) {
        StarterAnswer *to = &a->answer;
        char piece[4096];
        size_t fits;
        ssize_t n;

        n = read(a->streams[stream], piece, sizeof(piece));
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                a->streams[stream] = close_fd(a->streams[stream]);
                return 0;
        }
        if (stream == STREAM_OUT)
                follow_lines(a, piece, (size_t) n);
        fits = MIN((size_t) n, (size_t) (a->output_max - to->text_len));
        memcpy(to->text + to->text_len, piece, fits);
        to->text_len += (uint32_t) fits;
        to->dropped += (size_t) n - fits;
        return (size_t) n;
}

static void drain(Attendance *a) {
        for (int i = 0; i < _STREAM_MAX; i++) {
                size_t sum = 0, n;

                while (a->streams[i] >= 0 && sum < DRAIN_MAX && (n = take_output(a, i)) > 0)
                        sum += n;
        }
}

static void give_input(Attendance *a) {
        ssize_t n = write(a->in_fd, a->input, a->input_len);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n > 0) {
                a->input += n;
                a->input_len -= (size_t) n;
        }
        if (n <= 0 || a->input_len == 0) /* it need not read */
                a->in_fd = close_fd(a->in_fd);
}

/* ---- beginning and ending
 * ------------------------------------------------------------------------- */

static void fail(Attendance *a, const char *where, int error) {
        a->answer.result = STARTER_FAILED;
        a->answer.error = error;
        (void) text_copy(a->answer.where, sizeof(a->answer.where), where);
}

static bool strings_are_whole(const StarterOrder *o, const char *load) {
        const CommandOrder *c = &o->command;
        uint32_t n = 0;

        if (c->n_args == 0 || c->n_args > STEP_ARGS_MAX ||
                c->n_environment > COMMAND_ENVIRONMENT_MAX || c->strings_len > o->load_len)
                return false;
        for (uint32_t i = 0; i < c->strings_len; i++)
                n += load[i] == '\0';
        return n == c->n_args + c->n_environment && load[c->strings_len - 1] == '\0';
}

static int make_pipes(int pipes[4][2]) {
        for (int i = 0; i < 4; i++)
                if (pipe2(pipes[i], O_CLOEXEC) < 0)
                        return -errno;
        return 0;
}

/* 0 or negative errno. */
static int begin(Attendance *a, const StarterOrder *order, const char *load) {
        int pipes[4][2];
        CommandSetting setting = { .order = &order->command,
                .strings = load,
                .cgroup_fd = a->cgroup_fd,
                .parent = getpid() };
        int r;

        if (!strings_are_whole(order, load))
                return -EINVAL;
        r = make_pipes(pipes);
        if (r < 0)
                return r;
        setting.in_fd = pipes[0][0];
        setting.out_fd = pipes[1][1];
        setting.err_fd = pipes[2][1];
        setting.trouble_fd = pipes[3][1];
        a->child = fork();
        if (a->child < 0)
                return -errno;
        if (a->child == 0)
                command_become(&setting);

        close_fd(pipes[0][0]);
        for (int i = 1; i < 4; i++)
                close_fd(pipes[i][1]);
        a->in_fd = pipes[0][1];
        a->streams[STREAM_OUT] = pipes[1][0];
        a->streams[STREAM_ERR] = pipes[2][0];
        a->trouble_fd = pipes[3][0];
        (void) fcntl(a->in_fd, F_SETFL, O_NONBLOCK);
        for (int i = 0; i < _STREAM_MAX; i++)
                (void) fcntl(a->streams[i], F_SETFL, O_NONBLOCK);
        r = pidfd_new(a->child, &a->pidfd);
        return r > 0 ? -ENOSYS : r;
}

/* True when no child is left. */
static bool reap(Attendance *a) {
        int status;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                if (pid == a->child) {
                        a->answer.status = status;
                        a->reaped = true;
                }
        return pid < 0 && errno == ECHILD;
}

/* The cgroup in one stroke; then whoever is left or was never in one: the process group, and all
 * who come to us as orphans, whatever session they made. None of these numbers can be another's:
 * who has one is not reaped yet. */
static void end_all(Attendance *a) {
        usec_t until = usec_add(clock_monotonic_usec(), END_USEC);

        if (a->cgroup_fd >= 0)
                (void) fdio_write_at(a->cgroup_fd, "cgroup.kill", "1");
        if (!a->reaped && a->child > 0)
                (void) kill(-a->child, SIGKILL);
        while (!(a->answer.clean = reap(a)) && clock_monotonic_usec() < until) {
                pid_t children[256];
                int n = proc_children_read_own(children, ELEMENTS(children));

                for (int i = 0; i < n; i++)
                        (void) kill(children[i], SIGKILL);
                (void) poll(NULL, 0, END_STEP_MSEC);
        }
}

/* ---- attending
 * ------------------------------------------------------------------------------------ */

/* Until it ends (true), or its time does, or the daemon. */
static bool attend(Attendance *a, usec_t deadline_usec) {
        for (;;) {
                usec_t now = clock_monotonic_usec();
                usec_t left = usec_since(deadline_usec, now);
                struct pollfd p[] = {
                        { .fd = a->pidfd, .events = POLLIN },
                        { .fd = a->in_fd, .events = POLLOUT },
                        { .fd = a->streams[STREAM_OUT], .events = POLLIN },
                        { .fd = a->streams[STREAM_ERR], .events = POLLIN },
                        { .fd = a->fd },
                };

                if (left == 0)
                        return false;
                if (poll(p, ELEMENTS(p), (int) MIN(left / USEC_PER_MSEC + 1, (usec_t) 60000)) < 0)
                        continue;
                if (p[4].revents)
                        return false;
                if (p[1].revents)
                        give_input(a);
                for (int i = 0; i < _STREAM_MAX; i++)
                        if (p[2 + i].revents)
                                (void) take_output(a, i);
                if (p[0].revents)
                        return true;
        }
}

static void take_trouble(Attendance *a) {
        CommandTrouble trouble;

        if (a->trouble_fd < 0 || read(a->trouble_fd, &trouble, sizeof(trouble)) != sizeof(trouble))
                return;
        trouble.where[sizeof(trouble.where) - 1] = '\0';
        fail(a, trouble.where, trouble.error);
}

_Noreturn void command_attend(int fd, const StarterOrder *order, const char *load, int cgroup_fd) {
        static Attendance a;
        usec_t begun = clock_monotonic_usec();
        int r;

        (void) prctl(PR_SET_NAME, "avertd-command", 0, 0, 0);
        (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        a = (Attendance){ .fd = fd,
                .cgroup_fd = cgroup_fd,
                .in_fd = FD_NONE,
                .streams = { FD_NONE, FD_NONE },
                .trouble_fd = FD_NONE,
                .pidfd = FD_NONE,
                .input = load + MIN(order->command.strings_len, order->load_len),
                .input_len = order->load_len - MIN(order->command.strings_len, order->load_len),
                .output_max = MIN(order->command.output_bytes, STARTER_OUTPUT_MAX),
                .answer = { .job = JOB_COMMAND, .id = order->id } };

        r = begin(&a, order, load);
        (void) child_limit_capabilities(CHILD_CAPABILITY(CAP_KILL));
        if (r < 0)
                fail(&a, "start", -r);
        else if (!attend(&a, order->deadline_usec))
                a.answer.result = STARTER_LATE;
        drain(&a);
        end_all(&a);
        if (r == 0 && a.answer.result == STARTER_OVER)
                take_trouble(&a);

        (void) text_copy(a.answer.last_line, sizeof(a.answer.last_line), a.line);
        a.answer.took_usec = usec_since(clock_monotonic_usec(), begun);
        a.answer.text[a.answer.text_len] = '\0';
        (void) send(fd, &a.answer, starter_answer_size(&a.answer), MSG_NOSIGNAL);
        close_fd(fd);
        while (waitpid(-1, NULL, 0) > 0) /* what does not die keeps our place, so that it is seen */
                ;
        _exit(EXIT_SUCCESS);
}
