/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What others are asked to do: the order for it in the plan. */

#include "core/judge.h"

/* A new errand for an incident, of no step yet, until then; NULL when the plan is full in this
 * tick. */
Errand *errand_add(Judge *j, uint64_t incident, StepKind kind, usec_t deadline_usec);

/* Likewise, of the incident's step at `index`. The caller copies the event into it. */
Errand *errand_add_step(
        Judge *j, const Incident *i, StepKind kind, uint16_t index, usec_t deadline_usec);

/* Says whom it is about. */
void errand_describe(const Judge *j, const Target *target, Errand *errand);
