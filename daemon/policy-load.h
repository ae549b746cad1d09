/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where the daemon's policy comes from: the files of the command line, else the directories of the
 * machine (or of the recorded tree) it looks at. */

#include "config/config-load.h"
#include "daemon/options.h"

/* The contract of config_load_dirs(). */
int policy_load(const Options *o, Config **ret, ConfigErrors *reterr);

/* The same without details: prints what is wrong to stderr, at most a few screens. */
int policy_load_or_print(const Options *o, Config **ret);

/* Tells of what is accepted and should be known all the same: the config's warnings, and programs
 * that are not as they should be on this machine (a recorded tree has none). Returns how many. */
typedef void (*OnPolicyWarning)(const ConfigWarning *warning, void *userdata);
size_t policy_warn(
        const Options *o, const Config *config, OnPolicyWarning on_warning, void *userdata);

/* Likewise, to the log. */
void policy_log_warnings(const Options *o, const Config *config);

/* --check-config; returns the exit code. */
int policy_check(const Options *o);

/* What is wrong, on one line: the first error, and how many more there are. */
void policy_print_first_error(const ConfigErrors *errors, int r, TextBuf *out);
