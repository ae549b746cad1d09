/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the daemon knows, as JSON for the bus: names in snake_case, bytes, microseconds and
 * permyriad as integers, unknown as null, "schema_version" at the top. No command line of any
 * process is in it. */

#include <stdint.h>

#include "core/event.h"
#include "describe/json-tree.h"
#include "engine/view.h"
#include "kernel/probe.h"

enum { DESCRIBE_SCHEMA_VERSION = 1 };

/* The functions return text that the caller frees, or NULL when out of memory. */

/* The whole state. */
char *describe_state(const View *view, const Probe *probe, usec_t now_usec);

/* The effective policies and what each match selects. Needs a view with processes. */
char *describe_policies(const View *view);

/* Readings and ranking of each policy (only_policy: an index, -1 for all; pid: 0 for all
 * processes). Needs a view with processes; uses its scratch. */
char *describe_judgement(View *view, int only_policy, int32_t pid);

/* The same in plain words. */
char *describe_explanation(View *view, int only_policy, int32_t pid);

/* Who holds memory and who gained it: the largest processes, and units, containers and sessions
 * with the sums of theirs. Needs a view with processes. */
char *describe_consumers(const View *view);

/* The incidents, as in the whole state. */
char *describe_incidents(const View *view);

/* One event. */
char *describe_event(const Event *event);
void describe_put_event(const Event *event, Json *map);

/* What led to something: {"metrics": [...], "at_usec": [...], "values": [[...], ...]}, since a
 * minute has many. */
void describe_put_trail(const TrailEntry *trail, size_t n, Json *map);

/* The rule itself, as it was written: conditions, times, steps. */
void describe_put_policy(const Policy *policy, Json *map);

/* How the machine is: "calm", "armed", "holding", "acting", "critical". */
const char *describe_level(const View *view);

/* Where each part of describe_state() that is about policies is made. */
void describe_add_policy_states(const View *view, Json *parent);
void describe_add_cgroups(const View *view, Json *parent);
void describe_add_incidents(const View *view, Json *parent);
void describe_add_steering(const View *view, Json *parent);
void describe_add_leases(const View *view, Json *parent);
