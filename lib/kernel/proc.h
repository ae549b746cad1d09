/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What all readers of /proc/PID share: their outcomes, and the directory of a process.
 *
 * A descriptor below /proc/PID stays with the process it was opened for: once that is gone, reading
 * it says so, even if the number is in use again. Outputs are untouched unless the outcome is
 * PROC_OK. */

#include <sys/types.h>

/* Outcomes. */
enum {
        PROC_OK = 0,
        PROC_GONE = 1,   /* the process ended meanwhile (or is hidden from us altogether) */
        PROC_DENIED = 2, /* it is there, but not for us */
        PROC_NONE = 3,   /* it has no such thing: see the reader */
};

/* Turns a negative errno of an open or read below /proc/PID into an outcome; what is none of them
 * stays negative. Zero and positive values stay as they are. */
int proc_outcome(ssize_t r);

/* Opens the directory of a process into *ret, which the caller owns. PROC_OK, PROC_GONE,
 * PROC_DENIED or negative errno. */
int proc_dir_open(int proc_fd, pid_t pid, int *ret);

/* Opens one of its files (to be kept). Same outcomes. */
int proc_file_open(int pid_fd, const char *name, int *ret);
