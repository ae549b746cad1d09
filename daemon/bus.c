/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/bus-state.h"
#include "describe/describe.h"

/* For so long after somebody on the system bus asked, he is taken to look. */
#define LOOKS_USEC (30 * USEC_PER_SEC)

bool bus_is_same_peer(sd_bus_message *a, sd_bus_message *b) {
        const char *p = sd_bus_message_get_sender(a), *q = sd_bus_message_get_sender(b);

        return sd_bus_message_get_bus(a) == sd_bus_message_get_bus(b) &&
                (sd_bus_is_bus_client(sd_bus_message_get_bus(a)) <= 0 ||
                        (p && q && strcmp(p, q) == 0));
}

bool bus_may_send(Bus *b, sd_bus *connection) {
        return sd_bus_is_bus_client(connection) > 0 ? bus_system_may_send(b->system, connection)
                                                    : bus_server_may_send(b->server, connection);
}

static int attach_peer(void *userdata, sd_bus *connection) {
        Bus *b = userdata;

        b->options.on_peer(b->options.ctx);
        return bus_add_object(b, connection);
}

static int attach_system(void *userdata, sd_bus *connection) {
        return bus_add_object(userdata, connection);
}

static void on_call(void *userdata) {
        Bus *b = userdata;
        bool looked = bus_is_watched(b);

        b->asked_usec = clock_monotonic_usec();
        if (!looked)
                b->options.on_peer(b->options.ctx);
}

static void on_end(void *userdata, sd_bus *connection) {
        bus_pleas_done(userdata, connection);
        bus_readings_done(userdata, connection);
}

static void set_patience(Bus *b, usec_t next_usec) {
        if (next_usec != USEC_UNSET)
                (void) sd_event_source_set_time(b->patience, next_usec);
        (void) sd_event_source_set_enabled(
                b->patience, next_usec == USEC_UNSET ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static int on_patience(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        usec_t now = clock_monotonic_usec(), questions, readings;
        Bus *b = userdata;

        questions = bus_questions_expire(b, now);
        readings = bus_readings_expire(b, now);
        set_patience(b, MIN(questions, readings));
        return 0;
}

static int start_patience(Bus *b) {
        int r;

        r = sd_event_add_time(b->options.event, &b->patience, CLOCK_MONOTONIC, 0,
                50 * USEC_PER_MSEC, on_patience, b);
        return r < 0 ? r : sd_event_source_set_enabled(b->patience, SD_EVENT_OFF);
}

int bus_new(const BusOptions *options, Bus **ret) {
        Bus *b;
        int r;

        b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->options = *options;
        b->summary.level = "calm";

        r = bus_server_new(options->event, attach_peer, b, &b->server);
        if (r < 0) {
                free(b);
                return r;
        }
        r = start_patience(b);
        if (r >= 0)
                r = bus_readings_init(b);
        if (r < 0) {
                bus_free(b);
                return r;
        }
        *ret = b;
        return 0;
}

Bus *bus_free(Bus *b) {
        if (!b)
                return NULL;

        b->system = bus_system_free(b->system);
        bus_pleas_done(b, NULL);
        bus_readings_done(b, NULL);
        b->server = bus_server_free(b->server);
        bus_questions_done(b);
        b->patience = sd_event_source_disable_unref(b->patience);
        free(b);
        return NULL;
}

int bus_listen(Bus *b, const char *path, mode_t mode, TextBuf *reterr) {
        return bus_server_listen(b->server, path, mode, reterr);
}

int bus_join_system(Bus *b, const char *address) {
        return bus_system_new(&(BusSystemOptions){ .event = b->options.event,
                                      .address = address,
                                      .attach = attach_system,
                                      .on_call = on_call,
                                      .on_end = on_end,
                                      .userdata = b },
                &b->system);
}

int bus_adopt(Bus *b, int fd) {
        return bus_server_adopt(b->server, fd);
}

/* All wait for the same time: who began before is due before. */
usec_t bus_begin_to_wait(Bus *b) {
        usec_t until = usec_add(clock_monotonic_usec(), b->options.patience_usec);

        if (sd_event_source_get_enabled(b->patience, NULL) <= 0)
                set_patience(b, until);
        return until;
}

bool bus_is_watched(const Bus *b) {
        return bus_server_count(b->server) > 0 ||
                (b->asked_usec != 0 &&
                        usec_since(clock_monotonic_usec(), b->asked_usec) < LOOKS_USEC);
}

/* The connection to tell next, from *i on: the peers, and the bus after them; NULL at the end. */
static sd_bus *next_listener(Bus *b, size_t *i) {
        sd_bus *peer;

        while ((peer = bus_server_peer(b->server, *i))) {
                if (!bus_server_may_send(b->server, peer))
                        continue; /* dropped: the next one has taken its place */
                (*i)++;
                return peer;
        }
        if (*i == SIZE_MAX)
                return NULL;
        *i = SIZE_MAX;
        peer = bus_system_get(b->system);
        return bus_system_may_send(b->system, peer) ? peer : NULL;
}

void bus_send_event(Bus *b, const Event *e) {
        _cleanup_free_ char *json = NULL;
        size_t i = 0;

        if (bus_server_count(b->server) == 0 && !bus_system_get(b->system))
                return;
        json = describe_event(e);
        for (sd_bus *to; json && (to = next_listener(b, &i));)
                bus_signal_event(to, e, json);
}

void bus_set_summary(Bus *b, const BusSummary *summary) {
        BusSummary was = b->summary;
        size_t i = 0;

        b->summary = *summary;
        for (sd_bus *to; (to = next_listener(b, &i));)
                bus_signal_change(to, &was, &b->summary);
}
