/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is remembered of one process or cgroup: block minima of its anon + swap over the last hour,
 * a few recent points for its growth. Small and of fixed size, for there are thousands.
 *
 * (1) A block that was not looked at has no minimum and does not count.
 * (2) What was born while we watched had nothing before its birth: the block of its birth has
 * minimum 0, so for an hour it counts in full. (3) The growth is computed when a point is added,
 * not when it is asked for. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define TRACK_BLOCKS 12
#define TRACK_POINTS 6

/* The minima alone, of any amount in bytes. */
typedef struct UsageMinima {
        uint32_t block; /* number of the newest block since the clock's start */
        uint32_t kib[TRACK_BLOCKS];
} UsageMinima;

/* from_nothing: what is there was not, a moment ago. */
void usage_minima_begin(UsageMinima *m, usec_t at_usec, bool from_nothing);

/* Takes in a reading; one from before the newest block is ignored. */
void usage_minima_add(UsageMinima *m, usec_t at_usec, uint64_t bytes);

/* What the newest reading is beyond the minimum over the last hour, bytes; 0 without one. */
uint64_t usage_minima_gained(const UsageMinima *m, uint64_t bytes);

typedef struct UsageTrack {
        uint32_t generation_plus_one; /* 0: unused */
        UsageMinima minima;
        uint32_t points_kib[TRACK_POINTS];
        uint32_t points_msec[TRACK_POINTS]; /* since first_usec */
        int32_t growth_kib;                 /* per second */
        uint8_t head, n;
        bool growth_known;
        bool born_watched; /* (2) */
        usec_t first_usec;
} UsageTrack;

/* Starts to watch the one of this generation. born_watched: it was born after watching began. */
void usage_track_begin(UsageTrack *t, uint32_t generation, usec_t at_usec, bool born_watched);

/* Takes in a reading of anon + swap, for the minima and for the growth; earlier ones than the last
 * are ignored. */
void usage_track_add(UsageTrack *t, usec_t at_usec, uint64_t usage);

/* The two halves of it, for whom the growth is that of another amount than anon + swap. */
void usage_track_add_minimum(UsageTrack *t, usec_t at_usec, uint64_t usage);
void usage_track_add_point(UsageTrack *t, usec_t at_usec, uint64_t amount);

/* Forgets the recent points: after a pause their slope would mean nothing. */
void usage_track_forget_growth(UsageTrack *t);

/* What of it outlives the daemon, for the next one on the same boot: its clock goes on. */
typedef struct UsagePast {
        usec_t first_usec;
        uint64_t born_watched;
        UsageMinima minima;
} UsagePast;

void usage_track_past(const UsageTrack *t, UsagePast *ret);

/* Takes in what an earlier daemon saw of the same one. What is older than an hour is forgotten, and
 * the recent points with it. */
void usage_track_recall(UsageTrack *t, const UsagePast *past);

/* Adds the minima of earlier blocks, or of the same ones. */
void usage_minima_recall(UsageMinima *m, const UsageMinima *past);

/* The minimum over the last hour, bytes; false when there is none. */
bool usage_track_baseline(const UsageTrack *t, uint64_t *ret_bytes);

/* False when it was there before us and has been watched for less than a minute. */
bool usage_track_is_ripe(const UsageTrack *t, usec_t at_usec);
