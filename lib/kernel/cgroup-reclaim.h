/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* memory.reclaim (5.19): the kernel takes memory from a cgroup, cache first, and swaps out what it
 * may; nobody in it is harmed. The writer does the work and waits for it: for a thread that may,
 * and that is interrupted by a signal when its time is over. */

#include <stdint.h>

#include "base/clock.h"
#include "kernel/cgroup.h"

typedef struct CgroupReclaim {
        int reclaim_fd; /* memory.reclaim; owner: caller */
        int charged_fd; /* memory.current; owner: caller */
        uint64_t bytes; /* how much is to come back */
        usec_t deadline_usec;
        usec_t (*clock)(void); /* of deadline_usec */
} CgroupReclaim;

/* Beside those of cgroup.h. */
enum { CGROUP_LATE = 3 }; /* the deadline came first */

/* Asks for the amount piece by piece, 16 MiB or 1/64 of what is charged, so that there is an end
 * between two of them at which the time is looked at. EAGAIN from the kernel means less than asked:
 * it goes on while something comes. CGROUP_OK: all was asked for, or no more is to be had;
 * CGROUP_LATE; CGROUP_GONE; CGROUP_UNSUPPORTED; negative errno. *ret_freed is set in any case: what
 * was charged before less what is after, in bytes: 0 when the cgroup grew faster. */
int cgroup_reclaim(const CgroupReclaim *r, uint64_t *ret_freed);
