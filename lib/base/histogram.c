/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/histogram.h"

#include <assert.h>

#include "base/macro.h"

/* A tick takes some hundred microseconds on a calm machine; a late one is counted in seconds. */
static const usec_t bounds[] = {
        50,
        100,
        250,
        500,
        1 * USEC_PER_MSEC,
        2500,
        5 * USEC_PER_MSEC,
        10 * USEC_PER_MSEC,
        25 * USEC_PER_MSEC,
        50 * USEC_PER_MSEC,
        100 * USEC_PER_MSEC,
        250 * USEC_PER_MSEC,
        500 * USEC_PER_MSEC,
        1 * USEC_PER_SEC,
        5 * USEC_PER_SEC,
};

_Static_assert(ELEMENTS(bounds) == HISTOGRAM_BOUNDS, "a class without a bound");

usec_t histogram_bound(size_t i) {
        assert(i < HISTOGRAM_BOUNDS);
        return bounds[i];
}

void histogram_add(Histogram *h, usec_t usec) {
        size_t i = 0;

        while (i < HISTOGRAM_BOUNDS && usec > bounds[i])
                i++;
        h->counts[i]++;
        h->sum_usec += usec;
}
