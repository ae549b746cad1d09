/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A robust slope through a handful of points. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

typedef struct SlopePoint {
        usec_t at_usec;
        int64_t value;
} SlopePoint;

#define SLOPE_POINTS_MAX 24

/* Theil-Sen: the median of the slopes of all pairs, in units per second; one wild point in four
 * does not move it. Points in order of time, SLOPE_POINTS_MAX at most. False, and *ret untouched,
 * with fewer than three points or when no time lies between them. */
bool slope_robust(const SlopePoint *points, size_t n, int64_t *ret_per_sec);
