/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/event-json.h"

#include <stdlib.h>

#include "base/text.h"
#include "config/config-load.h"

static Json *process_json(const EventProcess *p) {
        Json *json = json_new_object();

        json_set_number(json, "pid", p->pid);
        json_set_number(json, "uid", p->uid);
        json_set_text(json, "comm", p->comm);
        json_set_text(json, "unit", p->unit);
        json_set_text(json, "cgroup", p->cgroup);
        json_set_count(json, "rss_bytes", p->rss);
        json_set_count(json, "anon_bytes", p->anon);
        json_set_count(json, "swap_bytes", p->swap);
        json_set_count(json, "gained_bytes", p->gained);
        json_set_number(json, "score", p->score);
        return json;
}

static void add_outcome(Json *json, const Event *e) {
        json_set_count(json, "n_members", e->n_members);
        json_set_count(json, "n_unreached", e->n_unreached);
        json_set_count(json, "promised_bytes", e->promised);
        json_set_count(json, "freed_bytes", e->freed);
        json_set_count(json, "took_usec", e->took_usec);
        json_set_number(json, "error", e->error);
        json_set_count(json, "count", e->count);
        json_set_count(json, "mem_available_bytes", e->mem_available);
        json_set_count(json, "mem_total_bytes", e->mem_total);
        json_set_count(json, "swap_free_bytes", e->swap_free);
        json_set_count(json, "swap_total_bytes", e->swap_total);
}

/* What an event has not is null, so that nobody takes 0 or "" for it. */
static void set_text_or_null(Json *json, const char *key, const char *text) {
        if (*text)
                json_set_text(json, key, text);
        else
                json_set(json, key, NULL);
}

static void set_count_or_null(Json *json, const char *key, uint64_t value) {
        if (value > 0)
                json_set_count(json, key, value);
        else
                json_set(json, key, NULL);
}

Json *event_json(const Event *e) {
        Json *json = json_new_object(), *list = json_new_list();
        char message[2048];
        TextBuf b;

        json_set_number(json, "schema_version", 1);
        json_set_text(json, "kind", event_name(e->kind));
        json_set_text(json, "level", notify_level_name(e->level));
        json_set_count(json, "realtime_usec", e->realtime_usec);
        json_set_count(json, "at_usec", e->at_usec);
        json_set_count(json, "serial", e->serial);
        json_set_flag(json, "dry_run", e->dry);
        json_set_flag(json, "critical", e->critical);
        set_count_or_null(json, "incident", e->incident);
        set_text_or_null(json, "policy", e->policy);
        set_text_or_null(json, "step", e->has_step ? step_kind_name(e->step) : "");
        set_count_or_null(json, "signal", e->signo > 0 ? (uint64_t) e->signo : 0);
        json_set(json, "target", e->target.pid > 0 ? process_json(&e->target) : NULL);
        add_outcome(json, e);
        json_set_text(json, "reason", e->reason);
        json_set_text(json, "text", e->text);

        textbuf_init(&b, message, sizeof(message));
        event_print(e, &b);
        json_set_text(json, "message", message);

        for (size_t i = 0; i < e->n_candidates; i++) {
                const EventProcess *p = &e->candidates[i];
                Json *candidate = process_json(p);

                set_text_or_null(candidate, "refusal",
                        p->refusal == REFUSAL_NONE ? "" : refusal_name(p->refusal));
                json_append(list, candidate);
        }
        json_set(json, "candidates", list);
        return json;
}
