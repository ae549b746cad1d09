/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The machine in one line, for the bottom of a terminal and for the service manager. */

#include "base/text.h"
#include "engine/view.h"

/* "calm | available 12.1 GiB (51.7%) | swap free 1.9 GiB (98%) | stalled 0% | looks again in 5 s |
 * no incident" */
void status_line_print(const View *view, TextBuf *out);
