/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The way to the daemon, and in plain words what to do when there is none. */

#include "client/avert.h"
#include "ctl/ctl.h"
#include "ctl/json-tree.h"

/* Where the daemon's socket is. */
const char *connect_path(const Ctl *ctl);

/* Connects. CTL_OK, or the exit code after the reason was printed. */
int connect_daemon(const Ctl *ctl, AvertClient **ret);

/* The same for what is changed: who is not root goes to the system bus, where polkit may let him,
 * unless a socket is named. */
int connect_for_change(const Ctl *ctl, AvertClient **ret);

/* Prints why nobody answers at the socket; returns the exit code for it. */
int connect_explain_open(const Ctl *ctl, const char *path, int error);

/* Prints why a call failed; returns the exit code for it. */
int connect_explain(const Ctl *ctl, AvertClient *client, const char *what, int error);

/* Parses what the daemon said; the same outcome as connect_daemon(). */
int connect_parse(const Ctl *ctl, const char *text, Json **ret);

static inline void client_unrefp(AvertClient **client) {
        avert_client_unref(*client);
}
