/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unit-request.h"

#include <errno.h>
#include <string.h>

#include "tests/harness.h"

START_TEST(requests_mean_what_they_say_or_are_refused) {
        static const struct {
                const char *text;
                int r;
                UnitVerb verb;
                const char *unit;
                usec_t timeout;
        } rows[] = {
                { "stop foo.service 10000", 0, UNIT_STOP, "foo.service", 10 * USEC_PER_SEC },
                { "restart foo.service 1", 0, UNIT_RESTART, "foo.service", USEC_PER_MSEC },
                { "stop run-u12.scope 5", 0, UNIT_STOP, "run-u12.scope", 5 * USEC_PER_MSEC },
                { "stop a\\x2db@c:d_e.f.service 5", 0, UNIT_STOP, "a\\x2db@c:d_e.f.service",
                        5 * USEC_PER_MSEC },
                { "stop foo.service 300000", 0, UNIT_STOP, "foo.service", 300 * USEC_PER_SEC },
                { "restart run-u12.scope 5", -EOPNOTSUPP, 0, NULL, 0 },
                { "stop init.scope 5", -EPERM, 0, NULL, 0 },
                { "restart systemd-logind.service 5", -EPERM, 0, NULL, 0 },
                { "", -EINVAL, 0, NULL, 0 },
                { "stop", -EINVAL, 0, NULL, 0 },
                { "stop foo.service", -EINVAL, 0, NULL, 0 },
                { "stop foo.service 0", -EINVAL, 0, NULL, 0 },
                { "stop foo.service -5", -EINVAL, 0, NULL, 0 },
                { "stop foo.service 5s", -EINVAL, 0, NULL, 0 },
                { "stop foo.service 300001", -EINVAL, 0, NULL, 0 },
                { "stop foo.service 99999999999999999999", -EINVAL, 0, NULL, 0 },
                { "stop foo.service 5 more", -EINVAL, 0, NULL, 0 },
                { "stop foo.service 5 ", -EINVAL, 0, NULL, 0 },
                { "stop foo.service 5\r", -EINVAL, 0, NULL, 0 },
                { "start foo.service 5", -EINVAL, 0, NULL, 0 },
                { "Stop foo.service 5", -EINVAL, 0, NULL, 0 },
                { "stop foo.slice 5", -EINVAL, 0, NULL, 0 },
                { "stop /etc/foo.service 5", -EINVAL, 0, NULL, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                UnitRequest q = { .unit = "untouched" };
                int r;

                r = unit_request_parse(rows[i].text, strlen(rows[i].text), &q);
                ck_assert_msg(r == rows[i].r, "\"%s\": %d", rows[i].text, r);
                ck_assert_msg(strcmp(q.unit, r < 0 ? "untouched" : rows[i].unit) == 0, "\"%s\": %s",
                        rows[i].text, q.unit);
                if (r == 0) {
                        ck_assert_msg(q.verb == rows[i].verb, "\"%s\"", rows[i].text);
                        ck_assert_msg(q.timeout_usec == rows[i].timeout, "\"%s\"", rows[i].text);
                }
        }
}
END_TEST

START_TEST(names_are_those_that_systemd_takes) {
        static const struct {
                const char *name;
                bool valid;
        } rows[] = {
                { "a.service", true },
                { "user@1000.service", true },
                { "a@b@c.service", true },
                { "-.scope", true },
                { ".service", false },
                { "a", false },
                { "a.mount", false },
                { "@a.service", false },
                { "a@.service", false },
                { "a@b.scope.slice", false },
                { "a b.service", false },
                { "a\n.service", false },
                { "\xc3\xa4.service", false },
                { "a%i.service", false },
                { "", false },
        };
        char name[UNIT_NAME_SIZE + 1];

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                ck_assert_msg(
                        unit_name_is_valid(rows[i].name) == rows[i].valid, "\"%s\"", rows[i].name);

        memset(name, 'a', sizeof(name));
        memcpy(name + UNIT_NAME_SIZE - 1 - 8, ".service", 9);
        ck_assert(unit_name_is_valid(name)); /* as long as it may be */
        memset(name, 'a', sizeof(name));
        memcpy(name + UNIT_NAME_SIZE - 8, ".service", 9);
        ck_assert(!unit_name_is_valid(name));
}
END_TEST

START_TEST(what_holds_the_machine_together_is_vital) {
        static const struct {
                const char *name;
                bool vital;
        } rows[] = {
                { "init.scope", true },
                { "systemd-journald.service", true },
                { "systemd-udevd.service", true },
                { "dbus.service", true },
                { "dbus-broker.service", true },
                { "dbus-org.freedesktop.login1.service", true },
                { "avertd.service", true },
                { "avert-units.service", true },
                { "polkit.service", true },
                { "lvm2-monitor.service", true },
                { "mdmon@md0.service", true },
                { "rescue.service", true },
                { "rescue.service.service", false },
                { "my-rescue.service", false },
                { "nginx.service", false },
                { "user@1000.service", false },
                { "initial.scope", false },
                { "iscsid-exporter.service", false },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                ck_assert_msg(unit_is_vital(rows[i].name) == rows[i].vital, "%s", rows[i].name);
}
END_TEST

START_TEST(a_request_is_printed_within_its_bounds) {
        static const struct {
                usec_t timeout;
                const char *text;
        } rows[] = {
                { 10 * USEC_PER_SEC, "restart a.service 10000\n" },
                { 0, "restart a.service 1\n" },
                { 1001, "restart a.service 2\n" },
                { USEC_PER_HOUR, "restart a.service 300000\n" },
                { USEC_UNSET, "restart a.service 300000\n" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                UnitRequest q = {
                        .verb = UNIT_RESTART, .unit = "a.service", .timeout_usec = rows[i].timeout
                };
                char line[UNIT_LINE_MAX];
                TextBuf b;

                textbuf_init(&b, line, sizeof(line));
                unit_request_print(&q, &b);
                ck_assert_str_eq(line, rows[i].text);
        }
}
END_TEST

START_TEST(answers_come_back_as_they_were_meant) {
        static const struct {
                const char *text;
                int r;
                int answer;
        } rows[] = {
                { "done", 0, UNIT_DONE },
                { "late", 0, UNIT_LATE },
                { "refused 13", 0, -13 },
                { "refused 2 Unit a.service not loaded.", 0, -2 },
                { "refused", -EINVAL, 42 },
                { "refused 0", -EINVAL, 42 },
                { "refused -13", -EINVAL, 42 },
                { "refused 4096", -EINVAL, 42 },
                { "done and done", -EINVAL, 42 },
                { "late ", -EINVAL, 42 },
                { "Done", -EINVAL, 42 },
                { "", -EINVAL, 42 },
        };
        char line[UNIT_LINE_MAX];
        TextBuf b;

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int answer = 42, r;

                r = unit_answer_parse(rows[i].text, strlen(rows[i].text), &answer);
                ck_assert_msg(r == rows[i].r && answer == rows[i].answer, "\"%s\": %d, %d",
                        rows[i].text, r, answer);
        }

        textbuf_init(&b, line, sizeof(line));
        unit_answer_print(UNIT_DONE, NULL, &b);
        unit_answer_print(UNIT_LATE, "", &b);
        unit_answer_print(-EPERM, "", &b);
        unit_answer_print(-ENOENT, "not loaded", &b);
        ck_assert_str_eq(line, "done\nlate\nrefused 1\nrefused 2 not loaded\n");
}
END_TEST

HARNESS_MAIN("unit-request", requests_mean_what_they_say_or_are_refused,
        names_are_those_that_systemd_takes, what_holds_the_machine_together_is_vital,
        a_request_is_printed_within_its_bounds, answers_come_back_as_they_were_meant)
