/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The root under which /proc, /sys and the cgroup2 tree are found: the machine itself, or a
 * recorded tree of another one. Everything else in this layer works relative to its descriptors. */

#include <stdbool.h>

#include "base/macro.h"
#include "kernel/mount-table.h"

typedef struct SysRoot {
        int root_fd;
        int proc_fd;
        int sys_fd;        /* FD_NONE: there is no /sys */
        int cgroup_fd;     /* root of the cgroup2 tree; FD_NONE: none is mounted */
        bool foreign;      /* not the running machine: nothing may be done to what is read here */
        MountTable mounts; /* what the mount table says of these */
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
