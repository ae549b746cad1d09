/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Other daemons that kill when memory runs out. Two of them on one machine choose two victims for
 * one trouble, so it is said at start. */

#include <stddef.h>

#include "base/text.h"

/* Looks through a /proc directory for them and adds "earlyoom (pid 512), systemd-oomd (pid 498)" to
 * *ret. Returns how many there are, or negative errno. A name is the word of its owner; good enough
 * for a warning. */
int rivals_find(int proc_fd, TextBuf *ret);
