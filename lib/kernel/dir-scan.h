/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The entries of a directory, through a descriptor and a buffer of the caller's: no stream is
 * allocated, and a listing can be made again from the same descriptor. */

#include <dirent.h>
#include <stddef.h>

typedef struct DirScan {
        int fd;
        char *buf;
        size_t size;
        size_t pos, len;
} DirScan;

/* Starts from the beginning. The position belongs to the descriptor, so each thread needs one of
 * its own. buf[size], 8-byte aligned and 1 KiB or larger, stays the caller's. 0 or negative errno.
 */
int dir_scan_init(DirScan *s, int fd, void *buf, size_t size);

/* Fetches the next entry, "." and ".." included; valid until the next call. Returns 1; 0 at the
 * end, also when the directory is removed meanwhile; negative errno. */
int dir_scan_next(DirScan *s, const struct dirent64 **ret);
