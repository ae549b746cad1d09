/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The steps that harm nobody: notify, hint, capture, run. They are taken at once, whoever else is
 * waiting, and never settle. What others have to do for them leaves as an errand; only a
 * destructive step of the same incident waits for the answer, until its deadline at most. */

#include "core/judge.h"

/* Takes the step at `index`. False: not in this tick. */
bool aside_take(Judge *j, Incident *i, const Verdict *v, uint16_t index);

/* True while evidence or a command of this incident may still be answered in time. */
bool aside_is_awaited(const Judge *j, const Incident *i);

void asides_take_outcomes(Judge *j, const Outcome *outcomes, size_t n);

/* Gives up what was not answered. */
void asides_advance(Judge *j);
