/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Owner of the errands restart and stop: asks the helper for units at its socket and passes the
 * answer on. Main only; never waits: who does not answer is cancelled at the deadline. */

#include <systemd/sd-event.h>

#include "daemon/errands.h"

#define UNIT_SOCKET "/run/avert-units.socket" /* avert-units.socket listens there */

typedef struct UnitClient UnitClient;

/* Called with the answer to an errand, from the event loop: DONE, LATE or REFUSED. */
typedef void (*UnitClientAnswer)(void *ctx, const Outcome *answer);

/* Connects to nobody yet. event is borrowed and must outlive the client. 0 or negative errno. */
int unit_client_new(
        sd_event *event, const char *path, UnitClientAnswer answer, void *ctx, UnitClient **ret);

/* What is under way is dropped without an answer; the jobs go on. */
UnitClient *unit_client_free(UnitClient *c);

/* For errands_set_owner(). begin fails with -EINVAL for a name that no unit can have, and with what
 * connect(2) says when nobody listens (ECONNREFUSED, ENOENT) or too many wait (EAGAIN). */
ErrandOwner unit_client_owner(UnitClient *c);
