/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Numbers from text and arithmetic that cannot overflow. Text comes from /proc, from policies and
 * from command lines; none of it is trusted. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parses decimal digits (leading zeros allowed, no sign, no space) from text[0..len). Returns the
 * number of characters used and stores the value in *ret; 0 if there is no digit; -ERANGE if the
 * value exceeds UINT64_MAX. *ret is untouched unless the result is positive. */
int number_scan_u64(const char *text, size_t len, uint64_t *ret);

/* Parses a whole NUL-terminated string as a decimal number with optional sign. Returns 0, -EINVAL
 * or -ERANGE; *ret is untouched on failure. */
int number_parse_i64(const char *text, int64_t *ret);
int number_parse_u64(const char *text, uint64_t *ret);

/* a - b, but 0 instead of wrapping. */
static inline uint64_t sub_sat_u64(uint64_t a, uint64_t b) {
        return a > b ? a - b : 0;
}

/* a + b, but UINT64_MAX instead of wrapping. */
static inline uint64_t add_sat_u64(uint64_t a, uint64_t b) {
        return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* a * b / c with a 128-bit intermediate, saturating at UINT64_MAX; 0 when c is 0. */
uint64_t mul_div_u64(uint64_t a, uint64_t b, uint64_t c);

/* part of whole in permyriad (1/10000), rounded down; 0 when whole is 0; may exceed 10000. */
static inline uint64_t permyriad_of(uint64_t part, uint64_t whole) {
        return mul_div_u64(part, 10000, whole);
}
