/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/json-tree.h"
#include "engine/diagnosis.h"

#define SCHEMA_VERSION 1

static void print_line(const Ctl *ctl, const char *label, const char *text) {
        if (*text)
                fprintf(ctl->out, "          %s: %s\n", label, text);
}

static void print_text(const Ctl *ctl, const Diagnosis *d) {
        for (size_t i = 0; i < d->n; i++) {
                const Finding *f = &d->findings[i];

                fprintf(ctl->out, "%-8s  %s%s%s\n",
                        f->state != PROBE_PRESENT && !f->is_lack ? "none"
                                                                 : probe_state_to_string(f->state),
                        f->name, f->why[0] ? ": " : "", f->why);
                print_line(ctl, "so", f->consequence);
                print_line(ctl, "fix", f->fix);
        }
        if (d->n_lacks == 0)
                fputs("nothing is missing\n", ctl->out);
        else
                fprintf(ctl->out, "%zu of %zu want a look\n", d->n_lacks, d->n);
}

static void set_some_text(Json *json, const char *key, const char *text) {
        if (*text)
                json_set_text(json, key, text);
        else
                json_set(json, key, NULL);
}

static void print_json(const Ctl *ctl, const Diagnosis *d) {
        _cleanup_(json_unrefp) Json *json = json_new_object();
        Json *list = json_new_list();

        json_set_count(json, "schema_version", SCHEMA_VERSION);
        json_set_count(json, "lacks", d->n_lacks);
        for (size_t i = 0; i < d->n; i++) {
                const Finding *f = &d->findings[i];
                Json *item = json_new_object();

                json_set_text(item, "name", f->name);
                json_set_text(item, "state", probe_state_to_string(f->state));
                json_set_flag(item, "lack", f->is_lack);
                set_some_text(item, "why", f->why);
                set_some_text(item, "consequence", f->consequence);
                set_some_text(item, "fix", f->fix);
                json_append(list, item);
        }
        json_set(json, "findings", list);
        json_write(json, ctl->json, ctl->out);
}

int verb_doctor(Ctl *ctl, int argc, char *const *argv) {
        Diagnosis d;
        int r;

        (void) argc;
        (void) argv;
        r = diagnose(ctl->root, &d);
        if (r < 0) {
                ctl_error(ctl, "%s: %s", ctl->root ? ctl->root : "/proc", strerror(-r));
                return CTL_FAILED;
        }
        if (ctl->json != JSON_OFF)
                print_json(ctl, &d);
        else
                print_text(ctl, &d);
        return d.n_lacks > 0 ? CTL_LACKS : CTL_OK;
}
