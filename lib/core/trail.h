/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The main readings of the last minute, one entry for each tick: what led to a step, for whoever
 * keeps evidence. Plain memory of a fixed size; when ticks are so close that a minute has more of
 * them than there is room, the oldest go. */

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "core/sample.h"

#define TRAIL_SPAN_USEC USEC_PER_MIN
#define TRAIL_ENTRIES_MAX 1200
#define TRAIL_READINGS 9
#define TRAIL_UNKNOWN INT64_MIN

typedef struct TrailEntry {
        usec_t at_usec;
        int64_t values[TRAIL_READINGS]; /* of trail_metric(), in their units, or TRAIL_UNKNOWN */
} TrailEntry;

/* All zeros: empty. */
typedef struct Trail {
        TrailEntry entries[TRAIL_ENTRIES_MAX];
        uint32_t next, n;
} Trail;

/* What the i-th value is. */
MetricId trail_metric(size_t i);

/* After history_advance(). */
void trail_add(Trail *t, const Sample *s);

/* Copies what was added at since_usec or later, oldest first, at most max of them, and then the
 * latest. Returns how many. */
size_t trail_copy(const Trail *t, usec_t since_usec, TrailEntry *ret, size_t max);
