/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text for a terminal: paint, columns, wrapped paragraphs, and the units that avert speaks. Foreign
 * text loses what would steer the administrator's terminal (the daemon has escaped it already; one
 * behind --bus may be anything). */

#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/config.h"
#include "ctl/ctl.h"

typedef enum Paint {
        PAINT_PLAIN,
        PAINT_BOLD,
        PAINT_DIM,
        PAINT_GOOD,
        PAINT_WARN,
        PAINT_BAD,
        _PAINT_MAX,
} Paint;

/* Decides ctl->colour and ctl->width from the terminal, NO_COLOR, TERM and COLUMNS. */
void term_init(Ctl *ctl);

/* Prints with paint; the text is our own. */
void term_print(const Ctl *ctl, Paint paint, const char *format, ...) _printf_(3, 4);

/* Prints foreign text in a column: padded to `columns`, never cut (0: no padding). Returns how many
 * columns it took. */
unsigned term_cell(const Ctl *ctl, Paint paint, unsigned columns, const char *text);

/* Foreign text, cut to so many columns and without what would steer a terminal; beyond ASCII only
 * where the terminal has it. */
void term_clean(const char *text, unsigned columns, bool utf8, char *ret, size_t size);

/* Prints foreign text as a paragraph that starts at column `at` of the current line, goes on at
 * column `indent` of the next ones, and ends with a newline. Words stay whole. */
void term_wrap(const Ctl *ctl, Paint paint, unsigned at, unsigned indent, const char *text);

/* Prints foreign text of several lines. */
void term_lines(const Ctl *ctl, FILE *out, const char *text);

/* A heading, with an empty line before it. */
void term_heading(const Ctl *ctl, const char *text);

/* "1,234,567" */
void term_add_count(TextBuf *out, uint64_t value);

/* A value in its unit. */
void term_add_value(TextBuf *out, MetricUnit unit, int64_t value);
