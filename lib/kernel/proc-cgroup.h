/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/PID/cgroup: the path of a process in the cgroup2 tree. */

#include <stdbool.h>
#include <stddef.h>

enum { PROC_CGROUP_PATH_MAX = 4096 };

/* Finds the cgroup2 line among those of v1 and copies its path, which begins with '/', into
 * path[size]. What the kernel appends to a removed cgroup, " (deleted)", is cut off and told in
 * *ret_deleted. Returns 0; -EBADMSG; -ENODATA when there is no cgroup2 line; -ENAMETOOLONG. */
int proc_cgroup_parse(const char *text, char *path, size_t size, bool *ret_deleted);

/* Reads a kept fd, or pid_fd/cgroup (the kernel allocates a page, and so long a path takes 4 KiB of
 * stack). PROC_OK, PROC_GONE, PROC_DENIED, PROC_NONE (no cgroup2) or negative errno. */
int proc_cgroup_read_fd(int fd, char *path, size_t size, bool *ret_deleted);
int proc_cgroup_read_at(int pid_fd, char *path, size_t size, bool *ret_deleted);
