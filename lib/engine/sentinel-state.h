/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the sentinel's two files share: its thread and loop (sentinel.c) and the tick
 * (sentinel-tick.c). For nobody else. */

#include <pthread.h>
#include <stdatomic.h>

#include "core/trail.h"
#include "engine/flight-watch.h"
#include "engine/sentinel.h"
#include "engine/source-watch.h"
#include "engine/steering-box.h"

/* Of two actions: sent and gone. */
enum { OUTCOMES_MAX = 4 * (TARGET_MEMBERS_MAX + TARGET_GROUPS_MAX) };

struct Sentinel {
        SentinelParts parts;
        bool armed; /* plans are carried out */
        bool quiet; /* a rehearsal: nothing is told */
        uint64_t fill_ceiling;
        Sample sample;
        ProcSample *procs;   /* the sampler's array, as the rehearsal found it */
        GroupSample *groups; /* likewise */
        size_t groups_max;
        uint32_t kept_groups_max;
        Outcome outcomes[OUTCOMES_MAX]; /* for the next judgement */
        size_t n_outcomes;
        FlightWatch flight;
        SourceWatch sources;
        Trail trail; /* of what was judged */
        SentinelStats stats;
        EventTally tally; /* of what was told */
        Event event;      /* under construction */
        usec_t last_tick_usec;
        usec_t blinded_told_usec;
        unsigned reapers_told; /* how many were left when it was last told */
        bool groups_told;      /* that there are more cgroups than limits.cgroups */

        pthread_t thread;
        bool running;
        int wake_fd; /* owner: any */
        int view_fd; /* owner: any */
        SteeringBox steering;
        atomic_bool stop;
        atomic_bool request_processes;
        atomic_bool alarmed;
        _Atomic(const Config *) pending; /* main's, until it is taken */
        _Atomic(const Config *) taking;  /* on its way */
        _Atomic(const Config *) config;  /* in use */
        _Atomic(View *) request;
        _Atomic(View *) done;
        _Atomic(usec_t) heartbeat_usec;
        _Atomic(usec_t) planned_usec;
};
