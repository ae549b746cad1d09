/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What `incidents` and `explain` both do with the files of incidents. */

#include "ctl/incident-files.h"

/* Whether an incident is one of those that are wanted. */
typedef bool (*IncidentFilter)(const Json *incident, const void *what);

/* Prints those that match (NULL: all), the latest ctl->count of the files at most. CTL_FAILED when
 * a filter left none. */
int incidents_list(
        const Ctl *ctl, const IncidentFiles *f, IncidentFilter matches, const void *what);

/* Prints the one that is meant by `what`, as JSON or by `print`. The exit code. */
int incidents_print(const Ctl *ctl, const IncidentFiles *f, const char *what,
        void (*print)(const Ctl *ctl, const Json *incident));
