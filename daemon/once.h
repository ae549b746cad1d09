/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* --once: judges the machine, or every tree of a recording, on the spot; prints what was decided
 * and why. Acts on nothing. */

#include "daemon/options.h"

/* Returns the exit code. */
int once_run(const Options *o);
