/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The command line of avertctl: options anywhere, then the verb and its arguments. */

#include "ctl/ctl.h"

/* Fills ctl and *ret_verb, and leaves argv[*ret_first] as the verb's first argument. CTL_OK to go
 * on; else *ret_verb is NULL and the exit code is returned (CTL_OK after --help and --version,
 * too). */
int options_parse(Ctl *ctl, int argc, char *argv[], const Verb **ret_verb, int *ret_first);
