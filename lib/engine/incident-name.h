/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the file of an incident is called, for who writes them and who reads them. The name without
 * its ending is what people know the incident by:
 *
 *     20261125T201422.481230-3        incident 3 of its avertd, opened at that time (UTC)
 *     20261125T201422.481230-kernel   kills by the kernel, the first of them then
 *
 * so that names sort by age. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"

#define INCIDENT_DIRECTORY "/var/lib/avert/incidents"
#define INCIDENT_SUFFIX ".json"

/* Of a name with its ending and its NUL; more than any has. */
enum { INCIDENT_NAME_MAX = 64 };

/* Without the ending. opened_usec: CLOCK_REALTIME. incident: Event.incident; 0: of the kernel. */
void incident_name_print(usec_t opened_usec, uint64_t incident, TextBuf *out);

/* False for what is not such a name, with or without the ending. */
bool incident_name_parse(const char *name, uint64_t *ret_incident);

/* With the ending: what may be read, counted and removed as the file of an incident. */
bool incident_name_is_file(const char *name);

/* The directory below the state directory of a service (the first of "a:b"; NULL or "": the usual
 * one). */
void incident_directory_print(const char *state_directories, TextBuf *out);
