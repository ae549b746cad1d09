/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/steer-target.h"

#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "tests/harness.h"

START_TEST(pids_units_and_cgroups_are_told_apart) {
        static const struct {
                const char *text;
                WardKind kind;
                int32_t pid;
                const char *name;
        } rows[] = {
                { "1", WARD_PROCESS, 1, "" },
                { "2147483647", WARD_PROCESS, INT32_MAX, "" },
                { "ssh", WARD_UNIT, 0, "ssh.service" },
                { "ssh.service", WARD_UNIT, 0, "ssh.service" },
                { "session-2.scope", WARD_UNIT, 0, "session-2.scope" },
                { "getty@tty1.service", WARD_UNIT, 0, "getty@tty1.service" },
                { "7zip", WARD_UNIT, 0, "7zip.service" },
                { "/user.slice", WARD_CGROUP, 0, "/user.slice" },
                { "/a/b//", WARD_CGROUP, 0, "/a/b" },
                { "/.a/..b", WARD_CGROUP, 0, "/.a/..b" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char why[256];
                TextBuf b;
                Ward w;

                textbuf_init(&b, why, sizeof(why));
                ck_assert_msg(steer_target_parse(rows[i].text, &w, &b) == 0, "%s", rows[i].text);
                ck_assert_msg(w.kind == rows[i].kind && w.pid == rows[i].pid &&
                                strcmp(w.name, rows[i].name) == 0,
                        "%s: %d %d %s", rows[i].text, (int) w.kind, (int) w.pid, w.name);
        }
}
END_TEST

START_TEST(what_is_nobody_is_refused_with_a_reason) {
        static const struct {
                const char *text, *why;
        } rows[] = {
                { "", "whom?" },
                { "0", "0 is no pid" },
                { "-1", "-1 is no pid" },
                { "2147483648", "is no pid" },
                { "99999999999999999999999", "is no pid" },
                { "/", "everybody is in /" },
                { "//", "everybody is in /" },
                { "/a//b", "no path of a cgroup" },
                { "/../a", "no path of a cgroup" },
                { "/a/./b/", "no path of a cgroup" },
                { "a b", "no name of a unit" },
                { "a/b", "no name of a unit" },
                { "*.service", "no name of a unit" },
        };
        char longest[600], why[256];
        TextBuf b;
        Ward w = { .pid = 7 };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                textbuf_init(&b, why, sizeof(why));
                ck_assert_int_eq(steer_target_parse(rows[i].text, &w, &b), -EINVAL);
                ck_assert_msg(strstr(why, rows[i].why) != NULL, "%s: %s", rows[i].text, why);
                ck_assert_int_eq(w.pid, 7);
        }
        for (int first = 0; first < 2; first++) {
                memset(longest, 'x', sizeof(longest) - 1);
                longest[sizeof(longest) - 1] = '\0';
                longest[0] = first == 0 ? '/' : 'x';
                textbuf_init(&b, why, sizeof(why));
                ck_assert_int_eq(steer_target_parse(longest, &w, &b), -EINVAL);
        }
}
END_TEST

HARNESS_MAIN("steer-target", pids_units_and_cgroups_are_told_apart,
        what_is_nobody_is_refused_with_a_reason)
