/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a change that was asked for came out: one sentence, or a document with it. */

#include "ctl/connect.h"

/* The document, in the form that --json asks for. */
void verdict_print_json(const Ctl *ctl, bool done, const char *message);

/* Prints it, as --json says; what was not done goes to ctl->err. Returns the exit code. */
int verdict_print(const Ctl *ctl, bool done, const char *message);

/* Asks the daemon for one change; `about` is as the verb has it, perhaps NULL. 0 or negative errno,
 * as the library's functions. */
typedef int (*ChangeAsk)(
        const Ctl *ctl, AvertClient *client, const char *about, bool *ret_done, char **ret_message);

/* Connects for a change, asks for it and prints how it came out; `what` is for "cannot ...".
 * Returns the exit code. */
int verdict_ask(const Ctl *ctl, ChangeAsk ask, const char *about, const char *what);
