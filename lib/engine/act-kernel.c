/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/act-kernel.h"

#include "base/macro.h"
#include "kernel/pidfd.h"

#include <errno.h>
#include <signal.h>

/* From an outcome of kernel/pidfd.h to the error that ActOps speaks. */
static int error_of(int result) {
        switch (result) {
        case PIDFD_OK:
                return 0;
        case PIDFD_GONE:
                return -ESRCH;
        case PIDFD_REPLACED:
                return -ESTALE;
        case PIDFD_DENIED:
                return -EPERM;
        case PIDFD_UNSUPPORTED:
                return -ENOSYS;
        default:
                return result < 0 ? result : -EINVAL;
        }
}

/* (1) (2) The slot if it may be signalled. */
static int find_target(const KernelAct *k, uint32_t slot, uint32_t generation, RosterSlot **ret) {
        RosterSlot *s = roster_slot(k->roster, slot);
        const ProcFacts *facts;

        if (!s || s->generation != generation)
                return -ESTALE;
        facts = atomic_load_explicit(&s->facts, memory_order_acquire);
        if (!facts)
                return -ESTALE;
        if (facts->pid <= 1 || facts->pid == k->self_pid || facts->self || facts->kthread)
                return -EPERM;

        *ret = s;
        return 0;
}

static bool give_to_reaper(KernelAct *k, RosterSlot *s, ReaperJob *job) {
        if (!k->reapers || s->reap_pidfd < 0)
                return false;

        job->pidfd = s->reap_pidfd;
        job->uses = &s->reaping;
        atomic_fetch_add_explicit(&s->reaping, 1, memory_order_relaxed);
        if (reapers_submit(k->reapers, job))
                return true;

        atomic_fetch_sub_explicit(&s->reaping, 1, memory_order_relaxed);
        return false;
}

static int kernel_signal(
        void *ctx, uint64_t action, uint32_t slot, uint32_t generation, int signo) {
        KernelAct *k = ctx;
        RosterSlot *s;
        int r;

        r = find_target(k, slot, generation, &s);
        if (r < 0)
                return r;

        if (signo != SIGKILL) {
                ReaperJob job = {
                        .action = action, .slot = slot, .generation = generation, .signo = signo
                };

                if (give_to_reaper(k, s, &job))
                        return 1;
        }

        /* (3) or no reaper is left: a stall of ours is better than a signal that is never sent */
        return s->pidfd < 0 ? -EBADF : error_of(k->ops->signal(s->pidfd, signo));
}

static int kernel_release(void *ctx, uint64_t action, uint32_t slot, uint32_t generation) {
        KernelAct *k = ctx;
        ReaperJob job = { .action = action, .slot = slot, .generation = generation };
        RosterSlot *s;
        int r;

        r = find_target(k, slot, generation, &s);
        if (r < 0)
                return r;

        /* Without a reaper the victim's own exit frees the memory, only later. */
        return give_to_reaper(k, s, &job) ? 1 : 0;
}

size_t kernel_act_take_over(KernelAct *k, usec_t now_usec, Outcome *ret, size_t cap) {
        ReaperJob job;
        size_t n = 0;

        if (!k->reapers || reapers_alive(k->reapers) > 0)
                return 0;

        while (n < cap && reapers_take_back(k->reapers, &job)) {
                if (job.signo == 0)
                        atomic_fetch_sub_explicit(
                                job.uses, 1, memory_order_release); /* it may hang us as well */
                else if (reaper_job_run(k->ops, &job, now_usec, &ret[n]))
                        n++;
        }
        return n;
}

const ActOps act_kernel = {
        .name = "kernel",
        .dry = false,
        .signal = kernel_signal,
        .release = kernel_release,
};
