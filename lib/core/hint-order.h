/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The hints that incidents give and take back, on their way to who tells them: ordered until
 * somebody has taken them on, for a hint that is never taken back would never end.
 *
 * (1) Each incident has one order at most, its latest level: who listens keeps a level for each
 * incident and adds them up himself. (2) An order is of no policy any more: its incident may be
 * forgotten, and its config gone, before it has been delivered. */

#include "core/judge.h"

/* The incident gives its level from now on. */
void hint_give(Judge *j, Incident *i, HintLevel level);

/* It gives none any more: taken back, and told if nobody else asks for as much. Nothing without a
 * hint of the incident. */
void hint_take_back(Judge *j, Incident *i);

void hints_take_outcomes(Judge *j, const Outcome *outcomes, size_t n);

/* Orders what has not been taken on, as far as there is room in the plan. */
void hints_advance(Judge *j);

/* Whether some had no room. */
bool hints_are_waiting(const IncidentBook *book);
