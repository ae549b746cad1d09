/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is remembered of one cgroup: minima and growth as of a process, its newest steps, the events
 * of the last ten seconds, a few points of its refaults. Small and of fixed size, for there are
 * thousands.
 *
 * (1) A counter counts from the first reading on; from 0 in a cgroup that was made while we
 * watched. (2) A counter that ran backwards belongs to somebody else: all begin afresh. (3) What
 * needs memory.stat moves on only when a new one was read: between two of them what is charged may
 * be page cache as well as memory. When that is much, what the old one says is not known to be true
 * any more.
 * (4) A limit of its own is met sooner than a slope over 10 s turns, so the pace is that of the
 * newest steps; of the slower one, for one alone may be a program that takes what it needs and
 * stays there. */

#include "core/sample.h"
#include "core/usage-track.h"

#define GROUP_EVENT_SECONDS 10
#define GROUP_REFAULT_POINTS 4
#define GROUP_STEPS 2

typedef struct GroupRefaults {
        usec_t at_usec;
        uint64_t counts[2]; /* anon, file */
} GroupRefaults;

/* One more look at what cannot be reclaimed. */
typedef struct GroupStep {
        usec_t at_usec;
        uint64_t bytes;
} GroupStep;

typedef struct GroupTrack {
        UsageTrack usage;
        UsageMinima shmem;
        usec_t stat_usec;                             /* of the newest memory.stat taken in */
        uint64_t stat_current;                        /* what was charged when it came */
        GroupRefaults refaults[GROUP_REFAULT_POINTS]; /* a ring */
        uint8_t refaults_head, n_refaults;
        uint8_t n_steps;
        GroupStep steps[GROUP_STEPS + 1]; /* the newest first */
        bool has_events;
        usec_t events_usec, events_before_usec; /* of the newest counters, and of those before */
        uint64_t events[_GROUP_EVENT_MAX];
        uint16_t recent[GROUP_EVENT_SECONDS][_GROUP_EVENT_MAX]; /* by second, a ring */
        uint64_t oom_kills;                                     /* that came to light ... */
        usec_t oom_usec;              /* ... with the sample of this time */
        GroupLook looks[GROUP_LOOKS]; /* the newest first */
} GroupTrack;

/* What of it outlives the daemon. */
typedef struct GroupPast {
        UsagePast usage;
        UsageMinima shmem;
} GroupPast;

/* Takes one reading of its cgroup in, and fills what of its derived parts rests on it: gained,
 * growth, pace, refaults, recent, oom_kills, and whether unreclaimable, which is filled already, is
 * known. A track of another generation begins anew. now_usec: the time of the sample; grace: growth
 * and rates are unknown. */
void group_track_advance(GroupTrack *t, GroupSample *g, usec_t now_usec, bool grace);

/* After a pause rates and slopes would mean nothing. */
void group_track_pause(GroupTrack *t);
