/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-children.h"

#include "base/macro.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"

START_TEST(numbers_are_read_and_nothing_else) {
        static const struct {
                const char *text;
                int n; /* or the error */
                pid_t first, last;
        } cases[] = {
                { "", 0, 0, 0 },
                { "12 ", 1, 12, 12 },
                { "12 13 4194304 ", 3, 12, 4194304 },
                { "1 2 3 4 5 6 ", 4, 1, 4 }, /* as many as there is room for */
                { "12\n", -EBADMSG, 0, 0 },
                { "12 \n", 1, 12, 12 },
                { "0 ", -EBADMSG, 0, 0 },
                { "-1 ", -EBADMSG, 0, 0 },
                { "12x ", -EBADMSG, 0, 0 },
                { "99999999999 ", -EBADMSG, 0, 0 },
                { "99999999999999999999999 ", -EBADMSG, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                pid_t pids[4] = { 0 };
                int n = proc_children_parse(cases[i].text, pids, ELEMENTS(pids));

                ck_assert_msg(n == cases[i].n, "\"%s\": %d", cases[i].text, n);
                if (n > 0)
                        ck_assert_msg(pids[0] == cases[i].first && pids[n - 1] == cases[i].last,
                                "\"%s\"", cases[i].text);
        }
}
END_TEST

START_TEST(own_children_are_seen_until_they_are_reaped) {
        pid_t child, seen[8];

        ck_assert_int_eq(proc_children_read_own(seen, ELEMENTS(seen)), 0);
        child = fork();
        if (child == 0) {
                (void) pause();
                _exit(0);
        }
        ck_assert_int_eq(proc_children_read_own(seen, ELEMENTS(seen)), 1);
        ck_assert_int_eq(seen[0], child);
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        ck_assert_int_eq(proc_children_read_own(seen, ELEMENTS(seen)), 0);
}
END_TEST

HARNESS_MAIN("proc-children", numbers_are_read_and_nothing_else,
        own_children_are_seen_until_they_are_reaped)
