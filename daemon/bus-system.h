/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Our place on the system bus: joins when the bus appears, under the name org.avert1, and again
 * after the bus has died. Knows nothing of what is served. For main only.
 *
 * (1) Nothing here waits for the bus: every call to it is answered later, or never. (2) What the
 * bus does not read is bounded: then signals and answers are left out, for all behind it. */

#include <stdbool.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define BUS_NAME "org.avert1"

typedef struct BusSystem BusSystem;

typedef struct BusSystemOptions {
        sd_event *event;     /* borrowed */
        const char *address; /* NULL: $DBUS_SYSTEM_BUS_ADDRESS, else where it always is */

        /* Puts objects on a connection that is about to start. 0 or negative errno. */
        int (*attach)(void *userdata, sd_bus *connection);

        /* Somebody on the bus calls us. */
        void (*on_call)(void *userdata);

        /* The connection goes away. */
        void (*on_end)(void *userdata, sd_bus *connection);
        void *userdata;
} BusSystemOptions;

/* 0 or negative errno; that there is no bus is no failure. */
int bus_system_new(const BusSystemOptions *options, BusSystem **ret);
BusSystem *bus_system_free(BusSystem *s);

/* The connection once the name is ours; else NULL. */
sd_bus *bus_system_get(const BusSystem *s);

/* (2) To be asked before anything is sent. */
bool bus_system_may_send(const BusSystem *s, sd_bus *connection);
