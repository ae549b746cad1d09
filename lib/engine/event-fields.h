/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The members of an event as JSON has them, in one place for whoever writes JSON: the daemon on the
 * bus, avertctl for a recording. Knows their names and order, not how they are written. */

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"

/* Where they go. A NULL key is that of an item of a list. Text NULL, and `null`, mean that the
 * event has no such thing, so that nobody takes 0 or "" for it. */
typedef struct EventFieldSink {
        void *ctx;
        void (*text)(void *ctx, const char *key, const char *text);
        void (*number)(void *ctx, const char *key, uint64_t number);
        void (*integer)(void *ctx, const char *key, int64_t number);
        void (*flag)(void *ctx, const char *key, bool truth);
        void (*null)(void *ctx, const char *key);
        void (*open)(void *ctx, const char *key, bool list); /* a map or list; until close() */
        void (*close)(void *ctx);
} EventFieldSink;

/* Maps and lists within each other, the event's own map not counted. */
#define EVENT_FIELD_DEPTH 2

void event_fields(const Event *e, const EventFieldSink *to);
