/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What main and the one-shot commands show: a copy of everything a judgement rested on, made by the
 * sentinel when asked (or by --once and replay), read by the printers. */

#include "core/decide.h"
#include "core/evaluate.h"
#include "core/event-tally.h"
#include "core/sample.h"
#include "core/trail.h"
#include "engine/pipeline.h"
#include "engine/sampler.h"
#include "engine/scout.h"
#include "engine/sentinel-stats.h"
#include "kernel/probe.h"

/* Who would act, were this daemon killed: see handover.h. */
typedef enum StandbyState {
        STANDBY_OFF, /* nobody can: nothing is leased, as in a dry run */
        STANDBY_NONE,
        STANDBY_READY,
        STANDBY_ACTS, /* this is the standby, in the place of a daemon that was killed */
} StandbyState;

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
        EventTally tally;                  /* of what the sentinel told ... */
        uint64_t told_by_main[_EVENT_MAX]; /* ... and of main's own events, since its start */
        ScoutStats scout;
        SourceHealth sources[_SOURCE_MAX];
        uint64_t *match_hits; /* per MatchSpec.id: the most processes or cgroups it selected at one
                               * look since start or reload; see engine_look(). NULL: nobody counts
                               */
        usec_t next_usec;     /* delay to the next tick as planned */
        usec_t started_usec;  /* CLOCK_MONOTONIC at start */
        StandbyState standby;
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
