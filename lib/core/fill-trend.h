/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How fast memory and swap fill up, and when they will be full. Fixed memory.
 *
 * (1) The slope covers the last 1 to 3 s; when samples are sparse, the last three of them.
 * (2) What is no consumption starts a new segment, across which no slope is taken: swap or memory
 * added or removed, a large release. (3) A time to exhaustion needs three samples in a row that
 * each rose over the one before. */

#include "core/sample.h"

#define FILL_POINTS_MAX 96

typedef struct FillPoint {
        usec_t at_usec;
        uint64_t left_bytes; /* mem.available + swap.free at its worth */
} FillPoint;

typedef struct FillTrend {
        FillPoint points[FILL_POINTS_MAX]; /* a ring; one segment */
        uint32_t head, n;
        uint32_t rising;                /* (3) */
        uint64_t mem_total, swap_total; /* (2) */
        bool known;
        int64_t rate;      /* bytes/s, positive when it fills */
        usec_t since_usec; /* begin of the slope */
} FillTrend;

/* Begins a new segment. */
void fill_trend_reset(FillTrend *f);

/* Takes in what is left at a sample later than all before. */
void fill_trend_add(FillTrend *f, const SystemRaw *raw, uint64_t left_bytes);

/* fill.rate: bytes/s, negative when memory is released. */
Reading fill_trend_rate(const FillTrend *f);

/* mem.exhaustion: INT64_MAX is never. */
Reading fill_trend_exhaustion(const FillTrend *f);
