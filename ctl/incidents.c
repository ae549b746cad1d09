/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/incidents.h"

#include "ctl/incident-text.h"

#define SCHEMA_VERSION 1

static void copy_text(Json *to, const Json *from, const char *key) {
        const char *text = json_text(from, key);

        if (*text)
                json_set_text(to, key, text);
        else
                json_set(to, key, NULL);
}

static void copy_number(Json *to, const Json *from, const char *key) {
        int64_t number;

        if (json_number(from, key, &number))
                json_set_number(to, key, number);
        else
                json_set(to, key, NULL);
}

static Json *summarize(const Json *d) {
        static const char *const texts[] = { "id", "kind", "state", "policy", "reason",
                "ended_because" };
        static const char *const numbers[] = { "incident", "opened_realtime_usec",
                "closed_realtime_usec", "took_usec", "reopened", "steps_taken", "freed_bytes",
                "kernel_oom_kills" };
        const Json *telling = incident_text_telling(d);
        Json *one = json_new_object();

        for (size_t i = 0; i < ELEMENTS(texts); i++)
                copy_text(one, d, texts[i]);
        json_set_flag(one, "dry_run", json_flag(d, "dry_run"));
        json_set_flag(one, "critical", json_flag(d, "critical"));
        for (size_t i = 0; i < ELEMENTS(numbers); i++)
                copy_number(one, d, numbers[i]);
        json_set_text(one, "unit", incident_text_unit(telling));
        copy_text(one, telling, "message");
        return one;
}

int incidents_list(
        const Ctl *ctl, const IncidentFiles *f, IncidentFilter matches, const void *what) {
        _cleanup_(json_unrefp) Json *all = json_new_object();
        size_t skip = ctl->count > 0 && ctl->count < f->n ? f->n - ctl->count : 0, n = 0;
        Json *list = json_new_list();

        json_set_number(all, "schema_version", SCHEMA_VERSION);
        json_set(all, "incidents", list);
        for (size_t i = skip; i < f->n; i++) {
                _cleanup_(json_unrefp) Json *d = incident_files_load(ctl, f, f->names[i]);

                if (!d || (matches && !matches(d, what)))
                        continue;
                n++;
                if (ctl->json == JSON_OFF)
                        incident_text_line(ctl, d);
                else
                        json_append(list, summarize(d));
        }
        if (ctl->json != JSON_OFF)
                json_write(all, ctl->json, ctl->out);
        else if (n == 0 && !matches)
                fprintf(ctl->out, "no incident is kept in %s\n", f->directory);
        return n > 0 || !matches ? CTL_OK : CTL_FAILED;
}

int incidents_print(const Ctl *ctl, const IncidentFiles *f, const char *what,
        void (*print)(const Ctl *ctl, const Json *incident)) {
        _cleanup_(json_unrefp) Json *d = NULL;
        size_t i;

        if (!incident_files_find(ctl, f, what, &i))
                return CTL_FAILED;
        d = incident_files_load(ctl, f, f->names[i]);
        if (!d)
                return CTL_FAILED;
        if (ctl->json != JSON_OFF)
                json_write(d, ctl->json, ctl->out);
        else
                print(ctl, d);
        return CTL_OK;
}
