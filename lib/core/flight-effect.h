/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a destructive step ends: what it freed against what it promised, what is remembered of it,
 * and where its incident's ladder goes on. */

#include "core/judge.h"

/* Fills an event with the flight's step and target. */
void flight_describe(const Flight *f, Event *e);

/* Takes a reading of what came back, if there is one after the end of the members. */
void flight_measure(const Judge *j, Flight *f);

/* The possible ends; each leaves the flight inactive. */
void flight_end_settled(Judge *j, Flight *f, Incident *i);
void flight_end_refused(Judge *j, Flight *f, Incident *i);
void flight_end_unanswered(Judge *j, Flight *f, Incident *i); /* by the service manager */
void flight_end_stuck(Judge *j, Flight *f, Incident *i, const char *why);
void flight_end_spared(Judge *j, Flight *f, Incident *i, const char *why);
void flight_end_dry(Flight *f, Incident *i);
