/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What avertctl top shows and how it answers to keys. Knows neither terminal nor daemon: it is
 * given what the daemon said and what was typed, and says what is to be done. top-page.h draws it.
 */

#include "ctl/json-tree.h"

#define TOP_HISTORY 60 /* looks: two minutes */
#define TOP_ROWS 128
#define TOP_LINES 8 /* incidents, leases, who is protected */
#define TOP_UNKNOWN INT64_MIN

typedef struct TopGauge {
        int64_t value, total;         /* bytes; TOP_UNKNOWN. total 0: there is none */
        int32_t permyriad;            /* of it that is used, or stalled; -1: unknown */
        int16_t history[TOP_HISTORY]; /* the newest last */
        uint32_t n_history;
} TopGauge;

typedef enum TopGaugeId {
        TOP_MEMORY,
        TOP_SWAP,
        TOP_PRESSURE,
        _TOP_GAUGE_MAX,
} TopGaugeId;

typedef enum TopKind {
        TOP_UNITS,
        TOP_PROCESSES,
        _TOP_KIND_MAX,
} TopKind;

/* A column to sort by. The last one is what units and processes do not share: pressure, growth. */
typedef enum TopColumn {
        TOP_HOLDS,
        TOP_GAINED,
        TOP_RATE,
        _TOP_COLUMN_MAX,
} TopColumn;

/* A unit, container or session with its largest process; or a process with its unit. */
typedef struct TopRow {
        int64_t pid;
        char name[64];
        char other[64];
        char ward[256]; /* what protects it, whole: its pid or unit, or the cgroup of a user's unit;
                           "" where none does */
        int64_t values[_TOP_COLUMN_MAX]; /* TOP_UNKNOWN */
        uint64_t n_processes;
} TopRow;

typedef struct Top {
        char version[32], level[16];
        bool dry_run, paused;
        TopGauge gauges[_TOP_GAUGE_MAX];
        TopRow rows[_TOP_KIND_MAX][TOP_ROWS]; /* as sorted */
        size_t n_rows[_TOP_KIND_MAX];
        uint64_t known[_TOP_KIND_MAX];
        char incidents[TOP_LINES][256], leases[TOP_LINES][256], wards[TOP_LINES][256];
        size_t n_incidents, n_leases, n_wards;

        TopKind kind;
        TopColumn sort;
        size_t selected;              /* a row of the kind */
        size_t first;                 /* row at the top of the table; kept by the page */
        char note[256];               /* what went wrong, or was done; "" for nothing */
        char *text;                   /* shown in place of the table; NULL: the table is shown */
        size_t text_first, text_rows; /* the rows that it takes are counted by the page */
        size_t page;                  /* rows that the page has for table or text */
} Top;

void top_init(Top *top);
void top_done(Top *top);

/* Takes in Describe and ListConsumers. The selection stays on who it was on. */
void top_take(Top *top, const Json *state, const Json *consumers);

/* Keys beyond characters. */
enum {
        TOP_KEY_UP = 256,
        TOP_KEY_DOWN,
        TOP_KEY_PAGE_UP,
        TOP_KEY_PAGE_DOWN,
        TOP_KEY_HOME,
        TOP_KEY_END,
        TOP_KEY_ESCAPE,
};

typedef enum TopCommand {
        TOP_DRAW, /* nothing but that */
        TOP_QUIT,
        TOP_EXPLAIN, /* what is selected; see top_show() */
        TOP_PROTECT, /* likewise */
        TOP_UNPROTECT,
} TopCommand;

TopCommand top_key(Top *top, int key);

/* The selected row, or NULL when there is none. */
const TopRow *top_selected(const Top *top);

/* Shows a text in place of the table until it is left; takes it. */
void top_show(Top *top, char *text);
