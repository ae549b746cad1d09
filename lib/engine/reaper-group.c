/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/reaper-group.h"

#include "kernel/cgroup.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

enum {
        KILL_ROUNDS = 20,
        KILL_PAUSE_USEC = 5000,
};

/* result: as in kernel/cgroup.h. */
static Outcome outcome_of(const ReaperJob *job, int result, usec_t now_usec) {
        Outcome o = {
                .action = job->action,
                .slot = job->slot,
                .generation = job->generation,
                .at_usec = now_usec,
                .is_group = true,
        };

        switch (result) {
        case CGROUP_OK:
                o.kind = OUTCOME_SENT;
                break;
        case CGROUP_GONE:
                o.kind = OUTCOME_GONE;
                o.error = ESRCH;
                break;
        case CGROUP_UNSUPPORTED: /* threaded */
                o.kind = OUTCOME_REFUSED;
                o.error = EOPNOTSUPP;
                break;
        default:
                o.kind = OUTCOME_REFUSED;
                o.error = -result;
                break;
        }
        return o;
}

/* Refused by all whom it was for is refused. */
static int signal_members(const ReaperOps *ops, const ReaperJob *job, CgroupSignalled *ret) {
        int r;

        *ret = (CgroupSignalled){ 0 };
        if (job->procs_fd < 0 || !ops->signal_group)
                return -EBADF;
        r = ops->signal_group(job->procs_fd, job->signo, ret);
        return r == CGROUP_OK && ret->n_sent == 0 && ret->n_refused > 0 ? -ret->error : r;
}

/* Who was born while the list was read is in the next one. */
static int kill_members(const ReaperOps *ops, const ReaperJob *job, const atomic_bool *stop) {
        const struct timespec pause = { .tv_nsec = KILL_PAUSE_USEC * 1000L };
        bool any = false;
        int r = CGROUP_OK;

        for (int i = 0; i < KILL_ROUNDS && !atomic_load(stop); i++) {
                CgroupSignalled done;

                if (i > 0)
                        (void) nanosleep(&pause, NULL); /* they take a moment to die */
                r = signal_members(ops, job, &done);
                if (r == CGROUP_GONE && i > 0)
                        return CGROUP_OK; /* what we wanted */
                if (r != CGROUP_OK || done.n_sent == 0)
                        return any ? CGROUP_OK : r; /* some were refused, not all */
                any = true;
        }
        return r;
}

Outcome reaper_group_run(
        const ReaperOps *ops, const ReaperJob *job, const atomic_bool *stop, usec_t now_usec) {
        CgroupSignalled done;
        int r = CGROUP_UNSUPPORTED;

        if (job->signo != SIGKILL)
                return outcome_of(job, signal_members(ops, job, &done), now_usec);

        if (job->kill_fd >= 0 && ops->kill_group)
                r = ops->kill_group(job->kill_fd);
        if (r != CGROUP_OK && r != CGROUP_GONE)
                r = kill_members(ops, job, stop);
        return outcome_of(job, r, now_usec);
}

Outcome reaper_group_kill_only(const ReaperOps *ops, const ReaperJob *job, usec_t now_usec) {
        int r = -EBUSY;

        if (job->signo == SIGKILL && job->kill_fd >= 0 && ops->kill_group)
                r = ops->kill_group(job->kill_fd);
        return outcome_of(job, r, now_usec);
}
