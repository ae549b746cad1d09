/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a command is told and what it may say: its arguments and environment from an errand, and the
 * last line that it writes. Pure. */

#include <stddef.h>

#include "config/config.h"
#include "core/decide.h"
#include "daemon/starter-message.h"

/* Writes arguments and environment, each with its NUL, into strings[size] and fills in `ret`.
 * now_usec: for the time that is left. 0 or -E2BIG. */
int command_order_write(const Errand *errand, const Step *step, usec_t now_usec, char *strings,
        size_t size, CommandOrder *ret);

/* The outcome that an answer means; ->action is the answer's id.
 *
 * A command that ended with 0 and whose last line is "skip" has SKIPPED the next step, "freed N"
 * says that it freed N bytes; any other last line says nothing. One that failed is believed
 * nothing, and is DONE all the same: it was run. */
Outcome command_outcome(const StarterAnswer *answer, usec_t now_usec);

/* It ran and ended with 0 in time. */
bool command_succeeded(const StarterAnswer *answer);

/* How it went, in words: "ended with status 3 after 12 ms". */
void command_print(const StarterAnswer *answer, TextBuf *out);
