/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ctl/status-text.h"
#include "ctl/term.h"

/* ", for another 9 min, by uid 0" */
static void print_terms(const Ctl *ctl, const Json *terms) {
        char text[96];
        int64_t left;
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        if (json_number(terms, "left_usec", &left) && left >= 0) {
                textbuf_add(&b, ", for another ");
                textbuf_add_usec(&b, (usec_t) left);
        }
        textbuf_addf(&b, ", by uid %" PRIu64 "\n", json_count(terms, "by_uid"));
        fputs(text, ctl->out);
}

static void print_ward(const Ctl *ctl, const Json *ward) {
        const char *name = json_text(ward, "name");

        fprintf(ctl->out, "  protected: ");
        if (*name) {
                term_cell(ctl, PAINT_PLAIN, 0, json_text(ward, "kind"));
                fputc(' ', ctl->out);
                term_cell(ctl, PAINT_PLAIN, 0, name);
        } else
                fprintf(ctl->out, "pid %" PRIu64, json_count(ward, "pid"));
        print_terms(ctl, ward);
}

void status_print_steering(const Ctl *ctl, const Json *d) {
        const Json *paused = json_get(d, "paused"), *wards = json_get(d, "protected");
        int64_t ignored;

        if (!json_number(paused, "left_usec", &ignored) && json_length(wards) == 0)
                return;
        term_heading(ctl, "On request");
        if (json_number(paused, "left_usec", &ignored)) {
                fputs("  ", ctl->out);
                term_cell(ctl, PAINT_BAD, 0, "paused: no step but notify is taken");
                print_terms(ctl, paused);
        }
        for (size_t i = 0; i < json_length(wards); i++)
                print_ward(ctl, json_at(wards, i));
}
