/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/act-kernel.h"

#include "base/macro.h"
#include "base/text.h"
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

/* The job counts itself in `uses`: what it points to stays open until it is over. */
static bool submit(KernelAct *k, ReaperJob *job, atomic_uint *uses) {
        if (!k->reapers)
                return false;

        job->uses = uses;
        atomic_fetch_add_explicit(uses, 1, memory_order_relaxed);
        if (reapers_submit(k->reapers, job))
                return true;

        atomic_fetch_sub_explicit(uses, 1, memory_order_relaxed);
        return false;
}

static bool give_to_reaper(KernelAct *k, RosterSlot *s, ReaperJob *job) {
        if (s->reap_pidfd < 0)
                return false;
        job->pidfd = s->reap_pidfd;
        return submit(k, job, &s->reaping);
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

/* (1) (2) */
static int find_group(
        const KernelAct *k, const GroupRef *ref, GroupSlot **ret, const GroupFacts **ret_facts) {
        const GroupFacts *facts;
        GroupSlot *s;

        if (!k->groups)
                return -ENOSYS;
        s = group_roster_slot(k->groups, ref->slot);
        if (s->generation != ref->generation)
                return -ESTALE;
        facts = atomic_load_explicit(&s->facts, memory_order_acquire);
        if (!facts)
                return -ESTALE;
        if (facts->self || facts->path[0] != '/' || facts->path[1] == '\0')
                return -EPERM;

        *ret = s;
        *ret_facts = facts;
        return 0;
}

static ReaperJob group_job(uint64_t action, const GroupRef *ref, const GroupSlot *s, int signo) {
        return (ReaperJob){
                .action = action,
                .slot = ref->slot,
                .generation = ref->generation,
                .is_group = true,
                .pidfd = FD_NONE,
                .kill_fd = s->kill_fd,
                .procs_fd = s->procs_fd,
                .signo = signo,
        };
}

/* One job for each, so that one that hangs keeps no other back; for all, or for none, so that
 * nobody is told twice. Who cannot be reached any more needs nothing. As ActOps has it. */
static int give_groups(KernelAct *k, uint64_t action, const GroupRef *groups, size_t n, int signo) {
        if (!reapers_have_room(k->reapers, n))
                return -EAGAIN;
        for (size_t i = 0; i < n; i++) {
                const GroupFacts *facts;
                GroupSlot *s;
                ReaperJob job;

                if (find_group(k, &groups[i], &s, &facts) < 0 ||
                        (s->procs_fd < 0 && s->kill_fd < 0))
                        continue;
                job = group_job(action, &groups[i], s, signo);
                (void) submit(k, &job, &s->reaping); /* there is room */
        }
        return 1;
}

static int kernel_group(void *ctx, uint64_t action, const GroupRef *groups, size_t n, int signo) {
        KernelAct *k = ctx;
        const GroupFacts *facts;
        GroupSlot *s;
        bool whole;
        int r;

        r = find_group(k, &groups[0], &s, &facts);
        if (r < 0)
                return r;
        if (s->kill_fd < 0 && s->procs_fd < 0)
                return -EBADF;

        whole = signo == SIGKILL && s->kill_fd >= 0 && !facts->is_threaded;
        if (k->reapers && reapers_alive(k->reapers) > 0)
                return give_groups(k, action, groups, whole ? 1 : n, signo);
        if (!whole)
                return -EBUSY;
        r = k->ops->kill_group ? k->ops->kill_group(s->kill_fd) : -ENOSYS; /* (3) */
        return r == CGROUP_GONE ? -ESRCH : r == CGROUP_UNSUPPORTED ? -EOPNOTSUPP : r;
}

static int kernel_reclaim(KernelAct *k, const Action *a, ReaperJob *job, GroupSlot *s) {
        if (s->reclaim_fd < 0 || s->charged_fd < 0)
                return -EBADF;
        job->file_fd = s->reclaim_fd;
        job->charged_fd = s->charged_fd;
        job->value = a->value;
        job->deadline_usec = a->deadline_usec;
        return submit(k, job, &s->reaping) ? 1 : -EBUSY;
}

/* The record of the action's lease; of another file or cgroup, it is somebody's that judging has
 * forgotten: still owed. LEDGER_NONE: none, and none left. */
static uint32_t find_record(KernelAct *k, const Action *a, const GroupFacts *facts) {
        const char *policy = k->config && a->policy < k->config->n_policies
                ? k->config->policies[a->policy].name
                : "";
        LeaseTerms terms = { .file = a->file, .inode = facts->inode };
        uint32_t i = lease_ledger_find(k->ledger, a->lease, NULL);

        if (i != LEDGER_NONE) {
                const LeaseTerms *there = &lease_ledger_record(k->ledger, i)->terms;

                if (there->inode == facts->inode && there->file == (uint32_t) a->file)
                        return i;
                lease_ledger_abandon(k->ledger, i);
        }
        (void) text_copy(terms.policy, sizeof(terms.policy), policy);
        if (!text_copy(terms.path, sizeof(terms.path), facts->path))
                return LEDGER_NONE; /* it could not be found again */
        terms.taken_realtime_usec = clock_realtime_usec();
        return lease_ledger_claim(k->ledger, a->lease, &terms);
}

static int kernel_lease(
        KernelAct *k, const Action *a, ReaperJob *job, GroupSlot *s, const GroupFacts *facts) {
        const usec_t left = usec_since(a->deadline_usec, clock_monotonic_usec());
        LeaseRecord *record;

        if (!k->ledger)
                return -ENOLCK;
        if (a->file >= _LEASE_FILE_MAX || s->lease_fds[a->file] < 0)
                return -EBADF;
        job->record = find_record(k, a, facts);
        if (job->record == LEDGER_NONE)
                return -ENOSPC;

        record = lease_ledger_record(k->ledger, job->record);
        atomic_store(&record->deadline_usec, a->deadline_usec);
        atomic_store(&record->deadline_realtime_usec,
                a->deadline_usec == USEC_UNSET ? USEC_UNSET : clock_realtime_usec() + left);
        job->file_fd = s->lease_fds[a->file];
        job->value = a->value;
        job->record_id = record->terms.id;
        if (submit(k, job, &s->reaping))
                return 1;
        if (atomic_load(&record->seal) == 0)
                lease_ledger_abandon(k->ledger, job->record); /* it never came to be */
        return -EBUSY;
}

/* The file that a record is about, through the action's cgroup. */
static int find_file(const KernelAct *k, const Action *a, uint32_t record, GroupSlot **ret) {
        uint32_t file = lease_ledger_record(k->ledger, record)->terms.file;
        const GroupFacts *facts;
        int r = find_group(k, &a->groups[0], ret, &facts);

        if (r < 0)
                return r;
        return file < _LEASE_FILE_MAX && (*ret)->lease_fds[file] >= 0 ? (*ret)->lease_fds[file]
                                                                      : -EBADF;
}

/* Whatever stands against it: it is still owed, unless main gave it back. */
static int kernel_return(KernelAct *k, const Action *a, ReaperJob *job) {
        bool withdrawn = false;
        GroupSlot *s;

        job->record = k->ledger ? lease_ledger_find(k->ledger, a->lease, &withdrawn) : LEDGER_NONE;
        if (job->record == LEDGER_NONE)
                return 0; /* nothing is owed */
        job->file_fd = find_file(k, a, job->record, &s);
        if (job->file_fd < 0 && withdrawn) { /* closed, as nothing held it any more */
                lease_ledger_abandon(k->ledger, job->record);
                return 0;
        }
        if (job->file_fd < 0)
                return job->file_fd;
        job->record_id = lease_ledger_record(k->ledger, job->record)->terms.id;
        return submit(k, job, &s->reaping) ? 1 : -EBUSY;
}

static int kernel_adjust(void *ctx, const Action *a, uint64_t *ret_value) {
        KernelAct *k = ctx;
        ReaperJob job = {
                .kind = a->kind,
                .action = a->id,
                .slot = a->groups[0].slot,
                .generation = a->groups[0].generation,
                .is_group = true,
                .pidfd = FD_NONE,
                .kill_fd = FD_NONE,
                .procs_fd = FD_NONE,
                .ledger = k->ledger,
                .lease = a->lease,
        };
        const GroupFacts *facts;
        GroupSlot *s;
        int r;

        *ret_value = 0;
        if (a->kind == ACTION_RETURN)
                return kernel_return(k, a, &job);
        r = find_group(k, &a->groups[0], &s, &facts);
        if (r < 0)
                return r;
        return a->kind == ACTION_RECLAIM ? kernel_reclaim(k, a, &job, s)
                                         : kernel_lease(k, a, &job, s, facts);
}

size_t kernel_act_take_over(KernelAct *k, usec_t now_usec, Outcome *ret, size_t cap) {
        ReaperJob job;
        size_t n = 0;

        if (!k->reapers || reapers_alive(k->reapers) > 0)
                return 0;

        while (n < cap && reapers_take_back(k->reapers, &job)) {
                if (job.kind == ACTION_SIGNAL && job.signo == 0)
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
        .group = kernel_group,
        .adjust = kernel_adjust,
};
