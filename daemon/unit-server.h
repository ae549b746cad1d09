/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Takes requests about units at a listening socket, has them done and answers them. It lives as
 * long as it is let: a peer or a job can end badly, the server cannot. Waits for nobody. */

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/unit-request.h"

#define UNIT_PEERS_MAX 4 /* at a time; the others wait at the socket */

typedef struct UnitServer UnitServer;

/* What became of a peer. request is NULL when none was understood; answer as in unit-request.h, and
 * -EPIPE for one that hung up while its job went on; words may be empty. */
typedef void (*UnitServerReport)(
        void *ctx, const UnitRequest *request, int answer, const char *words);

typedef struct UnitServerSettings {
        uid_t peer;           /* who may ask; nobody else, root neither */
        usec_t patience_usec; /* that a peer has to send its request */
        const char *manager;  /* its address on the bus; borrowed */
        UnitServerReport report;
        void *ctx;
} UnitServerSettings;

/* fd is a listening stream socket of AF_UNIX; it is borrowed, and made non-blocking. event must
 * outlive the server. A peer that hangs up wants nothing any more: its request is dropped if it was
 * not begun. 0 or negative errno. */
int unit_server_new(sd_event *event, int fd, const UnitServerSettings *settings, UnitServer **ret);

/* Hangs up on all without an answer; what was ordered goes on. */
UnitServer *unit_server_free(UnitServer *s);
