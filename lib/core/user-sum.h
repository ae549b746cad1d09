/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sums over the processes of each user. Pure. */

#include "core/sample.h"

#define SHARED_MM_MAX 512 /* a power of two */

/* Address spaces that were counted already. Beyond its size sharers are counted again. */
typedef struct SharedMm {
        uint32_t groups[SHARED_MM_MAX];
        uint32_t used;
} SharedMm;

/* Fills s->users in order of uid, processes that share an address space counted once; what does not
 * fit is left out. */
void user_sum(Sample *s, SharedMm *seen);

/* The user's sums, or NULL. */
const UserSample *user_sum_find(const Sample *s, uint32_t uid);
