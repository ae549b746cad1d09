/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-limit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "tests/cgroup-fixture.h"

START_TEST(a_limit_is_rounded_as_the_kernel_rounds_it) {
        const uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
        const uint64_t most = (uint64_t) INT64_MAX / page * page;
        const struct {
                const char *name;
                uint64_t bytes, expect;
        } rows[] = {
                { "nothing", 0, 0 },
                { "less than a page", page - 1, 0 },
                { "a page", page, page },
                { "a page and a bit", page + 1, page },
                { "many and a bit", 1000 * page + page - 1, 1000 * page },
                { "the most that a counter holds", most - page, most - page },
                { "one page beyond", most, CGROUP_NO_LIMIT },
                { "no limit", CGROUP_NO_LIMIT, CGROUP_NO_LIMIT },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                ck_assert_msg(cgroup_limit_round(rows[i].bytes) == rows[i].expect, "%s: %llu",
                        rows[i].name, (unsigned long long) cgroup_limit_round(rows[i].bytes));
}
END_TEST

START_TEST(what_was_written_is_read_again) {
        static const uint64_t values[] = { 0, 1, 4096, CGROUP_NO_LIMIT, 1073741824, 8192,
                UINT64_C(9223372036854767616) };
        Fixture f;
        int fd;

        fixture_init(&f);
        fixture_file(&f, "cgroup.procs", "");
        fixture_file(&f, "memory.high", "max\n");
        ck_assert_int_eq(cgroup_file_open_both_at(f.fd, "memory.high", &fd), CGROUP_OK);
        ck_assert((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        for (size_t i = 0; i < ELEMENTS(values); i++) {
                uint64_t value = 42;

                ck_assert_int_eq(cgroup_limit_write_fd(fd, values[i]), CGROUP_OK);
                ck_assert_int_eq(cgroup_value_read_fd(fd, &value), CGROUP_OK);
                ck_assert_uint_eq(value, values[i]);
        }
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

START_TEST(no_limit_is_written_as_the_kernel_wants_it) {
        char text[8] = "";
        Fixture f;
        int fd;

        fixture_init(&f);
        fixture_file(&f, "cgroup.procs", "");
        fixture_file(&f, "memory.max", "");
        ck_assert_int_eq(cgroup_file_open_both_at(f.fd, "memory.max", &fd), CGROUP_OK);
        ck_assert_int_eq(cgroup_limit_write_fd(fd, CGROUP_NO_LIMIT), CGROUP_OK);
        ck_assert_int_eq(fdio_read_at(f.fd, "memory.max", text, sizeof(text)), 4);
        ck_assert_str_eq(text, "max\n");
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

START_TEST(a_file_that_is_missing_and_a_cgroup_that_is_gone_are_told_apart) {
        Fixture f;
        int fd = -7;

        fixture_init(&f);
        ck_assert_int_eq(cgroup_file_open_both_at(f.fd, "memory.high", &fd), CGROUP_GONE);
        fixture_file(&f, "cgroup.procs", "");
        ck_assert_int_eq(cgroup_file_open_both_at(f.fd, "memory.high", &fd), CGROUP_UNSUPPORTED);
        ck_assert_int_eq(fd, -7);
        fixture_done(&f);
}
END_TEST

START_TEST(a_write_that_is_refused_is_an_error) {
        Fixture f;
        int fd;

        fixture_init(&f);
        fixture_file(&f, "memory.high", "max\n");
        fd = fdio_open_at(f.fd, "memory.high"); /* for reading only */
        ck_assert_int_eq(cgroup_limit_write_fd(fd, 4096), -EBADF);
        close_fd(fd);
        fd = open("/dev/full", O_RDWR | O_CLOEXEC);
        ck_assert_int_eq(cgroup_limit_write_fd(fd, 4096), -ENOSPC);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

START_TEST(a_real_cgroup_is_frozen_thawed_and_goes_away_under_its_descriptor) {
        CgroupFixture f;
        uint64_t value = 42;
        int dir, fd, r;

        if (!cgroup_fixture_init(&f))
                return;
        dir = cgroup_fixture_make(&f, f.fd, "a");
        r = cgroup_file_open_both_at(dir, "cgroup.freeze", &fd);
        if (r == CGROUP_UNSUPPORTED) { /* before 5.2 */
                close_fd(dir);
                cgroup_fixture_done(&f);
                return;
        }
        ck_assert_int_eq(r, CGROUP_OK);
        for (uint64_t frozen = 2; frozen-- > 0;) {
                ck_assert_int_eq(cgroup_limit_write_fd(fd, frozen), CGROUP_OK);
                ck_assert_int_eq(cgroup_value_read_fd(fd, &value), CGROUP_OK);
                ck_assert_uint_eq(value, frozen);
        }
        ck_assert_int_lt(cgroup_limit_write_fd(fd, 2), 0);
        cgroup_fixture_remove(f.fd, "a");
        ck_assert_int_eq(cgroup_limit_write_fd(fd, 0), CGROUP_GONE);
        ck_assert_int_eq(cgroup_value_read_fd(fd, &value), CGROUP_GONE);
        close_fd(fd);
        close_fd(dir);
        cgroup_fixture_done(&f);
}
END_TEST

HARNESS_MAIN("cgroup-limit", a_limit_is_rounded_as_the_kernel_rounds_it,
        what_was_written_is_read_again, no_limit_is_written_as_the_kernel_wants_it,
        a_file_that_is_missing_and_a_cgroup_that_is_gone_are_told_apart,
        a_write_that_is_refused_is_an_error,
        a_real_cgroup_is_frozen_thawed_and_goes_away_under_its_descriptor)
