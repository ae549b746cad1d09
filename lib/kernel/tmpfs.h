/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How much memory the files of mounted tmpfs file systems hold, and which of them holds most. It is
 * part of Shmem, belongs to no process, and comes back only when the files are removed; what is
 * left of Shmem (memfd, System V, shared anonymous memory) comes back with its last holder. */

#include <stdint.h>

#include "base/text.h"

enum { TMPFS_PATH_MAX = 64 };

typedef struct TmpfsUsage {
        uint64_t used_bytes; /* of all, each file system once */
        uint64_t largest_bytes;
        char largest[TMPFS_PATH_MAX]; /* its mount point, cut if longer; "" when there is none */
} TmpfsUsage;

/* Asks how much the file system mounted at an absolute path holds. 0 or negative errno. */
typedef int (*TmpfsAsk)(void *ctx, const char *path, uint64_t *ret_bytes);

/* Adds up what the lines of a mountinfo file, read from fd, say: fd is the caller's. File systems
 * that cannot be asked are left out, and those whose mount points lead elsewhere or through a file
 * system that may not answer (mount-tree.h). 0, -ENOMEM or negative errno of reading fd; *ret
 * untouched then. */
int tmpfs_read_fd(int fd, TmpfsAsk ask, void *ctx, TmpfsUsage *ret);

/* For a TmpfsAsk: statfs(2) below the root whose descriptor ctx points to (an int). */
int tmpfs_ask_statfs(void *ctx, const char *path, uint64_t *ret_bytes);
