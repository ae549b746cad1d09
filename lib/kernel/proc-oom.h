/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/PID/oom_score and oom_score_adj. The score is no percentage, and its scale depends on the
 * kernel (since 5.9 an empty process shows 666): only its change and its order mean something. */

enum {
        PROC_OOM_ADJ_MIN = -1000, /* never picked by the kernel */
        PROC_OOM_ADJ_MAX = 1000,
};

/* Parses the text of either file. 0 or -EBADMSG. */
int proc_oom_parse(const char *text, int *ret);

/* Read a kept fd of either file; allocates nothing. PROC_OK, PROC_GONE, PROC_DENIED or negative
 * errno. */
int proc_oom_read_fd(int fd, int *ret);
int proc_oom_score_read_at(int pid_fd, int *ret);
int proc_oom_adj_read_at(int pid_fd, int *ret);
