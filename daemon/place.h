/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where the daemon's sockets and files are: as the options say, or the service manager
 * ($RUNTIME_DIRECTORY), or the usual place. */

#include <stdbool.h>

#include "base/text.h"
#include "daemon/options.h"

/* The private socket; false: nowhere. */
bool place_of_bus(const Options *o, TextBuf *ret);

/* The ledger, beside the socket, where avertctl looks for it; false: nowhere. Whether it is used is
 * not asked here: a dry run has none. */
bool place_of_leases(const Options *o, TextBuf *ret);
