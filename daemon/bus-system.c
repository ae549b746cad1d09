/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "daemon/log.h"

#define STANDARD_ADDRESS "unix:path=/run/dbus/system_bus_socket"

/* Soon after the bus has died, then less and less often. */
#define REJOIN_USEC (250 * USEC_PER_MSEC)
#define REJOIN_MAX_USEC (60 * USEC_PER_SEC)

enum { QUEUE_MAX = 256 }; /* messages that the bus has not read */

struct BusSystem {
        BusSystemOptions options;
        sd_bus *connection; /* NULL: to be made at `timer` */
        sd_event_source *timer;
        usec_t delay_usec; /* before the next try */
        bool named;
        bool told_refused;
};

static void drop(BusSystem *s) {
        sd_bus *gone = s->connection;

        if (!gone)
                return;
        s->connection = NULL;
        s->named = false;
        s->options.on_end(s->options.userdata, gone);
        sd_bus_close(gone); /* flushing would wait */
        sd_bus_unref(gone);
}

static void join_later(BusSystem *s) {
        drop(s);
        (void) sd_event_source_set_time_relative(s->timer, s->delay_usec);
        (void) sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
        s->delay_usec = MIN(2 * s->delay_usec, (usec_t) REJOIN_MAX_USEC);
}

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        BusSystem *s = userdata;
        uint32_t how = 0;

        if (!sd_bus_message_is_method_error(m, NULL) && sd_bus_message_read(m, "u", &how) >= 0 &&
                how == 1 /* primary owner */) {
                s->named = true;
                s->told_refused = false;
                s->delay_usec = REJOIN_USEC;
                log_debug("bus: on the system bus as " BUS_NAME);
                return 0;
        }
        if (!s->told_refused)
                log_warning("the system bus does not give us the name " BUS_NAME
                            " (%s); the private socket is served all the same",
                        sd_bus_message_is_method_error(m, NULL)
                                ? sd_bus_message_get_error(m)->message
                                : "another avertd has it");
        s->told_refused = true;
        s->delay_usec = REJOIN_MAX_USEC;
        join_later(s);
        return 0;
}

static int on_disconnected(
        sd_bus_message *m _unused_, void *userdata, sd_bus_error *reterr _unused_) {
        join_later(userdata);
        return 0;
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        const BusSystem *s = userdata;

        if (sd_bus_message_is_method_call(m, NULL, NULL) <= 0)
                return 0;
        if (!bus_system_may_send(s, sd_bus_message_get_bus(m)))
                return 1; /* a bus that takes no answers gets none, by sd-bus itself neither */
        s->options.on_call(s->options.userdata);
        return 0; /* the objects are served behind this */
}

static int start(BusSystem *s) {
        const BusSystemOptions *o = &s->options;
        const char *address = o->address ? o->address : secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
        sd_bus *bus = s->connection;
        int r;

        r = sd_bus_set_address(bus, address ? address : STANDARD_ADDRESS);
        if (r >= 0)
                r = sd_bus_set_description(bus, "system");
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, 1);
        if (r >= 0)
                r = sd_bus_set_trusted(bus, 0);
        if (r >= 0)
                r = sd_bus_set_watch_bind(bus, 1);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, 0); /* nothing takes one */
        if (r >= 0)
                r = o->attach(o->userdata, bus);
        if (r >= 0)
                r = sd_bus_add_filter(bus, NULL, on_message, s);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                        "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, s);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, o->event, SD_EVENT_PRIORITY_NORMAL);
        /* Waits in the queue until the bus is there. */
        return r < 0 ? r : sd_bus_request_name_async(bus, NULL, BUS_NAME, 0, on_name, s);
}

static void join(BusSystem *s) {
        int r;

        r = sd_bus_new(&s->connection);
        if (r >= 0)
                r = start(s);
        if (r >= 0)
                return;
        log_debug("bus: the system bus cannot be joined: %s", strerror(-r));
        join_later(s);
}

static int on_timer(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        join(userdata);
        return 0;
}

int bus_system_new(const BusSystemOptions *options, BusSystem **ret) {
        BusSystem *s;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->options = *options;
        s->delay_usec = REJOIN_USEC;

        r = sd_event_add_time_relative(options->event, &s->timer, CLOCK_MONOTONIC, 0,
                50 * USEC_PER_MSEC, on_timer, s); /* the loop begins with it */
        if (r < 0) {
                free(s);
                return r;
        }
        *ret = s;
        return 0;
}

BusSystem *bus_system_free(BusSystem *s) {
        if (!s)
                return NULL;

        sd_event_source_disable_unref(s->timer);
        drop(s);
        free(s);
        return NULL;
}

sd_bus *bus_system_get(const BusSystem *s) {
        return s && s->named ? s->connection : NULL;
}

bool bus_system_may_send(const BusSystem *s, sd_bus *connection) {
        uint64_t unread = 0;

        return s && connection && s->connection == connection &&
                sd_bus_get_n_queued_write(connection, &unread) >= 0 && unread < QUEUE_MAX;
}
