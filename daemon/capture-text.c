/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/capture-text.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "describe/describe.h"

#define SCHEMA_VERSION 1

int capture_text_begin(CaptureText *t, const Errand *errand, const TrailEntry *trail,
        size_t n_trail, usec_t realtime_usec) {
        Json *list, *map;

        *t = (CaptureText){ .errand = errand, .root = json_new_map() };
        if (!t->root)
                return -ENOMEM;
        json_put_number(t->root, "schema_version", SCHEMA_VERSION);
        json_put_text(t->root, "kind", "capture");
        json_put_number(t->root, "realtime_usec", realtime_usec);
        t->missing = json_put_list(t->root, "missing");
        describe_put_event(&errand->event, json_put_map(t->root, "event"));
        describe_put_trail(trail, n_trail, json_put_map(t->root, "samples"));
        if (n_trail == 0)
                capture_text_miss(t, "samples");

        list = json_put_list(t->root, "processes");
        for (uint32_t i = 0; i < MIN(errand->n_processes, (uint32_t) ERRAND_PROCESSES_MAX); i++) {
                map = json_add_map(list);
                json_put_signed(map, "pid", errand->pids[i]);
                json_put_number(map, "start_ticks", errand->start_ticks[i]);
                t->processes[i] = json_put_map(map, "files");
        }
        map = errand->cgroup[0] == '/' ? json_put_map(t->root, "cgroup") : NULL;
        if (map) {
                json_put_text(map, "path", errand->cgroup);
                t->cgroup = json_put_map(map, "files");
        } else
                json_put_null(t->root, "cgroup");
        return 0;
}

/* A kernel without the file has nothing to miss: that is so every time. */
static bool is_missed(const CapturePiece *p) {
        return p->state == CAPTURE_GONE || p->state == CAPTURE_REPLACED ||
                (p->state == CAPTURE_MISSING && (p->error != ENOENT || p->name[0] == '\0'));
}

static void miss_piece(CaptureText *t, const CapturePiece *p) {
        static const char *const states[] = {
                [CAPTURE_READ] = "",
                [CAPTURE_GONE] = "gone",
                [CAPTURE_REPLACED] = "another process has its number",
                [CAPTURE_MISSING] = "",
        };
        char text[128];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        if (p->process >= 0 && p->process < ERRAND_PROCESSES_MAX)
                textbuf_addf(&b, "process %d", t->errand->pids[p->process]);
        else
                textbuf_add(&b, "cgroup");
        textbuf_addf(&b, "%s%s: %s", p->name[0] ? " " : "", p->name,
                p->state == CAPTURE_MISSING ? strerror(p->error) : states[p->state]);
        capture_text_miss(t, text);
}

void capture_text_add(CaptureText *t, const CapturePiece *p) {
        Json *map = p->process == CAPTURE_CGROUP                       ? t->cgroup
                : p->process >= 0 && p->process < ERRAND_PROCESSES_MAX ? t->processes[p->process]
                                                                       : NULL;
        char text[CAPTURE_TEXT_MAX + 1];

        if (is_missed(p))
                miss_piece(t, p);
        if (p->state != CAPTURE_READ || !map)
                return;
        memcpy(text, p->text, p->len);
        text[p->len] = '\0';
        json_put_text(map, p->name, text);
}

void capture_text_miss(CaptureText *t, const char *what) {
        json_add_text(t->missing, what);
        t->n_missing++;
}

char *capture_text_end(CaptureText *t) {
        char *text;

        json_put_bool(t->root, "partial", t->n_missing > 0);
        text = json_print(t->root);
        t->root = json_free(t->root);
        return text;
}
