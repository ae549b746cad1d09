/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "describe/describe.h"

static void put_left(Json *map, usec_t until_usec, usec_t now_usec) {
        if (until_usec == USEC_UNSET)
                json_put_null(map, "left_usec");
        else
                json_put_number(map, "left_usec", usec_since(until_usec, now_usec));
}

static void add_pause(const Steering *s, usec_t now_usec, Json *parent) {
        Json *map;

        if (!steering_is_paused(s, now_usec)) {
                json_put_null(parent, "paused");
                return;
        }
        map = json_put_map(parent, "paused");
        put_left(map, s->paused_until_usec, now_usec);
        json_put_number(map, "by_uid", s->paused_by_uid);
}

void describe_add_steering(const View *view, Json *parent) {
        const Steering *s = &view->book.steering;
        usec_t now = view->sample.raw.at_usec;
        Json *list;

        add_pause(s, now, parent);
        list = json_put_list(parent, "protected");
        for (size_t i = 0; i < s->n_wards; i++) {
                const Ward *w = &s->wards[i];
                Json *one = json_add_map(list);

                json_put_text(one, "kind", ward_kind_name(w->kind));
                if (w->kind == WARD_PROCESS)
                        json_put_signed(one, "pid", w->pid);
                else
                        json_put_text(one, "name", w->name);
                json_put_number(one, "n_processes", ward_count(w, &view->sample));
                put_left(one, w->until_usec, now);
                json_put_number(one, "by_uid", w->by_uid);
        }
}

char *describe_incidents(const View *view) {
        _cleanup_(json_freep) Json *root = json_new_map();

        json_put_number(root, "schema_version", DESCRIBE_SCHEMA_VERSION);
        describe_add_incidents(view, root);
        return json_print(root);
}
