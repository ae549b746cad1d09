/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The settings of `run` that are no numbers: what is run and whom as. Internal to the loader. Asks
 * the user database for names; whether the program is there is for others to ask, because a policy
 * may be checked on another machine than the one it is for. */

#include "config/config-keys.h"

/* All arguments of a command with a NUL behind each. */
#define STEP_ARGS_BYTES_MAX 2048

/* Whom a command runs as that nothing is said of: the kernel's overflow id, which systemd wants to
 * be "nobody" and its group on every machine (its UIDS-GIDS.md). */
#define STEP_NOBODY 65534

/* KeyParse of `command`: a list that begins with the absolute path of a program, into the Config's
 * arena. */
int step_command_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *step);

/* KeyParse of `user`: one user by name or number, and his first group; that of an id without a name
 * is nobody's. */
int step_user_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *step);
