/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The memory files of one cgroup and the limit that binds it, wherever above it that is set. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Outcomes. */
enum {
        CGROUP_OK = 0,
        CGROUP_GONE = 1, /* removed (a kept fd says so as well) */
        CGROUP_UNSUPPORTED =
                2, /* no such file here: memory controller absent, v1, not enabled; or the root */
};

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

typedef struct CgroupLimit {
        uint64_t max_bytes;  /* the tightest memory.max from the cgroup up, or CGROUP_NO_LIMIT */
        uint64_t high_bytes; /* the tightest memory.high */
        size_t max_path_len; /* path[0..len) is the cgroup that sets it; 0 without */
        size_t high_path_len;
} CgroupLimit;

/* Walks from the cgroup at `path` ("/a/b") up to the root cgroup_fd. A level without the files is
 * passed over. CGROUP_OK; CGROUP_GONE when there is no such cgroup; CGROUP_UNSUPPORTED when no
 * level has the files; negative errno (-ENAMETOOLONG beyond PATH_MAX). Opens files; 4.5 KiB of
 * stack. */
int cgroup_limit_read(int cgroup_fd, const char *path, CgroupLimit *ret);
