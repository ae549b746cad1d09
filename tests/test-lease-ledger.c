/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/lease-ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/lease-fixture.h"

#define OTHER_BOOT "00000000-0000-0000-0000-000000000002"

static LeaseRecord *seal_one(LeaseFixture *f, uint32_t lease, uint32_t *ret) {
        LeaseTerms terms = lease_fixture_terms(f, "a", LEASE_HIGH);
        LeaseRecord *r;

        *ret = lease_ledger_claim(f->ledger, lease, &terms);
        ck_assert_uint_ne(*ret, LEDGER_NONE);
        r = lease_ledger_record(f->ledger, *ret);
        r->terms.old = UINT64_MAX;
        atomic_store(&r->ours, 4096);
        atomic_store(&r->next, 4096);
        lease_record_seal(r);
        return r;
}

START_TEST(what_is_owed_outlives_who_owes_it) {
        const LeaseRecord *r;
        LeaseFixture f;
        uint32_t i;

        lease_fixture_init(&f);
        ck_assert_uint_eq(lease_ledger_count(f.ledger), 0);
        seal_one(&f, 5, &i);
        ck_assert_uint_eq(lease_ledger_count(f.ledger), 1);
        ck_assert_uint_eq(lease_ledger_find(f.ledger, 5, NULL), i);

        lease_fixture_reopen(&f);
        r = lease_ledger_record(f.ledger, i);
        ck_assert(lease_record_is_owed(r));
        ck_assert_str_eq(r->terms.path, "/a");
        ck_assert_str_eq(r->terms.policy, "squeeze");
        ck_assert_uint_eq(r->terms.id, 1);
        ck_assert_uint_eq(lease_ledger_find(f.ledger, 5, NULL), LEDGER_NONE); /* not ours */
        seal_one(&f, 5, &i);
        ck_assert_uint_eq(lease_ledger_record(f.ledger, i)->terms.id, 2); /* never twice */
        ck_assert_uint_eq(lease_ledger_count(f.ledger), 2);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(a_record_that_is_not_what_was_sealed_is_not_owed) {
        LeaseFixture f;
        LeaseRecord *r;
        uint32_t i;

        lease_fixture_init(&f);
        r = seal_one(&f, 0, &i);
        r->terms.old--;
        ck_assert(!lease_record_is_owed(r));
        r->terms.old++;
        ck_assert(lease_record_is_owed(r));
        memset(r->terms.path, 'x', sizeof(r->terms.path)); /* without an end */
        lease_record_seal(r);
        ck_assert(!lease_record_is_owed(r));
        lease_fixture_done(&f);
}
END_TEST

START_TEST(a_file_of_another_boot_or_of_somebody_else_begins_anew) {
        static const char *const names[] = { "another boot", "rubbish", "cut short", "empty" };
        LeaseFixture f;
        uint32_t i;

        for (size_t row = 0; row < ELEMENTS(names); row++) {
                const char *boot = row == 0 ? OTHER_BOOT : LEASE_BOOT;

                lease_fixture_init(&f);
                seal_one(&f, 0, &i);
                f.ledger = lease_ledger_free(f.ledger);
                if (row == 1)
                        fixture_file(&f.f, "leases", "this is no ledger");
                if (row >= 2)
                        ck_assert_int_eq(truncate(f.path, row == 2 ? 5000 : 0), 0);

                ck_assert_int_eq(lease_ledger_open(f.path, LEDGER_DAEMON, boot, &f.ledger), 0);
                ck_assert_msg(lease_ledger_count(f.ledger) == 0, "%s", names[row]);
                seal_one(&f, 0, &i);
                ck_assert_uint_eq(i, 0);
                lease_fixture_done(&f);
        }
}
END_TEST

START_TEST(who_only_looks_or_repairs_makes_no_file) {
        LeaseLedger *l = NULL;
        Fixture f;
        char path[300];

        fixture_init(&f);
        (void) snprintf(path, sizeof(path), "%s/leases", f.path);
        ck_assert_int_eq(lease_ledger_open(path, LEDGER_LOOK, LEASE_BOOT, &l), -ENOENT);
        ck_assert_int_eq(lease_ledger_open(path, LEDGER_REPAIR, LEASE_BOOT, &l), -ENOENT);
        fixture_file(&f, "leases", "this is no ledger");
        ck_assert_int_eq(lease_ledger_open(path, LEDGER_LOOK, LEASE_BOOT, &l), -EBADMSG);
        ck_assert_int_eq(lease_ledger_open(path, LEDGER_REPAIR, LEASE_BOOT, &l), -EBADMSG);
        ck_assert_ptr_null(l);
        fixture_remove(&f, "leases");
        fixture_link(&f, "leases", "/dev/null");
        ck_assert_int_eq(lease_ledger_open(path, LEDGER_DAEMON, LEASE_BOOT, &l), -ELOOP);
        fixture_done(&f);
}
END_TEST

START_TEST(the_file_is_for_its_owner_alone) {
        LeaseFixture f;
        struct stat st;

        lease_fixture_init(&f);
        ck_assert_int_eq(stat(f.path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, 0600);
        ck_assert_int_ge(st.st_blocks * 512, st.st_size); /* no holes: no SIGBUS when disks fill */
        lease_fixture_done(&f);
}
END_TEST

/* In a process of its own: a lock is the process's. */
static int open_elsewhere(const char *path, LedgerAccess access) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                LeaseLedger *l = NULL;
                int r = lease_ledger_open(path, access, LEASE_BOOT, &l);

                _exit(r == 0 ? 0 : -r);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        return -WEXITSTATUS(status);
}

START_TEST(one_process_works_on_it_and_anybody_of_the_owner_may_look) {
        LeaseFixture f;
        uint32_t i;

        lease_fixture_init(&f);
        seal_one(&f, 0, &i);
        ck_assert_int_eq(open_elsewhere(f.path, LEDGER_DAEMON), -EBUSY);
        ck_assert_int_eq(open_elsewhere(f.path, LEDGER_REPAIR), -EBUSY);
        ck_assert_int_eq(open_elsewhere(f.path, LEDGER_LOOK), 0);
        f.ledger = lease_ledger_free(f.ledger);
        ck_assert_int_eq(open_elsewhere(f.path, LEDGER_REPAIR), 0);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(records_run_out_and_come_back) {
        LeaseTerms terms;
        LeaseFixture f;
        uint32_t i;

        lease_fixture_init(&f);
        terms = lease_fixture_terms(&f, "a", LEASE_FREEZE);
        for (uint32_t n = 0; n < LEDGER_RECORDS_MAX; n++)
                seal_one(&f, n, &i);
        ck_assert_uint_eq(lease_ledger_claim(f.ledger, 1000, &terms), LEDGER_NONE);
        lease_ledger_drop(f.ledger, 7, false);
        ck_assert_uint_eq(lease_ledger_claim(f.ledger, 1000, &terms), 7);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(a_claim_goes_with_its_record_and_with_its_lease) {
        bool withdrawn = true;
        atomic_uint uses = 1;
        LeaseFixture f;
        uint32_t i;

        lease_fixture_init(&f);
        seal_one(&f, 3, &i);
        lease_ledger_pin(f.ledger, i, &uses);
        lease_ledger_pin(f.ledger, i, &uses); /* a step of it: once is enough */
        ck_assert_uint_eq(atomic_load(&uses), 2);

        lease_ledger_abandon(f.ledger, i); /* the lease goes, the record stays */
        ck_assert_uint_eq(lease_ledger_find(f.ledger, 3, NULL), LEDGER_NONE);
        ck_assert_int_eq(lease_ledger_state(f.ledger, i), CLAIM_ABANDONED);
        ck_assert_uint_eq(atomic_load(&uses), 2);
        lease_ledger_drop(f.ledger, i, true);
        ck_assert_int_eq(lease_ledger_state(f.ledger, i), CLAIM_FREE);
        ck_assert_uint_eq(atomic_load(&uses), 1);

        seal_one(&f, 3, &i); /* the record goes, the lease is to hear of it */
        lease_ledger_drop(f.ledger, i, true);
        ck_assert_uint_eq(lease_ledger_find(f.ledger, 3, &withdrawn), i);
        ck_assert(withdrawn);
        lease_ledger_drop(f.ledger, i, false);
        ck_assert_uint_eq(lease_ledger_find(f.ledger, 3, NULL), LEDGER_NONE);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(a_record_has_one_holder) {
        LeaseFixture f;

        lease_fixture_init(&f);
        ck_assert(lease_ledger_hold(f.ledger, 1));
        ck_assert(!lease_ledger_hold(f.ledger, 1));
        lease_ledger_release(f.ledger, 1);
        ck_assert(lease_ledger_hold(f.ledger, 1));
        lease_fixture_done(&f);
}
END_TEST

START_TEST(the_boot_has_a_name) {
        char a[BOOT_ID_SIZE], b[BOOT_ID_SIZE];
        int fd = fdio_open_dir_at(AT_FDCWD, "/proc");
        Fixture f;

        ck_assert_int_eq(lease_ledger_boot_id(fd, a, sizeof(a)), 0);
        ck_assert_int_eq(lease_ledger_boot_id(fd, b, sizeof(b)), 0);
        ck_assert_str_eq(a, b);
        ck_assert_uint_eq(strlen(a), 36);
        close_fd(fd);

        fixture_init(&f);
        ck_assert_int_eq(lease_ledger_boot_id(f.fd, a, sizeof(a)), -ENOENT);
        fixture_file(&f, "sys/kernel/random/boot_id", "\n");
        ck_assert_int_eq(lease_ledger_boot_id(f.fd, a, sizeof(a)), -EBADMSG);
        fixture_done(&f);
}
END_TEST

/* What becomes of it in the hands of others, while it is open. */
static void make_other(const LeaseFixture *f, unsigned row) {
        uint32_t version = 9999;
        struct stat st;
        int fd;

        ck_assert_int_eq(stat(f->path, &st), 0);
        if (row < 3) {
                static const off_t grows[] = { 4096, -4096, 0 };

                ck_assert_int_eq(truncate(f->path, st.st_size + grows[row]), 0);
        }
        if (row != 2)
                return;
        fd = open(f->path, O_WRONLY | O_CLOEXEC);
        ck_assert_int_eq(pwrite(fd, &version, sizeof(version), 8), sizeof(version));
        close(fd);
}

START_TEST(what_another_version_has_made_of_it_is_told_and_made_ours_again) {
        static const char *const names[] = { "longer", "shorter", "as long" };

        for (unsigned row = 0; row < ELEMENTS(names); row++) {
                LeaseLedger *l;
                LeaseFixture f;
                uint32_t i;

                lease_fixture_init(&f);
                seal_one(&f, 0, &i);
                make_other(&f, row);
                ck_assert_msg(!lease_ledger_is_current(f.ledger), "%s", names[row]);
                ck_assert_int_eq(lease_ledger_open(f.path, LEDGER_SEATS, LEASE_BOOT, &l), 0);
                ck_assert(!lease_ledger_is_current(l)); /* it has only the seats */
                ck_assert_int_eq(lease_ledger_make(l), 0);
                ck_assert_msg(lease_ledger_is_current(l), "%s", names[row]);
                ck_assert_msg(lease_ledger_is_current(f.ledger), "%s", names[row]);
                ck_assert_uint_eq(lease_ledger_count(l), 0);
                lease_ledger_free(l);
                lease_fixture_done(&f);
        }
}
END_TEST

START_TEST(what_is_ours_is_left_as_it_is) {
        LeaseFixture f;
        uint32_t i;

        lease_fixture_init(&f);
        seal_one(&f, 0, &i);
        ck_assert_int_eq(lease_ledger_make(f.ledger), 0);
        ck_assert_uint_eq(lease_ledger_count(f.ledger), 1);
        ck_assert(lease_ledger_is_current(f.ledger));
        lease_fixture_done(&f);
}
END_TEST

START_TEST(one_that_was_removed_is_not_current) {
        LeaseFixture f;

        lease_fixture_init(&f);
        fixture_remove(&f.f, "leases");
        ck_assert(!lease_ledger_is_current(f.ledger));
        lease_fixture_done(&f);
}
END_TEST

HARNESS_MAIN("lease-ledger", what_is_owed_outlives_who_owes_it,
        a_record_that_is_not_what_was_sealed_is_not_owed,
        a_file_of_another_boot_or_of_somebody_else_begins_anew,
        who_only_looks_or_repairs_makes_no_file, the_file_is_for_its_owner_alone,
        what_another_version_has_made_of_it_is_told_and_made_ours_again,
        what_is_ours_is_left_as_it_is, one_that_was_removed_is_not_current,
        one_process_works_on_it_and_anybody_of_the_owner_may_look, records_run_out_and_come_back,
        a_claim_goes_with_its_record_and_with_its_lease, a_record_has_one_holder,
        the_boot_has_a_name)
