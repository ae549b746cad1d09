/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/number.h"

#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "tests/harness.h"

#define UNTOUCHED UINT64_C(4242)

START_TEST(scan_takes_the_digits_in_front) {
        static const struct {
                const char *text;
                int expect;
                uint64_t value;
        } rows[] = {
                { "0", 1, 0 },
                { "7kB", 1, 7 },
                { "09974432 kB", 8, 9974432 },
                { "0000000000000000000000000000012", 31, 12 },
                { "18446744073709551615", 20, UINT64_MAX },
                { "18446744073709551616", -ERANGE, UNTOUCHED },
                { "18446744073709551620", -ERANGE, UNTOUCHED },
                { "99999999999999999999999999", -ERANGE, UNTOUCHED },
                { "", 0, UNTOUCHED },
                { "x1", 0, UNTOUCHED },
                { "-1", 0, UNTOUCHED },
                { "+1", 0, UNTOUCHED },
                { " 1", 0, UNTOUCHED },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                uint64_t value = UNTOUCHED;
                int r = number_scan_u64(rows[i].text, strlen(rows[i].text), &value);

                ck_assert_msg(r == rows[i].expect, "\"%s\": got %d, not %d", rows[i].text, r,
                        rows[i].expect);
                ck_assert_uint_eq(value, rows[i].value);
        }
}
END_TEST

START_TEST(scan_stays_within_its_length) {
        uint64_t value = UNTOUCHED;

        ck_assert_int_eq(number_scan_u64("12345", 3, &value), 3);
        ck_assert_uint_eq(value, 123);
        value = UNTOUCHED;
        ck_assert_int_eq(number_scan_u64("12345", 0, &value), 0);
        ck_assert_uint_eq(value, UNTOUCHED);
}
END_TEST

START_TEST(parse_wants_the_whole_text_to_be_a_number) {
        static const struct {
                const char *text;
                int expect_i64;
                int64_t i64;
                int expect_u64;
                uint64_t u64;
        } rows[] = {
                { "0", 0, 0, 0, 0 },
                { "-0", 0, 0, 0, 0 },
                { "+5", 0, 5, 0, 5 },
                { "-5", 0, -5, -ERANGE, UNTOUCHED },
                { "007", 0, 7, 0, 7 },
                { "9223372036854775807", 0, INT64_MAX, 0, INT64_MAX },
                { "9223372036854775808", -ERANGE, UNTOUCHED, 0, UINT64_C(9223372036854775808) },
                { "-9223372036854775808", 0, INT64_MIN, -ERANGE, UNTOUCHED },
                { "-9223372036854775809", -ERANGE, UNTOUCHED, -ERANGE, UNTOUCHED },
                { "18446744073709551615", -ERANGE, UNTOUCHED, 0, UINT64_MAX },
                { "18446744073709551616", -ERANGE, UNTOUCHED, -ERANGE, UNTOUCHED },
                { "", -EINVAL, UNTOUCHED, -EINVAL, UNTOUCHED },
                { "-", -EINVAL, UNTOUCHED, -EINVAL, UNTOUCHED },
                { "+-1", -EINVAL, UNTOUCHED, -EINVAL, UNTOUCHED },
                { "1 ", -EINVAL, UNTOUCHED, -EINVAL, UNTOUCHED },
                { " 1", -EINVAL, UNTOUCHED, -EINVAL, UNTOUCHED },
                { "1.5", -EINVAL, UNTOUCHED, -EINVAL, UNTOUCHED },
                { "0x10", -EINVAL, UNTOUCHED, -EINVAL, UNTOUCHED },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int64_t i64 = UNTOUCHED;
                uint64_t u64 = UNTOUCHED;

                ck_assert_msg(number_parse_i64(rows[i].text, &i64) == rows[i].expect_i64, "\"%s\"",
                        rows[i].text);
                ck_assert_int_eq(i64, rows[i].i64);
                ck_assert_msg(number_parse_u64(rows[i].text, &u64) == rows[i].expect_u64, "\"%s\"",
                        rows[i].text);
                ck_assert_uint_eq(u64, rows[i].u64);
        }
}
END_TEST

START_TEST(saturating_arithmetic_never_wraps) {
        ck_assert_uint_eq(sub_sat_u64(5, 3), 2);
        ck_assert_uint_eq(sub_sat_u64(3, 5), 0);
        ck_assert_uint_eq(sub_sat_u64(0, UINT64_MAX), 0);
        ck_assert_uint_eq(add_sat_u64(5, 3), 8);
        ck_assert_uint_eq(add_sat_u64(UINT64_MAX, 1), UINT64_MAX);
        ck_assert_uint_eq(add_sat_u64(UINT64_MAX - 1, 1), UINT64_MAX);
}
END_TEST

START_TEST(products_are_exact_beyond_64_bits) {
        static const struct {
                uint64_t a, b, c, expect;
        } rows[] = {
                { 6, 7, 2, 21 },
                { 7, 3, 2, 10 }, /* rounds down */
                { 5, 5, 0, 0 },
                { 0, UINT64_MAX, 3, 0 },
                { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX },
                { UINT64_MAX, UINT64_MAX - 1, UINT64_MAX, UINT64_MAX - 1 },
                { UINT64_MAX, 2, 1, UINT64_MAX },
                { UINT64_MAX, UINT64_MAX, 1, UINT64_MAX },
                { UINT64_MAX, 10000, 10000, UINT64_MAX },
                { UINT64_MAX, 10000, 10001, UINT64_C(18444899583751176497) },
                { UINT64_C(1) << 63, 2, UINT64_C(1) << 63, 2 },
                { UINT64_C(1) << 63, 6, (UINT64_C(1) << 63) + 1, 5 },
                { UINT64_C(0xffffffff00000001), UINT64_C(0xffffffff), UINT64_C(0xfffffffffffffffe),
                        UINT64_C(0xfffffffe) },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                uint64_t got = mul_div_u64(rows[i].a, rows[i].b, rows[i].c);

                ck_assert_msg(got == rows[i].expect, "row %zu: got %llu, not %llu", i,
                        (unsigned long long) got, (unsigned long long) rows[i].expect);
                ck_assert_uint_eq(mul_div_u64(rows[i].b, rows[i].a, rows[i].c), got);
        }
}
END_TEST

#ifdef __SIZEOF_INT128__
START_TEST(products_agree_with_the_compilers_own_128_bits) {
        uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

        for (int i = 0; i < 20000; i++) {
                uint64_t v[3];
                unsigned __int128 wide;

                for (int j = 0; j < 3; j++) { /* a fixed sequence, of all magnitudes */
                        x ^= x << 13;
                        x ^= x >> 7;
                        x ^= x << 17;
                        v[j] = x >> (x & 63);
                }
                if (v[2] == 0)
                        continue;
                wide = (unsigned __int128) v[0] * v[1] / v[2];
                ck_assert_uint_eq(mul_div_u64(v[0], v[1], v[2]),
                        wide > UINT64_MAX ? UINT64_MAX : (uint64_t) wide);
        }
}
END_TEST
#define WIDE products_agree_with_the_compilers_own_128_bits,
#else
#define WIDE
#endif

START_TEST(share_of_nothing_is_nothing) {
        ck_assert_uint_eq(permyriad_of(1, 3), 3333);
        ck_assert_uint_eq(permyriad_of(3, 1), 30000);
        ck_assert_uint_eq(permyriad_of(5, 0), 0);
        ck_assert_uint_eq(permyriad_of(UINT64_MAX, UINT64_MAX), 10000);
}
END_TEST

HARNESS_MAIN("number", scan_takes_the_digits_in_front, scan_stays_within_its_length,
        parse_wants_the_whole_text_to_be_a_number, saturating_arithmetic_never_wraps,
        products_are_exact_beyond_64_bits, WIDE share_of_nothing_is_nothing)
