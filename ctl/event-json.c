/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/event-json.h"

#include "engine/event-fields.h"

/* The objects and lists that are open, the outermost first. */
typedef struct Nesting {
        Json *open[EVENT_FIELD_DEPTH + 1];
        size_t depth;
} Nesting;

static Json *innermost(void *ctx) {
        Nesting *n = ctx;

        return n->open[n->depth];
}

static void put_null(void *ctx, const char *key) {
        json_set(innermost(ctx), key, NULL);
}

static void put_text(void *ctx, const char *key, const char *text) {
        if (text)
                json_set_text(innermost(ctx), key, text);
        else
                put_null(ctx, key);
}

static void put_number(void *ctx, const char *key, uint64_t number) {
        json_set_count(innermost(ctx), key, number);
}

static void put_integer(void *ctx, const char *key, int64_t number) {
        json_set_number(innermost(ctx), key, number);
}

static void put_flag(void *ctx, const char *key, bool truth) {
        json_set_flag(innermost(ctx), key, truth);
}

static void open_one(void *ctx, const char *key, bool list) {
        Nesting *n = ctx;
        Json *inner = list ? json_new_list() : json_new_object();

        if (key)
                json_set(innermost(ctx), key, inner);
        else
                json_append(innermost(ctx), inner);
        n->open[++n->depth] = inner;
}

static void close_one(void *ctx) {
        ((Nesting *) ctx)->depth--;
}

Json *event_json(const Event *e) {
        Json *json = json_new_object();
        Nesting nesting = { .open = { json } };

        event_fields(e,
                &(EventFieldSink){ &nesting, put_text, put_number, put_integer, put_flag, put_null,
                        open_one, close_one });
        return json;
}
