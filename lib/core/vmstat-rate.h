/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rates of the event counters of vmstat, which are read less often than the rest and carry an age
 * of their own. Fixed memory. */

#include "core/sample.h"

typedef enum VmstatCounter {
        VMSTAT_REFAULT_ANON,
        VMSTAT_REFAULT_FILE,
        VMSTAT_RESTORE_FILE,
        VMSTAT_MAJOR_FAULT,
        VMSTAT_SCAN,
        VMSTAT_STEAL,
        _VMSTAT_COUNTER_MAX,
} VmstatCounter;

#define VMSTAT_POINTS_MAX 64

typedef struct VmstatPoint {
        usec_t at_usec;
        uint64_t counts[_VMSTAT_COUNTER_MAX];
} VmstatPoint;

typedef struct VmstatRates {
        VmstatPoint points[VMSTAT_POINTS_MAX]; /* a ring */
        uint32_t head, n;
} VmstatRates;

/* Takes in the counters of a sample, if they are newer than the last; counters that run backwards
 * start it afresh. */
void vmstat_rates_add(VmstatRates *v, const SystemRaw *raw);

/* What a counter gained over the last 3 s, per second. Unknown when the newest point is old. */
Reading vmstat_rates_read(const VmstatRates *v, VmstatCounter counter, usec_t now_usec);

/* Share of the scanned memory that was reclaimed over the last 3 s, in permyriad; all of it when
 * nothing had to be scanned. */
Reading vmstat_rates_efficiency(const VmstatRates *v, usec_t now_usec);

/* Share of the file pages read back over the last 10 s that a page fault waited for, in permyriad,
 * 0 when none was read back: program text and other mapped files, not what read(2) streams through
 * the cache. An estimate: a fault on a mapped file reads up to 128 KiB around it (read_ahead_kb,
 * unless changed), and one that swapped in is no such fault. */
Reading vmstat_rates_mapped(const VmstatRates *v, usec_t now_usec);

/* File pages over the last 10 s that were evicted and came back to the active list at once; 0 when
 * unknown. */
uint64_t vmstat_rates_restored(const VmstatRates *v, usec_t now_usec);
