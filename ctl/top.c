/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/top.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "ctl/lease-text.h"

static const char help[] =
        "u, p     units, processes\n"
        "Tab      the other of them\n"
        "f        sort by what their end would free\n"
        "g        sort by what they gained during the last hour\n"
        "r        sort by pressure (units), by growth (processes)\n"
        "up, down choose; k, j as well; page up and down, home, end\n"
        "e, Enter explain what would be done about the chosen one, and why\n"
        "x, X     have avertd leave the chosen one alone for an hour, and take that back\n"
        "h, ?     this text\n"
        "Esc      back to the table\n"
        "q        end\n"
        "\n"
        "Memory that is used is all that is not available, after avert's corrections. Pressure is "
        "the\n"
        "share of the last 10 s in which somebody waited for memory; of a unit it is known only "
        "where\n"
        "a policy names it. The bars have a history of two minutes, the newest on the right.\n";

void top_init(Top *top) {
        *top = (Top){ .kind = TOP_UNITS, .sort = TOP_HOLDS, .page = 1 };
        for (size_t i = 0; i < _TOP_GAUGE_MAX; i++)
                top->gauges[i] =
                        (TopGauge){ .value = TOP_UNKNOWN, .total = TOP_UNKNOWN, .permyriad = -1 };
}

void top_done(Top *top) {
        free(top->text);
        top->text = NULL;
}

/* ---- what the daemon said
 * -------------------------------------------------------------------------- */

static int64_t number_or_unknown(const Json *json, const char *key) {
        int64_t value = TOP_UNKNOWN;

        (void) json_number(json, key, &value);
        return value;
}

static const Json *find_reading(const Json *state, const char *metric) {
        const Json *readings = json_get(state, "readings");

        for (size_t i = 0; i < json_length(readings); i++)
                if (strcmp(json_text(json_at(readings, i), "metric"), metric) == 0)
                        return json_at(readings, i);
        return NULL;
}

static void remember(TopGauge *g) {
        if (g->n_history == TOP_HISTORY)
                memmove(g->history, g->history + 1, sizeof(g->history) - sizeof(g->history[0]));
        else
                g->n_history++;
        g->history[g->n_history - 1] = (int16_t) MIN(g->permyriad, 10000);
}

/* value: what is left of total. */
static void take_amount(TopGauge *g, const Json *reading, int64_t total) {
        int64_t left = number_or_unknown(reading, "value");

        g->value = g->total = TOP_UNKNOWN;
        g->permyriad = -1;
        if (left >= 0 && total >= 0) {
                g->total = total;
                g->value = total - MIN(left, total);
                g->permyriad = total == 0
                        ? 0
                        : (int32_t) permyriad_of((uint64_t) g->value, (uint64_t) total);
        }
        remember(g);
}

static void take_gauges(Top *top, const Json *state) {
        TopGauge *pressure = &top->gauges[TOP_PRESSURE];
        int64_t stalled;

        take_amount(&top->gauges[TOP_MEMORY], find_reading(state, "mem.available"),
                number_or_unknown(find_reading(state, "mem.total"), "value"));
        take_amount(&top->gauges[TOP_SWAP], find_reading(state, "swap.free"),
                number_or_unknown(find_reading(state, "swap.total"), "value"));

        stalled = number_or_unknown(find_reading(state, "psi.memory.some.10s"), "value");
        pressure->permyriad = stalled < 0 ? -1 : (int32_t) MIN(stalled, INT64_C(10000));
        remember(pressure);
}

static void take_incident(const Json *in, char *ret, size_t size) {
        const Json *target = json_get(in, "target");
        const char *cgroup = json_text(json_get(in, "target_cgroup"), "path");
        TextBuf b;

        textbuf_init(&b, ret, size);
        textbuf_addf(&b, "%s %s for ", json_text(in, "policy"), json_text(in, "phase"));
        textbuf_add_usec(&b, json_count(in, "since_usec_ago"));
        if (*json_text(in, "step"))
                textbuf_addf(&b, ", %s", json_text(in, "step"));
        if (*cgroup)
                textbuf_addf(&b, " %s", cgroup);
        else if (json_count(target, "pid") > 0)
                textbuf_addf(
                        &b, " %s %" PRIu64, json_text(target, "comm"), json_count(target, "pid"));
        if (*json_text(in, "reason"))
                textbuf_addf(&b, ": %s", json_text(in, "reason"));
}

static void take_lease(const Json *lease, char *ret, size_t size) {
        TextBuf b;

        textbuf_init(&b, ret, size);
        lease_text(lease, &b);
}

static void take_ward(const Json *ward, char *ret, size_t size) {
        int64_t left;
        TextBuf b;

        textbuf_init(&b, ret, size);
        if (json_count(ward, "pid") > 0)
                textbuf_addf(&b, "pid %" PRIu64, json_count(ward, "pid"));
        else
                textbuf_addf(&b, "%s %s", json_text(ward, "kind"), json_text(ward, "name"));
        if (json_number(ward, "left_usec", &left)) {
                textbuf_add(&b, ", for another ");
                textbuf_add_usec(&b, (usec_t) left);
        }
}

static size_t take_lines(
        const Json *list, char lines[TOP_LINES][256], void (*take)(const Json *, char *, size_t)) {
        size_t n = MIN(json_length(list), (size_t) TOP_LINES);

        for (size_t i = 0; i < n; i++)
                take(json_at(list, i), lines[i], sizeof(lines[i]));
        return n;
}

static void take_state(Top *top, const Json *state) {
        (void) text_copy(top->version, sizeof(top->version), json_text(state, "version"));
        (void) text_copy(top->level, sizeof(top->level), json_text(state, "level"));
        top->dry_run = json_flag(state, "dry_run");
        top->paused = json_get(state, "paused") != NULL;
        take_gauges(top, state);
        top->n_incidents = take_lines(json_get(state, "incidents"), top->incidents, take_incident);
        top->n_leases = take_lines(json_get(state, "leases"), top->leases, take_lease);
        top->n_wards = take_lines(json_get(state, "protected"), top->wards, take_ward);
}

static void take_process(const Json *p, TopRow *ret) {
        TextBuf b;

        ret->pid = number_or_unknown(p, "pid");
        ret->n_processes = 1;
        textbuf_init(&b, ret->name, sizeof(ret->name));
        textbuf_addf(&b, "%s %" PRId64, json_text(p, "comm"), ret->pid);
        textbuf_init(&b, ret->ward, sizeof(ret->ward));
        textbuf_addf(&b, "%" PRId64, ret->pid);
        textbuf_init(&b, ret->other, sizeof(ret->other));
        if (*json_text(p, "unit"))
                textbuf_add(&b, json_text(p, "unit"));
        else
                textbuf_addf(&b, "user %" PRIu64, json_count(p, "uid"));
        ret->values[TOP_RATE] = number_or_unknown(p, "growth_bytes_per_sec");
}

static void take_unit(const Json *u, TopRow *ret) {
        const char *container = json_text(u, "container"), *unit = json_text(u, "unit");
        const char *cgroup = json_text(u, "user_unit_cgroup");
        TextBuf b;

        ret->pid = number_or_unknown(u, "largest_pid");
        ret->n_processes = json_count(u, "n_processes");
        textbuf_init(&b, ret->name, sizeof(ret->name));
        if (*container)
                textbuf_addf(&b, "container %.12s", container);
        else if (*unit)
                textbuf_add(&b, unit);
        else
                textbuf_addf(&b, "user %" PRIu64 ", session %" PRId64, json_count(u, "uid"),
                        number_or_unknown(u, "session"));
        textbuf_init(&b, ret->other, sizeof(ret->other));
        textbuf_addf(&b, "%s %" PRId64, json_text(u, "largest_comm"), ret->pid);
        if (!text_copy(ret->ward, sizeof(ret->ward), *cgroup ? cgroup : unit))
                ret->ward[0] = '\0';
        ret->values[TOP_RATE] = number_or_unknown(u, "pressure_permyriad");
}

static void take_rows(
        Top *top, TopKind kind, const Json *list, void (*take)(const Json *, TopRow *)) {
        size_t n = MIN(json_length(list), (size_t) TOP_ROWS);

        for (size_t i = 0; i < n; i++) {
                const Json *one = json_at(list, i);
                TopRow *row = &top->rows[kind][i];

                *row = (TopRow){ .name = "" };
                take(one, row);
                row->values[TOP_HOLDS] = number_or_unknown(one, "freeable_bytes");
                row->values[TOP_GAINED] = number_or_unknown(one, "gained_bytes");
        }
        top->n_rows[kind] = n;
}

/* ---- order and selection
 * --------------------------------------------------------------------------- */

/* Insertion sort: rows come nearly sorted, and equal ones stay as they are. */
static void sort_rows(Top *top, TopKind kind) {
        TopRow *rows = top->rows[kind], row;

        for (size_t i = 1; i < top->n_rows[kind]; i++) {
                size_t at = i;

                row = rows[i];
                for (; at > 0 && rows[at - 1].values[top->sort] < row.values[top->sort]; at--)
                        rows[at] = rows[at - 1];
                rows[at] = row;
        }
}

const TopRow *top_selected(const Top *top) {
        return top->selected < top->n_rows[top->kind] ? &top->rows[top->kind][top->selected] : NULL;
}

/* Back to the row of that name, else to the same place. */
static void select_again(Top *top, const char *name) {
        size_t n = top->n_rows[top->kind];

        for (size_t i = 0; i < n; i++)
                if (strcmp(top->rows[top->kind][i].name, name) == 0) {
                        top->selected = i;
                        return;
                }
        top->selected = n == 0 ? 0 : MIN(top->selected, n - 1);
}

void top_take(Top *top, const Json *state, const Json *consumers) {
        const TopRow *selected = top_selected(top);
        char name[sizeof(selected->name)] = "";

        /* The first row is no choice, but where the selection is before one is made. */
        if (selected && top->selected > 0)
                (void) text_copy(name, sizeof(name), selected->name);
        take_state(top, state);
        take_rows(top, TOP_UNITS, json_get(consumers, "units"), take_unit);
        take_rows(top, TOP_PROCESSES, json_get(consumers, "processes"), take_process);
        top->known[TOP_UNITS] = json_count(consumers, "units_known");
        top->known[TOP_PROCESSES] = json_count(consumers, "processes_known");
        sort_rows(top, TOP_UNITS);
        sort_rows(top, TOP_PROCESSES);
        select_again(top, name);
}

static void set_kind(Top *top, TopKind kind) {
        if (top->kind == kind)
                return;
        top->kind = kind;
        top->selected = top->first = 0;
}

static void set_sort(Top *top, TopColumn column) {
        top->sort = column;
        top->selected = top->first = 0;
        sort_rows(top, TOP_UNITS);
        sort_rows(top, TOP_PROCESSES);
}

void top_show(Top *top, char *text) {
        free(top->text);
        top->text = text;
        top->text_first = top->text_rows = 0;
}

/* ---- keys
 * ------------------------------------------------------------------------------------------ */

/* Moves a place in 0..n-1 by a key; another key leaves it. */
static size_t move(size_t at, size_t n, size_t page, int key) {
        if (n == 0)
                return 0;
        switch (key) {
        case TOP_KEY_UP:
        case 'k':
                return at > 0 ? at - 1 : 0;
        case TOP_KEY_DOWN:
        case 'j':
                return MIN(at + 1, n - 1);
        case TOP_KEY_PAGE_UP:
                return at > page ? at - page : 0;
        case TOP_KEY_PAGE_DOWN:
                return MIN(at + page, n - 1);
        case TOP_KEY_HOME:
                return 0;
        case TOP_KEY_END:
                return n - 1;
        default:
                return at;
        }
}

static TopCommand key_in_text(Top *top, int key) {
        size_t n = top->text_rows;

        if (key == TOP_KEY_ESCAPE || key == 'q' || key == 'e' || key == 'h' || key == '?' ||
                key == '\n') {
                top_show(top, NULL);
                return TOP_DRAW;
        }
        /* The last page stays full. */
        top->text_first =
                move(top->text_first, n > top->page ? n - top->page + 1 : 1, top->page, key);
        return TOP_DRAW;
}

static TopCommand key_of_ward(Top *top, TopCommand command) {
        const TopRow *row = top_selected(top);

        if (row && *row->ward)
                return command;
        (void) text_copy(top->note, sizeof(top->note),
                "only a unit can be protected, or a process: p shows those");
        return TOP_DRAW;
}

TopCommand top_key(Top *top, int key) {
        top->note[0] = '\0';
        if (top->text)
                return key_in_text(top, key);

        switch (key) {
        case 'q':
                return TOP_QUIT;
        case 'u':
                set_kind(top, TOP_UNITS);
                break;
        case 'p':
                set_kind(top, TOP_PROCESSES);
                break;
        case '\t':
                set_kind(top, top->kind == TOP_UNITS ? TOP_PROCESSES : TOP_UNITS);
                break;
        case 'f':
                set_sort(top, TOP_HOLDS);
                break;
        case 'g':
                set_sort(top, TOP_GAINED);
                break;
        case 'r':
                set_sort(top, TOP_RATE);
                break;
        case 'e':
        case '\n':
                return top_selected(top) ? TOP_EXPLAIN : TOP_DRAW;
        case 'x':
        case 'X':
                return key_of_ward(top, key == 'x' ? TOP_PROTECT : TOP_UNPROTECT);
        case 'h':
        case '?':
                top_show(top, strdup(help));
                break;
        default:
                top->selected = move(top->selected, top->n_rows[top->kind], top->page, key);
        }
        return TOP_DRAW;
}
