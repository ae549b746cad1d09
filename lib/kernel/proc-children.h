/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/PID/task/TID/children: who was forked by a thread, or came to it as an orphan (prctl(2),
 * PR_SET_CHILD_SUBREAPER). Complete only while none of them ends meanwhile: proc(5). */

#include <stddef.h>
#include <sys/types.h>

/* Reads numbers with blanks between them, at most max of them. How many, or -EBADMSG. */
int proc_children_parse(const char *text, pid_t *ret, size_t max);

/* Our own children, of the calling thread: the first max of them, or those that 4 KiB of text show.
 * How many, or negative errno (-ENOENT: the kernel was built without CONFIG_PROC_CHILDREN). */
int proc_children_read_own(pid_t *ret, size_t max);
