/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the load and the judge of a guest agree on. */

#include <stdint.h>
#include <time.h>

#define GUEST_DIR "/run/guest"

/* The page that the heartbeat keeps and the judge reads. Single numbers, each written by one side
 * only, except longest_usec, which the judge sets to 0 when the trial begins. */
typedef struct GuestHeartbeat {
        volatile uint64_t beats;
        volatile uint64_t last_usec;
        volatile uint64_t longest_usec;
} GuestHeartbeat;

static inline uint64_t guest_now_usec(void) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}
