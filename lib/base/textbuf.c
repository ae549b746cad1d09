/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

void textbuf_init(TextBuf *b, char *data, size_t size) {
        assert(size > 0);
        *b = (TextBuf){ .data = data, .size = size };
        data[0] = '\0';
}

/* After the first cut nothing is added any more: a text with a hole in it would say something else.
 */
static size_t room(const TextBuf *b) {
        return b->truncated ? 0 : b->size - 1 - b->len;
}

static void append(TextBuf *b, const char *text, size_t len) {
        if (len > room(b)) {
                len = b->truncated ? 0 : utf8_cut(text, room(b));
                b->truncated = true;
        }
        if (len > 0)
                memcpy(b->data + b->len, text, len);
        b->len += len;
        b->data[b->len] = '\0';
}

/* All of it or nothing: half an escape is worse than none. */
static void append_whole(TextBuf *b, const char *text, size_t len) {
        if (len > room(b))
                b->truncated = true;
        else
                append(b, text, len);
}

void textbuf_add(TextBuf *b, const char *text) {
        append(b, text, strlen(text));
}

void textbuf_add_slice(TextBuf *b, Slice s) {
        append(b, s.at, s.len);
}

void textbuf_add_beside(TextBuf *b, const char *path, const char *name) {
        const char *slash = strrchr(path, '/');

        append(b, path, slash ? (size_t) (slash + 1 - path) : 0);
        textbuf_add(b, name);
}

void textbuf_addf(TextBuf *b, const char *format, ...) {
        size_t old = b->len;
        va_list ap;
        int n;

        if (b->truncated)
                return;

        va_start(ap, format);
        n = vsnprintf(b->data + old, b->size - old, format, ap);
        va_end(ap);

        if (n < 0) { /* only a wide character that the locale cannot write */
                b->truncated = true;
                b->data[old] = '\0';
                return;
        }
        if ((size_t) n > room(b)) {
                b->len = old + utf8_cut(b->data + old, room(b));
                b->truncated = true;
        } else
                b->len += (size_t) n;
        b->data[b->len] = '\0';
}

void textbuf_add_escaped(TextBuf *b, const char *text, size_t len) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < len && !b->truncated;) {
                size_t n = utf8_sequence(text + i, len - i);

                if (n > 0 && text[i] != '\\' && !utf8_is_steering(text + i, n)) {
                        append_whole(b, text + i, n);
                        i += n;
                        continue;
                }

                for (n = i + MAX(n, (size_t) 1); i < n; i++) {
                        unsigned char c = (unsigned char) text[i];
                        char escape[] = { '\\', 'x', digits[c >> 4], digits[c & 0xf] };

                        append_whole(b, escape, sizeof(escape));
                }
        }
}

/* value / unit, rounded down so that a reading below a threshold is never shown as equal to it.
 * Without the decimal from 100 on, and a zero decimal only if it is wanted. */
static void add_scaled(
        TextBuf *b, uint64_t value, uint64_t unit, bool zero_decimal, const char *name) {
        uint64_t whole = value / unit, tenth = value % unit * 10 / unit;

        if (whole >= 100 || (tenth == 0 && !zero_decimal))
                textbuf_addf(b, "%" PRIu64 " %s", whole, name);
        else
                textbuf_addf(b, "%" PRIu64 ".%" PRIu64 " %s", whole, tenth, name);
}

void textbuf_add_bytes(TextBuf *b, uint64_t bytes) {
        static const char *const names[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
        uint64_t unit = 1024;
        size_t i = 0;

        if (bytes < 10 * 1024) {
                textbuf_addf(b, "%" PRIu64 " B", bytes);
                return;
        }

        while (i + 1 < ELEMENTS(names) && bytes / 1024 >= unit) {
                unit *= 1024;
                i++;
        }
        add_scaled(b, bytes, unit, true, names[i]);
}

void textbuf_add_usec(TextBuf *b, usec_t usec) {
        if (usec == USEC_UNSET)
                textbuf_add(b, "never");
        else if (usec == 0)
                textbuf_add(b, "0 s");
        else if (usec < USEC_PER_MSEC)
                textbuf_addf(b, "%" PRIu64 " us", usec);
        else if (usec < USEC_PER_SEC)
                textbuf_addf(b, "%" PRIu64 " ms", usec / USEC_PER_MSEC);
        else if (usec < USEC_PER_MIN)
                add_scaled(b, usec, USEC_PER_SEC, false, "s");
        else if (usec < USEC_PER_HOUR)
                add_scaled(b, usec, USEC_PER_MIN, false, "min");
        else
                add_scaled(b, usec, USEC_PER_HOUR, false, "h");
}

void textbuf_add_permyriad(TextBuf *b, uint64_t permyriad) {
        uint64_t whole = permyriad / 100, hundredths = permyriad % 100;

        if (whole == 0 && hundredths % 10 != 0)
                textbuf_addf(b, "0.%02" PRIu64 "%%", hundredths);
        else if (whole < 100 && hundredths >= 10)
                textbuf_addf(b, "%" PRIu64 ".%" PRIu64 "%%", whole, hundredths / 10);
        else
                textbuf_addf(b, "%" PRIu64 "%%", whole);
}
