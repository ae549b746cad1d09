/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the owner of a cgroup wants for it when memory is short: ManagedOOMPreference= of systemd,
 * which writes user.oomd_avoid and user.oomd_omit to its directory (user.* on cgroup files: 5.7).
 */

#include <stdbool.h>

typedef struct CgroupIntent {
        bool avoid; /* only when nobody else is left */
        bool omit;  /* never */
} CgroupIntent;

/* Reads them through a descriptor of the directory. Nothing is wanted where there is no such
 * attribute, no support for any, or the directory is gone. 0, or negative errno; *ret is untouched
 * then. Whose word counts is for the caller to say. */
int cgroup_intent_read(int dir_fd, CgroupIntent *ret);
