/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Runs one command of an administrator's, in a process that attends to nothing else: feeds it,
 * takes what it writes, ends it at its deadline with all that it started, and says how it went. */

#include "daemon/starter-message.h"

/* Never returns. fd: where the answer goes; when its other end is closed the command is ended.
 * cgroup_fd: the directory of the cgroup that is the command's, or FD_NONE. What the command
 * started is ended with it, wherever it went: as an orphan it comes to this process. */
_Noreturn void command_attend(int fd, const StarterOrder *order, const char *load, int cgroup_fd);
