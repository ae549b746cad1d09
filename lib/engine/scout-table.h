/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From the number of a process to its slot. */

#include <stdint.h>

#define SCOUT_TABLE_NONE UINT32_MAX

typedef struct ScoutTable ScoutTable;

/* For `size` processes at most. 0 or -ENOMEM. */
int scout_table_new(uint32_t size, ScoutTable **ret);
ScoutTable *scout_table_free(ScoutTable *t);

/* The slot, or SCOUT_TABLE_NONE. */
uint32_t scout_table_find(const ScoutTable *t, int32_t pid);

/* The pid is not in it yet. */
void scout_table_add(ScoutTable *t, int32_t pid, uint32_t slot);

void scout_table_remove(ScoutTable *t, int32_t pid);
