/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All process numbers of a /proc directory, or all thread numbers of /proc/PID/task, through a
 * buffer of the caller's. The kernel lists them in ascending order; a tree of files in any order.
 */

#include <stddef.h>
#include <sys/types.h>

#include "kernel/dir-scan.h"

typedef struct ProcList {
        DirScan scan;
        ino_t ino; /* of the entry fetched last: under the live /proc another one once the number is
                      reused */
} ProcList;

/* Opens a directory for listing: dirfd/name, "." for dirfd itself. The position in a directory
 * belongs to the descriptor, so each thread needs one of its own. Returns the fd, which the caller
 * owns and may keep for later listings, or negative errno. */
int proc_list_open(int dirfd, const char *name);

/* Starts from the beginning. buf[size], 8-byte aligned and 1 KiB or larger, stays the caller's; 64
 * KiB take about 2,000 processes per system call. 0 or negative errno. */
int proc_list_init(ProcList *l, int fd, void *buf, size_t size);

/* Fetches the next number. Returns 1; 0 at the end; negative errno. */
int proc_list_next(ProcList *l, pid_t *ret);
