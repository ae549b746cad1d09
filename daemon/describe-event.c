/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-load.h"
#include "core/rank.h"
#include "daemon/describe.h"

static void fill_process(const EventProcess *p, Json *map) {
        json_put_signed(map, "pid", p->pid);
        json_put_number(map, "uid", p->uid);
        json_put_text(map, "comm", p->comm);
        json_put_text(map, "unit", p->unit);
        json_put_text(map, "cgroup", p->cgroup);
        json_put_number(map, "rss_bytes", p->rss);
        json_put_number(map, "anon_bytes", p->anon);
        json_put_number(map, "swap_bytes", p->swap);
        json_put_number(map, "gained_bytes", p->gained);
        json_put_signed(map, "score", p->score);
}

char *describe_event(const Event *e) {
        _cleanup_(json_freep) Json *root = json_new_map();
        char sentence[1536];
        Json *candidates;
        TextBuf b;

        textbuf_init(&b, sentence, sizeof(sentence));
        event_print(e, &b);

        json_put_number(root, "schema_version", DESCRIBE_SCHEMA_VERSION);
        json_put_text(root, "kind", event_name(e->kind));
        json_put_text(root, "level", notify_level_name(e->level));
        json_put_number(root, "realtime_usec", e->realtime_usec);
        json_put_number(root, "at_usec", e->at_usec);
        json_put_number(root, "serial", e->serial);
        json_put_bool(root, "dry_run", e->dry);
        json_put_bool(root, "critical", e->critical);
        if (e->incident > 0)
                json_put_number(root, "incident", e->incident);
        else
                json_put_null(root, "incident");
        json_put_text(root, "policy", e->policy[0] ? e->policy : NULL);
        json_put_text(root, "step", e->has_step ? step_kind_name(e->step) : NULL);
        if (e->signo > 0)
                json_put_signed(root, "signal", e->signo);
        else
                json_put_null(root, "signal");
        if (e->target.pid > 0)
                fill_process(&e->target, json_put_map(root, "target"));
        else
                json_put_null(root, "target");
        json_put_number(root, "n_members", e->n_members);
        json_put_number(root, "n_unreached", e->n_unreached);
        json_put_number(root, "promised_bytes", e->promised);
        json_put_number(root, "freed_bytes", e->freed);
        json_put_number(root, "took_usec", e->took_usec);
        json_put_signed(root, "error", e->error);
        json_put_number(root, "count", e->count);
        json_put_number(root, "mem_available_bytes", e->mem_available);
        json_put_number(root, "mem_total_bytes", e->mem_total);
        json_put_number(root, "swap_free_bytes", e->swap_free);
        json_put_number(root, "swap_total_bytes", e->swap_total);
        json_put_text(root, "reason", e->reason);
        json_put_text(root, "text", e->text);
        json_put_text(root, "message", sentence);

        candidates = json_put_list(root, "candidates");
        for (size_t i = 0; i < e->n_candidates; i++) {
                const EventProcess *p = &e->candidates[i];
                Json *one = json_add_map(candidates);

                fill_process(p, one);
                json_put_text(one, "refusal",
                        p->refusal == REFUSAL_NONE ? NULL : refusal_name(p->refusal));
        }
        return json_print(root);
}
