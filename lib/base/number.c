/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/number.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

int number_scan_u64(const char *text, size_t len, uint64_t *ret) {
        uint64_t value = 0;
        size_t i;

        if (len > INT_MAX)
                len = INT_MAX;

        for (i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                        __builtin_add_overflow(value, (uint64_t) (text[i] - '0'), &value))
                        return -ERANGE;

        if (i > 0)
                *ret = value;
        return (int) i;
}

/* Splits the sign off and scans the rest, which must be digits to the end. */
static int scan_signed(const char *text, bool *ret_negative, uint64_t *ret) {
        bool negative = *text == '-';
        size_t len;
        int r;

        if (*text == '-' || *text == '+')
                text++;
        len = strlen(text);

        r = number_scan_u64(text, len, ret);
        if (r < 0)
                return r;
        if (r == 0 || (size_t) r != len)
                return -EINVAL;

        *ret_negative = negative;
        return 0;
}

int number_parse_i64(const char *text, int64_t *ret) {
        uint64_t magnitude;
        bool negative;
        int r;

        r = scan_signed(text, &negative, &magnitude);
        if (r < 0)
                return r;

        if (magnitude > (uint64_t) INT64_MAX + (negative ? 1 : 0))
                return -ERANGE;

        *ret = negative ? (int64_t) (0 - magnitude) : (int64_t) magnitude;
        return 0;
}

int number_parse_u64(const char *text, uint64_t *ret) {
        uint64_t value;
        bool negative;
        int r;

        r = scan_signed(text, &negative, &value);
        if (r < 0)
                return r;

        if (negative && value > 0)
                return -ERANGE;

        *ret = value;
        return 0;
}

/* Remainder of 2 * rem + bit over c, where rem < c; the shift may carry out of 64 bits. */
static uint64_t shift_in(uint64_t rem, unsigned bit, uint64_t c, bool *ret_fits) {
        bool carry = rem >> 63;

        rem = rem << 1 | bit;
        *ret_fits = carry || rem >= c;
        return *ret_fits ? rem - c : rem; /* modulo 2^64, which is right with the carry too */
}

uint64_t mul_div_u64(uint64_t a, uint64_t b, uint64_t c) {
        uint64_t a_hi = a >> 32, a_lo = a & UINT32_MAX, b_hi = b >> 32, b_lo = b & UINT32_MAX;
        uint64_t product, cross, hi, lo, quotient = 0, rem;

        if (c == 0)
                return 0;
        if (!__builtin_mul_overflow(a, b, &product))
                return product / c;

        /* 64 x 64 -> 128 in halves: there is no 128-bit type on 32-bit machines. */
        cross = (a_lo * b_lo >> 32) + (a_hi * b_lo & UINT32_MAX) + (a_lo * b_hi & UINT32_MAX);
        hi = a_hi * b_hi + (a_hi * b_lo >> 32) + (a_lo * b_hi >> 32) + (cross >> 32);
        lo = a * b;
        if (hi >= c)
                return UINT64_MAX;

        rem = hi;
        for (int bit = 63; bit >= 0; bit--) {
                bool fits;

                rem = shift_in(rem, lo >> bit & 1, c, &fits);
                quotient = quotient << 1 | fits;
        }
        return quotient;
}
