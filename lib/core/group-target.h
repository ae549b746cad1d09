/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A cgroup as a target, and the cgroups around a process. Rests on the table of group-rank.h. */

#include "core/group-rank.h"

/* The target that takes all of an entry: itself and its populated descendants, its known processes
 * with the one that gained most first. */
void group_target_take(const GroupRanking *r, uint32_t entry, Target *ret);

/* Entries around a process, none of them above the cgroup that the policy watches; GROUP_NONE. What
 * the kernel would kill as one (memory.oom.group); what stands for its work as facts_group() has
 * it: container, unit of a user's manager, unit; the unit it runs in, of a user's manager or the
 * system's. */
uint32_t group_target_of_oom_group(const GroupRanking *r, uint32_t proc);
uint32_t group_target_of_work(const GroupRanking *r, uint32_t proc);
uint32_t group_target_of_unit(const GroupRanking *r, uint32_t proc);
