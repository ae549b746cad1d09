/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/status-text.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "ctl/lease-text.h"
#include "ctl/term.h"

static Paint paint_of_state(const char *state) {
        if (strcmp(state, "present") == 0)
                return PAINT_GOOD;
        if (strcmp(state, "degraded") == 0)
                return PAINT_WARN;
        return PAINT_DIM;
}

/* ---- sources
 * ---------------------------------------------------------------------------------------- */

static void print_source(const Ctl *ctl, const Json *source) {
        const char *state = json_text(source, "state"), *why = json_text(source, "why");
        char text[160];
        int64_t age;
        TextBuf b;

        fputs("  ", ctl->out);
        term_cell(ctl, PAINT_PLAIN, 12, json_text(source, "name"));
        fputc(' ', ctl->out);
        term_cell(ctl, paint_of_state(state), 9, state);

        textbuf_init(&b, text, sizeof(text));
        if (json_number(source, "age_usec", &age) && age >= 0) {
                textbuf_add(&b, " read ");
                textbuf_add_usec(&b, (usec_t) age);
                textbuf_add(&b, " ago,");
        }
        textbuf_add(&b, " ");
        term_add_count(&b, json_count(source, "reads"));
        textbuf_add(&b, " reads");
        if (json_count(source, "failures") > 0)
                textbuf_addf(&b, ", %" PRIu64 " failed", json_count(source, "failures"));
        if (json_count(source, "suspects") > 0)
                textbuf_addf(&b, ", %" PRIu64 " suspect", json_count(source, "suspects"));
        fprintf(ctl->out, "%s\n", text);

        if (*why) {
                fprintf(ctl->out, "%15s", "");
                term_wrap(ctl, PAINT_PLAIN, 15, 15, why);
        }
}

/* What was found at start: only what is less than it could be is worth a line here. */
static void print_probe(const Ctl *ctl, const Json *probe) {
        for (size_t i = 0; i < json_length(probe); i++) {
                const Json *item = json_at(probe, i);
                const char *state = json_text(item, "state");
                unsigned at;

                if (strcmp(state, "present") == 0)
                        continue;

                fputs("  ", ctl->out);
                at = 2 + term_cell(ctl, PAINT_PLAIN, 0, json_text(item, "name"));
                fputc(' ', ctl->out);
                at += 1 + term_cell(ctl, paint_of_state(state), 0, state);
                fputs(": ", ctl->out);
                term_wrap(ctl, PAINT_PLAIN, at + 2, 6, json_text(item, "why"));
                if (*json_text(item, "consequence")) {
                        fputs("      ", ctl->out);
                        term_wrap(ctl, PAINT_DIM, 6, 6, json_text(item, "consequence"));
                }
        }
}

void status_print_sources(const Ctl *ctl, const Json *d) {
        const Json *sources = json_get(d, "sources");

        term_heading(ctl, "Sources");
        for (size_t i = 0; i < json_length(sources); i++)
                print_source(ctl, json_at(sources, i));
        print_probe(ctl, json_get(d, "probe"));
}

/* ---- incidents
 * -------------------------------------------------------------------------------------- */

static void print_incident(const Ctl *ctl, const Json *incident) {
        const Json *target = json_get(incident, "target");
        char text[192];
        int64_t pid;
        unsigned at;
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b, "#%" PRIu64 " ", json_count(incident, "id"));
        fputs("  ", ctl->out);
        at = 2 + term_cell(ctl, PAINT_PLAIN, 0, text);
        at += term_cell(ctl, PAINT_BOLD, 0, json_text(incident, "policy"));

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b, "%s%s for ", json_text(incident, "phase"),
                json_flag(incident, "critical") ? ", critical," : "");
        textbuf_add_usec(&b, json_count(incident, "since_usec_ago"));
        textbuf_addf(&b, ", %" PRIu64 " steps taken", json_count(incident, "steps_taken"));
        if (*json_text(incident, "step"))
                textbuf_addf(&b, " (at %s)", json_text(incident, "step"));
        textbuf_add(&b, ", freed ");
        textbuf_add_bytes(&b, json_count(incident, "freed_bytes"));
        fputc(' ', ctl->out);
        term_wrap(ctl, PAINT_PLAIN, at + 1, 6, text);

        if (json_number(target, "pid", &pid)) {
                textbuf_init(&b, text, sizeof(text));
                textbuf_addf(&b, "      target: pid %" PRId64 " ", pid);
                fputs(text, ctl->out);
                at = (unsigned) b.len + term_cell(ctl, PAINT_PLAIN, 0, json_text(target, "comm"));
                fputc(' ', ctl->out);
                term_wrap(ctl, PAINT_DIM, at + 1, 8, json_text(target, "unit"));
        }
        if (*json_text(incident, "reason")) {
                fputs("      ", ctl->out);
                term_wrap(ctl, PAINT_PLAIN, 6, 8, json_text(incident, "reason"));
        }
}

void status_print_incidents(const Ctl *ctl, const Json *d) {
        const Json *incidents = json_get(d, "incidents");

        term_heading(ctl, "Incidents");
        if (json_length(incidents) == 0)
                fputs("  none\n", ctl->out);
        for (size_t i = 0; i < json_length(incidents); i++)
                print_incident(ctl, json_at(incidents, i));
}

void status_print_leases(const Ctl *ctl, const Json *d) {
        const Json *leases = json_get(d, "leases");

        if (json_length(leases) == 0)
                return;
        term_heading(ctl, "Leases");
        for (size_t i = 0; i < json_length(leases); i++) {
                char text[320];
                TextBuf b;

                textbuf_init(&b, text, sizeof(text));
                lease_text(json_at(leases, i), &b);
                fputs("  ", ctl->out);
                term_wrap(ctl, PAINT_PLAIN, 2, 6, text);
        }
}

/* ---- counters
 * --------------------------------------------------------------------------------------- */

static void add_counter(TextBuf *out, const Json *json, const char *key, const char *name) {
        textbuf_add(out, " ");
        term_add_count(out, json_count(json, key));
        textbuf_addf(out, " %s", name);
}

static void add_longest(TextBuf *out, const Json *json, const char *key, const char *name) {
        textbuf_addf(out, " %s ", name);
        textbuf_add_usec(out, json_count(json, key));
}

static void print_paragraph(const Ctl *ctl, const char *head, const char *text) {
        unsigned at = 2;

        fputs("  ", ctl->out);
        at += term_cell(ctl, PAINT_PLAIN, 10, head);
        term_wrap(ctl, PAINT_PLAIN, at, 12, text);
}

static void print_sentinel(const Ctl *ctl, const Json *s) {
        char text[512];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        add_counter(&b, s, "ticks", "samples judged;");
        textbuf_add(&b, " woken by timer");
        add_counter(&b, s, "wakes_timer", "times, by pressure");
        add_counter(&b, s, "wakes_psi", "times, by an exit");
        add_counter(&b, s, "wakes_pidfd", "times, by request");
        add_counter(&b, s, "wakes_request", "times, by a cgroup");
        add_counter(&b, s, "wakes_groups", "times; triggers:");
        textbuf_addf(&b, " %s; longest", json_text(s, "trigger_mode"));
        add_longest(&b, s, "longest_pass_usec", "pass");
        textbuf_add(&b, ",");
        add_longest(&b, s, "longest_read_usec", "read");
        textbuf_add(&b, ",");
        add_longest(&b, s, "longest_judge_usec", "judging");
        textbuf_add(&b, ",");
        add_longest(&b, s, "longest_late_usec", "lateness");
        print_paragraph(ctl, "sentinel", text);

        textbuf_init(&b, text, sizeof(text));
        add_counter(&b, s, "signals_sent", "signals sent,");
        add_counter(&b, s, "signals_refused", "refused;");
        add_counter(&b, s, "reapers_alive", "reapers,");
        add_counter(&b, s, "reapers_lost", "lost;");
        add_counter(&b, s, "events_dropped", "events dropped;");
        add_counter(&b, s, "blinded", "triggers without stall");
        print_paragraph(ctl, "acting", text);
}

static void add_seen(TextBuf *out, const Json *scout, const char *const keys[3], const char *name) {
        textbuf_add(out, "sees");
        add_counter(out, scout, keys[0], name);
        textbuf_add(out, ", knows ");
        term_add_count(out, json_count(scout, keys[1]));
        textbuf_add(out, ", keeps");
        add_counter(out, scout, keys[2], "open;");
}

static void print_scout(const Ctl *ctl, const Json *scout) {
        static const char *const processes[] = { "seen", "known", "kept" };
        static const char *const cgroups[] = { "groups_seen", "groups_known", "groups_kept" };
        char text[512];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        add_seen(&b, scout, processes, "processes");
        add_counter(&b, scout, "passes", "passes,");
        add_counter(&b, scout, "censuses", "of them whole;");
        add_counter(&b, scout, "vanished", "vanished,");
        add_counter(&b, scout, "refused", "refused,");
        add_counter(&b, scout, "dropped", "beyond the limit;");
        add_longest(&b, scout, "longest_pass_usec", "longest pass");
        print_paragraph(ctl, "scout", text);

        if (json_count(scout, "groups_seen") == 0)
                return; /* the probe tells why */
        textbuf_init(&b, text, sizeof(text));
        add_seen(&b, scout, cgroups, "cgroups");
        add_counter(&b, scout, "groups_dropped", "beyond the limit;");
        add_counter(&b, scout, "groups_triggers", "wake by pressure,");
        add_counter(&b, scout, "groups_watches", "watches");
        if (json_flag(scout, "groups_unheard"))
                textbuf_add(&b, "; not all are heard of: the next census sees what changed");
        print_paragraph(ctl, "cgroups", text);
}

void status_print_counters(const Ctl *ctl, const Json *d) {
        bool missed = json_count(d, "kernel_oom_kills") > 0;
        char text[512];
        TextBuf b;

        term_heading(ctl, "Since start");
        textbuf_init(&b, text, sizeof(text));
        add_counter(&b, d, "steps_total", "destructive steps,");
        textbuf_add(&b, " ");
        textbuf_add_bytes(&b, json_count(d, "freed_total_bytes"));
        textbuf_add(&b, " freed");
        print_paragraph(ctl, "steps", text);

        fputs("  ", ctl->out);
        term_cell(ctl, PAINT_PLAIN, 10, "kernel");
        term_print(ctl, missed ? PAINT_BAD : PAINT_PLAIN, "%" PRIu64 " OOM kills%s\n",
                json_count(d, "kernel_oom_kills"), missed ? ": these are our misses" : "");

        print_sentinel(ctl, json_get(d, "sentinel"));
        print_scout(ctl, json_get(d, "scout"));
}
