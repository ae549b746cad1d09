/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The processes of a cgroup, and the end of them. Through descriptors that were opened before: the
 * cgroup cannot be mistaken for another one of the same path. */

#include <stddef.h>
#include <sys/types.h>

#include "base/lines.h"
#include "kernel/cgroup.h"

/* Writes "1" to a kept descriptor of cgroup.kill (5.14): SIGKILL to everybody in the cgroup and
 * below it, also to who is born meanwhile, whatever the oom_score_adj. Takes cgroup_mutex, and half
 * a millisecond per process: not for a thread that must not wait. CGROUP_OK; CGROUP_GONE;
 * CGROUP_UNSUPPORTED in a threaded cgroup; negative errno. */
int cgroup_kill_fd(int fd);

typedef struct CgroupProcs {
        Lines lines;
        char buf[512];
} CgroupProcs;

/* Starts at the beginning of a kept descriptor of cgroup.procs. */
void cgroup_procs_init(CgroupProcs *p, int fd);

/* Fetches the next process of the cgroup itself (none of those below it), in no order, perhaps
 * twice. One outside of our pid namespace is 0. Returns 1; 0 at the end; -ENODEV when the cgroup is
 * gone; -EOPNOTSUPP when it is threaded; other negative errno. */
int cgroup_procs_next(CgroupProcs *p, pid_t *ret);

typedef struct CgroupSignalled {
        size_t n_sent;    /* to how many the signal went */
        size_t n_refused; /* not permitted, or out of reach in another pid namespace */
        int error;        /* of the first refusal, positive */
} CgroupSignalled;

/* Sends a signal to each process of the cgroup behind a kept descriptor of cgroup.procs: never to
 * ourselves nor to pid 1. Each one is opened first and signalled when it is listed after that as
 * well, so that a number that was given to somebody else is not hit. Who joins meanwhile may be
 * missed. Opens some 32 pidfds at a time; allocates in the kernel. CGROUP_OK (see *ret),
 * CGROUP_GONE, CGROUP_UNSUPPORTED (threaded) or negative errno; *ret is set in any case. */
int cgroup_procs_signal(int fd, int signal, CgroupSignalled *ret);
