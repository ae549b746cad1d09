/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The other half of systemd's MEMORY_PRESSURE_WATCH protocol (systemd.io/MEMORY_PRESSURE): programs
 * connect to a stream socket, may write what $MEMORY_PRESSURE_WRITE says, and free memory whenever
 * the socket becomes readable; they read and discard what comes. What comes here is one line, the
 * level: "low", "medium" or "critical". Knows nothing of policies. For main only.
 *
 * (1) Nobody is waited for. Who does not read has at most one line of each level waiting and stays
 * connected: it is woken as it is, and may be stopped or frozen. (2) What a program writes is
 * discarded; who writes more than PRESSURE_WRITE_MAX is dropped. (3) When is core/hint-pace.h's. */

#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/config.h"

enum {
        PRESSURE_CLIENTS_MAX = 256,
        PRESSURE_CLIENTS_RESERVED = 64, /* of these, for root and ourselves */
        PRESSURE_CLIENTS_PER_USER = 64, /* of the others, for one uid */
        PRESSURE_WRITE_MAX = 4096,      /* bytes */
};

typedef struct PressureServer PressureServer;

/* 0 or negative errno. Borrows the event loop. */
int pressure_server_new(sd_event *event, PressureServer **ret);

/* Closes everything and removes the socket: who listens sees an end of file. */
PressureServer *pressure_server_free(PressureServer *s);

/* Listens at path, for everybody. As listener_new(). */
int pressure_server_listen(PressureServer *s, const char *path, TextBuf *reterr);

/* Takes a connected socket that does not block (also when it fails), and wakes it if there is a
 * level now. 0; -EUSERS when there are too many; negative errno. */
int pressure_server_adopt(PressureServer *s, int fd);

size_t pressure_server_count(const PressureServer *s);

/* The level that an incident gives from now on; HINT_NONE: none any more. Wakes who is to be woken
 * now. */
void pressure_server_hint(PressureServer *s, uint64_t incident, HintLevel level, usec_t now_usec);

/* Wakes who is to be woken at this time. The server calls it itself, by the monotonic clock. */
void pressure_server_repeat(PressureServer *s, usec_t now_usec);
