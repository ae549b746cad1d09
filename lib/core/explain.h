/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The whole of a judgement in plain words: every reading against its threshold and its distance,
 * every candidate with its score and parts, everybody refused and why, what would be done next.
 * Pure: the same text live, from a recording and in tests. */

#include "base/text.h"
#include "core/decide.h"

/* Prints readings, verdicts, incidents and, for each policy with a destructive step (or the one at
 * only_policy, -1: all), the ranking as it would be now. pid > 0 prints only what concerns that
 * process: its place in each ranking or the reason for its refusal. */
void explain_print(const Config *config, const Sample *s, const Verdict *verdicts,
        size_t n_verdicts, const IncidentBook *book, DecideScratch *scratch, int only_policy,
        int32_t pid, TextBuf *out);

/* "mem.available 3.1% (12.3 MiB) < 6%": one atom with its reading. */
void explain_atom(const AtomReading *a, TextBuf *out);

/* ": unit ssh.service, for another 9 min": who is left alone on request; nothing for NULL. */
void explain_ward(const Ward *w, usec_t now_usec, TextBuf *out);

/* A reading in its metric's unit, with the percentage when it has a base. */
void explain_reading(MetricUnit unit, const Reading *r, TextBuf *out);
