/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Takes one capture, in a process of its own with one more below it that reads: what is not read
 * shortly before the deadline is left out, and the file says so. */

#include "daemon/starter-message.h"

/* Never returns. fd: where the answer goes, as soon as the capture is written; that it is on the
 * disk is only told when it fails. */
_Noreturn void capture_attend(int fd, const StarterOrder *order, const char *load);
