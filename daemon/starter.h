/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Starts what main must not start itself: a fork of the daemon would copy locked memory, and what
 * it starts must have none of its rights. A process forked before memory is locked and before any
 * thread waits for orders; each order gets a process of its own that may hang without anybody
 * waiting for it. Main only; never blocks.
 *
 * (1) An order is answered once at most: not when the process that has it is killed. Whoever sends
 * one keeps its deadline. (2) All of it ends with the daemon. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "daemon/starter-message.h"

typedef struct Starter Starter;

/* answer->job is the job that the listener is for. Valid during the call. */
typedef void (*StarterListener)(void *ctx, const StarterAnswer *answer);

/* Forks. 0 or negative errno. */
int starter_new(Starter **ret);

/* Ends and reaps the processes; waits for them for a moment at most. Returns NULL. */
Starter *starter_free(Starter *s);

/* One listener for each job. */
void starter_set_listener(Starter *s, StarterJob job, StarterListener listener, void *ctx);

/* Readable while answers wait; FD_NONE once the starter is lost. */
int starter_fd(const Starter *s);

/* Passes on all answers that have come. */
void starter_dispatch(Starter *s);

/* Sends order and load; order->load_len is set from the load. cgroup_fd goes along, or FD_NONE; it
 * stays the caller's. 0; -E2BIG; -EAGAIN when too much is under way; -EPIPE when the starter is
 * lost; another negative errno. */
int starter_send(
        Starter *s, StarterOrder *order, const struct iovec *load, size_t n, int cgroup_fd);

/* How often the starter was renewed; and whether it is lost, with its guard. */
unsigned starter_renewals(const Starter *s);
bool starter_is_lost(const Starter *s);

/* Pid of the guard, for tests and for marking it as ours. */
pid_t starter_pid(const Starter *s);
