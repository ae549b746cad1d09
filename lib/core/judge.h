/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the parts of decide() work on during one tick. */

#include "core/decide.h"

/* The same on every architecture; <signal.h> is not for this layer. */
#define SIGNO_KILL 9
#define SIGNO_TERM 15

typedef struct Judge {
        const Config *config;
        const Sample *s;
        const Verdict *verdicts;
        size_t n_verdicts;
        bool dry;
        IncidentBook *book;
        DecideScratch *scratch;
        Plan *plan;
        usec_t now_usec;
        uint64_t
                largest; /* bytes the largest process would free: the target, before there is one */
        const Policy *ranked; /* whose ranking is in scratch; NULL: none in this tick */
        InstanceKey ranked_key;
        bool harmed;      /* a destructive step was taken in this tick */
        bool outcome_new; /* a step's outcome came after these verdicts: nothing destructive in this
                             tick */
} Judge;

static inline const Policy *judge_policy(const Judge *j, const Incident *i) {
        return &j->config->policies[i->policy];
}

/* The verdict about an incident's instance, or NULL. */
const Verdict *judge_verdict(const Judge *j, const Incident *i);

/* mem.available + swap.free at its worth; false when unknown. */
bool judge_left(const Judge *j, uint64_t *ret);

/* From SIGKILL to the return of the memory: 100 ms and 0.1 ms for each MiB (one exit path gives
 * back 11 MiB a millisecond, measured). */
usec_t judge_kill_takes_usec(uint64_t target_bytes);

/* Too late for patience: less than 2 % of memory is available, or less than 15 % and it will be
 * gone before a target of this size could be. For an incident about a cgroup also when less than 15
 * % of its limit is left, there is no swap to give way to, and it will meet it as soon as that. */
bool judge_is_critical(const Judge *j, const Incident *i, uint64_t target_bytes);

/* A new event in the plan with what all events have, for an incident (or NULL); NULL when the plan
 * is full (then it is counted). */
Event *judge_add_event(Judge *j, EventKind kind, const Incident *i);

/* True when n more actions have room in this tick, beside the two that are kept for a signal and
 * its escalation. */
bool judge_has_room(const Judge *j, size_t n);

/* A new action in the plan with what all actions have, for a step of an incident; NULL when the
 * plan is full. */
Action *judge_add_action(
        Judge *j, ActionKind kind, uint64_t incident, uint16_t policy, StepKind step);

/* Fills the event's view of a process. */
void judge_describe(const Sample *s, const Candidate *c, EventProcess *ret);

/* Fills the event's view of a cgroup. */
void judge_describe_group(const Sample *s, const GroupSample *g, EventGroup *ret);
void judge_describe_group_candidate(const Sample *s, const GroupCandidate *c, EventProcess *ret);
