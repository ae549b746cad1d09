/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The part of an explanation that tells who would be chosen, and why not the others. */

#include "base/text.h"
#include "core/decide.h"

/* Prints the ranking of a verdict's policy as it would be now, what would be taken, and who is out
 * of reach; with pid > 0 only the place of that process. Nothing for a policy without a destructive
 * step. */
void explain_ranking(const Config *config, const Sample *s, const Verdict *v,
        const IncidentBook *book, DecideScratch *scratch, int32_t pid, TextBuf *out);
