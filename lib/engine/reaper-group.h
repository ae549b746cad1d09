/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a reaper does to a whole cgroup. May hang in the kernel, and opens descriptors of processes:
 * never on the sentinel. */

#include <stdatomic.h>

#include "engine/reaper.h"

/* SIGKILL: cgroup.kill; where that is missing or refuses, process by process until nobody is left,
 * in 20 rounds at most that begin 5 ms after the one before ended. Another signal: to each process
 * of this cgroup, not below it. Gives up early when *stop is set. The outcome is about the cgroup.
 */
Outcome reaper_group_run(
        const ReaperOps *ops, const ReaperJob *job, const atomic_bool *stop, usec_t now_usec);

/* The part that neither waits for others nor opens anything: cgroup.kill, where it is there. EBUSY
 * otherwise. */
Outcome reaper_group_kill_only(const ReaperOps *ops, const ReaperJob *job, usec_t now_usec);
