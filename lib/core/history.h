/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What outlives a tick about numbers: rates, short robust slopes, own PSI windows, the minima that
 * `gained` is measured from. Fixed memory, allocated once; advancing it is O(processes + cgroups)
 * without allocation. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/group-track.h"
#include "core/sample.h"

typedef struct History History;

/* Makes a history for processes_max and groups_max slots. 0 or -ENOMEM. Memory is only touched as
 * slots are used. */
int history_new(uint32_t processes_max, uint32_t groups_max, History **ret);
History *history_free(History *h);

/* The memory of the first `slots` slots, for an owner who wants it resident before they are used:
 * that of processes, of cgroups, and of the pressure windows of so many cgroups. */
void *history_memory(History *h, uint32_t slots, size_t *ret_bytes);
void *history_group_memory(History *h, uint32_t slots, size_t *ret_bytes);
void *history_window_memory(History *h, uint32_t groups, size_t *ret_bytes);

/* Takes one sample in and fills its derived parts (system[], what the structs of processes and
 * cgroups call derived, users, grace, corrections). Samples come in order of raw.at_usec; a sample
 * that is not later than the previous one changes nothing about the system but still gets its
 * derived parts, so that one tick may come twice: without processes, then with those that were read
 * meanwhile. A process is taken in by its own at_usec; one that a sample lacks is not forgotten.
 * Cgroups likewise. A jump between CLOCK_BOOTTIME and CLOCK_MONOTONIC, or a tick later than ten
 * times what was planned (planned_usec, 0: unknown) and 5 s at least, begins a grace of 30 s:
 * rates, PSI windows and growth are unknown, levels go on. */
void history_advance(History *h, Sample *s, usec_t planned_usec);

/* What was seen of a process, or of a cgroup, as it may be carried over a restart of the daemon.
 * False when nothing was. */
bool history_past(const History *h, uint32_t slot, uint32_t generation, UsagePast *ret);
bool history_group_past(const History *h, uint32_t slot, uint32_t generation, GroupPast *ret);

/* Takes that in for the same one, which was seen in a sample of this daemon already. */
void history_recall(History *h, uint32_t slot, uint32_t generation, const UsagePast *past);
void history_recall_group(History *h, uint32_t slot, uint32_t generation, const GroupPast *past);
