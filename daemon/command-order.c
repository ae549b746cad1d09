/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/command-order.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "base/number.h"
#include "config/config-load.h"

/* The search path of a shell script; everything else of it comes from avert. */
#define SEARCH_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Strings with their NULs, one after the other. */
typedef struct StringPile {
        TextBuf text;
        bool full;
} StringPile;

static void end_string(StringPile *p) {
        if (p->text.truncated || p->text.len + 1 >= p->text.size) {
                p->full = true;
                return;
        }
        p->text.data[++p->text.len] = '\0';
}

static void put(StringPile *p, CommandOrder *o, const char *name, const char *value) {
        textbuf_addf(&p->text, "AVERT_%s=", name);
        textbuf_add_escaped(&p->text, value, strlen(value));
        end_string(p);
        o->n_environment++;
}

static void put_number(StringPile *p, CommandOrder *o, const char *name, uint64_t value) {
        char text[24];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b, "%" PRIu64, value);
        put(p, o, name, text);
}

static const char *unit_of(const Errand *e) {
        if (e->unit[0])
                return e->unit;
        return e->event.group.unit[0] ? e->event.group.unit : e->event.target.unit;
}

static void put_environment(StringPile *p, CommandOrder *o, const Errand *errand, usec_t now_usec) {
        const Event *e = &errand->event;

        textbuf_add(&p->text, SEARCH_PATH);
        end_string(p);
        o->n_environment = 1;

        put(p, o, "POLICY", e->policy);
        put_number(p, o, "INCIDENT", e->incident);
        put_number(p, o, "STEP", errand->step + 1u);
        put(p, o, "LEVEL", notify_level_name(e->level));
        put_number(p, o, "CRITICAL", e->critical);
        put(p, o, "REASON", e->reason);
        put(p, o, "UNIT", unit_of(errand));
        put(p, o, "CGROUP", errand->cgroup);
        put_number(p, o, "PID", e->target.pid > 0 ? (uint64_t) e->target.pid : 0);
        put(p, o, "COMM", e->target.comm);
        put_number(p, o, "MEM_AVAILABLE", e->mem_available);
        put_number(p, o, "MEM_TOTAL", e->mem_total);
        put_number(p, o, "SWAP_FREE", e->swap_free);
        put_number(p, o, "SWAP_TOTAL", e->swap_total);
        put_number(p, o, "TIME_LEFT_MSEC",
                usec_since(errand->deadline_usec, now_usec) / USEC_PER_MSEC);
}

int command_order_write(const Errand *errand, const Step *step, usec_t now_usec, char *strings,
        size_t size, CommandOrder *ret) {
        CommandOrder order = { .uid = step->uid,
                .gid = step->gid,
                .n_args = (uint32_t) step->n_args,
                .output_bytes = (uint32_t) MIN(step->output_bytes, (uint64_t) STARTER_OUTPUT_MAX) };
        StringPile p = { 0 };

        textbuf_init(&p.text, strings, size);
        for (size_t i = 0; i < step->n_args; i++) {
                textbuf_add(&p.text, step->args[i]);
                end_string(&p);
        }
        put_environment(&p, &order, errand, now_usec);
        if (p.full)
                return -E2BIG;
        order.strings_len = (uint32_t) p.text.len;
        *ret = order;
        return 0;
}

bool command_succeeded(const StarterAnswer *a) {
        return a->result == STARTER_OVER && WIFEXITED(a->status) && WEXITSTATUS(a->status) == 0;
}

static void take_word(const StarterAnswer *a, Outcome *o) {
        Slice line = slice_of(a->last_line);
        const Slice freed = SLICE("freed ");
        uint64_t bytes;

        if (slice_equals(line, SLICE("skip")))
                o->kind = OUTCOME_SKIPPED;
        else if (slice_starts_with(line, freed) && line.len > freed.len &&
                number_scan_u64(line.at + freed.len, line.len - freed.len, &bytes) ==
                        (int) (line.len - freed.len))
                o->value = bytes;
}

Outcome command_outcome(const StarterAnswer *a, usec_t now_usec) {
        Outcome o = { .kind = OUTCOME_DONE, .action = a->id, .at_usec = now_usec };

        if (a->result == STARTER_LATE)
                o.kind = OUTCOME_LATE;
        else if (a->result == STARTER_FAILED) {
                o.kind = OUTCOME_REFUSED;
                o.error = a->error;
        } else if (command_succeeded(a))
                take_word(a, &o);
        return o;
}

void command_print(const StarterAnswer *a, TextBuf *out) {
        if (a->result == STARTER_LATE)
                textbuf_add(out, "was ended at its deadline");
        else if (a->result == STARTER_FAILED)
                textbuf_addf(out, "could not be started (%s: %s)", a->where, strerror(a->error));
        else if (WIFSIGNALED(a->status))
                textbuf_addf(out, "was ended by signal %d", WTERMSIG(a->status));
        else
                textbuf_addf(out, "ended with status %d", WEXITSTATUS(a->status));
        textbuf_add(out, " after ");
        textbuf_add_usec(out, a->took_usec);
        if (a->dropped > 0)
                textbuf_addf(out, "; %" PRIu64 " bytes that it wrote are not kept", a->dropped);
        if (!a->clean)
                textbuf_add(out, "; something that it started does not end");
}
