/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The private socket and its peers: each connection is a D-Bus connection of its own, no message
 * bus in between. Knows who may connect and how much a peer may leave unread; what is served is put
 * on each connection by the owner. For main only. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/text.h"

enum {
        BUS_PEERS_MAX = 32,
        BUS_PEERS_RESERVED =
                8, /* of these, for root and ourselves: nobody can lock the administrator out */
        BUS_PEERS_PER_USER = 16, /* of the others, for one uid */
        BUS_QUEUE_MAX = 32,      /* messages a peer may leave unread before it is dropped */
};

typedef struct BusServer BusServer;

/* Puts objects on a connection that is about to start. 0 or negative errno: the peer is turned
 * away. */
typedef int (*BusAttach)(void *userdata, sd_bus *connection);

/* 0 or negative errno. Borrows the event loop. */
int bus_server_new(sd_event *event, BusAttach attach, void *userdata, BusServer **ret);

/* Closes everything and removes the socket. */
BusServer *bus_server_free(BusServer *s);

/* Listens at path with these permissions. A socket that nobody serves any more is replaced. 0;
 * -EADDRINUSE when another daemon answers there; negative errno. *reterr gets a sentence. */
int bus_server_listen(BusServer *s, const char *path, mode_t mode, TextBuf *reterr);

/* Takes a connected socket (also when it fails). 0; -EUSERS when there are too many peers; negative
 * errno. */
int bus_server_adopt(BusServer *s, int fd);

size_t bus_server_count(const BusServer *s);

/* The peers, one by one; NULL at the end. Dropping one moves the others up. */
sd_bus *bus_server_peer(const BusServer *s, size_t i);

/* True for a peer that is root or our own user; false for what is no peer. */
bool bus_server_is_trusted(const BusServer *s, const sd_bus *connection);

/* False, and the peer is dropped, when it has too much unread; to be asked before more is sent. */
bool bus_server_may_send(BusServer *s, sd_bus *connection);
