/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

#include <string.h>

#include "tests/harness.h"

static void assert_slice(Slice s, const char *expect, const char *about) {
        ck_assert_msg(slice_equals(s, slice_of(expect)), "%s: got '%.*s', not '%s'", about,
                (int) s.len, s.at, expect);
}

START_TEST(slices_compare_by_their_content) {
        ck_assert(slice_equals(SLICE("abc"), slice_of("abc")));
        ck_assert(!slice_equals(SLICE("abc"), SLICE("abd")));
        ck_assert(!slice_equals(SLICE("abc"), SLICE("ab")));
        ck_assert(slice_equals((Slice){ NULL, 0 }, SLICE("")));
        ck_assert(slice_starts_with(SLICE("abc"), SLICE("ab")));
        ck_assert(slice_starts_with(SLICE("abc"), SLICE("")));
        ck_assert(!slice_starts_with(SLICE("ab"), SLICE("abc")));
        ck_assert(!slice_starts_with(SLICE("xbc"), SLICE("ab")));
}
END_TEST

START_TEST(lines_end_with_and_without_newline) {
        static const struct {
                const char *text;
                const char *lines[4];
        } rows[] = {
                { "", { NULL } },
                { "\n", { "", NULL } },
                { "a", { "a", NULL } },
                { "a\n", { "a", NULL } },
                { "a\nb", { "a", "b", NULL } },
                { "a\r\nb\r\n", { "a", "b", NULL } },
                { "a\n\nb", { "a", "", "b", NULL } },
                { "\r\n", { "", NULL } },
                { "a\rb\n", { "a\rb", NULL } },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Slice rest = slice_of(rows[i].text), line = SLICE("untouched");

                for (size_t j = 0; rows[i].lines[j]; j++) {
                        ck_assert(slice_next_line(&rest, &line));
                        assert_slice(line, rows[i].lines[j], rows[i].text);
                }
                line = SLICE("untouched");
                ck_assert(!slice_next_line(&rest, &line));
                assert_slice(line, "untouched", rows[i].text);
        }
}
END_TEST

START_TEST(words_are_split_at_blanks_and_tabs) {
        Slice rest = SLICE("  one\ttwo   three "), word;

        ck_assert(slice_next_word(&rest, &word));
        assert_slice(word, "one", "first");
        ck_assert(slice_next_word(&rest, &word));
        assert_slice(word, "two", "second");
        ck_assert(slice_next_word(&rest, &word));
        assert_slice(word, "three", "third");
        ck_assert(!slice_next_word(&rest, &word));
        assert_slice(word, "three", "untouched");

        rest = SLICE("");
        ck_assert(!slice_next_word(&rest, &word));
}
END_TEST

START_TEST(distance_counts_slips_up_to_the_cap) {
        char long_word[80];
        static const struct {
                const char *a, *b;
                unsigned cap, expect;
        } rows[] = {
                { "", "", 3, 0 },
                { "swap", "swap", 3, 0 },
                { "swap", "swpa", 3, 1 }, /* two neighbours swapped are one slip */
                { "swap", "swpa", 1, 1 },
                { "swap", "swpa", 0, 1 },
                { "swap", "wap", 3, 1 },
                { "swap", "swaps", 3, 1 },
                { "swap", "swab", 3, 1 },
                { "kitten", "sitting", 5, 3 },
                { "kitten", "sitting", 2, 3 },
                { "", "abc", 5, 3 },
                { "abc", "", 1, 2 },
                { "notfy", "notify", 2, 1 },
                { "abcdef", "fedcba", 10, 5 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                unsigned got = text_distance(rows[i].a, rows[i].b, rows[i].cap);

                ck_assert_msg(got == rows[i].expect, "%s, %s: got %u, not %u", rows[i].a, rows[i].b,
                        got, rows[i].expect);
                ck_assert_uint_eq(text_distance(rows[i].b, rows[i].a, rows[i].cap), got);
        }

        memset(long_word, 'a', 64);
        long_word[64] = '\0';
        ck_assert_uint_eq(text_distance(long_word, long_word, 3), 0);
        long_word[64] = 'a';
        long_word[65] = '\0';
        ck_assert_uint_eq(
                text_distance(long_word, long_word, 3), 4); /* beyond 64 characters: far */
        ck_assert_uint_eq(text_distance("a", long_word, 3), 4);
}
END_TEST

START_TEST(copies_are_cut_between_characters) {
        static const struct {
                const char *text;
                size_t size;
                const char *expect;
                bool fits;
        } rows[] = {
                { "", 1, "", true }, { "abc", 4, "abc", true }, { "abc", 3, "ab", false },
                { "abc", 1, "", false }, { "a\xc3\xa4", 4, "a\xc3\xa4", true },
                { "a\xc3\xa4", 3, "a", false },
                { "\xe2\x82\xac\xe2\x82\xac", 6, "\xe2\x82\xac", false },
                { "\xf0\x9f\x98\x80x", 4, "", false },
                { "\xf0\x9f\x98\x80x", 5, "\xf0\x9f\x98\x80", false },
                { "\x80\x80\x80\x80\x80\x80", 6, "\x80\x80\x80\x80\x80",
                        false }, /* no UTF-8: cut anywhere */
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char dst[16];

                memset(dst, 'X', sizeof(dst));
                ck_assert_msg(
                        text_copy(dst, rows[i].size, rows[i].text) == rows[i].fits, "row %zu", i);
                ck_assert_str_eq(dst, rows[i].expect);
                ck_assert_int_eq(dst[rows[i].size], 'X');
        }
}
END_TEST

START_TEST(copy_into_nothing_touches_nothing) {
        char byte = 'X';

        ck_assert(!text_copy(&byte, 0, "a"));
        ck_assert(!text_copy(&byte, 0, ""));
        ck_assert_int_eq(byte, 'X');
}
END_TEST

HARNESS_MAIN("text", slices_compare_by_their_content, lines_end_with_and_without_newline,
        words_are_split_at_blanks_and_tabs, distance_counts_slips_up_to_the_cap,
        copies_are_cut_between_characters, copy_into_nothing_touches_nothing)
