/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "describe/json-tree.h"

#include <string.h>

#include "tests/harness.h"

static void assert_text(const char *name, const char *text, const char *expected) {
        _cleanup_(json_freep) Json *root = json_new_map();
        _cleanup_free_ char *got = NULL;

        json_put_text(root, "t", text);
        got = json_print(root);
        ck_assert_msg(got && strcmp(got, expected) == 0, "%s: got %s", name, got);
}

START_TEST(strings_are_valid_utf8_and_steer_no_terminal) {
        static const struct {
                const char *name, *text, *expected;
        } cases[] = {
                { "plain", "chrome", "{\"t\":\"chrome\"}" },
                { "none", NULL, "{\"t\":null}" },
                { "empty", "", "{\"t\":\"\"}" },
                { "umlaut", "gr\xc3\xbc\xc3\x9f", "{\"t\":\"gr\xc3\xbc\xc3\x9f\"}" },
                { "four bytes", "\xf0\x9f\x98\x80", "{\"t\":\"\xf0\x9f\x98\x80\"}" },
                { "quote and backslash", "a\"b\\c", "{\"t\":\"a\\\"b\\\\c\"}" },
                { "slash stays", "/usr/bin", "{\"t\":\"/usr/bin\"}" },
                { "newline", "a\nb", "{\"t\":\"a\\nb\"}" },
                { "escape", "\033[2J", "{\"t\":\"\\u001b[2J\"}" },
                { "delete", "\x7f", "{\"t\":\"\\\\x7f\"}" },
                { "stray byte", "a\xff", "{\"t\":\"a\\\\xff\"}" },
                { "cut sequence", "\xe2\x82", "{\"t\":\"\\\\xe2\\\\x82\"}" },
                { "control character of two bytes", "\xc2\x9b", "{\"t\":\"\\\\xc2\\\\x9b\"}" },
                { "right to left", "\xe2\x80\xae", "{\"t\":\"\\\\xe2\\\\x80\\\\xae\"}" },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++)
                assert_text(cases[i].name, cases[i].text, cases[i].expected);
}
END_TEST

START_TEST(numbers_keep_their_64_bits) {
        _cleanup_(json_freep) Json *root = json_new_map();
        _cleanup_free_ char *got = NULL;

        json_put_number(root, "u", UINT64_MAX);
        json_put_signed(root, "min", INT64_MIN);
        json_put_signed(root, "max", INT64_MAX);
        json_put_bool(root, "b", true);
        json_put_null(root, "n");
        got = json_print(root);
        ck_assert_str_eq(got,
                "{\"u\":18446744073709551615,\"min\":-9223372036854775808,"
                "\"max\":9223372036854775807,\"b\":true,\"n\":null}");
}
END_TEST

START_TEST(trees_grow_and_holes_are_harmless) {
        _cleanup_(json_freep) Json *root = json_new_map();
        _cleanup_free_ char *got = NULL;
        Json *list = json_put_list(root, "l");

        json_put_number(json_add_map(list), "a", 1);
        json_add_text(list, "x");
        json_put_text(json_put_map(root, "m"), "k", "v");

        /* What could not be made is NULL, and nobody falls over it. */
        json_put_number(NULL, "a", 1);
        json_put_text(NULL, "a", "b");
        json_add_text(NULL, "x");
        ck_assert_ptr_null(json_put_map(NULL, "k"));
        ck_assert_ptr_null(json_put_list(NULL, "k"));
        ck_assert_ptr_null(json_add_map(NULL));
        ck_assert_ptr_null(json_print(NULL));
        ck_assert_ptr_null(json_free(NULL));

        got = json_print(root);
        ck_assert_str_eq(got, "{\"l\":[{\"a\":1},\"x\"],\"m\":{\"k\":\"v\"}}");
}
END_TEST

HARNESS_MAIN("json-tree", strings_are_valid_utf8_and_steer_no_terminal, numbers_keep_their_64_bits,
        trees_grow_and_holes_are_harmless)
