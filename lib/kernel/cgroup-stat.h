/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* memory.stat of a cgroup. Reading it makes the kernel allocate a page and may make it add up
 * counters over the whole tree (before 6.8): for a thread whose stalls are its own. */

#include <stdint.h>

/* Bytes, all below the cgroup included; events are pages since it was made. */
typedef struct CgroupStat {
        uint64_t anon;
        uint64_t file; /* page cache; shmem is a part of it, and is no cache that can be dropped */
        uint64_t shmem;
        uint64_t kernel; /* before 5.18: the sum of the kinds that were counted */
        uint64_t file_dirty, file_writeback;
        uint64_t active_file, inactive_file;
        uint64_t slab_reclaimable;
        uint64_t refault_anon; /* events; 0 before 5.9, when there was one counter for both */
        uint64_t refault_file;
} CgroupStat;

/* 0, or -EBADMSG without anon or file. */
int cgroup_stat_parse(const char *text, CgroupStat *ret);

/* Reads a kept fd. CGROUP_OK, CGROUP_GONE or negative errno. 8 KiB of stack, as below. */
int cgroup_stat_read_fd(int fd, CgroupStat *ret);

/* Opens, reads and closes memory.stat of the cgroup behind dirfd. CGROUP_OK, CGROUP_GONE,
 * CGROUP_UNSUPPORTED or negative errno. */
int cgroup_stat_read_at(int dirfd, CgroupStat *ret);
