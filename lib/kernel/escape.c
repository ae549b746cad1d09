/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/escape.h"

static bool is_octal(char c) {
        return c >= '0' && c <= '7';
}

bool escape_undo(Slice s, char *dst, size_t size) {
        size_t n = 0, i = 0;

        for (; i < s.len && n + 1 < size; n++) {
                const char *p = s.at + i;

                if (*p == '\\' && s.len - i >= 4 && is_octal(p[1]) && is_octal(p[2]) &&
                        is_octal(p[3])) {
                        dst[n] = (char) ((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
                        i += 4;
                } else {
                        dst[n] = *p;
                        i++;
                }
        }
        if (size > 0)
                dst[n] = '\0';
        return i == s.len;
}
