/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/PID/cmdline as one line. Reading it takes the target's memory lock and can block for ever:
 * only for a process of our own that may be lost, never for a thread. */

#include <stddef.h>
#include <sys/types.h>

/* Turns the raw bytes data[len] in place into a text: NULs between arguments become blanks, those
 * at the end are dropped. data has room for one more byte. Returns the length. */
size_t proc_cmdline_join(char *data, size_t len);

/* Reads pid_fd/cmdline into buf[size], joined, cut when longer. PROC_OK, also for an empty one
 * (kernel thread, zombie); PROC_GONE, PROC_DENIED or negative errno. */
int proc_cmdline_read_at(int pid_fd, char *buf, size_t size);
