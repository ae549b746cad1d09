/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-state.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "tests/cgroup-fixture.h"

static const struct {
        const char *text;
        int expect;
        bool populated, frozen;
} rows[] = {
        { "populated 1\nfrozen 0\n", CGROUP_OK, true, false },
        { "populated 0\nfrozen 1\n", CGROUP_OK, false, true },
        { "populated 1\n", CGROUP_OK, true, false }, /* before 5.2 */
        { "frozen 0\n", -EBADMSG, false, false },
        { "populated \n", -EBADMSG, false, false },
        { "", -EBADMSG, false, false },
};

START_TEST(populated_and_frozen_are_told) {
        CgroupState s = { 0 };

        ck_assert_msg(
                cgroup_state_parse(rows[_i].text, &s) == rows[_i].expect, "'%s'", rows[_i].text);
        ck_assert_msg(s.populated == rows[_i].populated, "'%s'", rows[_i].text);
        ck_assert_msg(s.frozen == rows[_i].frozen, "'%s'", rows[_i].text);
}
END_TEST

START_TEST(a_recorded_cgroup_without_events_is_populated_by_its_processes) {
        CgroupState s = { 0 };
        bool threaded = true;
        Fixture f;
        int dir;

        fixture_init(&f);
        fixture_file(&f, "a/cgroup.procs", "4711\n4712\n");
        dir = fdio_open_dir_at(f.fd, "a");
        ck_assert_int_eq(cgroup_state_read_at(dir, &s), CGROUP_OK);
        ck_assert(s.populated);
        fixture_file(&f, "a/cgroup.procs", "");
        ck_assert_int_eq(cgroup_state_read_at(dir, &s), CGROUP_OK);
        ck_assert(!s.populated);
        fixture_file(&f, "a/cgroup.events", "populated 1\nfrozen 0\n");
        ck_assert_int_eq(cgroup_state_read_at(dir, &s), CGROUP_OK);
        ck_assert(s.populated);

        ck_assert_int_eq(cgroup_type_read_at(dir, &threaded), CGROUP_OK);
        ck_assert(!threaded);
        fixture_file(&f, "a/cgroup.type", "domain threaded\n");
        ck_assert_int_eq(cgroup_type_read_at(dir, &threaded), CGROUP_OK);
        ck_assert(!threaded);
        fixture_file(&f, "a/cgroup.type", "threaded\n");
        ck_assert_int_eq(cgroup_type_read_at(dir, &threaded), CGROUP_OK);
        ck_assert(threaded);

        fixture_remove(&f, "a/cgroup.type");
        fixture_remove(&f, "a/cgroup.events");
        fixture_remove(&f, "a/cgroup.procs");
        ck_assert_int_eq(cgroup_state_read_at(dir, &s), CGROUP_GONE);
        ck_assert_int_eq(cgroup_type_read_at(dir, &threaded), CGROUP_GONE);
        close_fd(dir);
        fixture_done(&f);
}
END_TEST

START_TEST(the_kernel_tells_when_the_last_process_leaves_and_when_the_cgroup_goes) {
        CgroupFixture f;
        CgroupState s = { 0 };
        struct pollfd p = { .events = POLLPRI };
        bool threaded = true;
        int dir;
        pid_t pid;

        if (!cgroup_fixture_init(&f))
                return;
        dir = cgroup_fixture_make(&f, f.fd, "a");
        ck_assert_int_eq(cgroup_type_read_at(dir, &threaded), CGROUP_OK);
        ck_assert(!threaded);
        ck_assert_int_eq(cgroup_file_open_at(dir, "cgroup.events", &p.fd), CGROUP_OK);
        pid = cgroup_fixture_member(dir, false);
        ck_assert_int_eq(cgroup_state_read_fd(p.fd, &s), CGROUP_OK);
        ck_assert(s.populated);

        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(cgroup_fixture_reap(pid, HARNESS_PATIENCE_MSEC), SIGKILL);
        while (s.populated) {
                ck_assert_msg(poll(&p, 1, HARNESS_PATIENCE_MSEC) == 1, "no notice of the end");
                ck_assert_int_eq(cgroup_state_read_fd(p.fd, &s), CGROUP_OK);
        }

        cgroup_fixture_remove(f.fd, "a");
        s.populated = true;
        for (int i = 0; i < 3; i++) { /* for ever readable, as poll(2) sees it */
                ck_assert_int_eq(poll(&p, 1, HARNESS_PATIENCE_MSEC), 1);
                ck_assert_int_eq(cgroup_state_read_fd(p.fd, &s), CGROUP_GONE);
        }
        ck_assert(s.populated);
        ck_assert_int_eq(cgroup_state_read_at(dir, &s), CGROUP_GONE);
        close_fd(p.fd);
        close_fd(dir);
        cgroup_fixture_done(&f);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("cgroup-state");
        TCase *tc = tcase_create("cgroup-state");

        tcase_add_loop_test(tc, populated_and_frozen_are_told, 0, ELEMENTS(rows));
        tcase_add_test(tc, a_recorded_cgroup_without_events_is_populated_by_its_processes);
        tcase_add_test(tc, the_kernel_tells_when_the_last_process_leaves_and_when_the_cgroup_goes);
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(suite, tc);
        return harness_run(suite);
}
