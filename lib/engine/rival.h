/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Other daemons that end programs when memory is short, by the name that the kernel has for them.
 */

#include <stdbool.h>

/* comm: of a process. Anybody can call a program so: who it runs as is for the caller to look at.
 */
bool rival_is_named(const char *comm);
