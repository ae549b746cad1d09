/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The directory of captures: files of at most so many bytes and of a bounded number, whose names
 * sort by age. What is there under its name is whole: it is written under another one, which a
 * crash may leave behind and the next capture removes. */

#include <stddef.h>
#include <stdint.h>

#define CAPTURES_MAX 64

/* Makes the last component if it is missing, for us alone. The descriptor, or negative errno. */
int capture_store_open(const char *path);

/* Removes the oldest until there is room for one more of len bytes, and writes that under a name of
 * its own, which *ret_fd holds open. 0; -EFBIG when it alone is more than the quota; negative errno
 * (-ENOSPC, -EDQUOT: nothing of it is left). */
int capture_store_write(int dir_fd, const char *name, const char *text, size_t len,
        uint64_t quota_bytes, int *ret_fd);

/* Brings it to the disk and gives it its name; may take long. Closes fd. 0 or negative errno: then
 * nothing of it is left. */
int capture_store_settle(int dir_fd, const char *name, int fd);
