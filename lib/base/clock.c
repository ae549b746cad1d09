/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

static usec_t read_clock(clockid_t id) {
        struct timespec ts;
        int r;

        r = clock_gettime(id, &ts);
        assert(r == 0);
        (void) r;
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

usec_t clock_monotonic_usec(void) {
        return read_clock(CLOCK_MONOTONIC);
}

usec_t clock_boottime_usec(void) {
        return read_clock(CLOCK_BOOTTIME);
}

usec_t clock_realtime_usec(void) {
        return read_clock(CLOCK_REALTIME);
}
