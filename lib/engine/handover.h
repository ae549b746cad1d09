/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who acts, when there are two: the daemon, and a standby that has everything ready and acts in its
 * place from the moment it is killed until it is back. A daemon that is killed while memory is
 * short would otherwise be away for as long as a service manager, a disk and some MiB of new memory
 * take, and those are the seconds in which it is needed.
 *
 * (1) The seats of the ledger say who is who: the daemon has the acting one, the standby its own,
 * and both while it stands in. The kernel frees them when their process ends, however it ends. (2)
 * Only of one that did not end by itself is the place taken: the ledger says so. (3) Whoever has
 * the acting seat alone is never asked to leave it. */

#include "engine/lease-ledger.h"

typedef enum HandoverState {
        HANDOVER_NOBODY, /* none acts, and the last one has ended by itself; or it is just changing;
                          * or the ledger is not current any more, and says nothing */
        HANDOVER_ACTING, /* somebody acts: *ret_pidfd is his, and the caller's to close */
        HANDOVER_KILLED, /* none acts, and the last one was killed */
} HandoverState;

/* How long a standby that stands in is waited for: it leaves within a tick, unless a thread of its
 * hangs in the kernel. */
#define HANDOVER_PATIENCE_USEC (5 * USEC_PER_SEC)

/* Opens the ledger that somebody else may have made: LEDGER_SHARED, or LEDGER_SEATS where the file
 * is of another version or boot, or empty. As lease_ledger_open(). */
int handover_open(const char *path, const char *boot_id, LeaseLedger **ret);

/* Standby: how things are. */
HandoverState handover_look(const LeaseLedger *l, int *ret_pidfd);

/* Whether a standby stands in. */
bool handover_is_stood_in(const LeaseLedger *l);

/* Takes the acting seat from nobody: has it when it is free within patience_usec, or as soon as who
 * has it has ended. 0; -EBUSY: it is not; other negative errno. Waits. */
int handover_wait(LeaseLedger *l, usec_t patience_usec);

/* Takes the acting seat. A standby that has it is asked to end (SIGTERM), and killed when it does
 * not leave within patience_usec; its pidfd is *ret_pidfd then, the caller's to close, else
 * FD_NONE: what else it has is free when it has ended. 0; -EBUSY: somebody else has the seat; other
 * negative errno. Waits. */
int handover_take(LeaseLedger *l, usec_t patience_usec, int *ret_pidfd);

/* Daemon: has a standby that is there begin anew (SIGHUP), with what is in the files now. */
void handover_renew(const LeaseLedger *l);
