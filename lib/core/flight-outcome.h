/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who of a step's target is gone, and who will not go: what the actuator reported and what samples
 * show. */

#include "core/judge.h"

/* Whether a member is still waited for, and how many are: a cgroup that is taken counts as one
 * more. */
bool flight_is_pending(const Flight *f, size_t member);
size_t flight_n_pending(const Flight *f);

/* Members and cgroups that a fresh sample does not have any more are gone, whether or not anybody
 * saw them go. */
void flight_notice_absence(const Judge *j, Flight *f);
