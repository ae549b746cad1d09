/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fill-trend.h"

#include "base/macro.h"
#include "base/number.h"
#include "core/slope.h"

#define POINT_SPACING_USEC (20 * USEC_PER_MSEC)
#define DENSE_USEC USEC_PER_SEC
#define DENSE_POINTS 8
#define SPARSE_USEC (3 * USEC_PER_SEC)
#define SPARSE_POINTS 3
#define OLDEST_USEC (20 * USEC_PER_SEC)

void fill_trend_reset(FillTrend *f) {
        f->n = 0;
        f->rising = 0;
        f->known = false;
}

static const FillPoint *point_at(const FillTrend *f, uint32_t age) {
        return &f->points[(f->head + FILL_POINTS_MAX - 1 - age) % FILL_POINTS_MAX];
}

/* (2). A release is large from 1/64 of memory on; what slope survives it would be the one before.
 */
static bool begins_segment(const FillTrend *f, const SystemRaw *raw, uint64_t left_bytes) {
        if (raw->mem_total != f->mem_total || raw->swap_total != f->swap_total)
                return true;
        return f->n > 0 && left_bytes > point_at(f, 0)->left_bytes + raw->mem_total / 64;
}

/* (3). A step back within the noise of the counters neither counts nor starts again. */
static void count_rising(FillTrend *f, const SystemRaw *raw, uint64_t left_bytes) {
        uint64_t before;

        if (f->n == 0)
                return;

        before = point_at(f, 0)->left_bytes;
        if (left_bytes < before)
                f->rising++;
        else if (left_bytes - before > raw->mem_total / 8192)
                f->rising = 0;
}

/* (1). Points of the slope, oldest first, evenly thinned to what the slope takes. */
static size_t collect(const FillTrend *f, SlopePoint *ret) {
        usec_t newest = point_at(f, 0)->at_usec;
        uint32_t n = 0;
        size_t count;

        while (n < f->n) {
                usec_t age = newest - point_at(f, n)->at_usec;

                if ((age > DENSE_USEC && n >= DENSE_POINTS) ||
                        (age > SPARSE_USEC && n >= SPARSE_POINTS) || age > OLDEST_USEC)
                        break;
                n++;
        }

        count = MIN(n, (uint32_t) SLOPE_POINTS_MAX);
        for (size_t i = 0; i < count; i++) {
                const FillPoint *p =
                        point_at(f, (uint32_t) (i * (n - 1) / MAX(count - 1, (size_t) 1)));

                ret[count - 1 - i] = (SlopePoint){ p->at_usec,
                        (int64_t) MIN(p->left_bytes, (uint64_t) INT64_MAX) };
        }
        return count;
}

void fill_trend_add(FillTrend *f, const SystemRaw *raw, uint64_t left_bytes) {
        SlopePoint points[SLOPE_POINTS_MAX];
        int64_t slope;
        size_t n;

        if (f->n > 0 && raw->at_usec - point_at(f, 0)->at_usec < POINT_SPACING_USEC)
                return;
        if (begins_segment(f, raw, left_bytes))
                fill_trend_reset(f);

        count_rising(f, raw, left_bytes);
        f->mem_total = raw->mem_total;
        f->swap_total = raw->swap_total;
        f->points[f->head] = (FillPoint){ raw->at_usec, left_bytes };
        f->head = (f->head + 1) % FILL_POINTS_MAX;
        f->n = MIN(f->n + 1, (uint32_t) FILL_POINTS_MAX);

        n = collect(f, points);
        f->known = slope_robust(points, n, &slope);
        if (f->known) {
                f->rate = -slope;
                f->since_usec = points[0].at_usec;
        }
}

Reading fill_trend_rate(const FillTrend *f) {
        if (!f->known)
                return (Reading){ 0 };
        return (Reading){ .known = true, .value = f->rate, .since_usec = f->since_usec };
}

Reading fill_trend_exhaustion(const FillTrend *f) {
        Reading r = { .known = true, .value = INT64_MAX, .since_usec = f->since_usec };
        uint64_t left;

        if (!f->known)
                return (Reading){ 0 };
        if (f->rate <= 0 || f->rising < 3)
                return r;

        left = mul_div_u64(point_at(f, 0)->left_bytes, USEC_PER_SEC, (uint64_t) f->rate);
        r.value = (int64_t) MIN(left, (uint64_t) INT64_MAX);
        return r;
}
