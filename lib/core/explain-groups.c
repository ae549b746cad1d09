/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/explain-groups.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "core/explain.h"
#include "core/remembered.h"

#define ROWS_MAX 10
#define NAME_WIDTH 36

void explain_group_name(const GroupSample *g, TextBuf *out) {
        const GroupFacts *f = g->facts;
        const char *name = f->is_user_unit ? f->user_unit : f->is_unit ? f->unit : f->path;

        textbuf_add_escaped(out, name, strlen(name));
}

static void print_bytes_column(uint64_t bytes, TextBuf *out) {
        char text[32];
        TextBuf column;

        textbuf_init(&column, text, sizeof(text));
        textbuf_add_bytes(&column, bytes);
        textbuf_addf(out, " %10s", text);
}

static void print_why(
        const Sample *s, const DecideVeto *veto, const GroupCandidate *c, TextBuf *out) {
        const Remembered *what;

        if (c->refusal == REFUSAL_NONE) {
                if (c->preference != 0)
                        textbuf_add(out, c->preference > 0 ? "  preferred: x4" : "  avoided: x1/4");
                if (c->owner_avoids)
                        textbuf_add(out, "  its owner avoids it: x1/4");
                if (c->history_missing)
                        textbuf_add(out, "  young history");
                return;
        }

        textbuf_addf(out, "  %s", refusal_name(c->refusal));
        if (c->refuser != GROUP_NONE) {
                const ProcFacts *f = s->procs[c->refuser].facts;

                textbuf_add(out, ": it holds ");
                textbuf_add_escaped(out, f->comm, strnlen(f->comm, sizeof(f->comm)));
                textbuf_addf(out, " (pid %" PRId32 ")", f->pid);
        }
        if (c->refusal == REFUSAL_PROTECTED && c->spec)
                textbuf_addf(out, " by %s (%s:%" PRIu32 ")", c->spec->text ? c->spec->text : "",
                        c->spec->file ? c->spec->file : "", c->spec->line);
        if (c->refusal == REFUSAL_WARD)
                explain_ward(steering_find_inside(&veto->book->steering, s, &s->groups[c->group],
                                     s->raw.at_usec),
                        s->raw.at_usec, out);
        what = c->refusal == REFUSAL_REMEMBERED ? remembered_find_group(veto, &s->groups[c->group])
                                                : NULL;
        if (what) {
                textbuf_addf(out, ": %s, for ", what->why);
                textbuf_add_usec(out, what->until_usec - s->raw.at_usec);
        }
}

static void print_row(
        const Sample *s, const DecideVeto *veto, const GroupCandidate *c, TextBuf *out) {
        const GroupSample *g = &s->groups[c->group];
        size_t before, width;

        textbuf_add(out, "  ");
        before = out->len;
        explain_group_name(g, out);
        width = out->len - before;
        textbuf_addf(out, "%*s %9" PRIu32, width < NAME_WIDTH ? (int) (NAME_WIDTH - width) : 0, "",
                c->n_processes);
        print_bytes_column(g->current, out);
        print_bytes_column(c->gained, out);
        print_bytes_column(c->freeable, out);
        print_why(s, veto, c, out);
        textbuf_add(out, "\n");
}

void explain_groups(
        const Sample *s, const DecideVeto *veto, const DecideScratch *scratch, TextBuf *out) {
        if (scratch->n_best_groups == 0)
                return;
        textbuf_addf(out, "  cgroups\n  %-*s %9s %10s %10s %10s\n", NAME_WIDTH, "name", "processes",
                "charged", "gained", "freeable");
        for (size_t i = 0; i < MIN(scratch->n_best_groups, (size_t) ROWS_MAX); i++)
                print_row(s, veto, &scratch->best_groups[i], out);
}
