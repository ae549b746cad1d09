/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/PID/maps: which parts of which files a process has mapped, and may not write. */

#include <stdint.h>

#include "base/text.h"

/* A part of a file: text or constants of a program or library. */
typedef struct ProcMapping {
        Slice path; /* as the process sees it; a newline is \012; " (deleted)" if it was replaced */
        uint64_t offset, bytes;
} ProcMapping;

/* Parses a line. 1: *ret, whose path points into the line; 0: it is about something else, memory of
 * the process's own or what may be written; -EBADMSG. */
int proc_maps_parse_line(Slice line, ProcMapping *ret);

/* Reads pid_fd/maps and calls take() for each such part, until it returns false. A line is valid
 * during the call. PROC_OK, PROC_GONE, PROC_DENIED (of others it needs CAP_SYS_PTRACE) or negative
 * errno. */
int proc_maps_read_at(int pid_fd, bool (*take)(void *ctx, const ProcMapping *mapping), void *ctx);
