/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The cgroups that are ours to make: below the one that the service manager has delegated to us.
 * The only place that knows libcgroup, whose tables belong to no thread: for the main thread, and
 * for nothing that is in a hurry.
 *
 * What libcgroup 2.0.2 does not do here: it cannot tell the cgroup of a process on v2, so that is
 * read from /proc; and it enables controllers level by level, which the kernel refuses where
 * processes live (EBUSY), so we first move into a cgroup of our own, "main". */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* How cgroups are mounted here. */
typedef enum CgroupMode {
        CGROUP_MODE_UNKNOWN, /* nothing is mounted, or libcgroup cannot tell: error */
        CGROUP_MODE_V1,      /* the memory controller is on v1, or on a mixture of both */
        CGROUP_MODE_V2,
} CgroupMode;

typedef struct CgroupDiscovery {
        CgroupMode mode;
        char mount[256]; /* of the memory controller; "": it is not mounted */
        char why[128];   /* unless it is v2 */
} CgroupDiscovery;

/* Reads the mount table again. Cannot fail: what cannot be told is unknown. */
void cgroup_discover(CgroupDiscovery *ret);

/* One sentence: what there is, and what avert cannot do without v2. */
void cgroup_discovery_print(const CgroupDiscovery *d, TextBuf *out);

typedef struct OwnCgroup {
        char path[512]; /* of the delegated one, below the mount; "": there is none */
        int dir_fd;     /* its directory */
        char why[192];  /* unless there is one */
} OwnCgroup;

#define OWN_CGROUP_INIT                                                                            \
        (OwnCgroup) {                                                                              \
                .dir_fd = FD_NONE                                                                  \
        }

/* Finds out whether the cgroup that we are in is delegated to us (owned by the user that we run as,
 * who is not root, or marked by the service manager; and nobody else lives in it), and moves this
 * process into "main" below it: before anything is forked, and before anybody asks where we are.
 * True: cgroups can be made. False: ret->why says why not, and nothing was changed. */
bool own_cgroup_enter(OwnCgroup *ret);
void own_cgroup_done(OwnCgroup *own);

/* Makes a cgroup `name` with these bounds, in which an OOM kill takes all. The directory, which the
 * caller owns, or negative errno. */
int own_cgroup_make(const OwnCgroup *own, const char *name, uint64_t memory_bytes, uint64_t pids);

/* SIGKILL to all in it and below it. 0 or negative errno. */
int own_cgroup_end(const OwnCgroup *own, const char *name);

/* 0 (also when there is none); -EBUSY while somebody lives in it; another negative errno. */
int own_cgroup_remove(const OwnCgroup *own, const char *name);
