/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Carries a plan's actions out through a table of operations: kernel, dry or recording. Runs on the
 * sentinel; what may block or allocate goes to a reaper. */

#include "core/decide.h"
#include "engine/roster.h"

/* One member of an action. Returns 0; 1 when the outcome will come later (a reaper has it); -ESRCH
 * gone, -ESTALE another process, -EAGAIN not now, -EPERM and the like refused. */
typedef struct ActOps {
        const char *name;
        bool dry; /* outcomes are OUTCOME_DRY */
        int (*signal)(void *ctx, uint64_t action, uint32_t slot, uint32_t generation, int signo);
        int (*release)(void *ctx, uint64_t action, uint32_t slot, uint32_t generation);

        /* A cgroup and, behind it, the descendants that hold processes. SIGKILL: to all in it and
         * below. Another signal: to each process of each of them; -EBUSY: nobody can do that,
         * its known members must be signalled one by one. -EAGAIN: nothing was sent, as too much
         * waits; later, then. */
        int (*group)(void *ctx, uint64_t action, const GroupRef *groups, size_t n, int signo);

        /* An action of another kind than SIGNAL, about its first cgroup: 0: done, *ret_value is the
         * outcome's; else as above. */
        int (*adjust)(void *ctx, const Action *action, uint64_t *ret_value);
} ActOps;

/* Signals by pidfd: SIGKILL at once; everything else, process_mrelease, reclaim and leases by a
 * reaper. ctx:
 * KernelAct. */
extern const ActOps act_kernel;

/* Says 0 to everything and does nothing. */
extern const ActOps act_dry;

/* Remembers what it was asked (ctx: ActRecord) and says 0: for replay and tests. */
extern const ActOps act_record;

typedef struct ActRecordItem {
        uint64_t action;
        uint32_t slot, generation;
        int signo;     /* 0: release */
        bool is_group; /* slot is that of a cgroup: the first of n_groups */
        size_t n_groups;
        ActionKind kind;
        LeaseFile file; /* LEASE */
        uint64_t value; /* RECLAIM, LEASE */
} ActRecordItem;

typedef struct ActRecord {
        ActRecordItem items[64];
        size_t n;
        int answer;     /* what is returned; 0 by default */
        uint64_t value; /* of the outcome of an adjustment */
} ActRecord;

/* Runs all actions of the plan; one that fails does not stop the next. Immediate outcomes are
 * appended to ret[cap]; returns how many. */
size_t actuator_run(
        const ActOps *ops, void *ctx, const Plan *plan, usec_t now_usec, Outcome *ret, size_t cap);
