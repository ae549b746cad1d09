/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "describe/describe.h"

static const char *phase_name(LeasePhase phase) {
        return phase == LEASE_TAKING       ? "taking"
                : phase == LEASE_HELD      ? "held"
                : phase == LEASE_RETURNING ? "returning"
                                           : "none";
}

/* UINT64_MAX is what the files call "max". */
static void put_value(Json *map, const char *key, const Lease *l, uint64_t value) {
        if (l->file != LEASE_FREEZE && value == UINT64_MAX)
                json_put_text(map, key, "max");
        else
                json_put_number(map, key, value);
}

void describe_add_leases(const View *view, Json *parent) {
        Json *list = json_put_list(parent, "leases");
        usec_t now = view->sample.raw.at_usec;

        for (size_t i = 0; i < LEASES_MAX; i++) {
                const Lease *l = &view->book.leases.leases[i];
                Json *one;

                if (l->phase == LEASE_NONE)
                        continue;
                one = json_add_map(list);
                json_put_text(one, "file", lease_file_name(l->file));
                json_put_text(one, "cgroup", l->path);
                json_put_text(one, "unit", l->unit);
                json_put_text(one, "policy",
                        l->policy < view->config->n_policies
                                ? view->config->policies[l->policy].name
                                : NULL);
                json_put_number(one, "incident", l->incident);
                json_put_text(one, "phase", phase_name(l->phase));
                put_value(one, "value", l, l->value);
                if (l->deadline_usec == USEC_UNSET)
                        json_put_null(one, "left_usec");
                else
                        json_put_number(one, "left_usec", usec_since(l->deadline_usec, now));
        }
}
