/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a lease goes on when its order is answered, when it is over, and what is told of it. */

#include "core/judge.h"

/* Remembers what its cgroup is called. */
void lease_describe(Lease *l, const GroupFacts *facts);

/* A new event about it, or NULL when the plan is full. text: NULL for why it is returned. */
Event *lease_tell(Judge *j, const Lease *l, EventKind kind, const char *text);

/* Moves it on by the outcome of its latest order. */
void lease_take_outcome(Judge *j, Lease *l, const Outcome *o);

/* Why it has to be returned (a literal), or NULL while it may hold. g: its cgroup, NULL when the
 * sample has it no more. */
const char *lease_why_over(const Judge *j, const Lease *l, const GroupSample *g);
