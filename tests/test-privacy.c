/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/privacy.h"

#include "base/macro.h"
#include "tests/harness.h"

static const struct {
        const char *name;
        const char *mounts;
        bool hides;
} cases[] = {
        { "plain", "proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n", false },
        { "number", "proc /proc proc rw,relatime,hidepid=2 0 0\n", true },
        { "name", "proc /proc proc rw,hidepid=invisible,gid=7 0 0\n", true },
        { "ptraceable", "proc /proc proc rw,hidepid=ptraceable 0 0\n", true },
        { "off", "proc /proc proc rw,hidepid=off 0 0\n", false },
        { "zero", "proc /proc proc rw,hidepid=0 0 0\n", false },
        { "another place", "proc /jail/proc proc rw,hidepid=2 0 0\n", false },
        { "another type", "tmpfs /proc tmpfs rw,hidepid=2 0 0\n", false },
        { "the last mount counts", "proc /proc proc rw,hidepid=2 0 0\nproc /proc proc rw 0 0\n",
                false },
        { "the last mount counts, hidden",
                "proc /proc proc rw 0 0\nproc /proc proc hidepid=1 0 0\n", true },
        { "cut line", "proc /proc\nproc /proc proc hidepid=1", true },
        { "nothing", "", false },
};

START_TEST(hidepid_is_found_in_the_mount_table) {
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                ck_assert_msg(privacy_parse_mounts(cases[i].mounts) == cases[i].hides, "%s",
                        cases[i].name);
}
END_TEST

HARNESS_MAIN("privacy", hidepid_is_found_in_the_mount_table)
