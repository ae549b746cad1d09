/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

#include <string.h>

#include "base/utf8.h"

Slice slice_of(const char *text) {
        return (Slice){ text, strlen(text) };
}

bool slice_next_line(Slice *rest, Slice *ret_line) {
        const char *end;
        Slice line;

        if (rest->len == 0)
                return false;

        end = memchr(rest->at, '\n', rest->len);
        line = (Slice){ rest->at, end ? (size_t) (end - rest->at) : rest->len };
        rest->at += line.len + (end ? 1 : 0);
        rest->len -= line.len + (end ? 1 : 0);

        if (line.len > 0 && line.at[line.len - 1] == '\r')
                line.len--;
        *ret_line = line;
        return true;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

bool slice_next_word(Slice *rest, Slice *ret_word) {
        Slice word = *rest;

        while (word.len > 0 && is_blank(*word.at)) {
                word.at++;
                word.len--;
        }
        if (word.len == 0)
                return false;

        rest->at = word.at;
        while (rest->len > 0 && rest->at < word.at + word.len && !is_blank(*rest->at))
                rest->at++;
        rest->len = (size_t) (word.at + word.len - rest->at);
        word.len -= rest->len;
        *ret_word = word;
        return true;
}

enum { DISTANCE_WORD_MAX = 64 };

unsigned text_distance(const char *a, const char *b, unsigned cap) {
        /* Three rows of the usual table; the third one lets two swapped neighbours count as one
         * slip. */
        unsigned rows[3][DISTANCE_WORD_MAX + 1];
        size_t a_len = strlen(a), b_len = strlen(b);
        unsigned result;

        if (a_len > DISTANCE_WORD_MAX || b_len > DISTANCE_WORD_MAX)
                return cap + 1;

        for (size_t j = 0; j <= b_len; j++)
                rows[0][j] = (unsigned) j;

        for (size_t i = 1; i <= a_len; i++) {
                unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3],
                         *before = rows[(i + 1) % 3];

                row[0] = (unsigned) i;
                for (size_t j = 1; j <= b_len; j++) {
                        unsigned changed = above[j - 1] + (a[i - 1] != b[j - 1]);

                        row[j] = MIN(changed, MIN(above[j], row[j - 1]) + 1);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = MIN(row[j], before[j - 2] + 1);
                }
        }

        result = rows[a_len % 3][b_len];
        return result > cap ? cap + 1 : result;
}

bool text_copy(char *dst, size_t size, const char *text) {
        size_t len = strlen(text);
        bool fits = size > 0 && len < size;

        if (size == 0)
                return false;
        if (!fits)
                len = utf8_cut(text, size - 1);

        memcpy(dst, text, len);
        dst[len] = '\0';
        return fits;
}
