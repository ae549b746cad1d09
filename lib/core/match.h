/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which processes and cgroups a match of the policy means. Pure. */

#include <stdbool.h>

#include "config/config.h"
#include "core/sample.h"

/* True when all keys of the spec hold for the process. now is the sample's CLOCK_BOOTTIME (for
 * age). */
bool match_spec(const MatchSpec *spec, const ProcSample *proc, usec_t boottime_usec);

/* The first spec of the list that holds, or NULL. An empty list holds for nothing. */
const MatchSpec *match_list(const MatchList *list, const ProcSample *proc, usec_t boottime_usec);

/* True when all keys of the spec hold for the cgroup: cgroup, unit, user_unit, slice, container and
 * uid; what only a process has holds for no cgroup. */
bool match_spec_group(const MatchSpec *spec, const GroupFacts *group);

/* The first spec of the list that holds, or NULL. */
const MatchSpec *match_list_group(const MatchList *list, const GroupFacts *group);

/* True when a glob that means a slice - one that ends in ".slice" - holds for the cgroup. */
bool match_list_names_slice(const MatchList *list, const GroupFacts *group);

/* True when the match can be decided from facts alone (no age, no size), so that the answer may be
 * kept. */
bool match_is_static(const MatchList *list);
