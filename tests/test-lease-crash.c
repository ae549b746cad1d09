/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Killed at every system call, and seen at every instruction, of taking, stepping and returning
 * leases: whoever comes next finds every file as it was before. Proved to see a wrong order of
 * stores by doing it in the wrong order. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fdio.h"
#include "engine/lease-exchange.h"
#include "engine/lease-replay.h"
#include "engine/reaper-lease.h"
#include "kernel/cgroup-limit.h"
#include "tests/lease-fixture.h"

#define GIB (UINT64_C(1) << 30)

enum { NO_PTRACE = 77, RUNS_MAX = 4000, STEPS_MAX = 4000000 };

static const char *const names[_LEASE_FILE_MAX] = { "a/memory.high", "a/memory.max",
        "b/memory.swap.max", "a/cgroup.freeze" };
static const uint64_t before[_LEASE_FILE_MAX] = { UINT64_MAX, GIB, 8192, 0 };
static const uint64_t during[_LEASE_FILE_MAX] = { GIB, GIB / 4, 4096, 1 };

/* ---- what is done: by the code that reapers run, or in a wrong order
 * ------------------------------------------------------------------------- */

typedef enum Order {
        ORDER_RIGHT,
        ORDER_WRITES_BEFORE_SEAL,
        ORDER_STEPS_IN_ONE_WORD,
        ORDER_DROPS_BEFORE_RETURN,
        _ORDER_MAX,
} Order;

static bool is_looked_at; /* the child that is seen at every instruction */

/* Before and after what is to be seen: all of what is right, or what is wrong. Nothing else touches
 * the files, and each instruction costs a turn of two processes, which wait for whoever else is at
 * work on this machine: there are hundreds of thousands without this. */
static void look_closely(Order order, Order wrong) {
        if (is_looked_at && (order == ORDER_RIGHT || order == wrong))
                (void) raise(SIGSTOP);
}

static void take(LeaseFixture *f, LeaseFile file, Order order) {
        LeaseTerms terms = lease_fixture_terms(f, file == LEASE_SWAP_MAX ? "b" : "a", file);
        ReaperJob job = {
                .kind = ACTION_LEASE, .ledger = f->ledger, .lease = file, .value = during[file]
        };
        LeaseRecord *r;

        job.file_fd = lease_fixture_open(f, names[file]);
        look_closely(order, ORDER_WRITES_BEFORE_SEAL);
        job.record = lease_ledger_claim(f->ledger, file, &terms);
        r = lease_ledger_record(f->ledger, job.record);
        job.record_id = r->terms.id;
        atomic_store(&r->deadline_usec, USEC_UNSET);
        if (order == ORDER_WRITES_BEFORE_SEAL) {
                ck_assert_int_eq(cgroup_value_read_fd(job.file_fd, &r->terms.old), CGROUP_OK);
                ck_assert_int_eq(cgroup_limit_write_fd(job.file_fd, during[file]), CGROUP_OK);
                atomic_store(&r->ours, during[file]);
                atomic_store(&r->next, during[file]);
                lease_record_seal(r);
        } else
                ck_assert_int_eq(reaper_lease_run(&reaper_ops_kernel, &job, 1).kind, OUTCOME_DONE);
        look_closely(order, ORDER_WRITES_BEFORE_SEAL);
        close_fd(job.file_fd);
}

static void step(LeaseFixture *f, uint64_t value, Order order) {
        uint32_t i = lease_ledger_find(f->ledger, LEASE_HIGH, NULL);
        LeaseRecord *r = lease_ledger_record(f->ledger, i);
        ReaperJob job = { .kind = ACTION_LEASE,
                .ledger = f->ledger,
                .lease = LEASE_HIGH,
                .record = i,
                .record_id = r->terms.id,
                .value = value };

        job.file_fd = lease_fixture_open(f, names[LEASE_HIGH]);
        look_closely(order, ORDER_STEPS_IN_ONE_WORD);
        if (order == ORDER_STEPS_IN_ONE_WORD) {
                atomic_store(&r->ours, value);
                atomic_store(&r->next, value);
                ck_assert_int_eq(cgroup_limit_write_fd(job.file_fd, value), CGROUP_OK);
        } else
                ck_assert_int_eq(reaper_lease_run(&reaper_ops_kernel, &job, 1).kind, OUTCOME_DONE);
        look_closely(order, ORDER_STEPS_IN_ONE_WORD);
        close_fd(job.file_fd);
}

static void give_back(LeaseFixture *f, LeaseFile file, Order order) {
        uint32_t i = lease_ledger_find(f->ledger, file, NULL);
        LeaseRecord *r = lease_ledger_record(f->ledger, i);
        ReaperJob job = { .kind = ACTION_RETURN,
                .ledger = f->ledger,
                .lease = file,
                .record = i,
                .record_id = r->terms.id };

        job.file_fd = lease_fixture_open(f, names[file]);
        look_closely(order, ORDER_DROPS_BEFORE_RETURN);
        if (order == ORDER_DROPS_BEFORE_RETURN) {
                lease_ledger_drop(f->ledger, i, false);
                ck_assert_int_eq(cgroup_limit_write_fd(job.file_fd, r->terms.old), CGROUP_OK);
        } else
                ck_assert_int_eq(reaper_lease_run(&reaper_ops_kernel, &job, 1).kind, OUTCOME_DONE);
        look_closely(order, ORDER_DROPS_BEFORE_RETURN);
        close_fd(job.file_fd);
}

static void steps_of_all_kinds(LeaseFixture *f, Order order) {
        for (int file = 0; file < _LEASE_FILE_MAX; file++)
                take(f, (LeaseFile) file, order);
        step(f, GIB / 2, order);
        step(f, GIB / 4, order);
        give_back(f, LEASE_MAX, order);
        give_back(f, LEASE_FREEZE, order);
        take(f, LEASE_FREEZE, order); /* into a record that was used */
        give_back(f, LEASE_HIGH, order);
}

/* ---- what the next one does
 * ----------------------------------------------------------------------- */

static void on_returned(void *ctx, const LeaseTerms *terms, uint64_t ours _unused_, int result) {
        (void) ctx;
        (void) terms;
        (void) result;
}

static void recover(const LeaseFixture *f, const char *path) {
        LeaseLedger *l;

        ck_assert_int_eq(lease_ledger_open(path, LEDGER_DAEMON, LEASE_BOOT, &l), 0);
        (void) lease_replay(
                l, f->f.fd, &(LeaseReplay){ .scope = LEASES_ALL, .on_returned = on_returned });
        ck_assert_uint_eq(lease_ledger_count(l), 0);
        lease_ledger_free(l);
}

static bool is_as_before(const LeaseFixture *f) {
        for (int file = 0; file < _LEASE_FILE_MAX; file++)
                if (lease_fixture_value(f, names[file]) != before[file])
                        return false;
        return true;
}

static void write_values(const LeaseFixture *f, const uint64_t values[_LEASE_FILE_MAX]) {
        for (int file = 0; file < _LEASE_FILE_MAX; file++) {
                int fd = lease_fixture_open(f, names[file]);

                ck_assert_int_eq(cgroup_limit_write_fd(fd, values[file]), CGROUP_OK);
                close_fd(fd);
        }
}

/* ---- the one that is killed
 * ----------------------------------------------------------------------- */

static bool is_traceable(void) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? NO_PTRACE : 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        if (!HARNESS_SANITIZES_THREADS && WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return true;
        printf("# SKIP nothing can be traced here\n");
        return false;
}

/* A traced child that waits to be let go. What it does, `body`; it stops once more with its ledger
 * open. */
static pid_t start(LeaseFixture *f, void (*body)(LeaseFixture *f, Order order), Order order) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                (void) ptrace(PTRACE_TRACEME, 0, NULL, NULL);
                (void) raise(SIGSTOP);
                body(f, order);
                _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSTOPPED(status));
        return pid;
}

static void open_and_step(LeaseFixture *f, Order order) {
        lease_fixture_reopen(f);
        (void) raise(SIGSTOP);
        steps_of_all_kinds(f, order);
        look_closely(order, ORDER_RIGHT);
        f->ledger = lease_ledger_free(f->ledger);
        look_closely(order, ORDER_RIGHT);
}

static void open_and_be_looked_at(LeaseFixture *f, Order order) {
        is_looked_at = true;
        open_and_step(f, order);
}

static void recover_here(LeaseFixture *f, Order order) {
        (void) order;
        recover(f, f->path);
}

/* The signal that it stopped with; 0 when it has come to its end, well. */
static int resume(pid_t pid, enum __ptrace_request how) {
        int status;

        ck_assert_int_eq(ptrace(how, pid, NULL, NULL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        if (WIFSTOPPED(status))
                return WSTOPSIG(status);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it failed by itself");
        return 0;
}

static void end(pid_t pid) {
        int status;

        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status));
}

/* Kills it at its n-th system call, before and after each. False when it has fewer. */
static bool kill_at(LeaseFixture *f, void (*body)(LeaseFixture *, Order), Order order, int n) {
        pid_t pid = start(f, body, order);

        for (int i = 0; i < n; i++)
                if (resume(pid, PTRACE_SYSCALL) == 0)
                        return false;
        end(pid);
        return true;
}

static void begin(LeaseFixture *f) {
        lease_fixture_init(f);
        f->ledger = lease_ledger_free(f->ledger); /* the lock is the child's */
        write_values(f, before);
}

/* The first system call at which a kill leaves something behind; 0: none. */
static int find_failure(Order order, int *ret_calls) {
        *ret_calls = 0;
        for (int n = 1; n < RUNS_MAX; n++) {
                LeaseFixture f;
                bool killed, good;

                begin(&f);
                killed = kill_at(&f, open_and_step, order, n);
                recover(&f, f.path);
                good = is_as_before(&f);
                lease_fixture_done(&f);
                *ret_calls = n;
                if (!good)
                        return n;
                if (!killed)
                        return 0;
        }
        ck_abort_msg("it never ends");
}

START_TEST(killed_at_any_system_call_it_leaves_every_file_as_before) {
        int calls;

        if (!is_traceable())
                return;
        ck_assert_int_eq(find_failure(ORDER_RIGHT, &calls), 0);
        ck_assert_int_gt(calls, 100); /* there was something to kill */
}
END_TEST

START_TEST(killed_while_giving_back_it_leaves_the_rest_to_the_next) {
        bool killed = true;
        int n;

        if (!is_traceable())
                return;
        for (n = 1; killed && n < RUNS_MAX; n++) {
                LeaseFixture f;

                begin(&f);
                lease_fixture_reopen(&f);
                for (int file = 0; file < _LEASE_FILE_MAX; file++)
                        take(&f, (LeaseFile) file, ORDER_RIGHT);
                f.ledger = lease_ledger_free(f.ledger);
                ck_assert(!is_as_before(&f));

                killed = kill_at(&f, recover_here, ORDER_RIGHT, n);
                recover(&f, f.path);
                ck_assert_msg(is_as_before(&f), "killed at call %d", n);
                lease_fixture_done(&f);
        }
        ck_assert_int_gt(n, 40);
}
END_TEST

/* ---- at every instruction: what is in the ledger and in the files is what a kill would
 * leave
 * ------------------------------------------------------------------------- */

enum { SEEN_BYTES = 8 * 1024 }; /* of the ledger: its head and the records that are used */

typedef struct Seen {
        unsigned char ledger[SEEN_BYTES];
        uint64_t values[_LEASE_FILE_MAX];
} Seen;

static void copy_file(const char *from, const char *to) {
        static char buf[512 * 1024];
        int in = open(from, O_RDONLY | O_CLOEXEC);
        int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ssize_t n = read(in, buf, sizeof(buf));

        ck_assert_int_gt(n, SEEN_BYTES);
        ck_assert_int_lt(n, (ssize_t) sizeof(buf));
        ck_assert_int_eq(write(out, buf, (size_t) n), n);
        close_fd(in);
        close_fd(out);
}

/* What a kill at this instant would come to. The child stands still meanwhile. */
static bool would_be_as_before(const LeaseFixture *f, const Seen *now) {
        char copy[320];
        bool good;

        (void) snprintf(copy, sizeof(copy), "%s.copy", f->path);
        copy_file(f->path, copy);
        recover(f, copy);
        good = is_as_before(f);
        write_values(f, now->values);
        return good;
}

/* Until the first failure. */
static int count_states(Order order, int *ret_failures) {
        static Seen last, now;
        int fds[_LEASE_FILE_MAX], fd, states = 0;
        LeaseFixture f;
        bool is_close = false;
        void *ledger;
        pid_t pid;

        begin(&f);
        fd = open(f.path, O_RDONLY | O_CLOEXEC);
        ledger = mmap(NULL, SEEN_BYTES, PROT_READ, MAP_SHARED, fd, 0);
        ck_assert_ptr_ne(ledger, MAP_FAILED);
        for (int file = 0; file < _LEASE_FILE_MAX; file++)
                fds[file] = lease_fixture_open(&f, names[file]);

        pid = start(&f, open_and_be_looked_at, order);
        ck_assert_int_eq(resume(pid, PTRACE_CONT), SIGSTOP); /* its ledger is open */
        *ret_failures = 0;
        for (int i = 0; i < STEPS_MAX; i++) {
                int signo = resume(pid, is_close ? PTRACE_SINGLESTEP : PTRACE_CONT);

                if (signo == 0)
                        break;
                is_close = is_close != (signo == SIGSTOP);
                memcpy(now.ledger, ledger, SEEN_BYTES);
                for (int file = 0; file < _LEASE_FILE_MAX; file++)
                        ck_assert_int_eq(
                                cgroup_value_read_fd(fds[file], &now.values[file]), CGROUP_OK);
                if (memcmp(&last, &now, sizeof(now)) == 0)
                        continue;
                last = now;
                states++;
                *ret_failures += !would_be_as_before(&f, &now);
                if (*ret_failures > 0) {
                        end(pid); /* it was seen */
                        break;
                }
        }
        if (*ret_failures == 0) {
                ck_assert_int_eq(kill(pid, 0), -1); /* it came to its end */
                recover(&f, f.path);
                ck_assert(is_as_before(&f));
        }

        for (int file = 0; file < _LEASE_FILE_MAX; file++)
                close_fd(fds[file]);
        (void) munmap(ledger, SEEN_BYTES);
        close_fd(fd);
        lease_fixture_done(&f);
        return states;
}

START_TEST(at_no_instruction_would_a_kill_leave_anything_behind) {
        int failures;

        if (!is_traceable())
                return;
        ck_assert_int_gt(count_states(ORDER_RIGHT, &failures), 50);
        ck_assert_int_eq(failures, 0);
}
END_TEST

START_TEST(a_wrong_order_of_stores_would_be_seen) {
        static const char *const what[_ORDER_MAX] = { "right", "written before it is sealed",
                "stepped in one word", "dropped before it is given back" };
        int failures, ignored;

        if (!is_traceable())
                return;
        (void) count_states((Order) _i, &failures);
        ck_assert_msg(failures > 0, "%s: not seen at any instruction", what[_i]);
        ck_assert_msg(find_failure((Order) _i, &ignored) > 0, "%s: not seen at any call", what[_i]);
}
END_TEST

int main(void) {
        Suite *s = suite_create("lease-crash");
        TCase *tc = tcase_create("lease-crash");

        tcase_add_test(tc, killed_at_any_system_call_it_leaves_every_file_as_before);
        tcase_add_test(tc, killed_while_giving_back_it_leaves_the_rest_to_the_next);
        tcase_add_test(tc, at_no_instruction_would_a_kill_leave_anything_behind);
        tcase_add_loop_test(tc, a_wrong_order_of_stores_would_be_seen, ORDER_RIGHT + 1, _ORDER_MAX);
        tcase_set_timeout(tc, 3 * HARNESS_TIMEOUT_SEC); /* so much to do */
        suite_add_tcase(s, tc);
        return harness_run(s);
}
