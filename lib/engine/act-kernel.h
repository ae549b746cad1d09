/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What act_kernel needs: see actuator.h. The sentinel's alone.
 *
 * (1) A slot is only signalled while its generation is the one the judge saw, through the
 * descriptor that was verified when the slot was made. (2) Never pid 1, a kernel thread, ourselves
 * or what belongs to us, nor a cgroup that we live in or below, nor the root, whatever the plan
 * says. (3) SIGKILL needs nothing from anybody; every other call goes to a reaper while there is
 * one. With none left, cgroup.kill is written by the caller, but nothing is opened, and leases
 * wait for one that comes back, or for main. While the queue of living ones is full, what is for a
 * cgroup is told as busy. */

#include "engine/actuator.h"
#include "engine/reaper.h"
#include "engine/group-roster.h"
#include "engine/roster.h"

typedef struct KernelAct {
        Roster *roster;
        GroupRoster *groups;  /* NULL: no cgroup can be acted upon */
        Reapers *reapers;     /* NULL: everything on the caller's thread */
        const ReaperOps *ops; /* the same that the reapers run */
        int32_t self_pid;
        LeaseLedger *ledger;  /* NULL: nothing is leased (ENOLCK), it could not be remembered */
        const Config *config; /* what actions say of policies is of this one */
} KernelAct;

/* With no reaper left: sends the signals that still wait in their queue. Outcomes go to ret; at
 * most cap jobs are done. Returns how many outcomes there are. */
size_t kernel_act_take_over(KernelAct *k, usec_t now_usec, Outcome *ret, size_t cap);
