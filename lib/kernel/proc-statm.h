/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/PID/statm: the cheapest look at a process, the one for every tick. */

#include <stddef.h>
#include <stdint.h>

typedef struct ProcStatm {
        uint64_t size_pages;
        uint64_t resident_pages;
        uint64_t shared_pages; /* file and shmem */
        uint64_t anon_pages;   /* resident - shared, never negative: the counters are not taken
                                  together */
} ProcStatm;

/* Parses the text. 0 or -EBADMSG. */
int proc_statm_parse(const char *text, ProcStatm *ret);

/* Reads a kept fd; allocates nothing, 160 bytes of stack. All zeros: kernel thread or zombie.
 * PROC_OK, PROC_GONE, PROC_DENIED or negative errno. */
int proc_statm_read_fd(int fd, ProcStatm *ret);
int proc_statm_read_at(int pid_fd, ProcStatm *ret);

/* For a process whose leader has ended (proc_stat_is_leaderless()): the memory its threads still
 * share, from the first of them that shows any. buf as for proc_list_init(). PROC_OK, PROC_GONE
 * (also when no thread is left), PROC_DENIED or negative errno. Opens files. */
int proc_statm_read_threads(int pid_fd, void *buf, size_t size, ProcStatm *ret);
