/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How the sentinel does: what woke it, how long its ticks take, what became of its signals. Counted
 * by the sentinel, copied into views. */

#include <stdint.h>

#include "base/histogram.h"
#include "core/decide.h"

typedef enum TriggerMode {
        TRIGGER_PRIVILEGED,  /* windows as wanted */
        TRIGGER_TWO_SECONDS, /* multiples of 2 s only */
        TRIGGER_NONE,        /* polling */
} TriggerMode;

/* CLOCK_MONOTONIC at the turns of a tick. */
typedef struct TickTimes {
        usec_t begin_usec;
        usec_t read_usec;   /* all readings are there */
        usec_t judged_usec; /* the plan is made */
        usec_t done_usec;   /* and carried out */
} TickTimes;

typedef struct SentinelStats {
        uint64_t ticks; /* samples judged */
        uint64_t wakes_timer, wakes_psi, wakes_pidfd, wakes_request, wakes_groups;
        usec_t longest_pass_usec; /* from waking up to the plan carried out */
        usec_t longest_read_usec, longest_judge_usec;
        usec_t longest_late_usec; /* how much later than planned it woke up */
        Histogram late, read, judge, pass;
        usec_t heartbeat_usec;
        uint64_t signals_sent, signals_refused;
        uint64_t blinded; /* a trigger fired while total stood still */
        TriggerMode trigger_mode;
        unsigned reapers_alive, reapers_lost;
        uint64_t events_dropped;
} SentinelStats;

/* A tick is over. */
void sentinel_stats_tick(SentinelStats *s, const TickTimes *t);

/* One begins so much later than it was due. */
void sentinel_stats_late(SentinelStats *s, usec_t late_usec);

/* What became of signals. */
void sentinel_stats_outcomes(SentinelStats *s, const Outcome *outcomes, size_t n);
