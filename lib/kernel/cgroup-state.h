/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a cgroup is doing, whatever its controllers: cgroup.events and cgroup.type. */

#include <stdbool.h>

#include "kernel/cgroup.h"

typedef struct CgroupState {
        bool populated; /* a process lives in it or below it; zombies do not count */
        bool frozen;    /* false before 5.2 */
} CgroupState;

/* 0, or -EBADMSG without `populated`. */
int cgroup_state_parse(const char *text, CgroupState *ret);

/* Reads a kept fd of cgroup.events, which takes back the POLLPRI that a change has raised;
 * allocates nothing. CGROUP_OK, CGROUP_GONE or negative errno. */
int cgroup_state_read_fd(int fd, CgroupState *ret);

/* Opens, reads and closes cgroup.events of the cgroup behind dirfd. Where there is none (a recorded
 * tree), whether cgroup.procs names anybody. Same outcomes. */
int cgroup_state_read_at(int dirfd, CgroupState *ret);

/* Whether the cgroup is threaded: it has no processes of its own, so that cgroup.procs and
 * cgroup.kill answer EOPNOTSUPP (cgroup_kill_write(), cgroup_procs_start()). False where there is
 * no cgroup.type (the root). CGROUP_OK, CGROUP_GONE or negative errno. */
int cgroup_type_read_at(int dirfd, bool *ret_threaded);
