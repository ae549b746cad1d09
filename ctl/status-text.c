/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/status-text.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/metric.h"
#include "ctl/term.h"

#define NAME_COLUMNS 22

static Paint paint_of_level(const char *level) {
        if (strcmp(level, "calm") == 0)
                return PAINT_GOOD;
        if (strcmp(level, "critical") == 0 || strcmp(level, "acting") == 0)
                return PAINT_BAD;
        return PAINT_WARN;
}

static void add_usec(TextBuf *out, const Json *json, const char *key) {
        textbuf_add_usec(out, json_count(json, key));
}

/* ---- the head
 * -------------------------------------------------------------------------------------- */

/* What is as it should be is not told. */
static void print_standby(const Ctl *ctl, const char *state) {
        if (strcmp(state, "none") == 0)
                term_print(ctl, PAINT_WARN, ", without a standby");
        else if (strcmp(state, "acts") == 0)
                term_print(ctl, PAINT_WARN, ", the standby of a daemon that was killed");
}

static void print_head(const Ctl *ctl, const Json *d) {
        const Json *config = json_get(d, "config");
        const char *level = json_text(d, "level");
        char line[256];
        TextBuf b;

        textbuf_init(&b, line, sizeof(line));
        textbuf_addf(&b, ", pid %" PRIu64 ", up ", json_count(d, "pid"));
        add_usec(&b, d, "uptime_usec");
        textbuf_add(&b, ", looks again in ");
        add_usec(&b, json_get(d, "sentinel"), "next_tick_usec");

        term_print(ctl, PAINT_BOLD, "avertd ");
        term_cell(ctl, PAINT_BOLD, 0, json_text(d, "version"));
        fprintf(ctl->out, "%s: ", line);
        term_cell(ctl, paint_of_level(level), 0, level);
        if (json_flag(d, "dry_run"))
                term_print(ctl, PAINT_WARN, " (dry run)");
        print_standby(ctl, json_text(d, "standby"));

        textbuf_init(&b, line, sizeof(line));
        textbuf_addf(&b, "%" PRIu64 " %s, hash ", json_count(config, "policies"),
                json_count(config, "policies") == 1 ? "policy" : "policies");
        fprintf(ctl->out, "\n%s", line);
        term_cell(ctl, PAINT_PLAIN, 0, json_text(config, "hash"));
        fputs(", from:\n", ctl->out);
}

static void print_config(const Ctl *ctl, const Json *config) {
        const Json *sources = json_get(config, "sources"), *warnings = json_get(config, "warnings");

        for (size_t i = 0; i < json_length(sources); i++) {
                const Json *source = json_at(sources, i);

                fputs("  ", ctl->out);
                term_cell(ctl, PAINT_PLAIN, 0, json_text(source, "path"));
                fputs(json_flag(source, "masked") ? " (masked)\n" : "\n", ctl->out);
        }

        for (size_t i = 0; i < json_length(warnings); i++) {
                const Json *w = json_at(warnings, i);
                char place[64];
                unsigned at;

                fputs("  ", ctl->out);
                at = 2 + term_cell(ctl, PAINT_WARN, 0, json_text(w, "file"));
                snprintf(place, sizeof(place), ":%" PRIu64 ": ", json_count(w, "line"));
                at += term_cell(ctl, PAINT_WARN, 0, place);
                term_wrap(ctl, PAINT_PLAIN, at, 6, json_text(w, "text"));
        }
}

/* ---- readings
 * -------------------------------------------------------------------------------------- */

static MetricUnit unit_of(const char *metric) {
        const MetricInfo *info = metric_find(metric);

        return info ? info->unit : METRIC_UNIT_COUNT;
}

static void print_reading(const Ctl *ctl, const Json *reading) {
        const char *metric = json_text(reading, "metric");
        MetricUnit unit = unit_of(metric);
        int64_t value, total, permyriad;
        char text[96];
        TextBuf b;

        fputs("  ", ctl->out);
        term_cell(ctl, PAINT_PLAIN, NAME_COLUMNS, metric);
        if (!json_flag(reading, "known") || !json_number(reading, "value", &value)) {
                term_print(ctl, PAINT_WARN, "unknown\n");
                return;
        }

        textbuf_init(&b, text, sizeof(text));
        term_add_value(&b, unit, value);
        if (json_number(reading, "total", &total) && total > value &&
                unit != METRIC_UNIT_PERMYRIAD) {
                textbuf_add(&b, " of ");
                term_add_value(&b, unit, total);
                if (json_number(reading, "permyriad", &permyriad)) {
                        textbuf_add(&b, ", ");
                        term_add_value(&b, METRIC_UNIT_PERMYRIAD, permyriad);
                }
        }
        fprintf(ctl->out, "%s\n", text);
}

#define LINE_COLUMNS 80

/* "psi.memory.some.10s": where the window begins, 0 for every other metric. */
static size_t window_at(const char *metric) {
        const char *dot = strrchr(metric, '.');

        return strncmp(metric, "psi.", 4) == 0 && dot && dot > metric + 4 ? (size_t) (dot - metric)
                                                                          : 0;
}

static bool same_pressure(const char *a, const char *b) {
        size_t at = window_at(a);

        return at > 0 && window_at(b) == at && strncmp(a, b, at) == 0;
}

/* All windows of one pressure on one line, or on two where it would be too long; returns how many
 * readings that were. */
static size_t print_pressure(const Ctl *ctl, const Json *readings, size_t first) {
        const char *metric = json_text(json_at(readings, first), "metric");
        char name[64];
        size_t i = first, column = 2 + NAME_COLUMNS + 1;

        (void) text_copy(name, MIN(sizeof(name), window_at(metric) + 1), metric);
        fputs("  ", ctl->out);
        term_cell(ctl, PAINT_PLAIN, NAME_COLUMNS, name);
        for (; i < json_length(readings); i++) {
                const Json *reading = json_at(readings, i);
                const char *other = json_text(reading, "metric");
                int64_t value;
                char text[64];
                TextBuf b;

                if (!same_pressure(metric, other))
                        break;
                textbuf_init(&b, text, sizeof(text));
                textbuf_addf(&b, "%s ", other + window_at(other) + 1);
                if (json_flag(reading, "known") && json_number(reading, "value", &value))
                        term_add_value(&b, METRIC_UNIT_PERMYRIAD, value);
                else
                        textbuf_add(&b, "?");
                if (i > first && column + b.len + 2 >= LINE_COLUMNS) {
                        fprintf(ctl->out, ",\n  %*s", NAME_COLUMNS + 1, "");
                        column = 2 + NAME_COLUMNS + 1;
                } else if (i > first) {
                        fputs(", ", ctl->out);
                        column += 2;
                }
                column += b.len;
                term_cell(ctl, PAINT_PLAIN, 0, text);
        }
        fputc('\n', ctl->out);
        return i - first;
}

static void print_readings(const Ctl *ctl, const Json *d) {
        static const struct {
                const char *key;
                const char *name;
        } corrections[] = {
                { "arc_bytes", "ZFS cache that gives way" },
                { "file_bytes", "file cache that must come back" },
                { "dirty_bytes", "not yet written" },
        };
        const Json *readings = json_get(d, "readings");

        term_heading(ctl, "Readings");
        for (size_t i = 0; i < json_length(readings);) {
                const Json *reading = json_at(readings, i);

                if (window_at(json_text(reading, "metric")) > 0) {
                        i += print_pressure(ctl, readings, i);
                        continue;
                }
                print_reading(ctl, reading);
                i++;
        }

        for (size_t i = 0; i < ELEMENTS(corrections); i++) {
                uint64_t bytes = json_count(json_get(d, "corrections"), corrections[i].key);
                char text[32];
                TextBuf b;

                if (bytes == 0)
                        continue;
                textbuf_init(&b, text, sizeof(text));
                textbuf_add_bytes(&b, bytes);
                fprintf(ctl->out, "    in mem.available: %s %s %s\n", i == 0 ? "plus" : "less",
                        text, corrections[i].name);
        }
}

/* ---- conditions and their distances
 * ------------------------------------------------------------------ */

static void add_distance(TextBuf *out, const Json *condition, MetricUnit unit) {
        int64_t distance;

        if (json_number(condition, "distance_bytes", &distance))
                unit = METRIC_UNIT_BYTES;
        else if (!json_number(condition, "distance", &distance))
                return;

        term_add_value(out, unit, distance < 0 ? -distance : distance);
        textbuf_add(out, distance < 0 ? " beyond" : " away");
}

static void print_condition(const Ctl *ctl, const Json *condition) {
        const char *truth = json_text(condition, "truth");
        MetricUnit unit = unit_of(json_text(condition, "metric"));
        bool is_true = strcmp(truth, "true") == 0;
        int64_t value, permyriad;
        char now[64], distance[64];
        TextBuf b;

        textbuf_init(&b, now, sizeof(now));
        if (json_number(condition, "permyriad", &permyriad))
                term_add_value(&b, METRIC_UNIT_PERMYRIAD, permyriad);
        else if (json_number(condition, "value", &value))
                term_add_value(&b, unit, value);
        else
                textbuf_add(&b, "unknown");

        textbuf_init(&b, distance, sizeof(distance));
        add_distance(&b, condition, unit);

        fputs("    ", ctl->out);
        term_cell(ctl, PAINT_PLAIN, 34, json_text(condition, "text"));
        fputc(' ', ctl->out);
        term_cell(ctl, PAINT_PLAIN, 12, now);
        term_cell(ctl, PAINT_DIM, 18, distance);
        term_cell(ctl, is_true ? PAINT_BAD : PAINT_PLAIN, 0, truth);
        fputc('\n', ctl->out);
}

static Paint paint_of_state(const char *state) {
        if (strcmp(state, "calm") == 0)
                return PAINT_GOOD;
        if (strcmp(state, "open") == 0)
                return PAINT_BAD;
        return PAINT_WARN;
}

void status_print_policies(const Ctl *ctl, const Json *d) {
        const Json *policies = json_get(d, "policies");

        term_heading(ctl, "Policies");
        for (size_t i = 0; i < json_length(policies); i++) {
                const Json *policy = json_at(policies, i);
                const Json *conditions = json_get(policy, "conditions");
                const char *state = json_text(policy, "state");

                fputs("  ", ctl->out);
                term_cell(ctl, PAINT_BOLD, 0, json_text(policy, "name"));
                fputs(" (", ctl->out);
                term_cell(ctl, PAINT_PLAIN, 0, json_text(policy, "watch"));
                if (json_count(policy, "instances") > 1)
                        fprintf(ctl->out, ", %" PRIu64 " instances",
                                json_count(policy, "instances"));
                fputs("): ", ctl->out);
                term_cell(ctl, paint_of_state(state), 0, state);
                fputc('\n', ctl->out);

                for (size_t j = 0; j < json_length(conditions); j++)
                        print_condition(ctl, json_at(conditions, j));
        }
}

void status_print(const Ctl *ctl, const Json *d) {
        print_head(ctl, d);
        print_config(ctl, json_get(d, "config"));
        print_readings(ctl, d);
        status_print_cgroups(ctl, d);
        status_print_policies(ctl, d);
        status_print_steering(ctl, d);
        status_print_incidents(ctl, d);
        status_print_leases(ctl, d);
        status_print_sources(ctl, d);
        status_print_counters(ctl, d);
}
