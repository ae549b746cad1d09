/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-reclaim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "base/number.h"
#include "tests/cgroup-fixture.h"

#define MIB (UINT64_C(1) << 20)

/* A clock that the test drives: at each look it is later by `step`. */
static usec_t now, step;

static usec_t test_clock(void) {
        return now += step;
}

typedef struct Bed {
        Fixture f;
        CgroupReclaim reclaim;
} Bed;

static void bed_init(Bed *b, uint64_t charged, uint64_t bytes) {
        char text[32];

        fixture_init(&b->f);
        (void) snprintf(text, sizeof(text), "%llu\n", (unsigned long long) charged);
        fixture_file(&b->f, "memory.current", text);
        fixture_file(&b->f, "memory.reclaim", "");
        now = 0;
        step = 1;
        b->reclaim = (CgroupReclaim){ .bytes = bytes, .deadline_usec = 1000, .clock = test_clock };
        b->reclaim.charged_fd = fdio_open_at(b->f.fd, "memory.current");
        b->reclaim.reclaim_fd = openat(b->f.fd, "memory.reclaim", O_WRONLY | O_CLOEXEC);
}

static void bed_done(Bed *b) {
        close_fd(b->reclaim.charged_fd);
        close_fd(b->reclaim.reclaim_fd);
        fixture_done(&b->f);
}

/* What was asked for, line by line: their number, the largest and the sum. */
static size_t asked(const Bed *b, uint64_t *ret_largest, uint64_t *ret_sum) {
        static char text[65536];
        size_t n = 0;
        char *line, *rest = text;

        *ret_largest = *ret_sum = 0;
        ck_assert_int_ge(fdio_read_at(b->f.fd, "memory.reclaim", text, sizeof(text)), 0);
        while ((line = strsep(&rest, "\n")) && *line) {
                uint64_t bytes;

                ck_assert_int_eq(number_parse_u64(line, &bytes), 0);
                *ret_largest = MAX(*ret_largest, bytes);
                *ret_sum += bytes;
                n++;
        }
        return n;
}

START_TEST(the_amount_is_asked_for_in_pieces) {
        static const struct {
                const char *name;
                uint64_t charged, bytes, largest;
                size_t n;
        } rows[] = {
                { "less than a piece", 512 * MIB, 5 * MIB, 5 * MIB, 1 },
                { "a piece", 512 * MIB, 16 * MIB, 16 * MIB, 1 },
                { "a piece and a page", 512 * MIB, 16 * MIB + 4096, 16 * MIB, 2 },
                { "of a large one", 64 * 1024 * MIB, 4096 * MIB, 1024 * MIB, 4 },
                { "nothing", 512 * MIB, 0, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                uint64_t freed = 42, largest, sum;
                Bed b;

                bed_init(&b, rows[i].charged, rows[i].bytes);
                ck_assert_int_eq(cgroup_reclaim(&b.reclaim, &freed), CGROUP_OK);
                ck_assert_msg(asked(&b, &largest, &sum) == rows[i].n, "%s", rows[i].name);
                ck_assert_uint_eq(largest, rows[i].largest);
                ck_assert_uint_eq(sum, rows[i].bytes);
                ck_assert_uint_eq(freed, 0); /* by what is charged, not by what was asked for */
                bed_done(&b);
        }
}
END_TEST

START_TEST(at_its_deadline_it_ends_between_two_pieces) {
        uint64_t freed = 42, largest, sum;
        Bed b;

        bed_init(&b, 512 * MIB, 512 * MIB);
        step = 400;
        ck_assert_int_eq(cgroup_reclaim(&b.reclaim, &freed), CGROUP_LATE);
        ck_assert_uint_eq(asked(&b, &largest, &sum), 2);
        bed_done(&b);

        bed_init(&b, 512 * MIB, 512 * MIB);
        now = 5000; /* over before it began */
        ck_assert_int_eq(cgroup_reclaim(&b.reclaim, &freed), CGROUP_LATE);
        ck_assert_uint_eq(asked(&b, &largest, &sum), 0);
        bed_done(&b);
}
END_TEST

/* A pipe that is full answers EAGAIN, as the kernel does when it found less than was asked for. */
static int make_full_pipe(int fds[2]) {
        static const char filler[65536];

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        while (write(fds[1], filler, sizeof(filler)) > 0)
                ;
        return errno;
}

START_TEST(when_nothing_comes_any_more_it_ends) {
        uint64_t freed = 42;
        int fds[2];
        Bed b;

        bed_init(&b, 512 * MIB, 512 * MIB);
        close_fd(b.reclaim.reclaim_fd);
        ck_assert_int_eq(make_full_pipe(fds), EAGAIN);
        b.reclaim.reclaim_fd = fds[1];
        ck_assert_int_eq(cgroup_reclaim(&b.reclaim, &freed), CGROUP_OK);
        ck_assert_uint_eq(freed, 0);
        ck_assert_uint_lt(now, 10); /* not until the deadline */
        close_fd(fds[0]);
        bed_done(&b);
}
END_TEST

/* Each look at the clock is between two pieces: that is when the others let go of memory. */
static int shrinking_fd;
static uint64_t shrinking;

static usec_t shrinking_clock(void) {
        char text[32];
        int len;

        if (now > 0 && shrinking > 400 * MIB)
                shrinking -= 10 * MIB;
        len = snprintf(text, sizeof(text), "%llu\n", (unsigned long long) shrinking);
        ck_assert_int_eq(pwrite(shrinking_fd, text, (size_t) len, 0), len);
        return now += 1;
}

START_TEST(it_goes_on_while_something_comes_and_what_came_is_measured) {
        uint64_t freed = 42;
        int fds[2];
        Bed b;

        bed_init(&b, 512 * MIB, 512 * MIB);
        shrinking = 512 * MIB;
        shrinking_fd = openat(b.f.fd, "memory.current", O_WRONLY | O_CLOEXEC);
        b.reclaim.clock = shrinking_clock;
        now = 1;
        close_fd(b.reclaim.reclaim_fd);
        ck_assert_int_eq(make_full_pipe(fds), EAGAIN);
        b.reclaim.reclaim_fd = fds[1];
        ck_assert_int_eq(cgroup_reclaim(&b.reclaim, &freed), CGROUP_OK);
        ck_assert_uint_eq(freed, 120 * MIB);
        close_fd(shrinking_fd);
        close_fd(fds[0]);
        bed_done(&b);
}
END_TEST

START_TEST(a_cgroup_that_grows_meanwhile_gave_nothing) {
        uint64_t freed = 42;
        Bed b;

        bed_init(&b, 512 * MIB, 32 * MIB);
        shrinking = 800 * MIB;
        shrinking_fd = openat(b.f.fd, "memory.current", O_WRONLY | O_CLOEXEC);
        b.reclaim.clock = shrinking_clock;
        ck_assert_int_eq(cgroup_reclaim(&b.reclaim, &freed), CGROUP_OK);
        ck_assert_uint_eq(freed, 0);
        close_fd(shrinking_fd);
        bed_done(&b);
}
END_TEST

START_TEST(a_kernel_that_refuses_is_an_error) {
        uint64_t freed = 42;
        Bed b;

        bed_init(&b, 512 * MIB, 32 * MIB);
        close_fd(b.reclaim.reclaim_fd);
        b.reclaim.reclaim_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        ck_assert_int_eq(cgroup_reclaim(&b.reclaim, &freed), -ENOSPC);
        ck_assert_uint_eq(freed, 0);
        bed_done(&b);
}
END_TEST

START_TEST(a_cgroup_that_is_gone_is_told) {
        CgroupFixture f;
        uint64_t freed = 42;
        int dir, fd;
        Bed b;

        if (!cgroup_fixture_init(&f))
                return;
        bed_init(&b, 512 * MIB, 32 * MIB);
        dir = cgroup_fixture_make(&f, f.fd, "a");
        ck_assert_int_eq(cgroup_file_open_at(dir, "cgroup.procs", &fd), CGROUP_OK);
        cgroup_fixture_remove(f.fd, "a");
        close_fd(b.reclaim.charged_fd);
        b.reclaim.charged_fd = fd; /* of a cgroup that was removed: ENODEV */
        ck_assert_int_eq(cgroup_reclaim(&b.reclaim, &freed), CGROUP_GONE);
        ck_assert_uint_eq(freed, 0);
        bed_done(&b);
        close_fd(dir);
        cgroup_fixture_done(&f);
}
END_TEST

HARNESS_MAIN("cgroup-reclaim", the_amount_is_asked_for_in_pieces,
        at_its_deadline_it_ends_between_two_pieces, when_nothing_comes_any_more_it_ends,
        it_goes_on_while_something_comes_and_what_came_is_measured,
        a_cgroup_that_grows_meanwhile_gave_nothing, a_kernel_that_refuses_is_an_error,
        a_cgroup_that_is_gone_is_told)
