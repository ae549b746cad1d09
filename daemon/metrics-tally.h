/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The event tally as metrics show it: for each step of each policy what became of it. A step of a
 * policy that is in force is there from the start, with zeros: who asks how much a counter grew
 * would not see its first time otherwise. Counts of policies that are in force no more follow. */

#include "config/config.h"
#include "core/event-tally.h"

typedef enum StepResult {
        RESULT_NONE,  /* the event tells of no step's fate */
        RESULT_TAKEN, /* begun; the others tell how it went on */
        RESULT_ESCALATED,
        RESULT_DONE,
        RESULT_FAILED,
        RESULT_SKIPPED,
        _RESULT_MAX,
} StepResult;

/* Literal. */
const char *step_result_name(StepResult result);

typedef struct StepTotal {
        const char *policy; /* of the config's or the tally's; "": those that found no room there */
        StepKind step;
        uint64_t n[_RESULT_MAX];
        uint64_t freed_bytes;
} StepTotal;

typedef struct PolicyTotal {
        const char *policy; /* as above */
        uint64_t opened;    /* incidents, opened or opened again */
} PolicyTotal;

/* Borrows the names. */
typedef struct MetricsTally {
        StepTotal *steps;
        size_t n_steps;
        PolicyTotal *policies;
        size_t n_policies;
} MetricsTally;

/* 0 or -ENOMEM. */
int metrics_tally_init(MetricsTally *m, const Config *config, const EventTally *tally);
void metrics_tally_done(MetricsTally *m);
