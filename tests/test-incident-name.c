/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/incident-name.h"

#include "tests/harness.h"

static const char *print(usec_t opened, uint64_t incident) {
        static char text[INCIDENT_NAME_MAX];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        incident_name_print(opened, incident, &b);
        return text;
}

START_TEST(name_has_time_and_number) {
        ck_assert_str_eq(print(1764101662481230, 3), "20251125T201422.481230-3");
        ck_assert_str_eq(print(1764101662000007, 0), "20251125T201422.000007-kernel");
        ck_assert_str_eq(print(0, UINT64_MAX), "19700101T000000.000000-18446744073709551615");
}
END_TEST

START_TEST(only_such_a_name_is_one) {
        static const struct {
                const char *name;
                bool good, file;
                uint64_t incident;
        } rows[] = {
                { "20251125T201422.481230-3", true, false, 3 },
                { "20251125T201422.481230-3.json", true, true, 3 },
                { "20251125T201422.481230-kernel.json", true, true, 0 },
                { "20251125T201422.481230-18446744073709551615", true, false, UINT64_MAX },
                { "20251125T201422.481230-18446744073709551616", false, false, 0 },
                { "20251125T201422.481230-3.json.unfinished", false, false, 0 },
                { "20251125T201422.481230-03.json", false, false, 0 },
                { "20251125T201422.481230-", false, false, 0 },
                { "20251125T201422.481230-kernels", false, false, 0 },
                { "20251125T201422-3.json", false, false, 0 },
                { "2025", false, false, 0 },
                { ".json", false, false, 0 },
                { "", false, false, 0 },
                { "../../etc/passwd", false, false, 0 },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint64_t incident = 0;

                ck_assert_msg(incident_name_parse(rows[i].name, &incident) == rows[i].good, "%s",
                        rows[i].name);
                ck_assert_msg(incident == rows[i].incident, "%s", rows[i].name);
                ck_assert_msg(
                        incident_name_is_file(rows[i].name) == rows[i].file, "%s", rows[i].name);
        }
}
END_TEST

START_TEST(directory_is_below_the_first_state_directory) {
        static const struct {
                const char *state, *expected;
        } rows[] = {
                { NULL, "/var/lib/avert/incidents" },
                { "", "/var/lib/avert/incidents" },
                { "/s", "/s/incidents" },
                { "/s/a:/s/b", "/s/a/incidents" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[64];
                TextBuf b;

                textbuf_init(&b, text, sizeof(text));
                incident_directory_print(rows[i].state, &b);
                ck_assert_str_eq(text, rows[i].expected);
        }
}
END_TEST

HARNESS_MAIN("incident-name", name_has_time_and_number, only_such_a_name_is_one,
        directory_is_below_the_first_state_directory)
