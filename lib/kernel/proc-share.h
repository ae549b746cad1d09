/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether two processes live in one address space (CLONE_VM, a child between vfork and exec):
 * memory that is counted twice and freed only when both are gone. */

#include <stdbool.h>
#include <sys/types.h>

/* Asks the kernel. PROC_OK, PROC_GONE (one of them), PROC_DENIED (no right to trace both, or a
 * filter forbids it), PROC_NONE (the kernel cannot compare) or negative errno. */
int proc_share_compare(pid_t a, pid_t b, bool *ret_same);
