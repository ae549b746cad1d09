/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this machine wants its users not to see of each other. */

#include <stdbool.h>

/* True when /proc is mounted so that users see their own processes only (hidepid). */
bool privacy_hides_processes(void);

/* The same from the text of a mount table (/proc/self/mounts). */
bool privacy_parse_mounts(const char *text);
