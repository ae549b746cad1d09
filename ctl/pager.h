/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Long output goes through a pager when a person reads it. */

#include <sys/types.h>

#include "ctl/ctl.h"

/* Starts $AVERT_PAGER, $PAGER or less and puts it behind stdout, when stdout is a terminal and
 * nothing speaks against it. Returns its pid; 0 when there is none. */
pid_t pager_start(const Ctl *ctl);

/* Ends the output and waits for the pager. Nothing for 0. */
void pager_finish(pid_t pid);
