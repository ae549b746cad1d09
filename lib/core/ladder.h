/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which step of which incident comes next.
 *
 * (1) notify, hint, capture and run are taken at once, whoever else is waiting; reversible steps
 * while nobody is being ended.
 * (2) Of the incidents that are due, the first in order of precedence gets the one destructive
 * step: critical first, then system scope, then the order of the policies. (3) A target is picked
 * once and keeps the ladder until it is gone, refused or useless; the next one enters at the first
 * destructive step already reached. */

#include "core/judge.h"

/* Takes the steps that are due. */
void ladder_advance(Judge *j);
