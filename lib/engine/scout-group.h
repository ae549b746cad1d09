/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where among the processes that are seldom looked at something grows: memory.current of the leaf
 * cgroups, one read each instead of one open for every member. Only where cgroup2 has the memory
 * controller. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/facts-strings.h"
#include "kernel/sysroot.h"

#define SCOUT_GROUP_NONE UINT8_MAX
#define SCOUT_GROUP_UNKNOWN (UINT8_MAX - 1) /* not yet asked for */
#define SCOUT_GROUPS_MAX 128

typedef struct ScoutGroups ScoutGroups;

/* Without the memory controller there will be no group. 0 or -ENOMEM. */
int scout_groups_new(FactStrings *strings, const SysRoot *root, ScoutGroups **ret);
ScoutGroups *scout_groups_free(ScoutGroups *g);

/* The group of a cgroup path (a text of the table), made if there is room, one member more in the
 * count that scout_groups_read() ends; or SCOUT_GROUP_NONE. */
uint8_t scout_groups_join(ScoutGroups *g, const char *path);

/* One member more in a group that is known already. False when there is no such group any more. */
bool scout_groups_count(ScoutGroups *g, uint8_t group);

/* Reads all groups; those that nobody joined or was counted in since the last time are closed.
 * Returns how many have gained since they last had. */
size_t scout_groups_read(ScoutGroups *g);

/* Whether it has, as of the last scout_groups_read(). */
bool scout_groups_gained(const ScoutGroups *g, uint8_t group);
