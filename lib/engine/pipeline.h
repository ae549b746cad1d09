/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The judging half of a tick, the same for the live daemon, --once, replay and tests: a sample goes
 * in, a plan and the next tick's time come out. Owns history, book and scratch; all memory is made
 * at start. */

#include "core/decide.h"
#include "core/evaluate.h"
#include "core/history.h"

typedef struct Pipeline {
        const Config *config; /* reference held by the owner */
        History *history;
        IncidentBook *book;
        DecideScratch scratch;
        Verdict *verdicts;
        size_t n_verdicts;
        size_t verdicts_size;
        size_t n_dropped; /* instances beyond limits.instances */
        UserSample *users;
        size_t users_size;
        Plan plan;               /* of the last tick */
        usec_t next_usec;        /* delay until the next one */
        usec_t planned_usec;     /* the delay that led to this one; 0: unknown */
        usec_t last_usec;        /* time of the last sample */
        usec_t procs_usec;       /* when processes were last read; USEC_UNSET: never */
        uint64_t procs_version;  /* of the processes that history has, as in Sample */
        usec_t groups_usec;      /* when cgroups were last read; USEC_UNSET: never */
        uint64_t groups_version; /* of the cgroups that history has */
        size_t n_users;          /* summed up from them */
        bool dry;
} Pipeline;

/* Sized by config->limits, for the configs that follow as well. 0 or -ENOMEM. pipeline_done() frees
 * also what a failed pipeline_init() made, and nothing when the pipeline is all zeros. */
int pipeline_init(Pipeline *p, const Config *config, bool dry);
void pipeline_done(Pipeline *p);

/* Phase 1, before cgroups and processes are read: system readings. Empties the sample's processes
 * and cgroups and gives it the pipeline's array of users. */
void pipeline_begin(Pipeline *p, Sample *s);

/* Then: true when the amounts of cgroups are needed. */
bool pipeline_needs_groups(const Pipeline *p, const Sample *s);

/* Phase 2, when the sample has its cgroups: takes them in; true when the amounts of processes are
 * needed as well, which may follow from a cgroup. */
bool pipeline_needs_processes(Pipeline *p, Sample *s);

/* Then: true when the scout should look again, though processes are not needed. */
bool pipeline_needs_scout(const Pipeline *p, const Sample *s);

/* Phase 3: judges the complete sample with the outcomes since the last tick; fills p->verdicts,
 * p->plan and p->next_usec. Processes are taken in when the sample has any, fresh or as the census
 * left them. */
void pipeline_judge(Pipeline *p, Sample *s, const Outcome *outcomes, size_t n_outcomes);

/* Swaps the config in between ticks; events about closed incidents are left in p->plan. */
void pipeline_set_config(Pipeline *p, const Config *config);
