/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/text.h"
#include "daemon/capture-gather.h"
#include "daemon/file-store.h"
#include "daemon/capture-text.h"
#include "kernel/child-process.h"

#define CAPTURES_MAX 64

/* Of the time that there is: what writing takes at the end. */
#define WRITING_SHARE 4

static void answer(int fd, StarterAnswer *a, const char *where, int error) {
        a->result = error ? STARTER_FAILED : STARTER_OVER;
        a->error = error;
        (void) text_copy(a->where, sizeof(a->where), error ? where : "");
        (void) send(fd, a, starter_answer_size(a), MSG_NOSIGNAL);
}

static pid_t start_gatherer(const Errand *errand, const char *root, int *ret_fd) {
        pid_t pid, parent = getpid();
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -1;
        pid = fork();
        if (pid == 0) {
                child_follow_parent(parent);
                close_fd(fds[0]);
                (void) prctl(PR_SET_NAME, "avertd-gatherer", 0, 0, 0);
                capture_gather(errand, root, fds[1]);
                _exit(EXIT_SUCCESS);
        }
        close_fd(fds[1]);
        if (pid < 0)
                close_fd(fds[0]);
        else
                *ret_fd = fds[0];
        return pid;
}

/* True when all is read; false at the end of the time, or when the gatherer ended before. */
static bool collect(CaptureText *t, int fd, usec_t until_usec) {
        static CapturePiece piece;

        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                usec_t left = usec_since(until_usec, clock_monotonic_usec());
                ssize_t n;

                if (left == 0 || poll(&p, 1, (int) (left / USEC_PER_MSEC) + 1) == 0)
                        return false;
                n = recv(fd, &piece, sizeof(piece), MSG_DONTWAIT);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        continue;
                if (n < (ssize_t) offsetof(CapturePiece, text))
                        return false;
                if (piece.process == CAPTURE_CGROUP && !piece.name[0] &&
                        piece.state == CAPTURE_READ)
                        return true;
                capture_text_add(t, &piece);
        }
}

static int fill(CaptureText *t, const StarterOrder *o, const char *load, bool *ret_partial) {
        const CaptureOrder *c = &o->capture;
        const Errand *errand = (const Errand *) (const void *) load;
        const TrailEntry *trail = (const TrailEntry *) (const void *) (load + sizeof(Errand));
        usec_t now = clock_monotonic_usec();
        usec_t until = usec_add(now,
                usec_since(o->deadline_usec, now) -
                        usec_since(o->deadline_usec, now) / WRITING_SHARE);
        int fd = FD_NONE, r;
        pid_t pid;

        r = capture_text_begin(t, errand, trail, c->n_trail, c->realtime_usec);
        if (r < 0)
                return r;
        pid = start_gatherer(errand, c->root, &fd);
        if (pid < 0 || !collect(t, fd, until))
                capture_text_miss(t, "all that is not here: it was not read in time");
        close_fd(fd);
        if (pid > 0)
                (void) kill(pid, SIGKILL); /* not reaped: still ours */
        *ret_partial = t->n_missing > 0;
        return 0;
}

_Static_assert(sizeof(Errand) + sizeof(TrailEntry) * TRAIL_ENTRIES_MAX <= STARTER_LOAD_MAX,
        "a capture does not fit into an order");

static bool load_is_whole(const StarterOrder *o) {
        return o->capture.n_trail <= TRAIL_ENTRIES_MAX &&
                o->load_len == sizeof(Errand) + o->capture.n_trail * sizeof(TrailEntry);
}

_Noreturn void capture_attend(int fd, const StarterOrder *o, const char *load) {
        const FileStoreRule rule = { .files_max = CAPTURES_MAX,
                .bytes_max = o->capture.quota_bytes };
        static StarterAnswer a;
        _cleanup_close_ int dir_fd = FD_NONE;
        _cleanup_free_ char *text = NULL;
        usec_t begun = clock_monotonic_usec();
        int file = FD_NONE, r = -EINVAL;
        CaptureText t;

        (void) prctl(PR_SET_NAME, "avertd-capture", 0, 0, 0);
        (void) child_limit_capabilities(
                CHILD_CAPABILITY(CAP_SYS_PTRACE) | CHILD_CAPABILITY(CAP_DAC_READ_SEARCH));
        a = (StarterAnswer){ .job = JOB_CAPTURE, .id = o->id, .clean = true };
        a.text_len = (uint32_t) snprintf(a.text, sizeof(a.text), "%020" PRIu64 "-%" PRIu64 ".json",
                o->capture.realtime_usec, o->id);

        if (load_is_whole(o))
                r = fill(&t, o, load, &a.partial);
        if (r == 0)
                text = capture_text_end(&t);
        if (r == 0 && !text)
                r = -ENOMEM;
        if (r == 0)
                r = dir_fd = file_store_open(o->capture.directory);
        if (r >= 0)
                r = file_store_write(dir_fd, a.text, text, strlen(text), &rule, &file);
        a.took_usec = usec_since(clock_monotonic_usec(), begun);
        answer(fd, &a, "write", r < 0 ? -r : 0);

        if (r >= 0)
                r = file_store_settle(dir_fd, a.text, file);
        if (r < 0 && a.error == 0)
                answer(fd, &a, "sync", -r);
        _exit(EXIT_SUCCESS);
}
