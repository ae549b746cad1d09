/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* How many characters of a long line are shown before the column. */
#define CONTEXT_BEFORE 60

void config_errors_init(ConfigErrors *errors) {
        errors->n = 0;
        errors->n_dropped = 0;
}

static size_t character_at(const char *text, size_t len) {
        size_t n = utf8_sequence(text, len);

        return n > 0 ? n : 1; /* a broken byte stands for itself */
}

static Slice find_line(const SourceText *source, uint32_t line) {
        const char *at = source->text, *end = source->text + source->len, *stop;

        for (; line > 1; line--) {
                stop = memchr(at, '\n', (size_t) (end - at));
                if (!stop)
                        return (Slice){ end, 0 };
                at = stop + 1;
        }
        stop = memchr(at, '\n', (size_t) (end - at));
        if (!stop)
                stop = end;
        if (stop > at && stop[-1] == '\r')
                stop--;
        return (Slice){ at, (size_t) (stop - at) };
}

/* Keeps the part of the line that has the column in it, so that the excerpt is short and the caret
 * right. */
static void set_excerpt(ConfigError *error, const SourceText *source) {
        Slice line = find_line(source, error->line);
        size_t at = 0, start = 0, len;
        uint32_t column = 1;

        for (; at < line.len && column < error->column; column++)
                at += character_at(line.at + at, line.len - at);

        for (uint32_t skipped = 0; skipped + CONTEXT_BEFORE + 1 < column; skipped++)
                start += character_at(line.at + start, line.len - start);

        error->caret = 0;
        for (size_t i = start; i < at; i += character_at(line.at + i, line.len - i))
                error->caret++;

        len = MIN(line.len - start, sizeof(error->source) - 1);
        len = utf8_cut(line.at + start, len);
        memcpy(error->source, line.at + start, len);
        error->source[len] = '\0';
        for (size_t i = 0; i < len; i++)
                if (error->source[i] == '\0') /* a NUL in the file would hide the rest */
                        error->source[i] = ' ';
}

void config_errors_add(ConfigErrors *errors, const SourceText *source, uint32_t line,
        uint32_t column, const char *format, ...) {
        ConfigError *error;
        va_list ap;

        if (errors->n == CONFIG_ERRORS_MAX) {
                errors->n_dropped++;
                return;
        }

        error = &errors->items[errors->n++];
        *error = (ConfigError){ .line = line, .column = column };
        (void) text_copy(error->file, sizeof(error->file), source ? source->name : "");

        va_start(ap, format);
        (void) vsnprintf(error->message, sizeof(error->message), format, ap);
        va_end(ap);
        error->message[utf8_cut(error->message, strlen(error->message))] = '\0';

        if (source && source->text && line > 0)
                set_excerpt(error, source);
}

static void print_excerpt(const ConfigError *error, TextBuf *out) {
        char scratch[4 * sizeof(error->source) + 1];
        size_t len = strlen(error->source), at = 0;

        textbuf_add(out, "    ");
        textbuf_add_escaped(out, error->source, len);
        textbuf_add(out, "\n    ");
        for (uint32_t i = 0; i < error->caret && at < len; i++) {
                size_t n = character_at(error->source + at, len - at), width = 1;
                TextBuf shown;

                /* what is shown escaped takes more columns than the one character it stands for */
                textbuf_init(&shown, scratch, sizeof(scratch));
                textbuf_add_escaped(&shown, error->source + at, n);
                if (shown.len != n || memcmp(scratch, error->source + at, n) != 0)
                        width = shown.len;
                for (size_t k = 0; k < width; k++)
                        textbuf_add(out, " ");
                at += n;
        }
        textbuf_add(out, "^\n");
}

void config_error_print(const ConfigError *error, TextBuf *out) {
        if (*error->file) {
                textbuf_add_escaped(out, error->file, strlen(error->file));
                textbuf_add(out, ":");
        }
        if (error->line > 0)
                textbuf_addf(out, "%u:%u:", error->line, error->column);
        textbuf_add(out, *error->file || error->line > 0 ? " error: " : "error: ");
        textbuf_add_escaped(out, error->message, strlen(error->message));
        textbuf_add(out, "\n");
        if (error->line > 0 && *error->source)
                print_excerpt(error, out);
}

void config_errors_print(const ConfigErrors *errors, TextBuf *out) {
        for (size_t i = 0; i < errors->n; i++)
                config_error_print(&errors->items[i], out);
        if (errors->n_dropped > 0)
                textbuf_addf(out, "and %zu more error%s\n", errors->n_dropped,
                        errors->n_dropped == 1 ? "" : "s");
}
