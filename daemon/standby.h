/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* avertd --standby: a second daemon that has everything ready and acts only while the first, which
 * was killed, is away (engine/handover.h). This is its waiting. It also keeps the program and its
 * libraries in memory for the first one's return: what another process has locked is there at once
 * (mlock(2): locked pages of a file are never dropped, whoever maps them). */

#include "base/macro.h"
#include "engine/lease-ledger.h"

typedef struct Standby {
        LeaseLedger *ledger; /* with the seat of the standby; NULL: there is none */
        int acting_fd;       /* pidfd of the one that acts; FD_NONE: it was killed already */
        int signal_fd;
} Standby;

#define STANDBY_INIT ((Standby){ .acting_fd = FD_NONE, .signal_fd = FD_NONE })

/* What is made ready for it is kept fresh meanwhile. */
typedef struct StandbyCare {
        usec_t interval_usec;
        void (*refresh)(void *ctx);
        void *ctx;
} StandbyCare;

/* Waits until there is a daemon to stand by for, by its ledger at `leases`, and nobody else does.
 * SIGHUP, SIGTERM and SIGINT are blocked. 1; 0: told to end; negative errno. */
int standby_find(Standby *s, const char *leases);

/* Waits for what becomes of it. 1: it was killed; 0: it has ended by itself, or SIGHUP: what was
 * made ready is not what the next one needs; or told to end; negative errno. */
int standby_wait(Standby *s, const StandbyCare *care);

/* For a daemon that is to act on nothing: has nobody act in the place of one that was killed, by
 * the ledger at `leases`. A standby that does is asked to leave; its pidfd is *ret_pidfd then, the
 * caller's to close, else FD_NONE. Waits, for some seconds at most. 0, also when there is nothing
 * to do; -EBUSY: a daemon acts; other negative errno. */
int standby_dismiss(const char *leases, int *ret_pidfd);

/* Leaves the seat. */
void standby_done(Standby *s);
