/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/exposition.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "tests/harness.h"

static char text[8192];

static void begin(Exposition *x, ExpositionFormat format, const MetricFamily *family) {
        *x = (Exposition){ .out = fmemopen(text, sizeof(text), "w"), .format = format };
        ck_assert_ptr_nonnull(x->out);
        exposition_begin(x, family);
}

static void end(Exposition *x) {
        exposition_end(x);
        ck_assert_int_eq(fclose(x->out), 0);
}

START_TEST(numbers_are_written_exactly) {
        static const struct {
                Decimal value;
                const char *text;
        } rows[] = {
                { { 0, 0 }, "0" },
                { { 0, 6 }, "0.0" },
                { { 12, 0 }, "12" },
                { { 100, 0 }, "100" },
                { { 3125, 4 }, "0.3125" },
                { { 10000, 4 }, "1.0" },
                { { 1500000, 6 }, "1.5" },
                { { 1, 6 }, "0.000001" },
                { { -5, 0 }, "-5" },
                { { -1500, 4 }, "-0.15" },
                { { INT64_MAX, 6 }, "+Inf" },
                { { INT64_MAX, 0 }, "+Inf" },
                { { INT64_MIN, 0 }, "-9223372036854775808" },
                { { INT64_MAX - 1, 0 }, "9223372036854775806" },
        };
        const MetricFamily family = { .name = "m", .help = "H" };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char expected[128];
                Exposition x;

                begin(&x, EXPOSITION_PROMETHEUS, &family);
                exposition_add(&x, NULL, 0, rows[i].value);
                end(&x);
                snprintf(expected, sizeof(expected), "# HELP m H.\n# TYPE m gauge\nm %s\n",
                        rows[i].text);
                ck_assert_str_eq(text, expected);
        }
        ck_assert_int_eq(decimal_count(UINT64_MAX).value, INT64_MAX - 1);
}
END_TEST

START_TEST(formats_differ_in_names_types_units_and_the_end) {
        static const struct {
                MetricFamily family;
                const char *prometheus, *openmetrics;
        } rows[] = {
                { { "m", "bytes", "H", FAMILY_GAUGE },
                        "# HELP m_bytes H.\n# TYPE m_bytes gauge\nm_bytes 1\n",
                        "# HELP m_bytes H.\n# TYPE m_bytes gauge\n# UNIT m_bytes bytes\n"
                        "m_bytes 1\n# EOF\n" },
                { { "m", NULL, "H", FAMILY_COUNTER },
                        "# HELP m_total H.\n# TYPE m_total counter\nm_total 1\n",
                        "# HELP m H.\n# TYPE m counter\nm_total 1\n# EOF\n" },
                { { "m", "seconds", "H", FAMILY_COUNTER },
                        "# HELP m_seconds_total H.\n# TYPE m_seconds_total counter\n"
                        "m_seconds_total 1\n",
                        "# HELP m_seconds H.\n# TYPE m_seconds counter\n"
                        "# UNIT m_seconds seconds\nm_seconds_total 1\n# EOF\n" },
                { { "m", NULL, "H", FAMILY_INFO },
                        "# HELP m_info H.\n# TYPE m_info gauge\nm_info 1\n",
                        "# HELP m H.\n# TYPE m info\nm_info 1\n# EOF\n" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                for (int format = 0; format < _EXPOSITION_MAX; format++) {
                        Exposition x;

                        begin(&x, (ExpositionFormat) format, &rows[i].family);
                        exposition_add(&x, NULL, 0, decimal_count(1));
                        end(&x);
                        ck_assert_str_eq(text,
                                format == EXPOSITION_PROMETHEUS ? rows[i].prometheus
                                                                : rows[i].openmetrics);
                }
}
END_TEST

START_TEST(labels_cannot_be_broken_out_of) {
        static const struct {
                const char *value, *text;
        } rows[] = {
                { "plain", "plain" },
                { "", "" },
                { "a\"b", "a\\\"b" },
                { "two\nlines", "two\\\\x0alines" },
                { "back\\slash", "back\\\\x5cslash" },
                { "\377\376", "\\\\xff\\\\xfe" },
                { "\xc3\xa4", "\xc3\xa4" },
        };
        const MetricFamily family = { .name = "m", .help = "H" };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const MetricLabel labels[] = { { "a", rows[i].value }, { "b", "c" } };
                char expected[128];
                Exposition x;

                begin(&x, EXPOSITION_PROMETHEUS, &family);
                exposition_add(&x, labels, ELEMENTS(labels), decimal_count(1));
                end(&x);
                snprintf(expected, sizeof(expected),
                        "# HELP m H.\n# TYPE m gauge\nm{a=\"%s\",b=\"c\"} 1\n", rows[i].text);
                ck_assert_str_eq(text, expected);
        }
}
END_TEST

START_TEST(classes_of_a_histogram_add_up) {
        const MetricFamily family = {
                .name = "m", .unit = "seconds", .help = "H", .kind = FAMILY_HISTOGRAM
        };
        Histogram h = {};
        Exposition x;

        histogram_add(&h, 50);
        histogram_add(&h, 60);
        histogram_add(&h, USEC_PER_MIN);
        begin(&x, EXPOSITION_PROMETHEUS, &family);
        exposition_add_histogram(&x, &h);
        end(&x);
        ck_assert_ptr_nonnull(strstr(text, "# TYPE m_seconds histogram\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nm_seconds_bucket{le=\"0.00005\"} 1\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nm_seconds_bucket{le=\"0.0001\"} 2\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nm_seconds_bucket{le=\"5.0\"} 2\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nm_seconds_bucket{le=\"+Inf\"} 3\n"));
        ck_assert_ptr_nonnull(strstr(text, "\nm_seconds_sum 60.00011\nm_seconds_count 3\n"));
}
END_TEST

HARNESS_MAIN("exposition", numbers_are_written_exactly,
        formats_differ_in_names_types_units_and_the_end, labels_cannot_be_broken_out_of,
        classes_of_a_histogram_add_up)
