/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When nobody's end would help: where the memory is instead. */

#include "core/judge.h"

/* Tells, once per incident, that nobody is harmed, and why: the best that was found, and the
 * breakdown. */
void no_victim_tell(Judge *j, Incident *i);

/* "slab 3.1 GiB, tmpfs and shared memory 1.2 GiB, …": what is not in processes, largest first. */
void no_victim_print_breakdown(const Sample *s, TextBuf *out);
