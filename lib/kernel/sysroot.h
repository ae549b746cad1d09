/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The root under which /proc, /sys and the cgroup2 tree are found: the machine itself, or a
 * recorded tree of another one. Everything else in this layer works relative to its descriptors. */

#include <stdbool.h>

#include "base/macro.h"

enum { SYSROOT_MOUNT_MAX = 256 };

typedef struct SysRoot {
        int root_fd;
        int proc_fd;
        int sys_fd;         /* FD_NONE: there is no /sys */
        int cgroup_fd;      /* root of the cgroup2 tree; FD_NONE: none is mounted */
        bool foreign;       /* not the running machine: nothing may be done to what is read here */
        bool cgroup_hybrid; /* the memory controller belongs to cgroup v1: no memory.* files in
                               cgroup_fd */
        char cgroup_mount[SYSROOT_MOUNT_MAX]; /* where cgroup2 is mounted, for people; "" without */
} SysRoot;

#define SYSROOT_INIT                                                                               \
        (SysRoot) {                                                                                \
                .root_fd = FD_NONE, .proc_fd = FD_NONE, .sys_fd = FD_NONE, .cgroup_fd = FD_NONE    \
        }

/* Opens the root at path (NULL or "/" is the machine itself, anything else is foreign). /proc must
 * be there; /sys and cgroup2 need not. The cgroup2 tree is found in the mount table; a foreign root
 * without one is searched at sys/fs/cgroup. Returns 0 (the caller owns *ret, sysroot_done()) or
 * negative errno. */
int sysroot_open(const char *path, SysRoot *ret);

/* Closes everything and leaves SYSROOT_INIT. */
void sysroot_done(SysRoot *root);

/* What a mount table says about cgroups. */
typedef struct CgroupMount {
        char mount[SYSROOT_MOUNT_MAX]; /* mount point of cgroup2, escapes undone; "" when there is
                                          none */
        bool v1_memory;                /* the memory controller is mounted as v1 */
} CgroupMount;

/* Reads /proc/PID/mountinfo text. A cgroup2 mount that shows the whole tree is preferred. Returns 0
 * or -EBADMSG when no line looks like a mount. */
int sysroot_parse_mountinfo(const char *text, CgroupMount *ret);

/* The same for the format of /proc/mounts. */
int sysroot_parse_mounts(const char *text, CgroupMount *ret);
