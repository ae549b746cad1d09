/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Time as a number: microseconds since an arbitrary start. Only the edges (engine, daemon, ctl)
 * read a clock; everybody else gets the time as an argument. */

#include <stdint.h>

typedef uint64_t usec_t;

#define USEC_PER_MSEC ((usec_t) 1000)
#define USEC_PER_SEC ((usec_t) 1000000)
#define USEC_PER_MIN (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)

/* "No such time": not set, never, infinitely far away. */
#define USEC_UNSET UINT64_MAX

/* Reads CLOCK_MONOTONIC, in microseconds. Cannot fail on Linux. Not for core. */
usec_t clock_monotonic_usec(void);

/* Reads CLOCK_BOOTTIME, which goes on during suspend, in microseconds. Not for core. */
usec_t clock_boottime_usec(void);

/* Reads CLOCK_REALTIME, for showing to people only, in microseconds since the epoch. Not for core.
 */
usec_t clock_realtime_usec(void);

/* a + b, saturating at USEC_UNSET: "in b microseconds", where b may be "never". */
static inline usec_t usec_add(usec_t a, usec_t b) {
        return b > USEC_UNSET - a ? USEC_UNSET : a + b;
}

/* a - b, 0 when b is later: "how long since b". */
static inline usec_t usec_since(usec_t a, usec_t b) {
        return a > b ? a - b : 0;
}
