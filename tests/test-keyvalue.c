/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/keyvalue.h"

#include <errno.h>
#include <string.h>

#include "kernel/escape.h"
#include "tests/harness.h"

START_TEST(a_line_is_split_at_its_first_colon_or_blank) {
        static const struct {
                const char *line, *key, *value; /* key NULL: not split */
        } rows[] = {
                { "MemTotal:  1 kB", "MemTotal", "  1 kB" },
                { "oom_kill 3", "oom_kill", "3" },
                { "Uid:\t0\t0", "Uid", "\t0\t0" },
                { "Active(file): 1", "Active(file)", " 1" },
                { "key:", "key", "" },
                { "a: b: c", "a", " b: c" },
                { "", NULL, NULL },
                { "word", NULL, NULL },
                { ": 1", NULL, NULL },
                { " indented 1", NULL, NULL },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Slice key = SLICE("untouched"), value = SLICE("untouched");
                bool ok = keyvalue_split(slice_of(rows[i].line), &key, &value);

                ck_assert_msg(ok == (rows[i].key != NULL), "'%s'", rows[i].line);
                ck_assert(slice_equals(key, slice_of(ok ? rows[i].key : "untouched")));
                ck_assert(slice_equals(value, slice_of(ok ? rows[i].value : "untouched")));
        }
}
END_TEST

START_TEST(a_value_without_its_unit_was_cut_off) {
        static const struct {
                const char *text;
                bool is_kib;
                int expect;
                uint64_t value;
        } rows[] = {
                { "  12 kB", true, 0, 12288 },
                { "12", false, 0, 12 },
                { "012 kB", true, 0, 12288 },
                { "12", true, -EBADMSG, 42 },
                { "12 k", true, -EBADMSG, 42 },
                { "12 MB", true, -EBADMSG, 42 },
                { "12kB", true, -EBADMSG, 42 },
                { "", false, -EBADMSG, 42 },
                { "-1 kB", true, -EBADMSG, 42 },
                { "1x", false, -EBADMSG, 42 },
                { "18446744073709551615", false, 0, UINT64_MAX },
                { "18446744073709551616", false, -ERANGE, UINT64_MAX },
                { "18446744073709551360 kB", true, -ERANGE, UINT64_MAX },
                { "18014398509481983 kB", true, 0, UINT64_C(18446744073709550592) },
                { "18014398509481984 kB", true, -ERANGE, UINT64_MAX },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                uint64_t value = 42;
                int r = keyvalue_number(slice_of(rows[i].text), rows[i].is_kib, &value);

                ck_assert_msg(r == rows[i].expect, "'%s': got %d", rows[i].text, r);
                ck_assert_uint_eq(value, rows[i].value);
        }
}
END_TEST

typedef struct Pair {
        uint64_t a, b;
} Pair;

START_TEST(keys_are_found_in_any_order_and_the_first_one_counts) {
        static const KeySpec specs[] = { KEY_COUNT("a", Pair, a, 1), KEY_KIB("b", Pair, b, 2) };
        KeyScan scan = { .specs = specs, .n = ELEMENTS(specs) };
        Pair pair = { 0, 0 };

        keyvalue_take(&scan, SLICE("unknown 5"), &pair);
        keyvalue_take(&scan, SLICE("b: broken"), &pair);
        ck_assert_uint_eq(scan.have, 0);
        keyvalue_take(&scan, SLICE("b: 2 kB"), &pair);
        keyvalue_take(&scan, SLICE("a 99999999999999999999"), &pair);
        keyvalue_take(&scan, SLICE("a 7"), &pair);
        ck_assert_uint_eq(scan.have, 3);
        ck_assert_uint_eq(scan.overflowed, 1);
        ck_assert_uint_eq(pair.a, UINT64_MAX);
        ck_assert_uint_eq(pair.b, 2048);
}
END_TEST

START_TEST(escapes_of_file_names_are_undone) {
        static const struct {
                const char *text;
                size_t size;
                const char *expect;
                bool fits;
        } rows[] = {
                { "/dev/sda1", 32, "/dev/sda1", true },
                { "/swap\\040file", 32, "/swap file", true },
                { "\\011\\012\\134", 32, "\t\n\\", true },
                { "\\04", 32, "\\04", true },
                { "\\049", 32, "\\049", true },
                { "a\\", 32, "a\\", true },
                { "", 32, "", true },
                { "abcdef", 4, "abc", false },
                { "ab\\040", 4, "ab ", true },
                { "abc\\040", 4, "abc", false },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char dst[32];

                ck_assert_msg(
                        escape_undo(slice_of(rows[i].text), dst, rows[i].size) == rows[i].fits,
                        "'%s'", rows[i].text);
                ck_assert_str_eq(dst, rows[i].expect);
        }
}
END_TEST

HARNESS_MAIN("keyvalue", a_line_is_split_at_its_first_colon_or_blank,
        a_value_without_its_unit_was_cut_off, keys_are_found_in_any_order_and_the_first_one_counts,
        escapes_of_file_names_are_undone)
