/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/incident-text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "config/metric.h"
#include "ctl/term.h"

#define INDENT 4
#define NAME_COLUMNS 11
#define STATE_COLUMNS 9
#define POLICY_COLUMNS 22

/* Of what is shown of the readings before, spread over all of them. */
#define SAMPLES_SHOWN 16

static void add_time(TextBuf *out, uint64_t realtime_usec) {
        time_t seconds = (time_t) (realtime_usec / USEC_PER_SEC);
        char text[32] = "";
        struct tm tm;

        if (realtime_usec > 0 && localtime_r(&seconds, &tm))
                (void) strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
        textbuf_add(out, *text ? text : "?");
}

static void print_time(const Ctl *ctl, const Json *json, const char *key) {
        char text[32];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        add_time(&b, json_count(json, key));
        fputs(text, ctl->out);
}

static bool is_kernel(const Json *incident) {
        return strcmp(json_text(incident, "kind"), "kernel-oom") == 0;
}

static void print_state(const Ctl *ctl, unsigned columns, const Json *incident) {
        const char *state = json_text(incident, "state");

        if (is_kernel(incident))
                (void) term_cell(ctl, PAINT_BAD, columns, "our miss");
        else
                (void) term_cell(
                        ctl, strcmp(state, "open") == 0 ? PAINT_WARN : PAINT_PLAIN, columns, state);
}

/* ---- a line
 * -------------------------------------------------------------------------------------- */

/* The more, the more an event says about what was done. */
static int weight_of(const Json *event) {
        static const char *const kinds[] = { "incident-opened", "notify", "step-skipped",
                "step-taken", "no-useful-victim", "budget-spent", "step-failed", "step-done",
                "kernel-oom" };
        const char *kind = json_text(event, "kind");

        for (size_t i = 0; i < ELEMENTS(kinds); i++)
                if (strcmp(kind, kinds[i]) == 0)
                        return (int) i + 1;
        return 0;
}

const Json *incident_text_telling(const Json *incident) {
        const Json *events = json_get(incident, "events"), *best = NULL;
        int most = 0;

        for (size_t i = 0; i < json_length(events); i++) {
                const Json *event = json_at(events, i);
                int weight = weight_of(event);

                if (weight < most || weight == 0)
                        continue;
                best = event;
                most = weight;
        }
        return best;
}

const char *incident_text_unit(const Json *event) {
        const char *group = json_text(json_get(event, "cgroup"), "unit");

        return *group ? group : json_text(json_get(event, "target"), "unit");
}

void incident_text_line(const Ctl *ctl, const Json *incident) {
        const Json *telling = incident_text_telling(incident);
        const char *policy = json_text(incident, "policy");

        print_time(ctl, incident, "opened_realtime_usec");
        fputs("  ", ctl->out);
        print_state(ctl, STATE_COLUMNS, incident);
        (void) term_cell(ctl, PAINT_BOLD, POLICY_COLUMNS, *policy ? policy : "no policy");
        fputc(' ', ctl->out);
        (void) term_cell(ctl, PAINT_DIM, 0, json_text(incident, "id"));
        if (json_flag(incident, "dry_run"))
                term_print(ctl, PAINT_DIM, " (dry run)");
        fprintf(ctl->out, "\n%*s", INDENT, "");
        term_wrap(ctl, PAINT_PLAIN, INDENT, INDENT,
                telling ? json_text(telling, "message") : json_text(incident, "reason"));
}

void incident_text_event(const Ctl *ctl, const char *id, const Json *event) {
        print_time(ctl, event, "realtime_usec");
        fputs("  ", ctl->out);
        (void) term_cell(ctl, PAINT_DIM, 0, id);
        fputs("  ", ctl->out);
        (void) term_cell(ctl, PAINT_PLAIN, 0, json_text(event, "message"));
        fputc('\n', ctl->out);
}

/* ---- the parts of the whole
 * ---------------------------------------------------------------------- */

static void print_row(const Ctl *ctl, const char *name, const char *text) {
        if (!*text)
                return;
        fprintf(ctl->out, "  %-*s", NAME_COLUMNS, name);
        term_wrap(ctl, PAINT_PLAIN, 2 + NAME_COLUMNS, 2 + NAME_COLUMNS, text);
}

static void print_result(const Ctl *ctl, const Json *d) {
        uint64_t steps = json_count(d, "steps_taken"), kills = json_count(d, "kernel_oom_kills");
        uint64_t again = json_count(d, "reopened");
        char text[256];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b, "%" PRIu64 " step%s, freed ", steps, steps == 1 ? "" : "s");
        textbuf_add_bytes(&b, json_count(d, "freed_bytes"));
        if (again > 0)
                textbuf_addf(&b, ", came back %" PRIu64 " times", again);
        if (kills > 0)
                textbuf_addf(&b, "; the kernel killed %" PRIu64, kills);
        print_row(ctl, "result", text);
}

static void print_times(const Ctl *ctl, const Json *d) {
        char text[512];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        add_time(&b, json_count(d, "opened_realtime_usec"));
        if (json_count(d, "closed_realtime_usec") > 0) {
                textbuf_add(&b, ", over after ");
                textbuf_add_usec(&b, json_count(d, "took_usec"));
        }
        if (*json_text(d, "ended_because"))
                textbuf_addf(&b, ": %s", json_text(d, "ended_because"));
        print_row(ctl, is_kernel(d) ? "first" : "opened", text);
}

static void print_head(const Ctl *ctl, const Json *d) {
        term_print(ctl, PAINT_BOLD, is_kernel(d) ? "kills by the kernel " : "incident ");
        (void) term_cell(ctl, PAINT_BOLD, 0, json_text(d, "id"));
        fputs(": ", ctl->out);
        print_state(ctl, 0, d);
        if (json_flag(d, "critical"))
                term_print(ctl, PAINT_BAD, ", critical");
        if (json_flag(d, "dry_run"))
                term_print(ctl, PAINT_DIM, " (dry run)");
        fputc('\n', ctl->out);
        print_row(ctl, "policy", json_text(d, "policy"));
        print_times(ctl, d);
        print_row(ctl, "because", json_text(d, "reason"));
        print_result(ctl, d);
        if (json_flag(d, "earlier_lost"))
                print_row(ctl, "lost", "what was kept before is gone, or could not be read");
}

static void print_rule(const Ctl *ctl, const Json *rule) {
        const Json *steps = json_get(rule, "steps");
        char text[256];
        TextBuf b;

        if (!rule)
                return;
        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b, "%s:%" PRIu64, json_text(rule, "file"), json_count(rule, "line"));
        term_heading(ctl, "The rule");
        print_row(ctl, "written in", text);
        print_row(ctl, "watch", json_text(rule, "watch"));
        print_row(ctl, "when", json_text(rule, "when"));
        textbuf_init(&b, text, sizeof(text));
        textbuf_add_usec(&b, json_count(rule, "for_usec"));
        print_row(ctl, "for", json_count(rule, "for_usec") > 0 ? text : "");
        print_row(ctl, "clear", json_text(rule, "clear"));
        for (size_t i = 0; i < json_length(steps); i++)
                print_row(ctl, i == 0 ? "steps" : "", json_value(json_at(steps, i)));
}

/* "+340 ms" since the first event. */
static void print_offset(const Ctl *ctl, const Json *first, const Json *event) {
        char text[32];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_add(&b, "+");
        textbuf_add_usec(
                &b, usec_since(json_count(event, "at_usec"), json_count(first, "at_usec")));
        fprintf(ctl->out, "  %-*s", NAME_COLUMNS, text);
}

static void print_event(const Ctl *ctl, const Json *first, const Json *event) {
        print_offset(ctl, first, event);
        term_wrap(
                ctl, PAINT_PLAIN, 2 + NAME_COLUMNS, 2 + NAME_COLUMNS, json_text(event, "message"));
}

static void print_events(const Ctl *ctl, const Json *d) {
        const Json *events = json_get(d, "events");

        term_heading(ctl, "What happened");
        for (size_t i = 0; i < json_length(events); i++)
                print_event(ctl, json_at(events, 0), json_at(events, i));
        if (json_count(d, "events_left_out") > 0)
                fprintf(ctl->out, "  (%" PRIu64 " events in the middle were not kept)\n",
                        json_count(d, "events_left_out"));
}

/* ---- decisions
 * ----------------------------------------------------------------------------------- */

static void add_candidate(TextBuf *out, const Json *c) {
        if (json_count(c, "pid") > 0)
                textbuf_addf(out, "%s (pid %" PRIu64 "%s%s)", json_text(c, "comm"),
                        json_count(c, "pid"), *json_text(c, "unit") ? ", " : "",
                        json_text(c, "unit"));
        else
                textbuf_add(
                        out, *json_text(c, "unit") ? json_text(c, "unit") : json_text(c, "cgroup"));
        textbuf_add(out, ": ");
        textbuf_add_bytes(out, json_count(c, "anon_bytes") + json_count(c, "swap_bytes"));
        textbuf_add(out, " of its own, gained ");
        textbuf_add_bytes(out, json_count(c, "gained_bytes"));
}

static void print_candidates(const Ctl *ctl, const Json *candidates) {
        for (size_t i = 0; i < json_length(candidates); i++) {
                const Json *c = json_at(candidates, i);
                const char *refusal = json_text(c, "refusal");
                int64_t score = 0;
                char text[512];
                TextBuf b;

                textbuf_init(&b, text, sizeof(text));
                add_candidate(&b, c);
                if (*refusal)
                        textbuf_addf(&b, "; left alone: %s", refusal);
                else if (json_number(c, "score", &score))
                        textbuf_addf(&b, "; score %" PRId64, score);
                fprintf(ctl->out, "  %-*s", NAME_COLUMNS, *refusal ? "  not" : "  could");
                term_wrap(ctl, PAINT_PLAIN, 2 + NAME_COLUMNS, 2 + NAME_COLUMNS, text);
        }
}

static void print_effect(const Ctl *ctl, const Json *event) {
        char text[128];
        TextBuf b;

        if (strcmp(json_text(event, "kind"), "step-done") != 0 ||
                json_count(event, "promised_bytes") == 0)
                return;
        textbuf_init(&b, text, sizeof(text));
        textbuf_add(&b, "promised ");
        textbuf_add_bytes(&b, json_count(event, "promised_bytes"));
        textbuf_add(&b, ", freed ");
        textbuf_add_bytes(&b, json_count(event, "freed_bytes"));
        textbuf_add(&b, " in ");
        textbuf_add_usec(&b, json_count(event, "took_usec"));
        print_row(ctl, "  effect", text);
}

static void print_decisions(const Ctl *ctl, const Json *d) {
        const Json *events = json_get(d, "events");

        term_heading(ctl, "What was decided, and why");
        for (size_t i = 0; i < json_length(events); i++) {
                const Json *event = json_at(events, i);

                if (weight_of(event) == 0)
                        continue;
                print_event(ctl, json_at(events, 0), event);
                print_candidates(ctl, json_get(event, "candidates"));
                print_effect(ctl, event);
        }
}

/* ---- readings
 * ------------------------------------------------------------------------------------ */

static void print_sample(const Ctl *ctl, const Json *metrics, const Json *row, uint64_t ago_usec) {
        char text[512];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_add(&b, ago_usec > 0 ? "-" : "");
        textbuf_add_usec(&b, ago_usec);
        fprintf(ctl->out, "  %-*s", NAME_COLUMNS, text);
        textbuf_init(&b, text, sizeof(text));
        for (size_t i = 0; i < json_length(metrics); i++) {
                const char *name = json_value(json_at(metrics, i));
                const MetricInfo *info = metric_find(name);
                int64_t value;

                if (!info || !json_number_at(row, i, &value))
                        continue;
                textbuf_addf(&b, "%s%s ", b.len > 0 ? ", " : "", name);
                term_add_value(&b, info->unit, value);
        }
        term_wrap(ctl, PAINT_PLAIN, 2 + NAME_COLUMNS, 2 + NAME_COLUMNS, text);
}

static void print_samples(const Ctl *ctl, const Json *d) {
        const Json *samples = json_get(d, "samples"), *times = json_get(samples, "at_usec");
        const Json *rows = json_get(samples, "values"), *first = json_at(json_get(d, "events"), 0);
        size_t n = 0, every;
        int64_t at;

        while (n < json_length(times) && json_number_at(times, n, &at) &&
                at <= (int64_t) json_count(first, "at_usec"))
                n++;
        term_heading(ctl, "The readings before");
        if (n == 0)
                fputs("  none were kept\n", ctl->out);
        every = n / SAMPLES_SHOWN + 1;
        for (size_t i = n == 0 ? n : (n - 1) % every; i < n; i += every)
                if (json_number_at(times, i, &at))
                        print_sample(ctl, json_get(samples, "metrics"), json_at(rows, i),
                                usec_since(json_count(first, "at_usec"), (uint64_t) at));
        if (every > 1)
                fprintf(ctl->out, "  (%zu of %zu; --json has all)\n", (n + every - 1) / every, n);
}

void incident_text_show(const Ctl *ctl, const Json *incident) {
        print_head(ctl, incident);
        print_rule(ctl, json_get(incident, "rule"));
        print_events(ctl, incident);
        print_samples(ctl, incident);
}

void incident_text_explain(const Ctl *ctl, const Json *incident) {
        print_head(ctl, incident);
        print_rule(ctl, json_get(incident, "rule"));
        print_decisions(ctl, incident);
}
