/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The reversible steps: reclaim, throttle, freeze and limit, of a cgroup.
 *
 * (1) One of an incident is under way at a time; its end is known when the outcome is, or at its
 * timeout, and it settles for this incident alone. (2) What cannot be done here is left out with
 * its reason, and the ladder goes on. (3) When there is no time, they are left out, but for a
 * limit, which waits. */

#include "core/judge.h"

typedef enum ReliefAnswer {
        RELIEF_TAKEN, /* it is under way */
        RELIEF_OUT,   /* left out, and told */
        RELIEF_LATER, /* not in this tick */
} ReliefAnswer;

/* Takes the step at `index`. */
ReliefAnswer relief_take(Judge *j, Incident *i, const Verdict *v, uint16_t index);

/* Tells that a step is left out, and why. */
void relief_tell_skipped(
        Judge *j, const Incident *i, StepKind step, const GroupSample *g, const char *why);

void reliefs_take_outcomes(Judge *j, const Outcome *outcomes, size_t n);

/* Ends those whose outcome is known, and their settling. */
void reliefs_advance(Judge *j);
