/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/rival.h"

#include "tests/harness.h"

static const struct {
        const char *comm;
        bool want;
} rows[] = {
        { "earlyoom", true },
        { "systemd-oomd", true },
        { "nohang", true },
        { "oomd", true },
        { "oomd2", false },
        { "EARLYOOM", false },
        { "", false },
};

START_TEST(a_rival_is_known_by_its_whole_name) {
        ck_assert_msg(rival_is_named(rows[_i].comm) == rows[_i].want, "%s", rows[_i].comm);
}
END_TEST

int main(void) {
        Suite *s = suite_create("rival");
        TCase *tc = tcase_create("rival");

        tcase_add_loop_test(
                tc, a_rival_is_known_by_its_whole_name, 0, (int) (sizeof(rows) / sizeof(rows[0])));
        suite_add_tcase(s, tc);
        return harness_run(s);
}
