/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/reaper-lease.h"

#include <errno.h>
#include <time.h>

#include "kernel/cgroup-reclaim.h"

/* For one write. */
#define WRITE_USEC USEC_PER_SEC

enum {
        HOLD_TRIES = 100,
        HOLD_PAUSE_USEC = 5000,
};

static Outcome begin_outcome(const ReaperJob *job, usec_t now_usec) {
        return (Outcome){
                .action = job->action,
                .slot = job->slot,
                .generation = job->generation,
                .at_usec = now_usec,
                .is_group = true,
        };
}

static void refuse(Outcome *o, int error) {
        o->kind = OUTCOME_REFUSED;
        o->error = error;
}

static void run_reclaim(const ReaperOps *ops, const ReaperJob *job, Outcome *o) {
        const CgroupReclaim reclaim = {
                .reclaim_fd = job->file_fd,
                .charged_fd = job->charged_fd,
                .bytes = job->value,
                .deadline_usec = job->deadline_usec,
                .clock = clock_monotonic_usec,
        };
        int r = ops->reclaim ? ops->reclaim(&reclaim, &o->value) : -ENOSYS;

        if (r == CGROUP_OK)
                o->kind = OUTCOME_DONE;
        else if (r == CGROUP_LATE)
                o->kind = OUTCOME_LATE;
        else if (r == CGROUP_GONE)
                o->kind = OUTCOME_GONE;
        else
                refuse(o, r == CGROUP_UNSUPPORTED ? EOPNOTSUPP : -r);
}

static void take(const ReaperOps *ops, const ReaperJob *job, LeaseRecord *record, Outcome *o) {
        bool held = atomic_load(&record->seal) != 0;
        int r = held
                ? lease_exchange_step(ops->leases, record, job->file_fd, job->value, &o->value)
                : lease_exchange_take(ops->leases, record, job->file_fd, job->value, &o->value);

        if (r == EXCHANGE_OK || r == EXCHANGE_RENEWED) {
                o->kind = r == EXCHANGE_OK ? OUTCOME_DONE : OUTCOME_RENEWED;
                lease_ledger_pin(job->ledger, job->record, job->uses);
                return;
        }
        if (r == EXCHANGE_FOREIGN)
                o->kind = OUTCOME_FOREIGN;
        else if (r == EXCHANGE_GONE)
                o->kind = OUTCOME_GONE;
        else
                refuse(o, -r);
        if (r > 0 || !held) /* else what it was before the step is still owed */
                lease_ledger_drop(job->ledger, job->record, false);
}

/* What was not taken yet will not be. */
static void give_back(const ReaperOps *ops, const ReaperJob *job, LeaseRecord *record, Outcome *o) {
        int r = EXCHANGE_OK;

        if (atomic_load(&record->seal) != 0)
                r = lease_exchange_return(ops->leases, record, job->file_fd);
        if (r < 0) {
                refuse(o, -r); /* still owed */
                return;
        }
        o->kind = r == EXCHANGE_FOREIGN ? OUTCOME_FOREIGN
                : r == EXCHANGE_GONE    ? OUTCOME_GONE
                                        : OUTCOME_DONE;
        lease_ledger_drop(job->ledger, job->record, false);
}

/* (6) of the ledger. Main looks at a record for a moment; a reaper that hangs in it keeps it. */
static bool hold(LeaseLedger *l, uint32_t record) {
        const struct timespec pause = { .tv_nsec = HOLD_PAUSE_USEC * 1000L };

        for (int i = 0; i < HOLD_TRIES; i++) {
                if (i > 0)
                        (void) nanosleep(&pause, NULL); /* the alarm may cut it short */
                if (lease_ledger_hold(l, record))
                        return true;
        }
        return false;
}

/* A lease that never came to be is forgotten by judging as well. */
static void refuse_busy(const ReaperJob *job, Outcome *o) {
        refuse(o, EBUSY);
        if (job->kind == ACTION_LEASE &&
                atomic_load(&lease_ledger_record(job->ledger, job->record)->seal) == 0)
                lease_ledger_abandon(job->ledger, job->record);
}

/* What was given back while the job waited is foreign to it. */
static void run_lease(const ReaperOps *ops, const ReaperJob *job, Outcome *o) {
        LeaseLedger *l = job->ledger;
        LeaseRecord *record = lease_ledger_record(l, job->record);
        bool withdrawn = false;

        if (!hold(l, job->record)) {
                refuse_busy(job, o);
                return;
        }
        if (lease_ledger_find(l, job->lease, &withdrawn) != job->record ||
                record->terms.id != job->record_id)
                o->kind = OUTCOME_FOREIGN;
        else if (withdrawn) {
                o->kind = OUTCOME_FOREIGN;
                lease_ledger_drop(l, job->record, false);
        } else if (job->kind == ACTION_LEASE)
                take(ops, job, record, o);
        else
                give_back(ops, job, record, o);
        lease_ledger_release(l, job->record);
}

usec_t reaper_lease_deadline(const ReaperJob *job, usec_t now_usec) {
        return job->kind == ACTION_RECLAIM ? job->deadline_usec : usec_add(now_usec, WRITE_USEC);
}

Outcome reaper_lease_run(const ReaperOps *ops, const ReaperJob *job, usec_t now_usec) {
        Outcome o = begin_outcome(job, now_usec);

        if (job->kind == ACTION_RECLAIM)
                run_reclaim(ops, job, &o);
        else
                run_lease(ops, job, &o);
        o.at_usec = clock_monotonic_usec();
        return o;
}

Outcome reaper_lease_refuse(const ReaperJob *job, usec_t now_usec) {
        Outcome o = begin_outcome(job, now_usec);

        if (job->kind == ACTION_RECLAIM)
                refuse(&o, EBUSY);
        else
                refuse_busy(job, &o);
        return o;
}
