/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Connecting to a stream socket in the file system. */

/* *ret does not block and is closed on exec. 0 or negative errno: -ENOENT, -ECONNREFUSED nobody
 * listens there; -EAGAIN too many wait there already; -ENAMETOOLONG. */
int connect_socket(const char *path, int *ret);
