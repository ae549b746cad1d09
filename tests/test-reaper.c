/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/reaper.h"

#include "kernel/pidfd.h"
#include "tests/harness.h"
#include "tests/process-fixture.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* A system call that answers what the test says, or hangs until the test lets it go. */
static atomic_int answer;
static atomic_int hangs;
static atomic_int n_calls;
static sem_t release;
static sem_t hung;

static int scripted(int pidfd) {
        int left = atomic_load(&hangs);

        (void) pidfd;
        atomic_fetch_add(&n_calls, 1);
        while (left > 0 && !atomic_compare_exchange_weak(&hangs, &left, left - 1))
                ;
        if (left > 0) {
                sem_post(&hung);
                while (sem_wait(&release) < 0)
                        ;
        }
        return atomic_load(&answer);
}

static int scripted_signal(int pidfd, int signo) {
        ck_assert_int_ne(signo, 0);
        return scripted(pidfd);
}

static const ReaperOps scripted_ops = { .signal = scripted_signal, .release = scripted };

static Reapers *start(unsigned n) {
        Reapers *r;

        atomic_store(&answer, PIDFD_OK);
        atomic_store(&hangs, 0);
        atomic_store(&n_calls, 0);
        sem_init(&release, 0, 0);
        sem_init(&hung, 0, 0);
        ck_assert_int_eq(reapers_new(&scripted_ops, n, &r), 0);
        ck_assert_int_eq(reapers_start(r), 0);
        return r;
}

/* Waits until an outcome is there: the descriptor is what the sentinel waits for. */
static size_t await_outcomes(Reapers *r, Outcome *ret, size_t cap) {
        struct pollfd fd = { .fd = reapers_event_fd(r), .events = POLLIN };

        ck_assert_int_eq(poll(&fd, 1, HARNESS_PATIENCE_MSEC), 1);
        return reapers_collect(r, ret, cap);
}

static void await_idle(const atomic_uint *uses) {
        while (atomic_load(uses) != 0)
                (void) poll(NULL, 0, 1);
}

static const struct {
        const char *name;
        int answer;
        OutcomeKind kind;
        int error;
} outcomes[] = {
        { "delivered", PIDFD_OK, OUTCOME_SENT, 0 },
        { "gone", PIDFD_GONE, OUTCOME_GONE, ESRCH },
        { "another process", PIDFD_REPLACED, OUTCOME_STALE, ESTALE },
        { "not permitted", PIDFD_DENIED, OUTCOME_REFUSED, EPERM },
        { "no such call", PIDFD_UNSUPPORTED, OUTCOME_REFUSED, ENOSYS },
        { "another error", -ENOMEM, OUTCOME_REFUSED, ENOMEM },
};

static const ReaperOps signals_only = { .signal = scripted_signal };

START_TEST(release_that_is_absent_is_never_tried) {
        atomic_uint uses = 1;
        Reapers *r;

        ck_assert_ptr_null(reaper_ops_signals.release);
        atomic_store(&n_calls, 0);
        ck_assert_int_eq(reapers_new(&signals_only, 1, &r), 0);
        ck_assert_int_eq(reapers_start(r), 0);
        ck_assert(reapers_submit(r, &(ReaperJob){ .action = 1, .pidfd = -1, .uses = &uses }));
        await_idle(&uses);
        ck_assert_int_eq(atomic_load(&n_calls), 0);
        ck_assert_uint_eq(reapers_alive(r), 1);
        reapers_free(r);
}
END_TEST

START_TEST(each_answer_of_the_kernel_becomes_its_outcome) {
        Reapers *r = start(1);
        atomic_uint uses = 1;
        Outcome o;

        atomic_store(&answer, outcomes[_i].answer);
        ck_assert(reapers_submit(r,
                &(ReaperJob){ .action = 7,
                        .slot = 3,
                        .generation = 9,
                        .signo = SIGTERM,
                        .uses = &uses }));
        ck_assert_uint_eq(await_outcomes(r, &o, 1), 1);
        ck_assert_msg(o.kind == outcomes[_i].kind, "%s: kind %d", outcomes[_i].name, (int) o.kind);
        ck_assert_msg(o.error == outcomes[_i].error, "%s: error %d", outcomes[_i].name, o.error);
        ck_assert_uint_eq(o.action, 7);
        ck_assert_uint_eq(o.slot, 3);
        ck_assert_uint_eq(o.generation, 9);
        ck_assert_uint_eq(atomic_load(&uses), 0);
        reapers_free(r);
}
END_TEST

START_TEST(a_release_tells_nothing_and_is_tried_again_while_a_sharer_lives) {
        Reapers *r = start(1);
        atomic_uint uses = 1;
        Outcome o;

        atomic_store(&answer, PIDFD_NOT_DYING);
        ck_assert(reapers_submit(r, &(ReaperJob){ .uses = &uses }));
        await_idle(&uses);
        ck_assert_int_gt(atomic_load(&n_calls), 1);
        ck_assert_int_lt(atomic_load(&n_calls), 100); /* bounded */
        ck_assert_uint_eq(reapers_collect(r, &o, 1), 0);
        reapers_free(r);
}
END_TEST

START_TEST(a_release_is_never_tried_again_where_the_kernel_lacks_it) {
        Reapers *r = start(1);
        atomic_uint uses = 2;

        atomic_store(&answer, PIDFD_UNSUPPORTED);
        ck_assert(reapers_submit(r, &(ReaperJob){ .uses = &uses }));
        ck_assert(reapers_submit(r, &(ReaperJob){ .uses = &uses }));
        await_idle(&uses);
        ck_assert_int_eq(atomic_load(&n_calls), 1);
        reapers_free(r);
}
END_TEST

START_TEST(one_that_hangs_keeps_back_no_other_job) {
        Reapers *r = start(2);
        atomic_uint uses = 1;
        Outcome o;

        atomic_store(&hangs, 1);
        ck_assert(reapers_submit(r, &(ReaperJob){ .uses = &uses }));
        sem_wait(&hung);
        for (unsigned i = 0; i < 50; i++) {
                ck_assert(reapers_submit(r, &(ReaperJob){ .action = i, .signo = SIGTERM }));
                ck_assert_uint_eq(await_outcomes(r, &o, 1), 1);
                ck_assert_uint_eq(o.action, i);
        }
        ck_assert_uint_eq(atomic_load(&uses), 1);
        sem_post(&release);
        await_idle(&uses);
        reapers_free(r);
}
END_TEST

START_TEST(one_that_hangs_beyond_the_deadline_is_lost_until_it_comes_back) {
        Reapers *r = start(2);
        atomic_uint uses = 1;
        usec_t now = clock_monotonic_usec();

        atomic_store(&hangs, 1);
        ck_assert(reapers_submit(r, &(ReaperJob){ .uses = &uses }));
        sem_wait(&hung);
        ck_assert_uint_eq(reapers_check(r, now), 2); /* as seen from before it began */
        now = clock_monotonic_usec();
        ck_assert_uint_eq(reapers_check(r, now + REAPER_DEADLINE_USEC + 1), 1);
        ck_assert_uint_eq(reapers_lost(r), 1);

        sem_post(&release);
        await_idle(&uses);
        while (reapers_check(r, now + REAPER_DEADLINE_USEC + 1) != 2)
                (void) poll(NULL, 0, 1);
        ck_assert_uint_eq(reapers_lost(r), 0);
        reapers_free(r);
}
END_TEST

START_TEST(with_none_left_jobs_are_refused_and_waiting_ones_taken_back) {
        Reapers *r = start(1);
        atomic_uint uses = 2;
        ReaperJob job;
        Outcome o;

        atomic_store(&hangs, 1);
        ck_assert(reapers_submit(r, &(ReaperJob){ .uses = &uses }));
        sem_wait(&hung);
        ck_assert(reapers_submit(r, &(ReaperJob){ .action = 5, .signo = SIGTERM, .uses = &uses }));

        ck_assert_uint_eq(reapers_check(r, clock_monotonic_usec() + REAPER_DEADLINE_USEC + 1), 0);
        ck_assert(!reapers_submit(r, &(ReaperJob){ .action = 6, .signo = SIGTERM }));
        ck_assert(reapers_take_back(r, &job));
        ck_assert_uint_eq(job.action, 5);
        ck_assert(!reapers_take_back(r, &job));
        ck_assert(reaper_job_run(&scripted_ops,
                &(ReaperJob){ .action = 5, .signo = SIGTERM, .uses = &uses }, 1, &o));
        ck_assert_int_eq(o.kind, OUTCOME_SENT);

        sem_post(&release);
        await_idle(&uses);
        reapers_free(r);
}
END_TEST

START_TEST(a_full_queue_refuses_and_loses_nothing) {
        Reapers *r = start(1);
        atomic_uint uses = 1;
        size_t accepted = 0;

        atomic_store(&hangs, 1);
        ck_assert(reapers_submit(r, &(ReaperJob){ .uses = &uses }));
        sem_wait(&hung);
        for (;;) {
                atomic_fetch_add(&uses, 1);
                if (!reapers_submit(r, &(ReaperJob){ .uses = &uses }))
                        break;
                accepted++;
        }
        atomic_fetch_sub(&uses, 1);
        ck_assert_uint_ge(accepted, 2 * TARGET_MEMBERS_MAX);

        sem_post(&release);
        await_idle(&uses);
        ck_assert_int_eq(atomic_load(&n_calls), (int) accepted + 1);
        reapers_free(r);
}
END_TEST

/* Leak detection, where there is any. */
void __lsan_disable(void) __attribute__((weak));

static void leak_on_purpose(void) {
        if (__lsan_disable)
                __lsan_disable();
}

START_TEST(stopping_does_not_wait_for_one_that_hangs) {
        Reapers *r;
        atomic_uint uses = 1;

        leak_on_purpose(); /* the thread that hangs keeps all that it uses */
        r = start(2);

        atomic_store(&hangs, 1);
        ck_assert(reapers_submit(r, &(ReaperJob){ .uses = &uses }));
        sem_wait(&hung);
        ck_assert(!reapers_stop(r));
        ck_assert_ptr_null(reapers_free(r)); /* left behind: the thread still uses it */
        sem_post(&release);
        await_idle(&uses);
}
END_TEST

START_TEST(a_real_process_gets_its_signal) {
        Reapers *r;
        atomic_uint uses = 1;
        Victim v;
        Outcome o;

        victim_start(VICTIM_PLAIN, &v);
        ck_assert_int_eq(reapers_new(&reaper_ops_kernel, 1, &r), 0);
        ck_assert_int_eq(reapers_start(r), 0);
        ck_assert(reapers_submit(
                r, &(ReaperJob){ .pidfd = v.pidfd, .signo = SIGTERM, .uses = &uses }));
        ck_assert_uint_eq(await_outcomes(r, &o, 1), 1);
        ck_assert_int_eq(o.kind, OUTCOME_SENT);
        ck_assert(victim_has_ended(&v, HARNESS_PATIENCE_MSEC));

        /* and after it is reaped, it is gone */
        ck_assert_int_eq(waitpid(v.pid, NULL, 0), v.pid);
        atomic_store(&uses, 1);
        ck_assert(reapers_submit(
                r, &(ReaperJob){ .pidfd = v.pidfd, .signo = SIGTERM, .uses = &uses }));
        ck_assert_uint_eq(await_outcomes(r, &o, 1), 1);
        ck_assert_int_eq(o.kind, OUTCOME_GONE);
        reapers_free(r);
        close(v.pidfd);
}
END_TEST

int main(void) {
        Suite *s = suite_create("reaper");
        TCase *tc = tcase_create("reaper");

        tcase_add_loop_test(tc, each_answer_of_the_kernel_becomes_its_outcome, 0,
                sizeof(outcomes) / sizeof(outcomes[0]));
        tcase_add_test(tc, a_release_tells_nothing_and_is_tried_again_while_a_sharer_lives);
        tcase_add_test(tc, a_release_is_never_tried_again_where_the_kernel_lacks_it);
        tcase_add_test(tc, release_that_is_absent_is_never_tried);
        tcase_add_test(tc, one_that_hangs_keeps_back_no_other_job);
        tcase_add_test(tc, one_that_hangs_beyond_the_deadline_is_lost_until_it_comes_back);
        tcase_add_test(tc, with_none_left_jobs_are_refused_and_waiting_ones_taken_back);
        tcase_add_test(tc, a_full_queue_refuses_and_loses_nothing);
        tcase_add_test(tc, stopping_does_not_wait_for_one_that_hangs);
        tcase_add_test(tc, a_real_process_gets_its_signal);
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
