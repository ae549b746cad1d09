/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The way from a forked process with rights to the command without any. */

#include <sys/types.h>

#include "daemon/starter-message.h"

typedef struct CommandSetting {
        const CommandOrder *order;
        const char *strings; /* checked: as many as order says */
        int in_fd, out_fd, err_fd;
        int trouble_fd; /* takes a CommandTrouble; closed by exec */
        int cgroup_fd;  /* or FD_NONE */
        pid_t parent;
} CommandSetting;

/* Why there was no exec. */
typedef struct CommandTrouble {
        int error;
        char where[24];
} CommandTrouble;

/* Becomes the command: own session, default signals and priorities, its user with one group, no
 * capability and no way to one, nothing open but the standard streams, in / . Never returns. */
_Noreturn void command_become(const CommandSetting *setting);
