/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The file of a program that a policy runs: is it there, may it be run, and who could put something
 * else in its place. Knows nothing of running it. Allocates: for whoever reads policies, not for a
 * tick. */

#include "base/text.h"
#include "config/config.h"

/* Whether `path`, run as this user and group, is a program that only root and this user can change:
 * the file itself and each directory above it, links followed. False, with what is wrong as a
 * clause in `why` ("there is no /bin/x"), when it is not; also when it cannot be looked at. */
bool program_file_is_sound(const char *path, uint32_t uid, uint32_t gid, TextBuf *why);

/* Called with one finding at a time, at the policy that has the step; borrowed. */
typedef void (*OnProgramFinding)(const ConfigWarning *finding, void *userdata);

/* Looks at the programs of all policies as they are on this machine now. Returns the number of
 * findings. */
size_t program_files_check(const Config *config, OnProgramFinding on_finding, void *userdata);
