/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "base/number.h"
#include "ctl/status-text.h"
#include "ctl/term.h"

static Paint paint_of(const char *state) {
        if (strcmp(state, "over") == 0)
                return PAINT_BAD;
        return strcmp(state, "calm") == 0 ? PAINT_GOOD : PAINT_WARN;
}

static void add_bytes(TextBuf *out, const Json *cgroup, const char *key) {
        int64_t bytes;

        if (json_number(cgroup, key, &bytes))
                textbuf_add_bytes(out, (uint64_t) MAX(bytes, INT64_C(0)));
        else
                textbuf_add(out, "?");
}

/* "480 MiB of 512 MiB (93%)" */
static void add_usage(TextBuf *out, const Json *cgroup) {
        int64_t usage, limit;

        add_bytes(out, cgroup, "usage_bytes");
        textbuf_add(out, " of ");
        add_bytes(out, cgroup, "limit_bytes");
        if (!json_number(cgroup, "usage_bytes", &usage) ||
                !json_number(cgroup, "limit_bytes", &limit) || usage < 0 || limit <= 0)
                return;
        textbuf_add(out, " (");
        textbuf_add_permyriad(out, permyriad_of((uint64_t) usage, (uint64_t) limit));
        textbuf_add(out, ")");
}

static void print_one(const Ctl *ctl, const Json *cgroup) {
        const char *unit = json_text(cgroup, "unit"), *state = json_text(cgroup, "state");
        uint64_t kills = json_count(cgroup, "oom_kills");
        int64_t left;
        char text[96];
        TextBuf b;

        fputs("  ", ctl->out);
        term_cell(ctl, PAINT_PLAIN, 26, *unit ? unit : json_text(cgroup, "path"));
        textbuf_init(&b, text, sizeof(text));
        add_usage(&b, cgroup);
        fputc(' ', ctl->out);
        term_cell(ctl, PAINT_PLAIN, 30, text);
        term_cell(ctl, paint_of(state), 0, state);

        if (json_number(cgroup, "exhaustion_usec", &left) && left < INT64_MAX) {
                textbuf_init(&b, text, sizeof(text));
                textbuf_add(&b, ", full in ");
                textbuf_add_usec(&b, (usec_t) MAX(left, INT64_C(0)));
                fputs(text, ctl->out);
        }
        fputc('\n', ctl->out);
        if (kills > 0) {
                textbuf_init(&b, text, sizeof(text));
                textbuf_addf(
                        &b, "    %" PRIu64 " killed in it by the kernel in the last 10 s", kills);
                term_cell(ctl, PAINT_BAD, 0, text);
                fputc('\n', ctl->out);
        }
}

void status_print_cgroups(const Ctl *ctl, const Json *d) {
        const Json *watched = json_get(json_get(d, "cgroups"), "watched");

        if (json_length(watched) == 0)
                return;
        term_heading(ctl, "Cgroups");
        for (size_t i = 0; i < json_length(watched); i++)
                print_one(ctl, json_at(watched, i));
}
