/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A directory of files that tell of one thing each, the oldest of which go when there are too many
 * or they are too large; their names sort by age. What is there under its name is whole: it is
 * written under another one, which a crash may leave behind and a later write removes. Knows
 * nothing of what is in them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct FileStoreRule {
        size_t files_max;
        uint64_t bytes_max;                /* of all together */
        bool (*is_ours)(const char *name); /* what may be counted and removed; NULL: each .json */
} FileStoreRule;

/* Makes the last two components where they are missing, for us alone. The descriptor, or negative
 * errno. */
int file_store_open(const char *path);

/* Removes the oldest of the others until there is room for this one of len bytes, and writes it
 * under a name of its own, which *ret_fd holds open. 0; -EFBIG when it alone is more than there may
 * be; negative errno (-ENOSPC, -EDQUOT: nothing of it is left). */
int file_store_write(int dir_fd, const char *name, const char *text, size_t len,
        const FileStoreRule *rule, int *ret_fd);

/* Brings it to the disk and gives it its name, in the place of what had it; may take long. Closes
 * fd. 0 or negative errno: then nothing of it is left, and what had the name is still there. */
int file_store_settle(int dir_fd, const char *name, int fd);
