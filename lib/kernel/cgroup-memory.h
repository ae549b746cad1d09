/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The memory files of one cgroup but memory.stat. Outcomes as in cgroup.h. */

#include <stdbool.h>
#include <stdint.h>

#include "kernel/cgroup.h"

#define CGROUP_NO_LIMIT UINT64_MAX

/* Parses one value, "max" being CGROUP_NO_LIMIT. 0 or -EBADMSG. */
int cgroup_value_parse(const char *text, uint64_t *ret);

/* Reads a kept fd (memory.current, memory.max, memory.oom.group ...); allocates nothing. CGROUP_OK,
 * CGROUP_GONE or negative errno. */
int cgroup_value_read_fd(int fd, uint64_t *ret);

/* Opens, reads and closes dirfd/name, name being memory.current and the like, or a path to it.
 * CGROUP_OK, CGROUP_GONE (removed while we read), CGROUP_UNSUPPORTED (no such file) or negative
 * errno. */
int cgroup_value_read_at(int dirfd, const char *name, uint64_t *ret);

/* memory.oom.group: the kernel kills all of it or nothing, and so should we. Same outcomes. */
int cgroup_oom_group_read_at(int dirfd, bool *ret);

typedef struct CgroupEvents {
        uint64_t low, high, max, oom;
        uint64_t oom_kill;       /* victims of any OOM killer; signals of ours are not counted */
        uint64_t oom_group_kill; /* 0 before 5.17 */
} CgroupEvents;

/* Parses memory.events. -EBADMSG without `max`. */
int cgroup_events_parse(const char *text, CgroupEvents *ret);

/* Reads a kept fd of memory.events. CGROUP_OK, CGROUP_GONE or negative errno. */
int cgroup_events_read_fd(int fd, CgroupEvents *ret);

/* Opens, reads and closes dirfd/name: memory.events, or memory.events.local (5.2; without what
 * happened below it). CGROUP_OK, CGROUP_GONE, CGROUP_UNSUPPORTED or negative errno. */
int cgroup_events_read_at(int dirfd, const char *name, CgroupEvents *ret);
