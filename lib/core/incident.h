/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The life of incidents: from the first true sample over `for`, open and clear to the end of the
 * cooldown.
 *
 * (1) `for` counts from the first true sample; a false one restarts it. Unknown restarts it before
 * an incident opens, and changes nothing afterwards. (2) An incident that is true again within its
 * cooldown is the same incident at the same step. (3) What was not told when it opened is not told
 * when it closes. */

#include "core/judge.h"

/* Moves all incidents on by this tick's verdicts: opens, reopens, closes and forgets them. */
void incidents_advance(Judge *j);

/* The incident of that number, or NULL. */
Incident *incident_by_id(IncidentBook *book, uint64_t id);

/* True when an open incident's condition has held long enough for a step (or is critical). */
bool incident_is_due(const Judge *j, const Incident *i, const Verdict *v);

/* True when the policy has a step that may harm somebody. */
bool incident_can_harm(const Judge *j, const Incident *i);

/* Nobody waits for its reversible step any more, neither for the outcome nor until it has settled.
 */
void incident_drop_relief(const Judge *j, Incident *i);

/* Ends an incident now, with a sentence (a literal, or NULL). It is told by one of the next two. */
void incident_close(Judge *j, Incident *i, const char *why);

/* Tells the end of an incident that was closed and not told yet; of all. Last in a tick: what a
 * step freed that ended in the same tick belongs to it. */
void incident_tell_end(Judge *j, Incident *i);
void incidents_tell_ends(Judge *j);

/* Writes the readings of this moment as the incident's reason, for the step that is taken now. v is
 * true. */
void incident_renew_reason(const Judge *j, Incident *i, const Verdict *v);
