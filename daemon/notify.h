/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Telling the service manager how we are, in its datagram protocol. Never waits: a manager that
 * does not read has a full queue, and what it must know (that we are ready) is sent again later.
 * For main only. */

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/text.h"

typedef struct Notifier {
        int fd; /* FD_NONE: nobody wants to know */
        struct sockaddr_un address;
        socklen_t address_len;
        usec_t watchdog_usec; /* how often the manager wants a sign of life; 0: not at all */
        char owed[512];       /* the last message of weight that did not get through; "" */
} Notifier;

/* `path` is the manager's socket ("/…" or "@…" for the abstract name space), NULL: none. 0, -EINVAL
 * for a path that cannot be one, or negative errno of socket(2); the notifier is usable in any
 * case. */
int notifier_init(Notifier *n, const char *path);

/* The same from $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID, which are removed from the
 * environment: they are not meant for our children. */
int notifier_init_from_environment(Notifier *n);

void notifier_done(Notifier *n);

/* Each returns 1 when it was sent, 0 when nobody listens, -EAGAIN when the manager's queue is full
 * (ready, reloading and stopping are then owed), or negative errno. `status` is one line. */
int notifier_ready(Notifier *n, const char *status);
int notifier_reloading(Notifier *n, usec_t now_usec);
int notifier_stopping(Notifier *n, const char *status);
int notifier_status(Notifier *n, const char *status);
int notifier_alive(Notifier *n);

/* Tries again what is owed; to be called now and then. */
int notifier_settle(Notifier *n);
