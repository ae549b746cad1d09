/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Writes the files of incidents, in a process of its own: a disk may be slow, full or gone. One at
 * a time: while one hangs, the others say so and go away. */

#include "daemon/starter-message.h"

/* How long one may take before it is ended, where that can be. */
#define INCIDENT_WRITER_SECONDS 50

/* Never returns. The load is incident parts; those that could be written are on the disk before the
 * answer goes to fd, which tells of the last that could not. */
_Noreturn void incident_writer_attend(int fd, const StarterOrder *order, const char *load);
