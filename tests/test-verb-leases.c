/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* avertctl leases: from the file, with and without a daemon that has it. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "ctl/json-tree.h"
#include "engine/lease-exchange.h"
#include "kernel/cgroup-limit.h"
#include "tests/bus-double.h"
#include "tests/cgroup-fixture.h"
#include "tests/verb-run.h"

/* avertctl leases --bus BUS with these words, NULL-terminated. */
static void run(const char *bus, const char *word, ...) {
        const char *const first[] = { "leases", "--bus", bus, NULL };
        va_list ap;

        va_start(ap, word);
        run_words(first, word, ap);
        va_end(ap);
}

typedef struct Bed {
        Fixture f;
        char bus[280], leases[280];
        LeaseLedger *ledger;
} Bed;

static void bed_open(Bed *b) {
        char boot_id[BOOT_ID_SIZE];
        int fd = fdio_open_dir_at(AT_FDCWD, "/proc");

        ck_assert_int_eq(lease_ledger_boot_id(fd, boot_id, sizeof(boot_id)), 0);
        close_fd(fd);
        ck_assert_int_eq(lease_ledger_open(b->leases, LEDGER_DAEMON, boot_id, &b->ledger), 0);
}

static void bed_init(Bed *b) {
        *b = (Bed){ 0 };
        fixture_init(&b->f);
        (void) snprintf(b->bus, sizeof(b->bus), "%s/bus", b->f.path);
        (void) snprintf(b->leases, sizeof(b->leases), "%s/leases", b->f.path);
}

static void bed_done(Bed *b) {
        lease_ledger_free(b->ledger);
        fixture_done(&b->f);
}

/* As a reaper would, but for the cgroup. */
static void owe(Bed *b, const char *path, LeaseFile file, uint64_t old, uint64_t ours,
        usec_t deadline_usec) {
        LeaseTerms terms = { .file = file, .inode = 1, .taken_realtime_usec = 1700000000000000 };
        LeaseRecord *r;

        (void) strcpy(terms.path, path);
        (void) strcpy(terms.policy, "squeeze");
        r = lease_ledger_record(b->ledger, lease_ledger_claim(b->ledger, 0, &terms));
        r->terms.old = old;
        atomic_store(&r->ours, ours);
        atomic_store(&r->next, ours);
        atomic_store(&r->deadline_usec, deadline_usec);
        lease_record_seal(r);
}

static void owe_three(Bed *b) {
        bed_open(b);
        owe(b, "/avert-test-none/a", LEASE_HIGH, UINT64_MAX, UINT64_C(1) << 30,
                clock_monotonic_usec() + 2 * USEC_PER_HOUR + USEC_PER_MIN);
        owe(b, "/avert-test-none/b\x1b[1m", LEASE_SWAP_MAX, 4096, 0, USEC_UNSET);
        owe(b, "/avert-test-none/c", LEASE_FREEZE, 0, 1, 1 /* overdue */);
}

START_TEST(nothing_is_leased_where_there_is_no_file) {
        Bed b;

        bed_init(&b);
        run(b.bus, NULL);
        expect(CTL_OK, "nothing is leased\n", "");
        run(b.bus, "--json=short", NULL);
        expect(CTL_OK, "{\"schema_version\":1,\"leases\":[]}\n", "");
        run(b.bus, "--release-all", NULL);
        expect(CTL_OK, "0 given back\n", "");
        run(b.bus, "--release", "3", NULL);
        expect(CTL_FAILED, "", "there is no lease 3");
        ck_assert_int_ne(faccessat(b.f.fd, "leases", F_OK, 0), 0); /* nor was one made */
        bed_done(&b);
}
END_TEST

START_TEST(what_is_owed_is_listed) {
        Bed b;

        bed_init(&b);
        owe_three(&b);
        run(b.bus, NULL);
        expect(CTL_OK,
                "1  memory.high of /avert-test-none/a: 1.0 GiB instead of max [squeeze], for "
                "another 2 h\n"
                "2  memory.swap.max of /avert-test-none/b\\x1b[1m: 0 B instead of 4096 B "
                "[squeeze]\n"
                "3  cgroup.freeze of /avert-test-none/c: 1 instead of 0 [squeeze], for another 0",
                "");
        bed_done(&b);
}
END_TEST

START_TEST(and_as_json) {
        _cleanup_(json_unrefp) Json *json = NULL;
        const Json *lease;
        int64_t left;
        Bed b;

        bed_init(&b);
        owe_three(&b);
        run(b.bus, "--json", NULL);
        expect(CTL_OK, "", "");
        ck_assert_int_eq(json_parse(out, &json), 0);
        ck_assert_uint_eq(json_length(json_get(json, "leases")), 3);
        lease = json_at(json_get(json, "leases"), 0);
        ck_assert_uint_eq(json_count(lease, "id"), 1);
        ck_assert_str_eq(json_text(lease, "file"), "memory.high");
        ck_assert_str_eq(json_text(lease, "cgroup"), "/avert-test-none/a");
        ck_assert_str_eq(json_text(lease, "old_value"), "max");
        ck_assert_uint_eq(json_count(lease, "value"), UINT64_C(1) << 30);
        ck_assert_str_eq(json_text(lease, "policy"), "squeeze");
        ck_assert_uint_eq(json_count(lease, "taken_realtime_usec"), 1700000000000000);
        ck_assert_uint_gt(json_count(lease, "left_usec"), 2 * USEC_PER_HOUR);
        lease = json_at(json_get(json, "leases"), 1);
        ck_assert_uint_eq(json_count(lease, "old_value"), 4096);
        ck_assert(!json_number(lease, "left_usec", &left));
        bed_done(&b);
}
END_TEST

START_TEST(a_dry_run_gives_nothing_back) {
        Bed b;

        bed_init(&b);
        owe_three(&b);
        run(b.bus, "--release", "2", "--dry-run", NULL);
        expect(CTL_OK, "would give back 2  memory.swap.max of ", "");
        ck_assert_ptr_null(strstr(out, "memory.high"));
        run(b.bus, "--release-all", "--dry-run", NULL);
        expect(CTL_OK, "would give back 3  cgroup.freeze of ", "");
        run(b.bus, "--release", "9", "--dry-run", NULL);
        expect(CTL_FAILED, "", "there is no lease 9");
        run(b.bus, "--dry-run", NULL);
        expect(CTL_USAGE, "", "--release N or --release-all");
        run(b.bus, NULL);
        expect(CTL_OK, "1  memory.high of ", "");
        expect(CTL_OK, "\n2  memory.swap.max of ", "");
        expect(CTL_OK, "\n3  cgroup.freeze of ", "");
        bed_done(&b);
}
END_TEST

START_TEST(without_a_daemon_it_gives_back_itself) {
        CgroupFixture c;
        LeaseTerms terms = { .file = LEASE_FREEZE };
        struct stat st;
        uint64_t value;
        uint32_t i;
        int dir, fd;
        Bed b;

        if (!cgroup_fixture_init(&c))
                return;
        dir = cgroup_fixture_make(&c, c.fd, "a");
        if (cgroup_file_open_both_at(dir, "cgroup.freeze", &fd) == CGROUP_OK) {
                bed_init(&b);
                bed_open(&b);
                ck_assert_int_eq(fstat(dir, &st), 0);
                terms.inode = st.st_ino;
                (void) snprintf(terms.path, sizeof(terms.path), "/%s/a", c.name);
                i = lease_ledger_claim(b.ledger, 0, &terms);
                ck_assert_int_eq(lease_exchange_take(&lease_access_kernel,
                                         lease_ledger_record(b.ledger, i), fd, 1, &value),
                        EXCHANGE_OK);
                owe(&b, "/avert-test-none/gone", LEASE_HIGH, 0, 0, USEC_UNSET);
                b.ledger = lease_ledger_free(b.ledger); /* the daemon ends */
                ck_assert_int_eq(cgroup_value_read_fd(fd, &value), CGROUP_OK);
                ck_assert_uint_eq(value, 1);

                run(b.bus, "--release", "1", NULL);
                expect(CTL_OK, "1 given back\n", "");
                ck_assert_int_eq(cgroup_value_read_fd(fd, &value), CGROUP_OK);
                ck_assert_uint_eq(value, 0);
                run(b.bus, "--release-all", "--json=short", NULL);
                expect(CTL_OK,
                        "{\"schema_version\":1,\"ok\":true,\"dry_run\":false,\"message\":\"1 given "
                        "back\"}\n",
                        "");
                run(b.bus, NULL);
                expect(CTL_OK, "nothing is leased\n", "");
                close_fd(fd);
                bed_done(&b);
        }
        close_fd(dir);
        cgroup_fixture_done(&c);
}
END_TEST

/* A daemon that holds the lock until it is told to end. */
static pid_t start_holder(Bed *b) {
        int ready[2];
        char byte;
        pid_t pid;

        ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
                bed_open(b);
                (void) !write(ready[1], "+", 1);
                for (;;)
                        (void) pause();
        }
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
        close_fd(ready[0]);
        close_fd(ready[1]);
        return pid;
}

START_TEST(a_daemon_that_runs_is_asked) {
        static const BusDoubleAnswers answers = { .accepted = 1, .message = "given back" };
        static const BusDoubleAnswers refuses = { .accepted = 0, .message = "no such one" };
        static const BusDoubleAnswers denies = { .message = NULL };
        static const struct {
                const BusDoubleAnswers *answers;
                int code;
                const char *out, *err;
        } rows[] = {
                { &answers, CTL_OK, "7: given back\n", "" },
                { &refuses, CTL_FAILED, "", "7: no such one" },
                { &denies, CTL_DENIED, "", "run avertctl as root" },
                { NULL, CTL_NOT_RUNNING, "", "avertd is not running" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                BusDouble bus = { .pid = -1 };
                pid_t holder;
                Bed b;

                bed_init(&b);
                holder = start_holder(&b);
                if (rows[i].answers)
                        bus_double_start(&bus, b.f.path, rows[i].answers);
                run(rows[i].answers ? bus.path : b.bus, "--release", "7", NULL);
                expect(rows[i].code, rows[i].out, rows[i].err);
                if (rows[i].answers)
                        bus_double_stop(&bus);
                ck_assert_int_eq(kill(holder, SIGKILL), 0);
                ck_assert_int_eq(waitpid(holder, NULL, 0), holder);
                bed_done(&b);
        }
}
END_TEST

/* Whom polkit lets cannot read the file all the same. */
START_TEST(who_may_not_read_the_file_asks_the_daemon) {
        static const BusDoubleAnswers answers = { .accepted = 1, .message = "given back" };
        static const uid_t nobody = 65534;
        BusDouble bus;
        Bed b;

        if (geteuid() != 0)
                return; /* there is nobody else to be */
        bed_init(&b);
        bed_open(&b);
        bus_double_start(&bus, b.f.path, &answers);
        ck_assert_int_eq(chmod(b.f.path, 0755), 0);
        ck_assert_int_eq(chmod(bus.path, 0666), 0);
        ck_assert_int_eq(seteuid(nobody), 0);
        run(bus.path, "--release", "7", NULL);
        expect(CTL_OK, "7: given back\n", "");
        run(bus.path, NULL);
        expect(CTL_DENIED, "", "denied: run avertctl as root");
        ck_assert_int_eq(seteuid(0), 0);
        bus_double_stop(&bus);
        bed_done(&b);
}
END_TEST

START_TEST(misuse_is_told) {
        Bed b;

        bed_init(&b);
        run(b.bus, "--release", "many", NULL);
        expect(CTL_USAGE, "", "takes the number of a lease");
        run(b.bus, "--release", "0", NULL);
        expect(CTL_USAGE, "", "takes the number of a lease");
        fixture_file(&b.f, "leases", "this is none");
        run(b.bus, NULL);
        expect(CTL_FAILED, "", "not of this version");
        bed_done(&b);
}
END_TEST

HARNESS_MAIN("verb-leases", nothing_is_leased_where_there_is_no_file, what_is_owed_is_listed,
        and_as_json, a_dry_run_gives_nothing_back, without_a_daemon_it_gives_back_itself,
        a_daemon_that_runs_is_asked, who_may_not_read_the_file_asks_the_daemon, misuse_is_told)
