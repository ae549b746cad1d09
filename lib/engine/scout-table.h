/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From a number that the kernel gave, of a process or of a watch, to the slot it belongs to. */

#include <stdint.h>

#define SCOUT_TABLE_NONE UINT32_MAX

typedef struct ScoutTable ScoutTable;

/* For `size` keys at most, which are not 0. 0 or -ENOMEM. */
int scout_table_new(uint32_t size, ScoutTable **ret);
ScoutTable *scout_table_free(ScoutTable *t);

/* The slot, or SCOUT_TABLE_NONE. */
uint32_t scout_table_find(const ScoutTable *t, int32_t key);

/* The key is not in it yet. */
void scout_table_add(ScoutTable *t, int32_t key, uint32_t slot);

void scout_table_remove(ScoutTable *t, int32_t key);
