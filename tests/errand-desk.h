/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An engine that gives out one errand at a time, of a policy with one step, and keeps the answer.
 */

#include "daemon/errands.h"
#include "tests/harness.h"

static Policy desk_policy;
static Config desk_config;
static Errand desk_errand;
static bool desk_waits;
static Outcome desk_answer;
static unsigned desk_answers;
static Errands desk;

static const Errand *next_at_desk(void *ctx _unused_) {
        bool waits = desk_waits;

        desk_waits = false;
        return waits ? &desk_errand : NULL;
}

static void answer_at_desk(void *ctx _unused_, const Outcome *answer) {
        desk_answer = *answer;
        desk_answers++;
}

static void desk_init(StepKind kind) {
        desk_policy = (Policy){ .name = "here", .n_steps = 1, .steps[0].kind = kind };
        desk_config = (Config){ .policies = &desk_policy, .n_policies = 1 };
        desk_answers = 0;
        errands_init(&desk, (ErrandSource){ next_at_desk, answer_at_desk, NULL });
}

/* Gives out an errand that must be over then; in time, however long that takes. */
static void desk_give(uint64_t id, usec_t deadline_usec) {
        desk_errand.id = id;
        desk_errand.kind = desk_policy.steps[0].kind;
        desk_errand.config = &desk_config;
        desk_errand.deadline_usec = deadline_usec;
        desk_waits = true;
        errands_dispatch(&desk, 0);
}
