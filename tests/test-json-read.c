/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/json-read.h"

#include <string.h>

#include "tests/harness.h"

START_TEST(only_a_whole_map_is_read) {
        static const struct {
                const char *text;
                bool good;
        } rows[] = {
                { "{}", true },
                { "{\"a\":1}\n", true },
                { "{\"a\":1", false },
                { "{\"a\":1}{", false },
                { "[]", false },
                { "7", false },
                { "null", false },
                { "", false },
                { "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}", true },
                { "{\"a\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}", false },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                _cleanup_(json_freep) Json *json = json_read(rows[i].text);

                ck_assert_msg(!!json == rows[i].good, "%s", rows[i].text);
        }
}
END_TEST

START_TEST(values_come_back_and_others_are_nothing) {
        _cleanup_(json_freep) Json *json = json_read(
                "{\"n\":18446744073709551615,\"t\":\"x\",\"b\":true,\"l\":[1,{\"n\":2},3],"
                "\"z\":null}");

        ck_assert(json_get_number(json, "n") == UINT64_MAX);
        ck_assert_str_eq(json_get_text(json, "t"), "x");
        ck_assert(json_get_bool(json, "b") && json_has(json, "b"));
        ck_assert(!json_has(json, "z") && !json_has(json, "none"));
        ck_assert_uint_eq(json_get_number(json, "t"), 0);
        ck_assert_str_eq(json_get_text(json, "n"), "");
        ck_assert(!json_get_bool(json, "n"));
        ck_assert_uint_eq(json_length(json_get(json, "l")), 3);
        ck_assert_uint_eq(json_get_number(json_at(json_get(json, "l"), 1), "n"), 2);
        json_remove_at(json_get(json, "l"), 0);
        ck_assert_uint_eq(json_get_number(json_at(json_get(json, "l"), 0), "n"), 2);
        json_remove_at(json_get(json, "l"), 9);
        ck_assert_uint_eq(json_length(json_get(json, "l")), 2);
        ck_assert_ptr_null(json_at(json_get(json, "l"), 2));
}
END_TEST

START_TEST(nothing_is_a_map_without_members) {
        ck_assert_ptr_null(json_get(NULL, "a"));
        ck_assert_str_eq(json_get_text(NULL, "a"), "");
        ck_assert_uint_eq(json_get_number(NULL, "a"), 0);
        ck_assert_uint_eq(json_length(NULL), 0);
        ck_assert_ptr_null(json_at(NULL, 0));
        json_remove_at(NULL, 0);
        json_put_read(NULL, "a", "{}", 2);
}
END_TEST

START_TEST(what_was_written_goes_into_another_map) {
        _cleanup_(json_freep) Json *json = json_new_map();
        _cleanup_free_ char *text = NULL;

        json_put_read(json, "a", "{\"b\":1}, and more", 7);
        json_put_read(json, "c", "{\"b\":", 5);
        json_put_read(json, "d", "[]", 2);
        text = json_print(json);
        ck_assert_str_eq(text, "{\"a\":{\"b\":1}}");
}
END_TEST

HARNESS_MAIN("json-read", only_a_whole_map_is_read, values_come_back_and_others_are_nothing,
        nothing_is_a_map_without_members, what_was_written_goes_into_another_map)
