/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Command lines of processes: as far as avertd shows them to who asks, or as they were recorded. */

#include "ctl/connect.h"
#include "engine/view.h"

/* Where they come from: one of both. Borrowed. */
typedef struct CmdlineSource {
        AvertClient *client;
        const View *view;  /* of a recording */
        unsigned failures; /* of the daemon, so far: with a few of them lists are filled no more */
} CmdlineSource;

/* The command line of whoever has the pid, or NULL: it is not for us, or not to be had. Plain text;
 * the caller frees it. */
char *cmdline_ask(const CmdlineSource *source, int32_t pid);

/* Puts "cmdline" beside the "pid" and "start_ticks" of each row of a list; null likewise. */
void cmdline_fill(CmdlineSource *source, Json *rows);
