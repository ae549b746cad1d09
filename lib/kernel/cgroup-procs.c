/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-procs.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "base/number.h"
#include "kernel/pidfd.h"

/* How many are opened before the list is read again. */
#define BATCH 32

#define INIT_PID 1

int cgroup_kill_fd(int fd) {
        ssize_t n;

        do
                n = pwrite(fd, "1", 1, 0);
        while (n < 0 && errno == EINTR);
        return n < 0 ? cgroup_outcome(-errno) : CGROUP_OK;
}

void cgroup_procs_init(CgroupProcs *p, int fd) {
        lines_init(&p->lines, fd, p->buf, sizeof(p->buf), false);
}

int cgroup_procs_next(CgroupProcs *p, pid_t *ret) {
        uint64_t number;
        Slice line;
        int r;

        while ((r = lines_next(&p->lines, &line)) > 0)
                if (number_scan_u64(line.at, line.len, &number) == (int) line.len && line.len > 0 &&
                        number <= INT_MAX) {
                        *ret = (pid_t) number;
                        return 1;
                }
        return r;
}

/* Numbers in ascending order, and what was opened for them. */
typedef struct Batch {
        pid_t pids[BATCH];
        int pidfds[BATCH];
        bool listed[BATCH]; /* since it was opened */
        size_t n;
} Batch;

static void note_refusal(CgroupSignalled *s, int result) {
        if (s->n_refused++ == 0)
                s->error = result < 0 ? -result : result == PIDFD_UNSUPPORTED ? ENOSYS : EPERM;
}

/* Keeps the lowest BATCH numbers. */
static void insert(Batch *b, pid_t pid) {
        size_t at = b->n;

        while (at > 0 && b->pids[at - 1] > pid)
                at--;
        if (at == BATCH || (at > 0 && b->pids[at - 1] == pid))
                return;
        b->n = MIN(b->n + 1, (size_t) BATCH);
        for (size_t i = b->n - 1; i > at; i--)
                b->pids[i] = b->pids[i - 1];
        b->pids[at] = pid;
}

/* One look at the list: who of `held` is still in it, and whose turn is next. The list is read from
 * its beginning each time: a position in it means nothing once somebody has left. */
static int look(int fd, Batch *held, pid_t after, Batch *next, bool *ret_foreign) {
        CgroupProcs procs;
        pid_t pid;
        int r;

        next->n = 0;
        cgroup_procs_init(&procs, fd);
        while ((r = cgroup_procs_next(&procs, &pid)) > 0) {
                for (size_t i = 0; i < held->n; i++)
                        if (held->pids[i] == pid)
                                held->listed[i] = true;
                if (pid == 0)
                        *ret_foreign = true;
                else if (pid > after && pid != INIT_PID && pid != getpid())
                        insert(next, pid);
        }
        return r;
}

static void open_batch(Batch *b, CgroupSignalled *ret) {
        for (size_t i = 0; i < b->n; i++) {
                int r = pidfd_new(b->pids[i], &b->pidfds[i]);

                b->listed[i] = false;
                if (r == PIDFD_OK)
                        continue;
                b->pidfds[i] = FD_NONE;
                if (r != PIDFD_GONE)
                        note_refusal(ret, r);
        }
}

static void signal_batch(Batch *b, int signal, CgroupSignalled *ret) {
        for (size_t i = 0; i < b->n; i++) {
                int r = PIDFD_GONE;

                if (b->pidfds[i] >= 0 && b->listed[i])
                        r = pidfd_signal(b->pidfds[i], signal);
                if (r == PIDFD_OK)
                        ret->n_sent++;
                else if (r != PIDFD_GONE)
                        note_refusal(ret, r);
                close_fd(b->pidfds[i]);
        }
}

int cgroup_procs_signal(int fd, int signal, CgroupSignalled *ret) {
        Batch batches[2] = { 0 }, *held = &batches[0], *next = &batches[1];
        bool has_foreign = false;
        pid_t after = 0;
        int r;

        *ret = (CgroupSignalled){ 0 };
        do {
                Batch *swap = held;

                r = look(fd, held, after, next, &has_foreign);
                signal_batch(held, signal, ret);
                held = next;
                next = swap;
                if (r < 0 || held->n == 0)
                        break;
                after = held->pids[held->n - 1];
                open_batch(held, ret);
        } while (true);

        if (has_foreign)
                note_refusal(ret, PIDFD_DENIED);
        return r < 0 ? cgroup_outcome(r) : CGROUP_OK;
}
