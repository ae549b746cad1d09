/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/lease-replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "engine/lease-exchange.h"
#include "tests/lease-fixture.h"

#define NOW (100 * USEC_PER_SEC)

typedef struct Told {
        size_t n;
        int results[8];
        LeaseTerms terms[8];
        uint64_t ours[8]; /* what avert had written */
} Told;

static void on_returned(void *ctx, const LeaseTerms *terms, uint64_t ours, int result) {
        Told *told = ctx;

        ck_assert_uint_lt(told->n, ELEMENTS(told->results));
        told->terms[told->n] = *terms;
        told->ours[told->n] = ours;
        told->results[told->n++] = result;
}

static Told replay(LeaseFixture *f, LeaseScope scope, uint64_t id) {
        Told told = { 0 };

        (void) lease_replay(f->ledger, f->f.fd,
                &(LeaseReplay){ .scope = scope,
                        .id = id,
                        .now_usec = NOW,
                        .on_returned = on_returned,
                        .ctx = &told });
        return told;
}

/* memory.high of a group, 4096; as a lease of its own. */
static uint32_t take(LeaseFixture *f, uint32_t lease, const char *group) {
        LeaseTerms terms = lease_fixture_terms(f, group, LEASE_HIGH);
        uint32_t i = lease_ledger_claim(f->ledger, lease, &terms);
        LeaseRecord *r = lease_ledger_record(f->ledger, i);
        char file[128];
        uint64_t old;
        int fd;

        (void) snprintf(file, sizeof(file), "%s/memory.high", group);
        fd = lease_fixture_open(f, file);
        atomic_store(&r->deadline_usec, USEC_UNSET);
        ck_assert_int_eq(lease_exchange_take(&lease_access_kernel, r, fd, 4096, &old), EXCHANGE_OK);
        close_fd(fd);
        return i;
}

START_TEST(all_that_an_earlier_daemon_left_is_given_back) {
        LeaseFixture f;
        Told told;

        lease_fixture_init(&f);
        take(&f, 0, "a");
        take(&f, 1, "b");
        lease_fixture_reopen(&f);
        told = replay(&f, LEASES_ALL, 0);
        ck_assert_uint_eq(told.n, 2);
        for (size_t i = 0; i < told.n; i++) {
                ck_assert_int_eq(told.results[i], EXCHANGE_OK);
                ck_assert_uint_eq(told.ours[i], 4096);
        }
        ck_assert_str_eq(told.terms[1].path, "/b");
        ck_assert_uint_eq(lease_fixture_value(&f, "a/memory.high"), UINT64_MAX);
        ck_assert_uint_eq(lease_fixture_value(&f, "b/memory.high"), UINT64_MAX);
        ck_assert_uint_eq(lease_ledger_count(f.ledger), 0);
        ck_assert_uint_eq(replay(&f, LEASES_ALL, 0).n, 0);
        lease_fixture_done(&f);
}
END_TEST

static void write_foreign(LeaseFixture *f) {
        lease_fixture_write(f, "a/memory.high", "8192\n");
}

static void remove_group(LeaseFixture *f) {
        lease_fixture_remove_group(f, "a");
}

static void replace_group(LeaseFixture *f) {
        lease_fixture_group(f, "new");
        ck_assert_int_eq(renameat(f->f.fd, "a", f->f.fd, "old"), 0); /* keeps its number */
        ck_assert_int_eq(renameat(f->f.fd, "new", f->f.fd, "a"), 0);
        lease_fixture_write(f, "a/memory.high", "4096\n"); /* even what looks like ours */
}

static void take_controller_away(LeaseFixture *f) {
        fixture_remove(&f->f, "a/memory.high");
}

static void spoil_record(LeaseFixture *f) {
        lease_ledger_record(f->ledger, 0)->terms.old = 7;
}

static void point_outside(LeaseFixture *f) {
        LeaseRecord *r = lease_ledger_record(f->ledger, 0);

        (void) snprintf(r->terms.path, sizeof(r->terms.path), "/b/../a");
        lease_record_seal(r);
}

START_TEST(what_became_of_a_record_is_told_and_it_is_dropped) {
        static const struct {
                const char *name;
                void (*change)(LeaseFixture *f);
                int expect;
        } rows[] = {
                { "somebody else wrote", write_foreign, EXCHANGE_FOREIGN },
                { "the cgroup is gone", remove_group, EXCHANGE_GONE },
                { "another one has its path", replace_group, EXCHANGE_GONE },
                { "the file is gone", take_controller_away, EXCHANGE_GONE },
                { "the record is spoilt", spoil_record, -EBADMSG },
                { "the path leads elsewhere", point_outside, -EBADMSG },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                LeaseFixture f;
                Told told;

                lease_fixture_init(&f);
                take(&f, 0, "a");
                rows[i].change(&f);
                lease_fixture_reopen(&f);
                told = replay(&f, LEASES_ALL, 0);
                ck_assert_msg(told.n == 1, "%s: told %zu", rows[i].name, told.n);
                ck_assert_msg(
                        told.results[0] == rows[i].expect, "%s: %d", rows[i].name, told.results[0]);
                ck_assert_uint_eq(atomic_load(&lease_ledger_record(f.ledger, 0)->seal), 0);
                if (i == 0)
                        ck_assert_uint_eq(lease_fixture_value(&f, "a/memory.high"), 8192);
                if (i == 2)
                        ck_assert_uint_eq(lease_fixture_value(&f, "a/memory.high"), 4096);
                lease_fixture_done(&f);
        }
}
END_TEST

START_TEST(one_is_given_back_by_its_number) {
        LeaseFixture f;
        Told told;

        lease_fixture_init(&f);
        take(&f, 0, "a");
        take(&f, 1, "b");
        ck_assert_uint_eq(replay(&f, LEASES_ONE, 99).n, 0);
        told = replay(&f, LEASES_ONE, 2);
        ck_assert_uint_eq(told.n, 1);
        ck_assert_uint_eq(lease_fixture_value(&f, "b/memory.high"), UINT64_MAX);
        ck_assert_uint_eq(lease_fixture_value(&f, "a/memory.high"), 4096);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(a_lease_whose_record_was_given_back_hears_of_it) {
        bool withdrawn = false;
        LeaseFixture f;

        lease_fixture_init(&f);
        take(&f, 5, "a");
        ck_assert_uint_eq(replay(&f, LEASES_ALL, 0).n, 1);
        ck_assert_uint_eq(lease_ledger_find(f.ledger, 5, &withdrawn), 0);
        ck_assert(withdrawn);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(only_what_is_adrift_is_taken_from_a_daemon_that_runs) {
        LeaseFixture f;
        Told told;
        uint32_t held, forgotten, overdue, gone;

        lease_fixture_init(&f);
        lease_fixture_group(&f, "c");
        lease_fixture_group(&f, "d");
        held = take(&f, 0, "a");
        forgotten = take(&f, 1, "b");
        overdue = take(&f, 2, "c");
        gone = take(&f, 3, "d");
        lease_ledger_abandon(f.ledger, forgotten);
        atomic_store(&lease_ledger_record(f.ledger, held)->deadline_usec, NOW - USEC_PER_SEC);
        atomic_store(
                &lease_ledger_record(f.ledger, overdue)->deadline_usec, NOW - 11 * USEC_PER_SEC);
        lease_fixture_remove_group(&f, "d");

        told = replay(&f, LEASES_ADRIFT, 0);
        ck_assert_uint_eq(told.n, 3);
        ck_assert_int_eq(told.results[0], EXCHANGE_OK);
        ck_assert_int_eq(told.results[1], EXCHANGE_OK);
        ck_assert_int_eq(told.results[2], EXCHANGE_GONE);
        ck_assert_uint_eq(lease_fixture_value(&f, "a/memory.high"), 4096);
        ck_assert_uint_eq(lease_fixture_value(&f, "b/memory.high"), UINT64_MAX);
        ck_assert_uint_eq(lease_fixture_value(&f, "c/memory.high"), UINT64_MAX);
        ck_assert_int_eq(lease_ledger_state(f.ledger, forgotten), CLAIM_FREE);
        ck_assert_int_eq(lease_ledger_state(f.ledger, gone), CLAIM_WITHDRAWN);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(a_record_that_a_thread_hangs_in_is_left) {
        LeaseFixture f;
        Told told;

        lease_fixture_init(&f);
        take(&f, 0, "a");
        ck_assert(lease_ledger_hold(f.ledger, 0));
        told = replay(&f, LEASES_ALL, 0);
        ck_assert_uint_eq(told.n, 1);
        ck_assert_int_eq(told.results[0], -EBUSY);
        ck_assert_uint_eq(lease_ledger_count(f.ledger), 1);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(what_was_dropped_as_it_was_abandoned_is_free_again) {
        LeaseFixture f;
        uint32_t i;

        lease_fixture_init(&f);
        i = take(&f, 0, "a");
        lease_ledger_abandon(f.ledger, i);
        atomic_store(&lease_ledger_record(f.ledger, i)->seal, 0);
        ck_assert_uint_eq(replay(&f, LEASES_ADRIFT, 0).n, 0);
        ck_assert_int_eq(lease_ledger_state(f.ledger, i), CLAIM_FREE);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(without_cgroups_nothing_is_dropped) {
        LeaseFixture f;
        Told told = { 0 };

        lease_fixture_init(&f);
        take(&f, 0, "a");
        ck_assert_uint_eq(lease_replay(f.ledger, -1,
                                  &(LeaseReplay){ .on_returned = on_returned, .ctx = &told }),
                0);
        ck_assert_uint_eq(lease_ledger_count(f.ledger), 1);
        lease_fixture_done(&f);
}
END_TEST

HARNESS_MAIN("lease-replay", all_that_an_earlier_daemon_left_is_given_back,
        what_became_of_a_record_is_told_and_it_is_dropped, one_is_given_back_by_its_number,
        a_lease_whose_record_was_given_back_hears_of_it,
        only_what_is_adrift_is_taken_from_a_daemon_that_runs,
        a_record_that_a_thread_hangs_in_is_left, what_was_dropped_as_it_was_abandoned_is_free_again,
        without_cgroups_nothing_is_dropped)
