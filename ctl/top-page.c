/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/top-page.h"

#include <inttypes.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"

enum {
        WIDTH_MAX = 200,
        LABEL_COLUMNS = 9,
        VALUE_COLUMNS = 11,
        OTHER_COLUMNS = 24,
        NAME_COLUMNS_MIN = 16,
};

/* Foreign text and ours alike is cleaned, and cut to what is left of its row. */
static void put_anywhere(const TopCanvas *c, unsigned row, unsigned column, Paint paint,
        bool marked, const char *text) {
        char clean[4 * WIDTH_MAX + 1];
        unsigned width = MIN(c->width, (unsigned) WIDTH_MAX);

        if (column >= width)
                return;
        term_clean(text, width - column, c->utf8, clean, sizeof(clean));
        c->put(c->ctx, row, column, paint, marked, clean);
}

/* Above the last line, if there is one. */
static void put(const TopCanvas *c, unsigned row, unsigned column, Paint paint, bool marked,
        const char *text) {
        if (c->height == 0 || row + 1 < c->height)
                put_anywhere(c, row, column, paint, marked, text);
}

/* ---- gauges
 * ---------------------------------------------------------------------------------------- */

static Paint paint_of_gauge(int32_t permyriad) {
        return permyriad >= 9000 ? PAINT_BAD : permyriad >= 7500 ? PAINT_WARN : PAINT_GOOD;
}

/* "[|||||     ]" of n columns. */
static void put_bar(
        const TopCanvas *c, unsigned row, unsigned column, unsigned n, int32_t permyriad) {
        char bar[WIDTH_MAX + 1];
        unsigned inside = MIN(n, (unsigned) WIDTH_MAX) - 2;
        unsigned full = permyriad < 0
                ? 0
                : (unsigned) ((uint64_t) inside * (uint64_t) permyriad + 5000) / 10000;

        memset(bar, '|', full);
        bar[full] = '\0';
        put(c, row, column, PAINT_PLAIN, false, "[");
        if (full > 0)
                put(c, row, column + 1, paint_of_gauge(permyriad), false, bar);
        put(c, row, column + 1 + inside, PAINT_PLAIN, false, "]");
}

/* The newest looks as marks of eight heights, the newest at the right end. */
static void put_history(
        const TopCanvas *c, unsigned row, unsigned column, unsigned n, const TopGauge *g) {
        static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
        static const char *const marks[] = { "_", ".", ",", "-", "=", "+", "*", "#" };
        unsigned shown = MIN(n, g->n_history);
        char text[4 * TOP_HISTORY + 1];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        for (unsigned i = g->n_history - shown; i < g->n_history; i++) {
                size_t height = g->history[i] < 0 ? 0 : (size_t) MIN(g->history[i] / 1250, 7);

                textbuf_add(&b, g->history[i] < 0 ? "?" : c->utf8 ? blocks[height] : marks[height]);
        }
        put(c, row, column + n - shown, PAINT_DIM, false, text);
}

static void add_amount(TextBuf *out, const TopGauge *g, TopGaugeId id) {
        if (g->permyriad < 0) {
                textbuf_add(out, "unknown");
                return;
        }
        if (id == TOP_SWAP && g->total == 0) {
                textbuf_add(out, "none");
                return;
        }
        textbuf_add_permyriad(out, (uint64_t) g->permyriad);
        if (id == TOP_PRESSURE) {
                textbuf_add(out, " of the last 10 s");
                return;
        }
        textbuf_add(out, ", ");
        textbuf_add_bytes(out, (uint64_t) g->value);
        textbuf_add(out, " of ");
        textbuf_add_bytes(out, (uint64_t) g->total);
}

static void put_gauge(const TopCanvas *c, unsigned row, const Top *top, TopGaugeId id) {
        static const char *const labels[_TOP_GAUGE_MAX] = {
                [TOP_MEMORY] = "memory",
                [TOP_SWAP] = "swap",
                [TOP_PRESSURE] = "pressure",
        };
        const TopGauge *g = &top->gauges[id];
        unsigned text_columns = 29, history = MIN(c->width / 5, (unsigned) TOP_HISTORY);
        unsigned bar = c->width > LABEL_COLUMNS + text_columns + history + 12
                ? c->width - LABEL_COLUMNS - text_columns - history - 2
                : 12;
        char text[64];
        TextBuf b;

        put(c, row, 0, PAINT_PLAIN, false, labels[id]);
        put_bar(c, row, LABEL_COLUMNS, bar, g->permyriad);
        textbuf_init(&b, text, sizeof(text));
        add_amount(&b, g, id);
        put(c, row, LABEL_COLUMNS + bar + 1, PAINT_PLAIN, false, text);
        if (id != TOP_SWAP || g->total != 0)
                put_history(c, row, LABEL_COLUMNS + bar + 1 + text_columns + 1, history, g);
}

static Paint paint_of_level(const char *level) {
        return strcmp(level, "calm") == 0                                        ? PAINT_GOOD
                : strcmp(level, "critical") == 0 || strcmp(level, "acting") == 0 ? PAINT_BAD
                                                                                 : PAINT_WARN;
}

static unsigned put_head(const TopCanvas *c, const Top *top) {
        char text[64];
        unsigned column;

        snprintf(text, sizeof(text), "avertd %s:", top->version);
        put(c, 0, 0, PAINT_BOLD, false, text);
        column = (unsigned) strlen(text) + 1;
        put(c, 0, column, paint_of_level(top->level), false, top->level);
        column += (unsigned) strlen(top->level) + 1;
        if (top->paused)
                put(c, 0, column, PAINT_BAD, false, "paused: no step but notify is taken");
        else if (top->dry_run)
                put(c, 0, column, PAINT_WARN, false, "(dry run)");
        for (int id = 0; id < _TOP_GAUGE_MAX; id++)
                put_gauge(c, 1 + (unsigned) id, top, (TopGaugeId) id);
        return 1 + _TOP_GAUGE_MAX;
}

/* ---- incidents and leases
 * -------------------------------------------------------------------------- */

static unsigned put_lines(const TopCanvas *c, unsigned row, const char *label, Paint paint,
        const char lines[TOP_LINES][256], size_t n) {
        for (size_t i = 0; i < n; i++) {
                put(c, row, 0, PAINT_PLAIN, false, i == 0 ? label : "");
                put(c, row++, LABEL_COLUMNS, paint, false, lines[i]);
        }
        return row;
}

/* ---- the table
 * ------------------------------------------------------------------------------------- */

static const char *column_name(TopKind kind, TopColumn column) {
        static const char *const names[_TOP_KIND_MAX][_TOP_COLUMN_MAX] = {
                [TOP_UNITS] = { "FREEABLE", "GAINED", "PRESSURE" },
                [TOP_PROCESSES] = { "FREEABLE", "GAINED", "GROWTH" },
        };

        return names[kind][column];
}

static unsigned name_columns(const TopCanvas *c) {
        unsigned others = _TOP_COLUMN_MAX * VALUE_COLUMNS + OTHER_COLUMNS + 1;

        return c->width > others + NAME_COLUMNS_MIN ? c->width - others : NAME_COLUMNS_MIN;
}

static void put_table_head(const TopCanvas *c, unsigned row, const Top *top) {
        unsigned column = name_columns(c);
        char text[64];

        snprintf(text, sizeof(text), "%s, %" PRIu64, top->kind == TOP_UNITS ? "UNIT" : "PROCESS",
                top->known[top->kind]);
        put(c, row, 0, PAINT_BOLD, false, text);
        for (int i = 0; i < _TOP_COLUMN_MAX; i++) {
                snprintf(text, sizeof(text), "%*s%s", VALUE_COLUMNS - 1,
                        column_name(top->kind, (TopColumn) i),
                        top->sort == (TopColumn) i ? "v" : "");
                put(c, row, column, PAINT_BOLD, false, text);
                column += VALUE_COLUMNS;
        }
        put(c, row, column + 1, PAINT_BOLD, false,
                top->kind == TOP_UNITS ? "PROCESSES, LARGEST" : "UNIT OR USER");
}

static void add_value(TextBuf *out, TopKind kind, TopColumn column, int64_t value) {
        if (value == TOP_UNKNOWN)
                textbuf_add(out, "-");
        else if (column != TOP_RATE)
                textbuf_add_bytes(out, (uint64_t) MAX(value, INT64_C(0)));
        else
                term_add_value(out,
                        kind == TOP_UNITS ? METRIC_UNIT_PERMYRIAD : METRIC_UNIT_BYTES_PER_SEC,
                        value);
}

static void put_row(
        const TopCanvas *c, unsigned row, const Top *top, const TopRow *r, bool marked) {
        unsigned column = name_columns(c);
        char text[WIDTH_MAX + 8], value[48];
        TextBuf b;

        term_clean(r->name, column - 1, c->utf8, text, sizeof(text));
        put(c, row, 0, PAINT_PLAIN, marked, text);
        for (int i = 0; i < _TOP_COLUMN_MAX; i++) {
                textbuf_init(&b, value, sizeof(value));
                add_value(&b, top->kind, (TopColumn) i, r->values[i]);
                snprintf(text, sizeof(text), "%*s", VALUE_COLUMNS - 1, value);
                put(c, row, column, PAINT_PLAIN, marked, text);
                column += VALUE_COLUMNS;
        }
        if (top->kind == TOP_UNITS)
                snprintf(text, sizeof(text), "%" PRIu64 ", %s", r->n_processes, r->other);
        else
                snprintf(text, sizeof(text), "%s", r->other);
        put(c, row, column + 1, PAINT_PLAIN, marked, text);
}

static void put_table(const TopCanvas *c, unsigned row, Top *top) {
        size_t n = top->n_rows[top->kind], shown = c->height == 0 ? n : top->page;

        if (top->selected < top->first)
                top->first = top->selected;
        if (top->selected >= top->first + shown)
                top->first = top->selected - shown + 1;
        if (c->height == 0)
                top->first = 0;

        put_table_head(c, row++, top);
        for (size_t i = top->first; i < n && i < top->first + shown; i++)
                put_row(c, row++, top, &top->rows[top->kind][i],
                        c->height > 0 && i == top->selected);
}

/* How many bytes of the line fit on a row: one at least. */
static size_t fitting(const TopCanvas *c, Slice line) {
        size_t n = 0;

        for (unsigned columns = MIN(c->width, (unsigned) WIDTH_MAX); columns > 0 && n < line.len;
                columns--)
                n += MAX(utf8_sequence(line.at + n, line.len - n), (size_t) 1);
        return MAX(n, (size_t) 1);
}

/* Long lines go on in the next row. */
static void put_text(const TopCanvas *c, unsigned row, Top *top) {
        Slice rest = slice_of(top->text), line;
        char text[4 * WIDTH_MAX + 1];
        size_t n = 0;

        while (slice_next_line(&rest, &line))
                do {
                        size_t len = MIN(fitting(c, line), line.len);

                        if (n >= top->text_first && n < top->text_first + top->page) {
                                snprintf(text, sizeof(text), "%.*s", (int) len, line.at);
                                put(c, row++, 0, PAINT_PLAIN, false, text);
                        }
                        n++;
                        line = (Slice){ line.at + len, line.len - len };
                } while (line.len > 0);
        top->text_rows = n;
}

void top_draw(Top *top, const TopCanvas *canvas) {
        unsigned row = put_head(canvas, top), left;

        row = put_lines(canvas, row, "incident", PAINT_BAD, top->incidents, top->n_incidents);
        row = put_lines(canvas, row, "lease", PAINT_WARN, top->leases, top->n_leases);
        row = put_lines(canvas, row, "spared", PAINT_GOOD, top->wards, top->n_wards);

        left = canvas->height > row + 1 ? canvas->height - row - 1 : 1;
        top->page = top->text || left == 1 ? left : left - 1; /* a table has a head */
        if (top->text)
                put_text(canvas, row, top);
        else
                put_table(canvas, row, top);
        if (canvas->height > 0)
                put_anywhere(canvas, canvas->height - 1, 0, *top->note ? PAINT_WARN : PAINT_DIM,
                        false,
                        *top->note          ? top->note
                                : top->text ? "up, down: more   Esc: back"
                                            : "q end  h help  u units  p processes  f g r sort  "
                                              "e explain  x protect");
}
