/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "config/config-names.h"
#include "config/quantity.h"

#define UNTOUCHED 4242

static const struct {
        const char *text;
        QuantityKind kind;
        int64_t value;
        const char *printed;
} good[] = {
        { "0", QUANTITY_COUNT, 0, "0" },
        { "17", QUANTITY_COUNT, 17, "17" },
        { "007", QUANTITY_COUNT, 7, "7" },
        { "-1000", QUANTITY_COUNT, -1000, "-1000" },
        { "9223372036854775807", QUANTITY_COUNT, INT64_MAX, "9223372036854775807" },
        { "1.0", QUANTITY_COUNT, 1, "1" },
        { "8%", QUANTITY_PERMYRIAD, 800, "8%" },
        { "0.01%", QUANTITY_PERMYRIAD, 1, "0.01%" },
        { "7.25%", QUANTITY_PERMYRIAD, 725, "7.25%" },
        { "12.5%", QUANTITY_PERMYRIAD, 1250, "12.5%" },
        { "100%", QUANTITY_PERMYRIAD, 10000, "100%" },
        { "0B", QUANTITY_BYTES, 0, "0B" },
        { "1B", QUANTITY_BYTES, 1, "1B" },
        { "1K", QUANTITY_BYTES, 1024, "1K" },
        { "512M", QUANTITY_BYTES, INT64_C(512) << 20, "512M" },
        { "1.5G", QUANTITY_BYTES, INT64_C(1536) << 20, "1536M" },
        { "1024G", QUANTITY_BYTES, INT64_C(1) << 40, "1T" },
        { "0.1K", QUANTITY_BYTES, 102, "102B" }, /* rounded down */
        { "8388607T", QUANTITY_BYTES, INT64_C(8388607) << 40, "8388607T" },
        { "1ms", QUANTITY_USEC, 1000, "1ms" },
        { "0.25ms", QUANTITY_USEC, 250, "0.25ms" },
        { "100ms", QUANTITY_USEC, 100000, "100ms" },
        { "1.5s", QUANTITY_USEC, 1500000, "1500ms" },
        { "60s", QUANTITY_USEC, 60 * (int64_t) USEC_PER_SEC, "1min" },
        { "24h", QUANTITY_USEC, 24 * (int64_t) USEC_PER_HOUR, "24h" },
        { "0s", QUANTITY_USEC, 0, "0s" },
        { "20M/s", QUANTITY_BYTES_PER_SEC, INT64_C(20) << 20, "20M/s" },
        { "60M/min", QUANTITY_BYTES_PER_SEC, INT64_C(1) << 20, "1M/s" },
        { "1K/min", QUANTITY_BYTES_PER_SEC, 17, "17B/s" },
        { "500/s", QUANTITY_COUNT_PER_SEC, 500, "500/s" },
        { "120/min", QUANTITY_COUNT_PER_SEC, 2, "2/s" },
};

START_TEST(quantities_of_every_unit_are_read_and_print_as_they_were_meant) {
        const char *reason = NULL;
        Quantity q = { QUANTITY_COUNT, UNTOUCHED }, again = q;
        char text[64];
        TextBuf b;

        ck_assert_msg(
                quantity_parse(good[_i].text, &q, &reason) == 0, "%s: %s", good[_i].text, reason);
        ck_assert_msg(q.kind == good[_i].kind, "%s: kind %d", good[_i].text, (int) q.kind);
        ck_assert_msg(q.value == good[_i].value, "%s: %lld", good[_i].text, (long long) q.value);

        textbuf_init(&b, text, sizeof(text));
        quantity_print(q, &b);
        ck_assert_str_eq(text, good[_i].printed);
        ck_assert_int_eq(quantity_parse(text, &again, &reason), 0);
        ck_assert_int_eq(again.value, q.value);
        ck_assert_int_eq(again.kind, q.kind);
}
END_TEST

static const struct {
        const char *text;
        int error;
        const char *says;
} bad[] = {
        { "", -EINVAL, "not a number" },
        { "%", -EINVAL, "not a number" },
        { "M", -EINVAL, "not a number" },
        { ".", -EINVAL, "not a number" },
        { "1.", -EINVAL, "not a number" },
        { ".5%", -EINVAL, "not a number" },
        { "-", -EINVAL, "not a number" },
        { "1.2.3%", -EINVAL, "unknown unit" },
        { "8 %", -EINVAL, "no blank" },
        { " 8%", -EINVAL, "not a number" },
        { "8%%", -EINVAL, "unknown unit" },
        { "0.001%", -EINVAL, "two decimals" },
        { "1.5", -EINVAL, "whole number" },
        { "0.0001ms", -EINVAL, "microsecond" },
        { "1.1234567G", -EINVAL, "too many decimals" },
        { "1k", -EINVAL, "K" },
        { "1MB", -EINVAL, "1024" },
        { "1GiB", -EINVAL, "1024" },
        { "5m", -EINVAL, "min" },
        { "5sec", -EINVAL, "s" },
        { "2d", -EINVAL, "24h" },
        { "5us", -EINVAL, "ms" },
        { "5min30s", -EINVAL, "unknown unit" },
        { "1e3", -EINVAL, "unknown unit" },
        { "0x10", -EINVAL, "unknown unit" },
        { "9223372036854775808", -ERANGE, "too large" },
        { "99999999999999999999T", -ERANGE, "too large" },
        { "8388608T", -ERANGE, "too large" },
        { "9223372036854775807h", -ERANGE, "too large" },
        { "1%/s", -EINVAL, "only sizes and counts" },
        { "1s/s", -EINVAL, "only sizes and counts" },
        { "1M/h", -EINVAL, "per second or minute" },
        { "1M/", -EINVAL, "per second or minute" },
        { "1M/s/s", -EINVAL, "per second or minute" },
        { "10/min", -EINVAL, "whole number per second" },
};

START_TEST(what_is_no_quantity_is_refused_with_a_reason_and_leaves_the_output_alone) {
        Quantity q = { QUANTITY_COUNT, UNTOUCHED };
        const char *reason = "";
        int r = quantity_parse(bad[_i].text, &q, &reason);

        ck_assert_msg(r == bad[_i].error, "\"%s\": got %d", bad[_i].text, r);
        ck_assert_msg(strstr(reason, bad[_i].says), "\"%s\": %s", bad[_i].text, reason);
        ck_assert_int_eq(q.value, UNTOUCHED);
}
END_TEST

static const struct {
        const char *word, *suggestion;
} misspelt[] = {
        { "terminat", "terminate" },
        { "notfy", "notify" },
        { "kil", "kill" },
        { "throtle", "throttle" },
        { "x", NULL },
        { "", NULL },
        { "explode", NULL },
};

START_TEST(a_misspelt_word_is_answered_with_the_nearest_or_with_none) {
        const char *got = words_suggest(&step_words, misspelt[_i].word);

        if (misspelt[_i].suggestion)
                ck_assert_pstr_eq(got, misspelt[_i].suggestion);
        else
                ck_assert_msg(!got, "%s: %s", misspelt[_i].word, got);
}
END_TEST

START_TEST(every_word_is_found_at_its_own_value) {
        static const WordTable *const tables[] = { &watch_words, &target_words, &step_words,
                &notify_words, &hint_words, &on_budget_words, &rank_words };

        for (size_t t = 0; t < ELEMENTS(tables); t++)
                for (size_t i = 0; i < tables[t]->n; i++) {
                        if (tables[t] == &hint_words && i == HINT_NONE)
                                continue; /* no word: who wants no hint writes none */
                        ck_assert_ptr_nonnull(tables[t]->words[i]);
                        ck_assert_int_eq(words_find(tables[t], tables[t]->words[i]), (int) i);
                }
}
END_TEST

static const struct {
        const char *text;
        size_t len;
        CompareOp op;
} comparisons[] = {
        { "<", 1, COMPARE_LT },
        { "<= 5", 2, COMPARE_LE },
        { "> 5", 1, COMPARE_GT },
        { ">=5", 2, COMPARE_GE },
        { "=", 0, _COMPARE_MAX },
        { "==", 0, _COMPARE_MAX },
        { "!=", 0, _COMPARE_MAX },
        { "", 0, _COMPARE_MAX },
};

START_TEST(comparisons_are_four_and_equality_is_none) {
        CompareOp op = _COMPARE_MAX;

        ck_assert_uint_eq(compare_scan(comparisons[_i].text, &op), comparisons[_i].len);
        ck_assert_int_eq(op, comparisons[_i].op);
}
END_TEST

int main(void) {
        Suite *s = suite_create("config-quantity");
        TCase *tc = tcase_create("config-quantity");

        tcase_add_loop_test(tc, quantities_of_every_unit_are_read_and_print_as_they_were_meant, 0,
                ELEMENTS(good));
        tcase_add_loop_test(tc,
                what_is_no_quantity_is_refused_with_a_reason_and_leaves_the_output_alone, 0,
                ELEMENTS(bad));
        tcase_add_loop_test(tc, a_misspelt_word_is_answered_with_the_nearest_or_with_none, 0,
                ELEMENTS(misspelt));
        tcase_add_test(tc, every_word_is_found_at_its_own_value);
        tcase_add_loop_test(
                tc, comparisons_are_four_and_equality_is_none, 0, ELEMENTS(comparisons));
        suite_add_tcase(s, tc);
        return harness_run(s);
}
