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
        if (p->refusal != REFUSAL_NONE)
                json_set_text(json, "refusal", refusal_name(p->refusal));
        return json;
}

static void add_outcome(Json *json, const Event *e) {
        json_set_count(json, "n_members", e->n_members);
        json_set_count(json, "promised_bytes", e->promised);
        json_set_count(json, "freed_bytes", e->freed);
        json_set_count(json, "took_usec", e->took_usec);
        json_set_number(json, "error", e->error);
        json_set_count(json, "count", e->count);
}

Json *event_json(const Event *e) {
        Json *json = json_new_object(), *list = json_new_list();
        char message[2048];
        TextBuf b;

        json_set_number(json, "schema_version", 1);
        json_set_text(json, "kind", event_name(e->kind));
        json_set_text(json, "level", notify_level_name(e->level));
        json_set_count(json, "at_usec", e->at_usec);
        json_set_count(json, "realtime_usec", e->realtime_usec);
        json_set_count(json, "serial", e->serial);
        json_set_flag(json, "dry_run", e->dry);
        json_set_flag(json, "critical", e->critical);
        json_set_count(json, "incident", e->incident);
        json_set_text(json, "policy", e->policy);
        json_set_text(json, "step", e->has_step ? step_kind_name(e->step) : "");
        json_set_text(json, "signal", e->signo > 0 ? signal_step_name(e->signo) : "");
        json_set(json, "target", e->target.pid > 0 ? process_json(&e->target) : NULL);
        add_outcome(json, e);
        json_set_text(json, "reason", e->reason);
        json_set_text(json, "text", e->text);

        textbuf_init(&b, message, sizeof(message));
        event_print(e, &b);
        json_set_text(json, "message", message);

        for (size_t i = 0; i < e->n_candidates; i++)
                json_append(list, process_json(&e->candidates[i]));
        json_set(json, "candidates", list);
        return json;
}
