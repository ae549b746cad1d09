/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What main and the one-shot commands show: a copy of everything a judgement rested on, made by the
 * sentinel when asked (or by --once and replay), read by the printers. */

#include "core/decide.h"
#include "core/evaluate.h"
#include "core/sample.h"
#include "core/trail.h"
#include "engine/pipeline.h"
#include "engine/sampler.h"
#include "engine/scout.h"
#include "kernel/probe.h"

typedef enum TriggerMode {
        TRIGGER_PRIVILEGED,  /* windows as wanted */
        TRIGGER_TWO_SECONDS, /* multiples of 2 s only */
        TRIGGER_NONE,        /* polling */
} TriggerMode;

typedef struct SentinelStats {
        uint64_t ticks; /* samples judged */
        uint64_t wakes_timer, wakes_psi, wakes_pidfd, wakes_request, wakes_groups;
        usec_t longest_pass_usec; /* from waking up to the plan carried out */
        usec_t longest_read_usec, longest_judge_usec;
        usec_t longest_late_usec; /* timer: how much later than planned */
        usec_t heartbeat_usec;
        uint64_t signals_sent, signals_refused;
        uint64_t blinded; /* a trigger fired while total stood still */
        TriggerMode trigger_mode;
        unsigned reapers_alive, reapers_lost;
        uint64_t events_dropped;
} SentinelStats;

typedef struct View {
        const Config *config; /* referenced while the view is held */
        Sample sample;        /* procs, groups and users point into the view */
        ProcSample *procs;
        size_t procs_room;
        size_t procs_cut; /* processes that found no room: more than when the view was made */
        GroupSample *groups;
        size_t groups_room;
        size_t groups_cut; /* likewise */
        UserSample *users;
        size_t users_room;
        Verdict *verdicts;
        size_t verdicts_room;
        size_t n_verdicts;
        size_t n_dropped;
        IncidentBook book;
        Trail trail;           /* empty unless the sentinel made the view */
        DecideScratch scratch; /* main's own, for rankings */
        SentinelStats sentinel;
        ScoutStats scout;
        SourceHealth sources[_SOURCE_MAX];
        uint64_t *match_hits; /* per MatchSpec.id: the most processes or cgroups it selected at one
                               * look since start or reload; see engine_look(). NULL: nobody counts
                               */
        usec_t next_usec;     /* delay to the next tick as planned */
        usec_t started_usec;  /* CLOCK_MONOTONIC at start */
        bool dry;
        bool critical;
} View;

typedef struct ViewRoom {
        size_t processes, groups, users, verdicts;
} ViewRoom;

/* Makes an empty view with room for these many, every page touched: filling it does not fault. 0 or
 * -ENOMEM. */
int view_new(const ViewRoom *room, View **ret);
View *view_free(View *v);

/* Copies what the pipeline judged last into the view: sample, verdicts, book, config (not
 * referenced), next tick. Allocates nothing; what finds no room is left out. The facts stay the
 * roster's. */
void view_fill(View *v, const Pipeline *p, const Sample *s);
