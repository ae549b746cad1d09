/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/event-fields.h"

#include "config/config-load.h"

#define SCHEMA_VERSION 1

static void put_some_text(const EventFieldSink *to, const char *key, const char *text) {
        to->text(to->ctx, key, text && *text ? text : NULL);
}

static void put_some_number(const EventFieldSink *to, const char *key, uint64_t number) {
        if (number > 0)
                to->number(to->ctx, key, number);
        else
                to->null(to->ctx, key);
}

static void put_process(const EventFieldSink *to, const EventProcess *p) {
        to->integer(to->ctx, "pid", p->pid);
        to->number(to->ctx, "uid", p->uid);
        to->text(to->ctx, "comm", p->comm);
        to->text(to->ctx, "unit", p->unit);
        to->text(to->ctx, "cgroup", p->cgroup);
        to->number(to->ctx, "rss_bytes", p->rss);
        to->number(to->ctx, "anon_bytes", p->anon);
        to->number(to->ctx, "swap_bytes", p->swap);
        to->number(to->ctx, "gained_bytes", p->gained);
        to->integer(to->ctx, "score", p->score);
}

static void put_target(const EventFieldSink *to, const EventProcess *p) {
        if (p->pid == 0) {
                to->null(to->ctx, "target");
                return;
        }
        to->open(to->ctx, "target", false);
        put_process(to, p);
        to->close(to->ctx);
}

static void put_group(const EventFieldSink *to, const EventGroup *g) {
        if (g->path[0] == '\0') {
                to->null(to->ctx, "cgroup");
                return;
        }
        to->open(to->ctx, "cgroup", false);
        to->text(to->ctx, "path", g->path);
        to->text(to->ctx, "unit", g->unit);
        to->number(to->ctx, "n_processes", g->n_processes);
        to->number(to->ctx, "current_bytes", g->current);
        to->number(to->ctx, "usage_bytes", g->usage);
        to->number(to->ctx, "limit_bytes", g->limit);
        to->number(to->ctx, "gained_bytes", g->gained);
        to->close(to->ctx);
}

static void put_lease(const EventFieldSink *to, const Event *e) {
        if (!e->has_file) {
                to->null(to->ctx, "lease");
                return;
        }
        to->open(to->ctx, "lease", false);
        to->text(to->ctx, "file", lease_file_name(e->file));
        to->number(to->ctx, "value", e->value);
        put_some_number(to, "most_usec", e->lease_usec);
        to->close(to->ctx);
}

static void put_outcome(const EventFieldSink *to, const Event *e) {
        to->number(to->ctx, "n_members", e->n_members);
        to->number(to->ctx, "n_unreached", e->n_unreached);
        to->number(to->ctx, "promised_bytes", e->promised);
        to->number(to->ctx, "freed_bytes", e->freed);
        to->number(to->ctx, "took_usec", e->took_usec);
        to->integer(to->ctx, "error", e->error);
        to->number(to->ctx, "count", e->count);
        to->number(to->ctx, "mem_available_bytes", e->mem_available);
        to->number(to->ctx, "mem_total_bytes", e->mem_total);
        to->number(to->ctx, "swap_free_bytes", e->swap_free);
        to->number(to->ctx, "swap_total_bytes", e->swap_total);
}

static void put_words(const EventFieldSink *to, const Event *e) {
        char message[2048];
        TextBuf b;

        textbuf_init(&b, message, sizeof(message));
        event_print(e, &b);
        to->text(to->ctx, "reason", e->reason);
        to->text(to->ctx, "text", e->text);
        to->text(to->ctx, "message", message);
}

static void put_candidates(const EventFieldSink *to, const Event *e) {
        to->open(to->ctx, "candidates", true);
        for (size_t i = 0; i < e->n_candidates; i++) {
                const EventProcess *p = &e->candidates[i];

                to->open(to->ctx, NULL, false);
                put_process(to, p);
                put_some_text(to, "refusal",
                        p->refusal == REFUSAL_NONE ? NULL : refusal_name(p->refusal));
                to->close(to->ctx);
        }
        to->close(to->ctx);
}

void event_fields(const Event *e, const EventFieldSink *to) {
        to->number(to->ctx, "schema_version", SCHEMA_VERSION);
        to->text(to->ctx, "kind", event_name(e->kind));
        to->text(to->ctx, "level", notify_level_name(e->level));
        to->number(to->ctx, "realtime_usec", e->realtime_usec);
        to->number(to->ctx, "at_usec", e->at_usec);
        to->number(to->ctx, "serial", e->serial);
        to->flag(to->ctx, "dry_run", e->dry);
        to->flag(to->ctx, "critical", e->critical);
        put_some_number(to, "incident", e->incident);
        put_some_text(to, "policy", e->policy);
        put_some_text(to, "step", e->has_step ? step_kind_name(e->step) : NULL);
        put_some_number(to, "signal", e->signo > 0 ? (uint64_t) e->signo : 0);
        put_some_text(to, "hint", e->kind == EVENT_HINT ? event_hint_name(e->hint) : NULL);
        put_lease(to, e);
        put_target(to, &e->target);
        put_group(to, &e->group);
        put_outcome(to, e);
        put_words(to, e);
        put_candidates(to, e);
}
