/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/lease-exchange.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fdio.h"
#include "kernel/cgroup-limit.h"
#include "tests/lease-fixture.h"

#define GIB (UINT64_C(1) << 30)

typedef struct Bed {
        LeaseFixture f;
        LeaseRecord *record;
        int fd;
        uint64_t old;
} Bed;

static void bed_init(Bed *b, LeaseFile file) {
        static const char *const files[] = { "a/memory.high", "a/memory.max", "a/memory.swap.max",
                "a/cgroup.freeze" };
        LeaseTerms terms;
        uint32_t i;

        lease_fixture_init(&b->f);
        terms = lease_fixture_terms(&b->f, "a", file);
        i = lease_ledger_claim(b->f.ledger, 0, &terms);
        b->record = lease_ledger_record(b->f.ledger, i);
        b->fd = lease_fixture_open(&b->f, files[file]);
        b->old = 42;
}

static void bed_done(Bed *b) {
        close_fd(b->fd);
        lease_fixture_done(&b->f);
}

static int take(Bed *b, uint64_t value) {
        return lease_exchange_take(&lease_access_kernel, b->record, b->fd, value, &b->old);
}

static int step(Bed *b, uint64_t value) {
        return lease_exchange_step(&lease_access_kernel, b->record, b->fd, value, &b->old);
}

static int give_back(Bed *b) {
        return lease_exchange_return(&lease_access_kernel, b->record, b->fd);
}

START_TEST(each_file_is_taken_and_given_back) {
        static const struct {
                LeaseFile file;
                const char *name;
                uint64_t value, written, old;
        } rows[] = {
                { LEASE_HIGH, "a/memory.high", GIB + 17, GIB, UINT64_MAX },
                { LEASE_MAX, "a/memory.max", 4096, 4096, GIB },
                { LEASE_SWAP_MAX, "a/memory.swap.max", 0, 0, 0 },
                { LEASE_FREEZE, "a/cgroup.freeze", 1, 1, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Bed b;

                bed_init(&b, rows[i].file);
                ck_assert_int_eq(take(&b, rows[i].value), EXCHANGE_OK);
                ck_assert_uint_eq(b.old, rows[i].old);
                ck_assert_uint_eq(lease_fixture_value(&b.f, rows[i].name), rows[i].written);
                ck_assert(lease_record_is_owed(b.record));
                ck_assert_uint_eq(b.record->terms.old, rows[i].old);
                ck_assert_uint_eq(atomic_load(&b.record->ours), rows[i].written);

                ck_assert_int_eq(give_back(&b), EXCHANGE_OK);
                ck_assert_uint_eq(lease_fixture_value(&b.f, rows[i].name), rows[i].old);
                bed_done(&b);
        }
}
END_TEST

START_TEST(a_limit_that_is_lower_already_is_not_raised) {
        Bed b;

        bed_init(&b, LEASE_MAX);
        ck_assert_int_eq(take(&b, 2 * GIB), -EALREADY);
        ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.max"), GIB);
        ck_assert(!lease_record_is_owed(b.record));
        bed_done(&b);
}
END_TEST

START_TEST(a_step_keeps_the_first_value_in_mind) {
        Bed b;

        bed_init(&b, LEASE_HIGH);
        ck_assert_int_eq(take(&b, GIB), EXCHANGE_OK);
        ck_assert_int_eq(step(&b, GIB / 2), EXCHANGE_OK);
        ck_assert_uint_eq(b.old, UINT64_MAX);
        ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), GIB / 2);
        ck_assert_uint_eq(atomic_load(&b.record->ours), GIB / 2);
        ck_assert_int_eq(give_back(&b), EXCHANGE_OK);
        ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), UINT64_MAX);
        bed_done(&b);
}
END_TEST

START_TEST(what_somebody_else_wrote_stays) {
        Bed b;

        bed_init(&b, LEASE_HIGH);
        ck_assert_int_eq(take(&b, GIB), EXCHANGE_OK);
        lease_fixture_write(&b.f, "a/memory.high", "123456\n");
        ck_assert_int_eq(step(&b, GIB / 2), EXCHANGE_FOREIGN);
        ck_assert_int_eq(give_back(&b), EXCHANGE_FOREIGN);
        ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), 123456);
        bed_done(&b);
}
END_TEST

START_TEST(what_is_back_already_is_not_foreign) {
        Bed b;

        bed_init(&b, LEASE_HIGH);
        ck_assert_int_eq(take(&b, GIB), EXCHANGE_OK);
        lease_fixture_write(&b.f, "a/memory.high", "max\n");
        ck_assert_int_eq(give_back(&b), EXCHANGE_OK);
        bed_done(&b);
}
END_TEST

START_TEST(a_limit_that_was_set_back_is_set_again_another_step_is_not) {
        static const struct {
                LeaseFile file;
                const char *name, *before;
                uint64_t value;
                int outcome;
        } rows[] = {
                { LEASE_MAX, "a/memory.max", "1073741824\n", 4096, EXCHANGE_RENEWED },
                { LEASE_HIGH, "a/memory.high", "max\n", 4096, EXCHANGE_FOREIGN },
                { LEASE_FREEZE, "a/cgroup.freeze", "0\n", 1, EXCHANGE_FOREIGN },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Bed b;

                bed_init(&b, rows[i].file);
                ck_assert_int_eq(take(&b, rows[i].value), EXCHANGE_OK);
                ck_assert_int_eq(step(&b, rows[i].value), EXCHANGE_OK); /* only a look */
                lease_fixture_write(&b.f, rows[i].name, rows[i].before);
                ck_assert_int_eq(step(&b, rows[i].value), rows[i].outcome);
                if (rows[i].outcome == EXCHANGE_RENEWED) {
                        ck_assert_uint_eq(lease_fixture_value(&b.f, rows[i].name), rows[i].value);
                        ck_assert_uint_eq(b.old, GIB);
                        ck_assert_int_eq(give_back(&b), EXCHANGE_OK);
                        ck_assert_uint_eq(lease_fixture_value(&b.f, rows[i].name), GIB);
                }
                bed_done(&b);
        }
}
END_TEST

/* A kill between two stores of a step. */
START_TEST(either_value_of_a_step_under_way_is_ours) {
        static const char *const there[] = { "1073741824\n", "536870912\n" };

        for (size_t i = 0; i < ELEMENTS(there); i++) {
                Bed b;

                bed_init(&b, LEASE_HIGH);
                ck_assert_int_eq(take(&b, GIB), EXCHANGE_OK);
                atomic_store(&b.record->next, GIB / 2);
                lease_fixture_write(&b.f, "a/memory.high", there[i]);
                ck_assert_int_eq(give_back(&b), EXCHANGE_OK);
                ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), UINT64_MAX);
                bed_done(&b);
        }
}
END_TEST

/* A kernel that refuses: by an error, after it took the value, or by not taking it. */
static int write_result;
static bool takes_value;

static int scripted_write(int fd, uint64_t value) {
        if (takes_value)
                ck_assert_int_eq(cgroup_limit_write_fd(fd, value), CGROUP_OK);
        return write_result;
}

static const LeaseAccess scripted = { .read = cgroup_value_read_fd, .write = scripted_write };

START_TEST(a_write_that_is_refused_changes_nothing_and_owes_nothing) {
        static const struct {
                const char *name;
                int result;
                bool takes;
                int expect;
                bool owed;
        } rows[] = {
                { "not permitted", -EACCES, false, -EACCES, false },
                { "no such value", -EINVAL, false, -EINVAL, false },
                { "not for this cgroup", CGROUP_UNSUPPORTED, false, -EOPNOTSUPP, false },
                { "gone", CGROUP_GONE, false, EXCHANGE_GONE, false },
                { "interrupted after it was set", -EINTR, true, EXCHANGE_OK, true },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Bed b;
                int r;

                bed_init(&b, LEASE_HIGH);
                write_result = rows[i].result;
                takes_value = rows[i].takes;
                r = lease_exchange_take(&scripted, b.record, b.fd, GIB, &b.old);
                ck_assert_msg(r == rows[i].expect, "%s: %d", rows[i].name, r);
                ck_assert_msg(lease_record_is_owed(b.record) == rows[i].owed, "%s", rows[i].name);
                bed_done(&b);
        }
}
END_TEST

START_TEST(a_step_that_is_refused_leaves_the_lease_as_it_was) {
        Bed b;

        bed_init(&b, LEASE_HIGH);
        ck_assert_int_eq(take(&b, GIB), EXCHANGE_OK);
        write_result = -EINVAL;
        takes_value = false;
        ck_assert_int_eq(lease_exchange_step(&scripted, b.record, b.fd, GIB / 2, &b.old), -EINVAL);
        ck_assert(lease_record_is_owed(b.record));
        lease_fixture_write(&b.f, "a/memory.high", "536870912\n"); /* not by us, then */
        ck_assert_int_eq(give_back(&b), EXCHANGE_FOREIGN);
        bed_done(&b);
}
END_TEST

START_TEST(what_cannot_be_given_back_is_still_owed) {
        Bed b;

        bed_init(&b, LEASE_HIGH);
        ck_assert_int_eq(take(&b, GIB), EXCHANGE_OK);
        takes_value = false;
        write_result = -EACCES;
        ck_assert_int_eq(lease_exchange_return(&scripted, b.record, b.fd), -EACCES);
        write_result = CGROUP_OK; /* says yes and does nothing */
        ck_assert_int_eq(lease_exchange_return(&scripted, b.record, b.fd), -EIO);
        ck_assert(lease_record_is_owed(b.record));
        ck_assert_int_eq(give_back(&b), EXCHANGE_OK);
        bed_done(&b);
}
END_TEST

static int gone_read(int fd, uint64_t *ret) {
        (void) fd;
        (void) ret;
        return CGROUP_GONE;
}

static const LeaseAccess gone = { .read = gone_read, .write = cgroup_limit_write_fd };

START_TEST(a_cgroup_that_is_gone_owes_nothing) {
        Bed b;

        bed_init(&b, LEASE_HIGH);
        ck_assert_int_eq(lease_exchange_take(&gone, b.record, b.fd, GIB, &b.old), EXCHANGE_GONE);
        ck_assert(!lease_record_is_owed(b.record));
        ck_assert_int_eq(take(&b, GIB), EXCHANGE_OK);
        ck_assert_int_eq(lease_exchange_step(&gone, b.record, b.fd, 0, &b.old), EXCHANGE_GONE);
        ck_assert_int_eq(lease_exchange_return(&gone, b.record, b.fd), EXCHANGE_GONE);
        bed_done(&b);
}
END_TEST

HARNESS_MAIN("lease-exchange", each_file_is_taken_and_given_back,
        a_limit_that_is_lower_already_is_not_raised, a_step_keeps_the_first_value_in_mind,
        what_somebody_else_wrote_stays, what_is_back_already_is_not_foreign,
        a_limit_that_was_set_back_is_set_again_another_step_is_not,
        either_value_of_a_step_under_way_is_ours,
        a_write_that_is_refused_changes_nothing_and_owes_nothing,
        a_step_that_is_refused_leaves_the_lease_as_it_was, what_cannot_be_given_back_is_still_owed,
        a_cgroup_that_is_gone_owes_nothing)
