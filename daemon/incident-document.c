/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/incident-document.h"

#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "daemon/json-read.h"
#include "describe/describe.h"
#include "engine/incident-file.h"

#define OPEN "open"

void incident_document_name(const IncidentPart *part, char ret[static INCIDENT_NAME_MAX]) {
        TextBuf b;

        textbuf_init(&b, ret, INCIDENT_NAME_MAX);
        textbuf_add(&b, part->name);
        textbuf_add(&b, INCIDENT_SUFFIX);
}

/* The order of the keys is that of the file: (2). */
static Json *begin(const IncidentPart *part, bool earlier_lost) {
        Json *d = json_new_map();
        uint64_t incident = 0;

        (void) incident_name_parse(part->name, &incident);
        json_put_number(d, "schema_version", INCIDENT_SCHEMA_VERSION);
        json_put_text(d, "kind", incident == 0 ? "kernel-oom" : "incident");
        json_put_text(d, "id", part->name);
        json_put_text(d, "state", incident == 0 ? "closed" : OPEN);
        json_put_number(d, "incident", incident);
        json_put_null(d, "policy");
        json_put_bool(d, "dry_run", false);
        json_put_bool(d, "critical", false);
        json_put_number(d, "opened_realtime_usec", 0);
        json_put_null(d, "closed_realtime_usec");
        json_put_null(d, "took_usec");
        json_put_null(d, "reason");
        json_put_null(d, "ended_because");
        json_put_number(d, "reopened", 0);
        json_put_number(d, "steps_taken", 0);
        json_put_number(d, "freed_bytes", 0);
        json_put_number(d, "kernel_oom_kills", 0);
        json_put_bool(d, "earlier_lost", earlier_lost);
        json_put_number(d, "avertd_started_usec", part->started_usec);
        json_put_number(d, "last_serial", 0);
        json_put_null(d, "rule");
        json_put_null(d, "samples");
        json_put_number(d, "events_left_out", 0);
        (void) json_put_list(d, "events");
        return d;
}

static bool is_document(Json *d, const char *name) {
        return json_get_number(d, "schema_version") == INCIDENT_SCHEMA_VERSION &&
                strcmp(json_get_text(d, "id"), name) == 0 && json_has(d, "events");
}

int incident_document_load(int dir_fd, const IncidentPart *part, Json **ret) {
        _cleanup_(json_freep) Json *d = NULL;
        _cleanup_free_ char *text = NULL;
        char file[INCIDENT_NAME_MAX];
        int r;

        incident_document_name(part, file);
        r = incident_file_read(dir_fd, file, &text);
        if (r < 0 && r != -ENOENT && r != -EFBIG && r != -ELOOP)
                return r;
        if (r == 0)
                d = json_read(text);
        if (!d || !is_document(d, part->name)) {
                json_free(d);
                d = begin(part, r != -ENOENT);
        }
        if (!d)
                return -ENOMEM;
        *ret = TAKE_PTR(d);
        return 0;
}

static void count(Json *d, const char *key, uint64_t more) {
        json_put_number(d, key, add_sat_u64(json_get_number(d, key), more));
}

static void close_it(Json *d, const Event *e) {
        json_put_text(d, "state", "closed");
        json_put_number(d, "closed_realtime_usec", e->realtime_usec);
        json_put_number(d, "took_usec", e->took_usec);
        json_put_text(d, "ended_because", e->text[0] ? e->text : "its condition was over");
        json_put_number(d, "freed_bytes", MAX(e->freed, json_get_number(d, "freed_bytes")));
}

/* Not each time is told: the event has how often it was. */
static void reopen(Json *d, const Event *e) {
        json_put_number(d, "reopened", MAX(json_get_number(d, "reopened") + 1, e->count));
        json_put_text(d, "state", OPEN);
        json_put_null(d, "closed_realtime_usec");
        json_put_null(d, "ended_because");
}

static void sum_up(Json *d, const Event *e) {
        if (json_get_number(d, "opened_realtime_usec") == 0)
                json_put_number(d, "opened_realtime_usec", e->realtime_usec);
        if (!json_has(d, "policy") && e->policy[0])
                json_put_text(d, "policy", e->policy);
        if (!json_has(d, "reason") && (e->reason[0] || e->kind == EVENT_KERNEL_OOM))
                json_put_text(d, "reason", e->kind == EVENT_KERNEL_OOM ? e->text : e->reason);
        json_put_bool(d, "dry_run", e->dry);
        json_put_bool(d, "critical", e->critical || json_get_bool(d, "critical"));

        if (e->kind == EVENT_INCIDENT_REOPENED)
                reopen(d, e);
        else if (e->kind == EVENT_INCIDENT_CLOSED)
                close_it(d, e);
        else if (e->kind == EVENT_STEP_TAKEN)
                count(d, "steps_taken", 1);
        else if (e->kind == EVENT_STEP_DONE)
                count(d, "freed_bytes", e->freed);
        else if (e->kind == EVENT_KERNEL_OOM)
                count(d, "kernel_oom_kills", e->count);
}

static bool begins(const Event *e) {
        return e->kind == EVENT_INCIDENT_OPENED || e->kind == EVENT_KERNEL_OOM;
}

static void add_event(Json *d, const Event *e) {
        Json *events = json_get(d, "events");

        if (e->serial <= json_get_number(d, "last_serial"))
                return; /* it is there: the last write was not known to have come to its end */
        if (json_length(events) == 0 && !begins(e))
                json_put_bool(d, "earlier_lost", true); /* it was the oldest, and had to go */
        json_put_number(d, "last_serial", e->serial);
        sum_up(d, e);
        describe_put_event(e, json_add_map(events));
        if (json_length(events) > INCIDENT_FIRST_EVENTS + INCIDENT_LATEST_EVENTS) {
                json_remove_at(events, INCIDENT_FIRST_EVENTS);
                count(d, "events_left_out", 1);
        }
}

void incident_document_add(Json *d, const IncidentPart *part) {
        const void *body = incident_part_body(part);

        switch (part->kind) {
        case INCIDENT_PART_EVENT:
                add_event(d, body);
                break;
        case INCIDENT_PART_TRAIL:
                if (!json_has(d, "samples"))
                        describe_put_trail(
                                body, part->len / sizeof(TrailEntry), json_put_map(d, "samples"));
                break;
        case INCIDENT_PART_RULE:
                if (!json_has(d, "rule"))
                        json_put_read(d, "rule", body, part->len);
                break;
        case INCIDENT_PART_BEGIN:
        case _INCIDENT_PART_MAX:
                break;
        }
}

bool incident_document_cut_off(Json *d) {
        if (strcmp(json_get_text(d, "state"), OPEN) != 0)
                return false;
        json_put_text(d, "state", "cut-off");
        json_put_text(d, "ended_because", "avertd ended before it did");
        return true;
}

bool incident_document_is_open(const char *text) {
        char head[INCIDENT_HEAD_LEN];

        (void) text_copy(head, sizeof(head), text);
        return strstr(head, "\"state\":\"" OPEN "\"") != NULL;
}
