/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How long something took, each time since the start: counts in fixed classes, so that who keeps it
 * never allocates and a slow reader loses nothing. Not atomic: one writer, copied whole. */

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

enum { HISTOGRAM_BOUNDS = 15 };

/* All zeros: nothing happened yet. */
typedef struct Histogram {
        uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* of those up to each bound and beyond the one
                                                * before it; the last: beyond all bounds */
        uint64_t sum_usec;
} Histogram;

/* The upper bound of a class, included, ascending; i is less than HISTOGRAM_BOUNDS. */
usec_t histogram_bound(size_t i);

void histogram_add(Histogram *h, usec_t usec);
