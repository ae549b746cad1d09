/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What all readers of cgroup files share: outcomes, and opening a file of a cgroup. */

/* Outcomes. */
enum {
        CGROUP_OK = 0,
        CGROUP_GONE = 1, /* removed. A kept descriptor of a file says so when it is read (ENODEV);
                          * poll(2) finds it readable for ever */
        CGROUP_UNSUPPORTED = 2, /* no such file here: controller absent, v1, not enabled; the root;
                                 * a kernel without it; or it refuses in a threaded cgroup */
};

/* From a negative errno of an open file to an outcome; other errors, and what is not negative, are
 * passed through. */
int cgroup_outcome(int r);

/* Opens dirfd/name for reading, name being memory.current and the like, or a path to it. CGROUP_OK
 * (the caller owns *ret), CGROUP_GONE, CGROUP_UNSUPPORTED (the cgroup is there, the file is not) or
 * negative errno. */
int cgroup_file_open_at(int dirfd, const char *name, int *ret);

/* The same for writing: cgroup.kill, memory.reclaim. O_NONBLOCK. */
int cgroup_file_open_write_at(int dirfd, const char *name, int *ret);

/* The same for reading and writing: memory.high, cgroup.freeze. O_NONBLOCK: a limit below what is
 * charged is set without reclaim in the writer, on kernels that know the flag (6.16); older ones
 * take it and reclaim all the same. */
int cgroup_file_open_both_at(int dirfd, const char *name, int *ret);
