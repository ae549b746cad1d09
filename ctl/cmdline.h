/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Command lines of processes, as far as avertd shows them to who asks: it decides, for each. */

#include "ctl/connect.h"

/* The command line of whoever has the pid, or NULL: it is not for us, or not to be had. The caller
 * frees it. */
char *cmdline_ask(AvertClient *client, int32_t pid);

/* Puts "cmdline" beside the "pid" and "start_ticks" of each row of a list; null likewise. */
void cmdline_fill(AvertClient *client, Json *rows);
