/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Pauses and wards as events: their beginning, their end, and what they hold back. */

#include "core/judge.h"

/* Tells what changed since it was told last, whoever changed it, the clock included. */
void steering_tell(Judge *j);

/* True when a pause holds this step of an incident back; told once for each incident and pause. */
bool steering_holds_back(Judge *j, Incident *i, StepKind step);
