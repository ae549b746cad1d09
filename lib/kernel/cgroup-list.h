/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The cgroups below a cgroup: its directories, with the number that identifies each. */

#include <stdbool.h>
#include <stdint.h>

#include "kernel/dir-scan.h"

typedef struct CgroupList {
        DirScan scan;
        uint64_t inode; /* of the one fetched last: on a live cgroup2 never used a second time */
} CgroupList;

/* Starts a listing of the directory fd; as dir_scan_init(). A cgroup has about 70 files: 4 KiB take
 * them in one system call. */
int cgroup_list_init(CgroupList *l, int fd, void *buf, size_t size);

/* Fetches the name of the next child, valid until the next call. Returns 1; 0 at the end; negative
 * errno. */
int cgroup_list_next(CgroupList *l, const char **ret);

/* Whether the cgroup dirfd/name has cgroups below it, by one fstatat(2): cgroup2 counts its child
 * directories as links (kernfs_refresh_inode()). Elsewhere (a recorded tree) the answer is always
 * true. CGROUP_OK, CGROUP_GONE or negative errno. */
int cgroup_has_children_at(int dirfd, const char *name, bool is_live, bool *ret);
