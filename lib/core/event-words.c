/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/event-words.h"

#include <inttypes.h>
#include <string.h>

void event_add_group_name(const char *unit, const char *path, TextBuf *out) {
        const char *name = unit[0] != '\0' ? unit : path;

        textbuf_add_escaped(out, name, strlen(name));
}

/* "guilty.service (12 processes, 365 MiB)": what it would free, else what it uses. */
static void add_group(const EventGroup *g, uint64_t promised, TextBuf *out) {
        event_add_group_name(g->unit, g->path, out);
        textbuf_add(out, " (");
        if (g->n_processes > 0)
                textbuf_addf(out, "%" PRIu32 " process%s, ", g->n_processes,
                        g->n_processes == 1 ? "" : "es");
        textbuf_add_bytes(out, promised > 0 ? promised : g->usage > 0 ? g->usage : g->current);
        textbuf_add(out, ")");
}

/* For a tree " and 37 more" after the name. */
void event_add_target(const Event *e, TextBuf *out) {
        const EventProcess *p = &e->target;

        if (e->group.path[0] != '\0') {
                add_group(&e->group, e->promised, out);
                return;
        }
        if (p->pid == 0) {
                textbuf_add(out, "a process");
                return;
        }
        textbuf_add_escaped(out, p->comm, strnlen(p->comm, sizeof(p->comm)));
        if (e->n_members > 1)
                textbuf_addf(out, " and %" PRIu32 " more", e->n_members - 1);
        textbuf_addf(out, " (pid %" PRId32 ", ", p->pid);
        textbuf_add_bytes(out, e->promised > 0 ? e->promised : p->anon + p->swap);
        if (p->unit[0] != '\0') {
                textbuf_add(out, ", ");
                textbuf_add_escaped(out, p->unit, strnlen(p->unit, sizeof(p->unit)));
        }
        textbuf_add(out, ")");
}

void event_add_signal(int signo, TextBuf *out) {
        const char *name = sigabbrev_np(signo);

        if (name)
                textbuf_addf(out, "SIG%s", name);
        else
                textbuf_addf(out, "signal %d", signo);
}

void event_add_why(const Event *e, TextBuf *out) {
        if (e->reason[0] != '\0')
                textbuf_addf(out, ": %s", e->reason);
        if (e->policy[0] != '\0')
                textbuf_addf(out, " [%s]", e->policy);
}

void event_add_text(const Event *e, TextBuf *out) {
        if (e->text[0] != '\0')
                textbuf_addf(out, "; %s", e->text);
}
