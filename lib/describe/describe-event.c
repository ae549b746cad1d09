/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "describe/describe.h"
#include "engine/event-fields.h"

/* The maps and lists that are open, the outermost first. */
typedef struct Nesting {
        Json *open[EVENT_FIELD_DEPTH + 1];
        size_t depth;
} Nesting;

static Json *innermost(void *ctx) {
        Nesting *n = ctx;

        return n->open[n->depth];
}

static void put_text(void *ctx, const char *key, const char *text) {
        json_put_text(innermost(ctx), key, text);
}

static void put_number(void *ctx, const char *key, uint64_t number) {
        json_put_number(innermost(ctx), key, number);
}

static void put_integer(void *ctx, const char *key, int64_t number) {
        json_put_signed(innermost(ctx), key, number);
}

static void put_flag(void *ctx, const char *key, bool truth) {
        json_put_bool(innermost(ctx), key, truth);
}

static void put_null(void *ctx, const char *key) {
        json_put_null(innermost(ctx), key);
}

static void open_one(void *ctx, const char *key, bool list) {
        Nesting *n = ctx;
        Json *inner = !key ? json_add_map(innermost(ctx))
                : list     ? json_put_list(innermost(ctx), key)
                           : json_put_map(innermost(ctx), key);

        n->open[++n->depth] = inner;
}

static void close_one(void *ctx) {
        ((Nesting *) ctx)->depth--;
}

void describe_put_event(const Event *e, Json *map) {
        Nesting nesting = { .open = { map } };

        event_fields(e,
                &(EventFieldSink){ &nesting, put_text, put_number, put_integer, put_flag, put_null,
                        open_one, close_one });
}

char *describe_event(const Event *e) {
        _cleanup_(json_freep) Json *root = json_new_map();

        describe_put_event(e, root);
        return json_print(root);
}
