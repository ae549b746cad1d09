/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/PID/limits, as far as memory is concerned. */

#include <stdint.h>

#define PROC_LIMIT_NONE UINT64_MAX

typedef struct ProcLimits {
        uint64_t stack_bytes; /* soft limit, PROC_LIMIT_NONE when unlimited */
        uint64_t locked_bytes;
        uint64_t address_space_bytes;
} ProcLimits;

/* Parses the text. -EBADMSG without the stack line; what else is missing is PROC_LIMIT_NONE. */
int proc_limits_parse(const char *text, ProcLimits *ret);

/* Reads pid_fd/limits. PROC_OK, PROC_GONE, PROC_DENIED or negative errno. */
int proc_limits_read_at(int pid_fd, ProcLimits *ret);
