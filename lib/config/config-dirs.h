/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which policy files a machine has, and what is in them: directories, masking, reading. Knows
 * nothing of the language. Internal to the loader. */

#include <stdbool.h>
#include <stddef.h>

#include "config/config-draft.h"

#define CONFIG_FILES_MAX 256

typedef struct ConfigFile {
        const char *name; /* within its directory: decides order and masking */
        const char *path; /* for messages, from the root */
        bool builtin;     /* no file: the text compiled in */
} ConfigFile;

typedef struct ConfigFiles {
        ConfigFile items[CONFIG_FILES_MAX + 1];
        size_t n;
        bool builtin_masked; /* a file has the built-in's name */
} ConfigFiles;

/* Lists the files of the three directories below rootfd, same names masked, sorted by name, the
 * built-in among them unless it is masked. 0; -ENOMEM; or another negative errno, reported. */
int config_dirs_list(Loader *l, int rootfd, ConfigFiles *ret);

/* Reads dirfd/path (relative, or absolute with dirfd ignored) whole into the scratch arena.
 * *ret_masked is set for an empty file and for a link to /dev/null; the text is empty then. 0;
 * -ENOMEM; or another negative errno, reported. */
int config_dirs_read(Loader *l, int dirfd, const char *path, const char *shown, SourceText *ret,
        bool *ret_masked);
