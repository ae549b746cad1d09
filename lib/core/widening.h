/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a spent budget leads to: what comes back again and again costs who starts it. First its
 * parent, then its unit, at last the unit is stopped through the service manager. */

#include "core/choice.h"
#include "core/judge.h"

/* Fits the choice into the policy's budget, by widening its target or, where there is no time, as
 * it is. False when nothing may be done about this class now. */
bool widening_fit(Judge *j, Incident *i, const Verdict *v, Choice *choice);

/* Counts a step on the target. */
void widening_count(Judge *j, const Incident *i, const Target *target);
