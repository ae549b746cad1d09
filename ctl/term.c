/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/term.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/number.h"
#include "base/utf8.h"

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 40
#define WIDTH_MAX 160

static const char *const codes[_PAINT_MAX] = {
        [PAINT_PLAIN] = "",
        [PAINT_BOLD] = "\033[1m",
        [PAINT_DIM] = "\033[2m",
        [PAINT_GOOD] = "\033[32m",
        [PAINT_WARN] = "\033[33m",
        [PAINT_BAD] = "\033[1;31m",
};

static unsigned terminal_width(int fd) {
        const char *columns = getenv("COLUMNS");
        struct winsize size;
        uint64_t value = 0;

        if (columns && number_parse_u64(columns, &value) == 0 && value > 0)
                return (unsigned) MIN(MAX(value, (uint64_t) WIDTH_MIN), (uint64_t) WIDTH_MAX);
        if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                return MIN(MAX((unsigned) size.ws_col, (unsigned) WIDTH_MIN), (unsigned) WIDTH_MAX);
        return WIDTH_DEFAULT;
}

void term_init(Ctl *ctl) {
        const char *no_color = getenv("NO_COLOR");
        const char *term = getenv("TERM");
        int fd = fileno(ctl->out);
        bool terminal = fd >= 0 && isatty(fd);

        ctl->colour = terminal && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
        ctl->width = terminal ? terminal_width(fd) : WIDTH_DEFAULT;
}

static void begin_paint(const Ctl *ctl, Paint paint) {
        if (ctl->colour)
                fputs(codes[paint], ctl->out);
}

static void end_paint(const Ctl *ctl, Paint paint) {
        if (ctl->colour && paint != PAINT_PLAIN)
                fputs("\033[0m", ctl->out);
}

void term_print(const Ctl *ctl, Paint paint, const char *format, ...) {
        va_list ap;

        begin_paint(ctl, paint);
        va_start(ap, format);
        vfprintf(ctl->out, format, ap);
        va_end(ap);
        end_paint(ctl, paint);
}

/* Prints len bytes of foreign text; returns the columns it took: one per character. Wide characters
 * are rare in what avert shows and cost no more than alignment. */
static unsigned print_safely(const Ctl *ctl, const char *text, size_t len) {
        unsigned columns = 0;

        for (size_t i = 0; i < len; columns++) {
                size_t n = utf8_sequence(text + i, len - i);

                if (n == 0 || utf8_is_steering(text + i, n))
                        fputc('?', ctl->out);
                else
                        fwrite(text + i, 1, n, ctl->out);
                i += MAX(n, (size_t) 1);
        }
        return columns;
}

static unsigned count_columns(const char *text, size_t len) {
        unsigned columns = 0;

        for (size_t i = 0; i < len; columns++)
                i += MAX(utf8_sequence(text + i, len - i), (size_t) 1);
        return columns;
}

unsigned term_cell(const Ctl *ctl, Paint paint, unsigned columns, const char *text) {
        unsigned n;

        begin_paint(ctl, paint);
        n = print_safely(ctl, text, strlen(text));
        end_paint(ctl, paint);

        for (; n < columns; n++)
                fputc(' ', ctl->out);
        return n;
}

void term_clean(const char *text, unsigned columns, bool utf8, char *ret, size_t size) {
        size_t len = strlen(text);
        TextBuf b;

        textbuf_init(&b, ret, size);
        for (size_t i = 0; i < len && columns > 0; columns--) {
                size_t n = utf8_sequence(text + i, len - i);

                if (n == 0 || utf8_is_steering(text + i, n) || (n > 1 && !utf8))
                        textbuf_add(&b, "?");
                else
                        textbuf_add_slice(&b, (Slice){ text + i, n });
                i += MAX(n, (size_t) 1);
        }
}

void term_wrap(const Ctl *ctl, Paint paint, unsigned at, unsigned indent, const char *text) {
        Slice rest = slice_of(text), word;
        bool first = true;

        while (slice_next_word(&rest, &word)) {
                unsigned n = count_columns(word.at, word.len);

                if (at > indent && at + (first ? 0 : 1) + n > ctl->width) {
                        fprintf(ctl->out, "\n%*s", (int) indent, "");
                        at = indent;
                        first = true;
                }
                if (!first)
                        fputc(' ', ctl->out);
                begin_paint(ctl, paint);
                (void) print_safely(ctl, word.at, word.len);
                end_paint(ctl, paint);
                at += n + (first ? 0 : 1);
                first = false;
        }
        fputc('\n', ctl->out);
}

void term_lines(const Ctl *ctl, FILE *out, const char *text) {
        Ctl to = *ctl;
        Slice rest = slice_of(text), line;

        to.out = out;
        while (slice_next_line(&rest, &line)) {
                (void) print_safely(&to, line.at, line.len);
                fputc('\n', out);
        }
}

void term_heading(const Ctl *ctl, const char *text) {
        fputc('\n', ctl->out);
        term_print(ctl, PAINT_BOLD, "%s", text);
        fputc('\n', ctl->out);
}

void term_add_count(TextBuf *out, uint64_t value) {
        char digits[24];
        int len = snprintf(digits, sizeof(digits), "%" PRIu64, value);

        for (int i = 0; i < len; i++) {
                if (i > 0 && (len - i) % 3 == 0)
                        textbuf_add(out, ",");
                textbuf_addf(out, "%c", digits[i]);
        }
}

static void add_unsigned(TextBuf *out, MetricUnit unit, uint64_t value) {
        switch (unit) {
        case METRIC_UNIT_BYTES:
                textbuf_add_bytes(out, value);
                break;
        case METRIC_UNIT_BYTES_PER_SEC:
                textbuf_add_bytes(out, value);
                textbuf_add(out, "/s");
                break;
        case METRIC_UNIT_COUNT:
                term_add_count(out, value);
                break;
        case METRIC_UNIT_COUNT_PER_SEC:
                term_add_count(out, value);
                textbuf_add(out, "/s");
                break;
        case METRIC_UNIT_PERMYRIAD:
                textbuf_add_permyriad(out, value);
                break;
        case METRIC_UNIT_USEC:
                textbuf_add_usec(out, value == INT64_MAX ? USEC_UNSET : value);
                break;
        }
}

void term_add_value(TextBuf *out, MetricUnit unit, int64_t value) {
        if (value < 0)
                textbuf_add(out, "-");
        add_unsigned(out, unit, value < 0 ? 0 - (uint64_t) value : (uint64_t) value);
}
