/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Why a condition holds, in one line: "mem.available 3.1% < 6% for 1 s, swap.free 2% < 10%". Pure.
 */

#include "base/text.h"
#include "core/evaluate.h"

/* The atoms that make the verdict what it is, each with its reading and threshold. held_usec: since
 * when, 0 to leave it out. */
void reason_print(const Verdict *v, usec_t held_usec, TextBuf *out);

/* One atom: "mem.available 3.1% < 6%". amount: with the bytes behind a percentage. */
void reason_print_atom(const AtomReading *a, bool amount, TextBuf *out);

/* A value in its unit: bytes, rate, count, share or time. */
void reason_print_value(MetricUnit unit, int64_t value, TextBuf *out);
