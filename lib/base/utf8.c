/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/utf8.h"

#include <stdint.h>

static unsigned char byte_at(const char *text, size_t i) {
        return (unsigned char) text[i];
}

static size_t length_from_lead(unsigned char lead) {
        if (lead < 0x80)
                return 1;
        if (lead >= 0xc2 && lead <= 0xdf)
                return 2;
        if (lead >= 0xe0 && lead <= 0xef)
                return 3;
        if (lead >= 0xf0 && lead <= 0xf4)
                return 4;
        return 0;
}

static uint32_t decode(const char *text, size_t len) {
        static const unsigned char lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
        uint32_t c = byte_at(text, 0) & lead_bits[len];

        for (size_t i = 1; i < len; i++)
                c = c << 6 | (byte_at(text, i) & 0x3f);
        return c;
}

size_t utf8_sequence(const char *text, size_t len) {
        size_t n = len > 0 ? length_from_lead(byte_at(text, 0)) : 0;
        uint32_t c;

        if (n == 0 || n > len)
                return 0;

        for (size_t i = 1; i < n; i++)
                if ((byte_at(text, i) & 0xc0) != 0x80)
                        return 0;

        c = decode(text, n);
        if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) ||
                (c >= 0xd800 && c <= 0xdfff))
                return 0;
        return n;
}

size_t utf8_cut(const char *text, size_t len) {
        size_t start = len;

        while (start > 0 && len - start < 4 && (byte_at(text, start - 1) & 0xc0) == 0x80)
                start--;
        if (start == 0 || len - start >= 4)
                return len; /* nothing but continuation bytes: not UTF-8, any place is as good */
        start--;

        return start + length_from_lead(byte_at(text, start)) > len ? start : len;
}

bool utf8_is_steering(const char *text, size_t len) {
        uint32_t c = decode(text, len);

        return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
                (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}
