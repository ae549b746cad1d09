/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The files by which a cgroup is held back: memory.high, memory.max, memory.swap.max (bytes, or no
 * limit) and cgroup.freeze (0 or 1), through a descriptor of cgroup_file_open_both_at(). Read with
 * cgroup_value_read_fd(). Outcomes as in cgroup.h. */

#include <stdint.h>

#include "kernel/cgroup.h"
#include "kernel/cgroup-memory.h"

/* What the kernel makes of a limit that is written (page_counter_memparse()): whole pages, rounded
 * down; beyond what a counter can hold, CGROUP_NO_LIMIT. Reading the file gives this. */
uint64_t cgroup_limit_round(uint64_t bytes);

/* Writes a value, CGROUP_NO_LIMIT as "max". A memory limit below what is charged holds the writer
 * up in reclaim (memory.high: until it is under it, 16 tries without progress, or a signal; the
 * limit is in force from the beginning): for a thread that may wait. CGROUP_OK; CGROUP_GONE;
 * CGROUP_UNSUPPORTED; negative errno. */
int cgroup_limit_write_fd(int fd, uint64_t value);
