/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The document of an incident, in words. */

#include "ctl/ctl.h"
#include "ctl/json-tree.h"

/* Two or more lines of a list: when, how it stands, its policy and name; what was done. */
void incident_text_line(const Ctl *ctl, const Json *incident);

/* All of it: what it came to, the rule, each event, the readings before. */
void incident_text_show(const Ctl *ctl, const Json *incident);

/* Why: the rule, and at each decision who was considered and what came of it. */
void incident_text_explain(const Ctl *ctl, const Json *incident);

/* One event as it is told when it comes: when, which incident, what. */
void incident_text_event(const Ctl *ctl, const char *id, const Json *event);

/* The event that says most about what was done; NULL: none does. The name of a unit that it was
 * done to, "" when there is none. */
const Json *incident_text_telling(const Json *incident);
const char *incident_text_unit(const Json *event);
