/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hash.h"

#include "tests/harness.h"

/* From the authors' test vectors. */
static const struct {
        const char *name, *text;
        size_t len;
        uint64_t want;
} rows[] = {
        { "nothing", "", 0, UINT64_C(0xcbf29ce484222325) },
        { "one letter", "a", 1, UINT64_C(0xaf63dc4c8601ec8c) },
        { "a word", "foobar", 6, UINT64_C(0x85944171f73967e8) },
};

START_TEST(bytes_have_the_hash_of_its_authors) {
        ck_assert_msg(hash_bytes(HASH_START, rows[_i].text, rows[_i].len) == rows[_i].want, "%s",
                rows[_i].name);
}
END_TEST

START_TEST(parts_in_a_row_are_the_whole) {
        ck_assert_uint_eq(hash_bytes(hash_bytes(HASH_START, "foo", 3), "bar", 3),
                hash_bytes(HASH_START, "foobar", 6));
}
END_TEST

int main(void) {
        Suite *s = suite_create("hash");
        TCase *tc = tcase_create("hash");

        tcase_add_loop_test(
                tc, bytes_have_the_hash_of_its_authors, 0, (int) (sizeof(rows) / sizeof(rows[0])));
        tcase_add_test(tc, parts_in_a_row_are_the_whole);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
