/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a change that was asked for came out: one sentence, or a document with it. */

#include "ctl/ctl.h"

/* The document, in the form that --json asks for. */
void verdict_print_json(const Ctl *ctl, bool done, const char *message);

/* Prints it, as --json says; what was not done goes to ctl->err. Returns the exit code. */
int verdict_print(const Ctl *ctl, bool done, const char *message);
