/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The far side of slow-reader.h: the supervisor, a process of one thread, and its worker. */

#include <sys/types.h>

#include "base/clock.h"

/* Runs in the forked child and never returns. fd: our end of the socket; parent: who forked us. */
_Noreturn void slow_supervisor_run(
        const char *proc_path, usec_t deadline_usec, int fd, pid_t parent);
