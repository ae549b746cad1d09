/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The machine in one line, for the bottom of a terminal and for the service manager. */

#include "base/text.h"
#include "engine/view.h"

/* "calm | available 12.1 GiB (51.7%) | swap 1.9 GiB (98%) | stalled 0% | next look 5 s": what is
 * left, and how much of the time everybody waited for memory. */
void status_line_print(const View *view, TextBuf *out);
