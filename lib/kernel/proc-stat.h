/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/PID/stat: identity and kind of a process. Reading it takes longer the more threads there
 * are (0.4 ms for 4,000): for discovery, not for every tick. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROC_COMM_MAX = 64 }; /* 15 bytes for processes, more for kernel workers */

typedef struct ProcStat {
        pid_t pid;
        char comm[PROC_COMM_MAX]; /* as its owner set it: any bytes, cut in the middle of a
                                     character */
        char state;               /* R S D Z T t X I ... */
        pid_t ppid;
        pid_t pgrp;
        pid_t session;
        int tty_nr; /* 0: none */
        uint32_t flags;
        uint64_t majflt;
        uint64_t num_threads;
        uint64_t starttime_ticks; /* since boot, 10 ms each; with the pid the identity of a process
                                   */
        uint64_t vsize_bytes;
        uint64_t rss_pages; /* approximate: statm is better */
} ProcStat;

/* Bits of ProcStat.flags, the same from 5.10 to 6.12. */
#define PROC_FLAG_EXITING UINT32_C(0x00000004)
#define PROC_FLAG_DUMPCORE UINT32_C(0x00000200)
#define PROC_FLAG_KTHREAD UINT32_C(0x00200000)

static inline bool proc_stat_is_kthread(const ProcStat *s) {
        return (s->flags & PROC_FLAG_KTHREAD) != 0;
}

/* The leader has ended, its threads live on with all their memory: statm shows zeros. */
static inline bool proc_stat_is_leaderless(const ProcStat *s) {
        return s->state == 'Z' && s->num_threads > 1;
}

/* Parses the text (one line, though comm may hold newlines). 0 or -EBADMSG. */
int proc_stat_parse(const char *text, ProcStat *ret);

/* Reads a kept fd of the file, or pid_fd/stat. PROC_OK, PROC_GONE, PROC_DENIED or negative errno.
 */
int proc_stat_read_fd(int fd, ProcStat *ret);
int proc_stat_read_at(int pid_fd, ProcStat *ret);
