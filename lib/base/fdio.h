/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* File descriptors: closing, reading a small kernel file whole, writing a value. Knows no paths of
 * its own: everything is relative to a directory fd. All functions return negative errno and leave
 * outputs untouched on failure. */

#include <dirent.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/macro.h"

/* Closes fd unless it is negative; keeps errno; returns FD_NONE, for `fd = close_fd(fd)`. */
int close_fd(int fd);

static inline void close_fdp(int *fd) {
        close_fd(*fd);
}

#define _cleanup_close_ _cleanup_(close_fdp)

/* Opens dirfd/name read-only, close-on-exec, never waiting for a FIFO's writer, without following a
 * symbolic link in the last component (-ELOOP). Returns the fd or negative errno. */
int fdio_open_at(int dirfd, const char *name);

/* Opens the directory dirfd/name (O_PATH is not used: it must be listable). Returns fd or negative
 * errno. */
int fdio_open_dir_at(int dirfd, const char *name);

/* A stream of the entries of an open directory: takes fd, in any case; closedir() closes it. A
 * negative errno in place of fd, from who was to open it, is passed on. 0 or negative errno. */
int fdio_stream(int fd, DIR **ret);

/* Reads a kept fd from offset 0 into buf[size], NUL-terminates, retries EINTR and goes on after
 * short reads. Returns the length, which is at most size - 1; -EOVERFLOW when the file is longer
 * (buf then holds the beginning). Allocates nothing. */
ssize_t fdio_pread_all(int fd, char *buf, size_t size);

/* The same with exactly one pread(2): for files that the kernel writes in one piece (meminfo,
 * pressure, everything under /proc/PID, one cgroup or sysfs value), where a short read is the end;
 * half the system calls of fdio_pread_all(). Not for vmstat, zoneinfo, swaps and mount tables. A
 * file that fills the buffer to its last byte counts as longer (-EOVERFLOW). size is 2 at least. */
ssize_t fdio_pread_once(int fd, char *buf, size_t size);

/* open + pread_all + close. */
ssize_t fdio_read_at(int dirfd, const char *name, char *buf, size_t size);

/* Opens for writing, writes text with one write(2), closes. Returns 0 or negative errno. */
int fdio_write_at(int dirfd, const char *name, const char *text);

/* readlinkat into buf, NUL-terminated. Returns the length or negative errno (-ENAMETOOLONG when
 * cut). */
ssize_t fdio_readlink_at(int dirfd, const char *name, char *buf, size_t size);
