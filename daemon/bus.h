/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What avertd answers over D-Bus: object /org/avert1, interface org.avert1.Manager, the same on the
 * private socket and on the system bus. Whatever needs a view is answered when the sentinel has
 * made one, so that no question holds up main. For main only. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/event.h"
#include "core/sample.h"
#include "core/steering.h"
#include "daemon/inquiry.h"
#include "engine/engine.h"
#include "kernel/probe.h"

#define BUS_OBJECT "/org/avert1"
#define BUS_INTERFACE "org.avert1.Manager"

/* Who asks hears by then that there is no answer: a little less than our own client waits. */
#define BUS_PATIENCE_USEC (4 * USEC_PER_SEC)

struct sd_event;
struct SlowReader;

typedef struct Bus Bus;

typedef struct BusOptions {
        struct sd_event *event; /* borrowed, like the next two */
        Inquiries *inquiries;
        const Probe *probe;        /* may be NULL */
        struct SlowReader *reader; /* for nobody else, borrowed; NULL: nobody gets command lines */
        bool dry;
        usec_t patience_usec; /* see BUS_PATIENCE_USEC */

        /* Loads the policy again: 0 or negative errno; a sentence about it in *ret in both cases.
         */
        int (*reload)(void *ctx, TextBuf *ret);

        /* Says what that would come to, and changes nothing. */
        int (*check_reload)(void *ctx, TextBuf *ret);

        /* Gives a lease back, or all (0): as engine_release_leases(). */
        int (*release)(void *ctx, uint64_t id, TextBuf *ret);

        /* As engine_steer(). */
        int (*steer)(void *ctx, const SteerOrder *order, TextBuf *ret);

        /* Somebody connects, or asks on the system bus. */
        void (*on_peer)(void *ctx);
        void *ctx;
} BusOptions;

/* What the properties show, from the last view. */
typedef struct BusSummary {
        const char *level; /* literal */
        uint64_t mem_available, swap_free, kernel_oom_kills, steps_total, freed_total;
        Steering steering;
        Reading readings[_METRIC_SYSTEM_MAX];
} BusSummary;

/* 0 or negative errno. */
int bus_new(const BusOptions *options, Bus **ret);
Bus *bus_free(Bus *b);

/* Serves the private socket; see bus_server_listen(). */
int bus_listen(Bus *b, const char *path, mode_t mode, TextBuf *reterr);

/* Joins the system bus as soon as that is there, and again after its end; see bus_system_new().
 * address: NULL: the usual one. 0 or negative errno. */
int bus_join_system(Bus *b, const char *address);

/* Serves a connected socket, which it takes. */
int bus_adopt(Bus *b, int fd);

/* True while somebody is connected, or asked on the system bus a moment ago. */
bool bus_is_watched(const Bus *b);

/* To everybody who is connected. */
void bus_send_event(Bus *b, const Event *e);
void bus_set_summary(Bus *b, const BusSummary *summary);
