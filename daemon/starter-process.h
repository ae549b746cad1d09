/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The far side of starter.h: a guard, the starter that it replaces when it ends, and a process for
 * each job. */

#include <sys/types.h>

/* Runs in the forked child and never returns. fd: our end of the socket; parent: who forked us. */
_Noreturn void starter_guard_run(int fd, pid_t parent);
