/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

#include <string.h>

#include "tests/harness.h"

START_TEST(text_is_collected_until_it_is_cut) {
        char data[10];
        TextBuf b;

        textbuf_init(&b, data, sizeof(data));
        ck_assert_str_eq(data, "");
        textbuf_add(&b, "abc");
        textbuf_add_slice(&b, (Slice){ "defXX", 3 });
        textbuf_addf(&b, "%d", 123);
        ck_assert_str_eq(data, "abcdef123");
        ck_assert_uint_eq(b.len, 9);
        ck_assert(!b.truncated);

        textbuf_add(&b, "");
        ck_assert(!b.truncated);
        textbuf_add(&b, "x");
        ck_assert(b.truncated);
        ck_assert_str_eq(data, "abcdef123");
}
END_TEST

START_TEST(a_neighbour_is_named_in_the_directory_of_a_path) {
        static const struct {
                const char *path, *want;
        } rows[] = {
                { "/run/avert/bus", "/run/avert/leases" },
                { "/bus", "/leases" },
                { "bus", "leases" },
                { "/run/avert/", "/run/avert/leases" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char data[64];
                TextBuf b;

                textbuf_init(&b, data, sizeof(data));
                textbuf_add_beside(&b, rows[i].path, "leases");
                ck_assert_str_eq(data, rows[i].want);
        }
}
END_TEST

START_TEST(nothing_is_added_after_a_cut) {
        char data[5];
        TextBuf b;

        textbuf_init(&b, data, sizeof(data));
        textbuf_add(&b, "ab");
        textbuf_add(&b, "\xe2\x82\xac"); /* three bytes, two left */
        ck_assert(b.truncated);
        ck_assert_str_eq(data, "ab");

        textbuf_add(&b, "x");
        textbuf_addf(&b, "%s", "x");
        textbuf_add_escaped(&b, "x", 1);
        textbuf_add_slice(&b, SLICE("x"));
        textbuf_add_bytes(&b, 1);
        ck_assert_str_eq(data, "ab");
        ck_assert_uint_eq(b.len, 2);
}
END_TEST

START_TEST(formatted_text_is_cut_between_characters) {
        char data[6];
        TextBuf b;

        textbuf_init(&b, data, sizeof(data));
        textbuf_addf(&b, "%s", "abcd\xc3\xa4");
        ck_assert(b.truncated);
        ck_assert_str_eq(data, "abcd");

        textbuf_init(&b, data, sizeof(data));
        textbuf_addf(&b, "%s", "abc\xc3\xa4");
        ck_assert(!b.truncated);
        ck_assert_str_eq(data, "abc\xc3\xa4");
}
END_TEST

START_TEST(a_buffer_of_one_byte_holds_the_empty_text) {
        char data[1] = { 'X' };
        TextBuf b;

        textbuf_init(&b, data, sizeof(data));
        textbuf_addf(&b, "%s", "abc");
        ck_assert(b.truncated);
        ck_assert_str_eq(data, "");
}
END_TEST

START_TEST(foreign_text_steers_no_terminal) {
        static const struct {
                const char *name;
                Slice text;
                const char *expect;
        } rows[] = {
                { "plain", { "bash", 4 }, "bash" },
                { "blanks and brackets", { ") S 1 (", 7 }, ") S 1 (" },
                { "newline", { "a\nb", 3 }, "a\\x0ab" },
                { "escape sequence", { "\x1b[31m", 5 }, "\\x1b[31m" },
                { "NUL", { "a\0b", 3 }, "a\\x00b" },
                { "tab, DEL", { "\t\x7f", 2 }, "\\x09\\x7f" },
                { "backslash", { "a\\x41", 5 }, "a\\x5cx41" },
                { "UTF-8", { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9 },
                        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
                { "cut in the middle of a character", { "abc\xe2\x82", 5 }, "abc\\xe2\\x82" },
                { "stray continuation",
                        { "\x80"
                          "a",
                                2 },
                        "\\x80"
                        "a" },
                { "overlong", { "\xc0\xaf\xe0\x80\xaf", 5 }, "\\xc0\\xaf\\xe0\\x80\\xaf" },
                { "surrogate", { "\xed\xa0\x80", 3 }, "\\xed\\xa0\\x80" },
                { "beyond Unicode", { "\xf4\x90\x80\x80", 4 }, "\\xf4\\x90\\x80\\x80" },
                { "C1 control",
                        { "\xc2\x9b"
                          "31m",
                                5 },
                        "\\xc2\\x9b31m" },
                { "right-to-left override", { "\xe2\x80\xae", 3 }, "\\xe2\\x80\\xae" },
                { "line separator", { "\xe2\x80\xa8", 3 }, "\\xe2\\x80\\xa8" },
                { "last isolate, and what follows it", { "\xe2\x81\xa9\xe2\x81\xaa", 6 },
                        "\\xe2\\x81\\xa9\xe2\x81\xaa" },
                { "no lead byte", { "\xf5\x80\x80\x80", 4 }, "\\xf5\\x80\\x80\\x80" },
                { "isolate", { "\xe2\x81\xa6", 3 }, "\\xe2\\x81\\xa6" },
                { "nothing", { "", 0 }, "" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char data[64];
                TextBuf b;

                textbuf_init(&b, data, sizeof(data));
                textbuf_add_escaped(&b, rows[i].text.at, rows[i].text.len);
                ck_assert_msg(strcmp(data, rows[i].expect) == 0, "%s: got '%s', not '%s'",
                        rows[i].name, data, rows[i].expect);
                ck_assert(!b.truncated);
        }
}
END_TEST

START_TEST(escapes_are_written_whole_or_not_at_all) {
        char data[8];
        TextBuf b;

        textbuf_init(&b, data, sizeof(data));
        textbuf_add_escaped(&b, "abcd\x1b", 5); /* needs 8 and the NUL */
        ck_assert(b.truncated);
        ck_assert_str_eq(data, "abcd");

        textbuf_init(&b, data, sizeof(data));
        textbuf_add_escaped(&b, "abc\x1b", 4);
        ck_assert(!b.truncated);
        ck_assert_str_eq(data, "abc\\x1b");
}
END_TEST

typedef void (*Printer)(TextBuf *b, uint64_t value);

typedef struct Unit {
        uint64_t value;
        const char *expect;
} Unit;

static void check_units(Printer print, const Unit *units, size_t n) {
        for (size_t i = 0; i < n; i++) {
                char data[32];
                TextBuf b;

                textbuf_init(&b, data, sizeof(data));
                print(&b, units[i].value);
                ck_assert_msg(strcmp(data, units[i].expect) == 0, "%llu: got '%s', not '%s'",
                        (unsigned long long) units[i].value, data, units[i].expect);
        }
}

START_TEST(bytes_are_shown_in_binary_units) {
        static const Unit units[] = {
                { 0, "0 B" },
                { 17, "17 B" },
                { 10239, "10239 B" },
                { 10240, "10.0 KiB" },
                { 10 * 1024 + 512, "10.5 KiB" },
                { 102399, "99.9 KiB" },
                { 102400, "100 KiB" },
                { 340 * 1024, "340 KiB" },
                { 1024 * 1024 - 1, "1023 KiB" },
                { 1024 * 1024, "1.0 MiB" },
                { UINT64_C(6657199309), "6.2 GiB" },
                { UINT64_C(6442450943), "5.9 GiB" }, /* never up to what it is below */
                { UINT64_C(1) << 40, "1.0 TiB" },
                { UINT64_C(1) << 50, "1.0 PiB" },
                { UINT64_MAX, "15.9 EiB" },
        };

        check_units(textbuf_add_bytes, units, ELEMENTS(units));
}
END_TEST

START_TEST(durations_are_shown_in_the_units_of_policies) {
        static const Unit units[] = {
                { 0, "0 s" },
                { 1, "1 us" },
                { 999, "999 us" },
                { 340 * USEC_PER_MSEC, "340 ms" },
                { 999999, "999 ms" },
                { USEC_PER_SEC, "1 s" },
                { 1500 * USEC_PER_MSEC, "1.5 s" },
                { 59 * USEC_PER_SEC, "59 s" },
                { USEC_PER_MIN, "1 min" },
                { USEC_PER_HOUR, "1 h" },
                { 12 * USEC_PER_MIN, "12 min" },
                { 90 * USEC_PER_SEC, "1.5 min" },
                { 3 * USEC_PER_HOUR, "3 h" },
                { 150 * USEC_PER_HOUR + 30 * USEC_PER_MIN, "150 h" },
                { USEC_UNSET, "never" },
        };

        check_units(textbuf_add_usec, units, ELEMENTS(units));
}
END_TEST

START_TEST(shares_are_shown_with_the_decimals_that_matter) {
        static const Unit units[] = {
                { 0, "0%" },
                { 1, "0.01%" },
                { 45, "0.45%" },
                { 50, "0.5%" },
                { 100, "1%" },
                { 105, "1%" },
                { 310, "3.1%" },
                { 599, "5.9%" }, /* below 6% stays below 6% */
                { 9999, "99.9%" },
                { 10000, "100%" },
                { 25050, "250%" },
        };

        check_units(textbuf_add_permyriad, units, ELEMENTS(units));
}
END_TEST

HARNESS_MAIN("textbuf", text_is_collected_until_it_is_cut,
        a_neighbour_is_named_in_the_directory_of_a_path, nothing_is_added_after_a_cut,
        formatted_text_is_cut_between_characters, a_buffer_of_one_byte_holds_the_empty_text,
        foreign_text_steers_no_terminal, escapes_are_written_whole_or_not_at_all,
        bytes_are_shown_in_binary_units, durations_are_shown_in_the_units_of_policies,
        shares_are_shown_with_the_decimals_that_matter)
