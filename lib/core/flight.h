/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one destructive step under way: from the order over its outcome to the measured effect.
 *
 * (1) The outcome is known when all members are gone, when the write returned (signal), or at the
 * deadline. (2) Settling starts there; until its end nothing is judged, and afterwards only by what
 * began later. (3) What came back is measured against what was there when the order was given,
 * corrected by what all others were filling meanwhile. (4) When the trouble is over before the end
 * of grace, nobody is killed any more. */

#include "core/judge.h"

/* Sends an order to the members of a target, or asks the service manager, and starts to follow it.
 * index: of the policy's step that led to it. dry: it is only shown. Returns the event, or NULL
 * when the plan is full. */
Event *flight_start(Judge *j, Incident *i, const Step *step, uint16_t index, const Target *target);

/* Takes in what the actuator reported. */
void flight_take_outcomes(Judge *j, const Outcome *outcomes, size_t n);

/* Moves it on: members that vanished, the end of grace, the deadline, the end of settling. */
void flight_advance(Judge *j);
