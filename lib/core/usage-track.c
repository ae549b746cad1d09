/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/usage-track.h"

#include "base/macro.h"
#include "base/number.h"
#include "core/slope.h"

#define BLOCK_USEC (USEC_PER_HOUR / TRACK_BLOCKS)
#define NO_MINIMUM UINT32_MAX
#define RIPE_AFTER_USEC USEC_PER_MIN

/* Six points this far apart reach back 10 s; the first few come sooner, so that a process that is
 * young has a growth early. */
#define POINT_SPACING_MSEC 1900
#define FIRST_SPACING_MSEC 450
#define POINT_AGE_MAX_MSEC 12000

static uint32_t to_kib(uint64_t bytes) {
        return (uint32_t) MIN(bytes / 1024, (uint64_t) NO_MINIMUM - 1);
}

void usage_minima_begin(UsageMinima *m, usec_t at_usec, bool from_nothing) {
        *m = (UsageMinima){ .block = (uint32_t) (at_usec / BLOCK_USEC) };
        for (int i = 0; i < TRACK_BLOCKS; i++)
                m->kib[i] = NO_MINIMUM;
        if (from_nothing)
                m->kib[m->block % TRACK_BLOCKS] = 0; /* (2) */
}

static void roll_blocks(UsageMinima *m, uint32_t block) {
        uint32_t passed = MIN(block - m->block, (uint32_t) TRACK_BLOCKS);

        for (uint32_t i = 0; i < passed; i++)
                m->kib[(block - i) % TRACK_BLOCKS] = NO_MINIMUM; /* (1) */
        m->block = block;
}

void usage_minima_add(UsageMinima *m, usec_t at_usec, uint64_t bytes) {
        uint32_t block = (uint32_t) (at_usec / BLOCK_USEC);

        if (block < m->block)
                return;
        roll_blocks(m, block);
        m->kib[block % TRACK_BLOCKS] = MIN(m->kib[block % TRACK_BLOCKS], to_kib(bytes));
}

static uint32_t least_of(const UsageMinima *m) {
        uint32_t least = NO_MINIMUM;

        for (int i = 0; i < TRACK_BLOCKS; i++)
                least = MIN(least, m->kib[i]);
        return least;
}

uint64_t usage_minima_gained(const UsageMinima *m, uint64_t bytes) {
        uint32_t least = least_of(m);

        return least == NO_MINIMUM ? 0 : sub_sat_u64(bytes, (uint64_t) least * 1024);
}

void usage_minima_recall(UsageMinima *m, const UsageMinima *past) {
        UsageMinima old = *past;

        if (old.block > m->block) /* of no clock of ours */
                return;
        roll_blocks(&old, m->block);
        for (int i = 0; i < TRACK_BLOCKS; i++)
                m->kib[i] = MIN(m->kib[i], old.kib[i]);
}

void usage_track_begin(UsageTrack *t, uint32_t generation, usec_t at_usec, bool born_watched) {
        *t = (UsageTrack){
                .generation_plus_one = generation + 1,
                .born_watched = born_watched,
                .first_usec = at_usec,
        };
        usage_minima_begin(&t->minima, at_usec, born_watched);
}

static uint8_t point_at(const UsageTrack *t, uint8_t age) {
        return (uint8_t) ((t->head + TRACK_POINTS - 1 - age) % TRACK_POINTS);
}

/* (3) */
static void update_growth(UsageTrack *t) {
        SlopePoint points[TRACK_POINTS];
        int64_t per_sec;

        for (uint8_t i = 0; i < t->n; i++) {
                uint8_t at = point_at(t, (uint8_t) (t->n - 1 - i));

                points[i] = (SlopePoint){ t->points_msec[at] * USEC_PER_MSEC, t->points_kib[at] };
        }
        t->growth_known = slope_robust(points, t->n, &per_sec);
        if (t->growth_known)
                t->growth_kib = (int32_t) MAX(MIN(per_sec, INT32_MAX), -INT32_MAX);
}

void usage_track_add_point(UsageTrack *t, usec_t at_usec, uint64_t amount) {
        uint32_t kib = to_kib(amount), msec;

        if (at_usec < t->first_usec)
                return;
        msec = (uint32_t) MIN((at_usec - t->first_usec) / USEC_PER_MSEC, (usec_t) UINT32_MAX);

        if (t->n > 0) {
                uint32_t last = t->points_msec[point_at(t, 0)];
                uint32_t spacing = t->n < 3 ? FIRST_SPACING_MSEC : POINT_SPACING_MSEC;

                if (msec < last || msec - last < spacing)
                        return;
                if (msec - last > POINT_AGE_MAX_MSEC)
                        usage_track_forget_growth(t);
        }

        t->points_msec[t->head] = msec;
        t->points_kib[t->head] = kib;
        t->head = (uint8_t) ((t->head + 1) % TRACK_POINTS);
        t->n = (uint8_t) MIN(t->n + 1, TRACK_POINTS);
        update_growth(t);
}

void usage_track_add_minimum(UsageTrack *t, usec_t at_usec, uint64_t usage) {
        if (at_usec >= t->first_usec)
                usage_minima_add(&t->minima, at_usec, usage);
}

void usage_track_add(UsageTrack *t, usec_t at_usec, uint64_t usage) {
        usage_track_add_minimum(t, at_usec, usage);
        usage_track_add_point(t, at_usec, usage);
}

void usage_track_forget_growth(UsageTrack *t) {
        t->n = 0;
        t->growth_known = false;
}

void usage_track_past(const UsageTrack *t, UsagePast *ret) {
        *ret = (UsagePast){
                .first_usec = t->first_usec,
                .born_watched = t->born_watched,
                .minima = t->minima,
        };
}

void usage_track_recall(UsageTrack *t, const UsagePast *past) {
        if (past->first_usec > t->first_usec || past->minima.block > t->minima.block ||
                t->minima.block - past->minima.block >= TRACK_BLOCKS)
                return;
        usage_minima_recall(&t->minima, &past->minima);
        t->born_watched = t->born_watched || past->born_watched != 0;
        usage_track_forget_growth(t); /* its points count from first_usec */
        t->first_usec = past->first_usec;
}

bool usage_track_baseline(const UsageTrack *t, uint64_t *ret_bytes) {
        uint32_t least = least_of(&t->minima);

        if (least == NO_MINIMUM)
                return false;
        *ret_bytes = (uint64_t) least * 1024;
        return true;
}

bool usage_track_is_ripe(const UsageTrack *t, usec_t at_usec) {
        return t->born_watched || usec_since(at_usec, t->first_usec) >= RIPE_AFTER_USEC;
}
