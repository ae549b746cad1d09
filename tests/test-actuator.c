/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/actuator.h"

#include "engine/act-kernel.h"
#include "kernel/pidfd.h"
#include "tests/harness.h"
#include "tests/process-fixture.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static const LimitsConfig limits = { .processes = 64, .kept = 64, .detailed = 64 };

static Action action_on(uint64_t id, int signo, const Victim *victims, size_t n) {
        Action a = { .id = id, .signo = signo, .release = signo == SIGKILL, .n_slots = n };

        for (size_t i = 0; i < n; i++) {
                a.slots[i] = victims[i].slot;
                a.generations[i] = victims[i].generation;
        }
        return a;
}

/* ---- the run of a plan
 * ----------------------------------------------------------------------------- */

START_TEST(every_member_is_signalled_before_any_memory_is_released) {
        Plan *plan = calloc(1, sizeof(*plan));
        ActRecord record = { 0 };
        Outcome outcomes[8];

        plan->n_actions = 1;
        plan->actions[0] = (Action){ .id = 4,
                .signo = SIGKILL,
                .release = true,
                .n_slots = 2,
                .slots = { 11, 12 },
                .generations = { 1, 2 } };
        ck_assert_uint_eq(actuator_run(&act_record, &record, plan, 99, outcomes, 8), 2);

        ck_assert_uint_eq(record.n, 4);
        for (size_t i = 0; i < 4; i++) {
                ck_assert_uint_eq(record.items[i].action, 4);
                ck_assert_uint_eq(record.items[i].slot, 11 + i % 2);
                ck_assert_uint_eq(record.items[i].generation, 1 + i % 2);
                ck_assert_int_eq(record.items[i].signo, i < 2 ? SIGKILL : 0);
        }
        ck_assert_int_eq(outcomes[1].kind, OUTCOME_SENT);
        ck_assert_uint_eq(outcomes[1].slot, 12);
        ck_assert_uint_eq(outcomes[1].at_usec, 99);
        free(plan);
}
END_TEST

static const struct {
        const char *name;
        int answer;
        size_t n_outcomes;
        OutcomeKind kind;
        int error;
        size_t n_releases;
} answers[] = {
        { "sent", 0, 1, OUTCOME_SENT, 0, 1 },
        { "a reaper has it", 1, 0, OUTCOME_SENT, 0, 1 },
        { "gone", -ESRCH, 1, OUTCOME_GONE, ESRCH, 0 },
        { "another process", -ESTALE, 1, OUTCOME_STALE, ESTALE, 0 },
        { "not permitted", -EPERM, 1, OUTCOME_REFUSED, EPERM, 0 },
        { "no descriptor", -EBADF, 1, OUTCOME_REFUSED, EBADF, 0 },
};

START_TEST(each_answer_becomes_its_outcome_and_only_the_signalled_are_released) {
        Plan *plan = calloc(1, sizeof(*plan));
        ActRecord record = { .answer = answers[_i].answer };
        Outcome o = { 0 };
        size_t n;

        plan->n_actions = 1;
        plan->actions[0] = (Action){
                .id = 4, .signo = SIGKILL, .release = true, .n_slots = 1, .slots = { 3 }
        };
        n = actuator_run(&act_record, &record, plan, 1, &o, 1);
        ck_assert_msg(n == answers[_i].n_outcomes, "%s: %zu outcomes", answers[_i].name, n);
        if (n == 1) {
                ck_assert_msg(
                        o.kind == answers[_i].kind, "%s: kind %d", answers[_i].name, (int) o.kind);
                ck_assert_msg(
                        o.error == answers[_i].error, "%s: error %d", answers[_i].name, o.error);
        }
        ck_assert_msg(record.n == 1 + answers[_i].n_releases, "%s: %zu calls", answers[_i].name,
                record.n);
        free(plan);
}
END_TEST

START_TEST(an_action_that_fails_does_not_stop_the_next) {
        Plan *plan = calloc(1, sizeof(*plan));
        ActRecord record = { .answer = -EPERM };
        Outcome outcomes[4];

        plan->n_actions = 2;
        for (size_t i = 0; i < 2; i++)
                plan->actions[i] = (Action){ .id = i + 1, .signo = SIGTERM, .n_slots = 1 };
        ck_assert_uint_eq(actuator_run(&act_record, &record, plan, 1, outcomes, 4), 2);
        ck_assert_uint_eq(record.n, 2);
        ck_assert_uint_eq(outcomes[1].action, 2);
        free(plan);
}
END_TEST

START_TEST(without_room_for_outcomes_the_signals_are_sent_all_the_same) {
        Plan *plan = calloc(1, sizeof(*plan));
        ActRecord record = { 0 };
        Outcome outcomes[2];

        plan->n_actions = 1;
        plan->actions[0] = (Action){ .id = 1, .signo = SIGTERM, .n_slots = 5 };
        ck_assert_uint_eq(actuator_run(&act_record, &record, plan, 1, outcomes, 2), 2);
        ck_assert_uint_eq(record.n, 5);
        free(plan);
}
END_TEST

START_TEST(a_dry_run_says_what_it_would_have_done) {
        Plan *plan = calloc(1, sizeof(*plan));
        Outcome o;

        plan->n_actions = 1;
        plan->actions[0] = (Action){ .id = 1, .signo = SIGKILL, .release = true, .n_slots = 1 };
        ck_assert_uint_eq(actuator_run(&act_dry, NULL, plan, 1, &o, 1), 1);
        ck_assert_int_eq(o.kind, OUTCOME_DRY);
        free(plan);
}
END_TEST

/* ---- the kernel
 * ------------------------------------------------------------------------------------ */

typedef struct Bed {
        Roster *roster;
        Reapers *reapers;
        KernelAct kernel;
        Plan *plan;
        Outcome outcomes[8];
} Bed;

static void bed_init(Bed *b, bool with_reapers) {
        *b = (Bed){ 0 };
        ck_assert_int_eq(roster_new(&limits, &b->roster), 0);
        if (with_reapers) {
                ck_assert_int_eq(reapers_new(&reaper_ops_kernel, REAPERS_DEFAULT, &b->reapers), 0);
                ck_assert_int_eq(reapers_start(b->reapers), 0);
        }
        b->kernel = (KernelAct){ .roster = b->roster,
                .reapers = b->reapers,
                .ops = &reaper_ops_kernel,
                .self_pid = (int32_t) getpid() };
        b->plan = calloc(1, sizeof(*b->plan));
        ck_assert_ptr_nonnull(b->plan);
}

static void bed_done(Bed *b) {
        reapers_free(b->reapers);
        roster_free(b->roster);
        free(b->plan);
}

static size_t run_on(Bed *b, int signo, const Victim *victims, size_t n) {
        b->plan->n_actions = 1;
        b->plan->actions[0] = action_on(1, signo, victims, n);
        return actuator_run(&act_kernel, &b->kernel, b->plan, 1, b->outcomes, 8);
}

static size_t await_outcomes(Bed *b) {
        struct pollfd fd = { .fd = reapers_event_fd(b->reapers), .events = POLLIN };

        ck_assert_int_eq(poll(&fd, 1, HARNESS_PATIENCE_MSEC), 1);
        return reapers_collect(b->reapers, b->outcomes, 8);
}

START_TEST(sigkill_is_sent_at_once_and_memory_released_by_a_reaper) {
        Bed b;
        Victim v;

        bed_init(&b, true);
        victim_start(VICTIM_DEAF, &v);
        victims_publish(b.roster, &v, 1);
        ck_assert_uint_eq(run_on(&b, SIGKILL, &v, 1), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_SENT);
        ck_assert(victim_has_ended(&v, HARNESS_PATIENCE_MSEC));
        victim_done(&v);
        bed_done(&b);
}
END_TEST

START_TEST(sigterm_goes_through_a_reaper) {
        Bed b;
        Victim v;

        bed_init(&b, true);
        victim_start(VICTIM_PLAIN, &v);
        victims_publish(b.roster, &v, 1);
        ck_assert_uint_eq(run_on(&b, SIGTERM, &v, 1), 0);
        ck_assert_uint_eq(await_outcomes(&b), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_SENT);
        ck_assert(victim_has_ended(&v, HARNESS_PATIENCE_MSEC));
        victim_done(&v);
        bed_done(&b);
}
END_TEST

START_TEST(without_reapers_sigterm_is_sent_by_ourselves) {
        Bed b;
        Victim v;

        bed_init(&b, false);
        victim_start(VICTIM_PLAIN, &v);
        victims_publish(b.roster, &v, 1);
        ck_assert_uint_eq(run_on(&b, SIGTERM, &v, 1), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_SENT);
        ck_assert(victim_has_ended(&v, HARNESS_PATIENCE_MSEC));
        victim_done(&v);
        bed_done(&b);
}
END_TEST

START_TEST(a_target_that_was_replaced_is_left_alone) {
        Bed b;
        Victim v, wrong;

        bed_init(&b, true);
        victim_start(VICTIM_PLAIN, &v);
        victims_publish(b.roster, &v, 1);
        wrong = v;
        wrong.generation++;
        ck_assert_uint_eq(run_on(&b, SIGKILL, &wrong, 1), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_STALE);
        ck_assert(!victim_has_ended(&v, 50));
        victim_done(&v);
        bed_done(&b);
}
END_TEST

START_TEST(a_target_that_has_vanished_is_gone_by_either_way) {
        Bed b;
        Victim v;

        bed_init(&b, true);
        victim_start(VICTIM_PLAIN, &v);
        victims_publish(b.roster, &v, 1);
        victim_done(&v); /* reaped; the roster still has its pidfd */
        ck_assert_uint_eq(run_on(&b, SIGKILL, &v, 1), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_GONE);
        ck_assert_uint_eq(run_on(&b, SIGTERM, &v, 1), 0);
        ck_assert_uint_eq(await_outcomes(&b), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_GONE);
        bed_done(&b);
}
END_TEST

static void set_cap_kill(bool on) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

        ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
        if (on)
                data[CAP_TO_INDEX(CAP_KILL)].effective |= CAP_TO_MASK(CAP_KILL);
        else
                data[CAP_TO_INDEX(CAP_KILL)].effective &= ~CAP_TO_MASK(CAP_KILL);
        ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
}

START_TEST(a_target_that_may_not_be_signalled_refuses) {
        Bed b;
        Victim v;

        if (geteuid() != 0)
                return; /* nobody else's process can be started */

        victim_start(VICTIM_OTHER_USER, &v);
        set_cap_kill(false); /* before the reapers: rights are each thread's own */
        bed_init(&b, true);
        victims_publish(b.roster, &v, 1);
        ck_assert_uint_eq(run_on(&b, SIGKILL, &v, 1), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_REFUSED);
        ck_assert_int_eq(b.outcomes[0].error, EPERM);
        ck_assert_uint_eq(run_on(&b, SIGTERM, &v, 1), 0);
        ck_assert_uint_eq(await_outcomes(&b), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_REFUSED);
        ck_assert_int_eq(b.outcomes[0].error, EPERM);
        ck_assert(!victim_has_ended(&v, 0));
        bed_done(&b);
        set_cap_kill(true);
        victim_done(&v);
}
END_TEST

static const struct {
        const char *name;
        int32_t pid; /* 0: the victim's own */
        bool is_self_by_pid, self, kthread;
} untouchables[] = {
        { .name = "init", .pid = 1 },
        { .name = "ourselves by number", .is_self_by_pid = true },
        { .name = "what belongs to us", .self = true },
        { .name = "a kernel thread", .kthread = true },
};

/* The descriptor is a harmless victim's: if the check fails, that dies and not init. */
START_TEST(what_must_never_be_signalled_is_not_whatever_the_plan_says) {
        Bed b;
        Victim v;
        ProcFacts *facts;

        bed_init(&b, true);
        victim_start(VICTIM_PLAIN, &v);
        victims_publish(b.roster, &v, 1);
        facts = calloc(1, sizeof(*facts));
        facts->pid = untouchables[_i].is_self_by_pid ? (int32_t) getpid() : untouchables[_i].pid;
        if (facts->pid == 0)
                facts->pid = v.pid;
        facts->self = untouchables[_i].self;
        facts->kthread = untouchables[_i].kthread;
        ck_assert(roster_set_facts(b.roster, v.slot, facts));

        for (int k = 0; k < 2; k++) {
                size_t n = run_on(&b, k == 0 ? SIGKILL : SIGTERM, &v, 1);

                ck_assert_msg(n == 1 && b.outcomes[0].kind == OUTCOME_REFUSED, "%s",
                        untouchables[_i].name);
                ck_assert_int_eq(b.outcomes[0].error, EPERM);
        }
        ck_assert(!victim_has_ended(&v, 50));
        victim_done(&v);
        bed_done(&b);
}
END_TEST

START_TEST(two_that_share_their_memory_end_together) {
        Bed b;
        Victim pair[2];

        bed_init(&b, true);
        victim_start_pair(pair);
        victims_publish(b.roster, pair, 2);
        ck_assert_uint_eq(run_on(&b, SIGKILL, pair, 2), 2);
        ck_assert(victim_has_ended(&pair[0], HARNESS_PATIENCE_MSEC));
        ck_assert(victim_has_ended(&pair[1], HARNESS_PATIENCE_MSEC));
        victim_done(&pair[0]);
        victim_done(&pair[1]);
        bed_done(&b);
}
END_TEST

START_TEST(a_dead_leader_with_living_threads_is_killed) {
        Bed b;
        Victim v;

        victim_start(
                VICTIM_HEADLESS, &v); /* it allocates: forked before there are threads that do */
        bed_init(&b, true);
        victims_publish(b.roster, &v, 1);
        ck_assert(!victim_has_ended(&v, 50));
        ck_assert_uint_eq(run_on(&b, SIGKILL, &v, 1), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_SENT);
        ck_assert(victim_has_ended(&v, HARNESS_PATIENCE_MSEC));
        victim_done(&v);
        bed_done(&b);
}
END_TEST

START_TEST(a_slot_is_held_while_a_reaper_works_on_it) {
        Bed b;
        Victim v;
        RosterListing *empty;

        bed_init(&b, true);
        victim_start(VICTIM_PLAIN, &v);
        victims_publish(b.roster, &v, 1);
        atomic_fetch_add(&roster_slot(b.roster, v.slot)->reaping, 1); /* as a job under way does */

        roster_retire(b.roster, v.slot);
        empty = roster_begin(b.roster);
        roster_publish(b.roster, empty);
        roster_acquire(b.roster, ROSTER_SENTINEL);
        roster_collect(b.roster);
        ck_assert_int_eq(pidfd_signal(roster_slot(b.roster, v.slot)->reap_pidfd, 0), PIDFD_OK);

        atomic_fetch_sub(&roster_slot(b.roster, v.slot)->reaping, 1);
        roster_collect(b.roster);
        ck_assert_int_lt(roster_slot(b.roster, v.slot)->reap_pidfd, 0);
        victim_done(&v);
        bed_done(&b);
}
END_TEST

/* ---- with all reapers lost
 * ------------------------------------------------------------------------- */

static int hang_fds[2];

static int hang(int pidfd) {
        char byte;

        (void) pidfd;
        return read(hang_fds[0], &byte, 1) == 1 ? PIDFD_OK : -EIO;
}

START_TEST(with_all_reapers_hung_waiting_signals_are_sent_by_ourselves) {
        const ReaperOps ops = { .signal = pidfd_signal, .release = hang };
        Bed b;
        Victim v;

        ck_assert_int_eq(pipe(hang_fds), 0);
        bed_init(&b, false);
        ck_assert_int_eq(reapers_new(&ops, 1, &b.reapers), 0);
        ck_assert_int_eq(reapers_start(b.reapers), 0);
        b.kernel.reapers = b.reapers;
        victim_start(VICTIM_PLAIN, &v);
        victims_publish(b.roster, &v, 1);

        ck_assert(act_kernel.release(&b.kernel, 1, v.slot, v.generation) == 1);
        ck_assert_uint_eq(run_on(&b, SIGTERM, &v, 1), 0); /* waits behind the one that hangs */
        ck_assert_uint_eq(kernel_act_take_over(&b.kernel, 1, b.outcomes, 8), 0);
        while (reapers_check(b.reapers, clock_monotonic_usec() + REAPER_DEADLINE_USEC + 1) != 0)
                (void) poll(NULL, 0, 1); /* until it has begun */
        ck_assert_uint_eq(kernel_act_take_over(&b.kernel, 1, b.outcomes, 8), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_SENT);
        ck_assert(victim_has_ended(&v, HARNESS_PATIENCE_MSEC));

        ck_assert_int_eq(write(hang_fds[1], "", 1), 1);
        victim_done(&v);
        bed_done(&b);
}
END_TEST

int main(void) {
        Suite *s = suite_create("actuator");
        TCase *tc = tcase_create("actuator");

        tcase_add_test(tc, every_member_is_signalled_before_any_memory_is_released);
        tcase_add_loop_test(tc, each_answer_becomes_its_outcome_and_only_the_signalled_are_released,
                0, sizeof(answers) / sizeof(answers[0]));
        tcase_add_test(tc, an_action_that_fails_does_not_stop_the_next);
        tcase_add_test(tc, without_room_for_outcomes_the_signals_are_sent_all_the_same);
        tcase_add_test(tc, a_dry_run_says_what_it_would_have_done);
        tcase_add_test(tc, sigkill_is_sent_at_once_and_memory_released_by_a_reaper);
        tcase_add_test(tc, sigterm_goes_through_a_reaper);
        tcase_add_test(tc, without_reapers_sigterm_is_sent_by_ourselves);
        tcase_add_test(tc, a_target_that_was_replaced_is_left_alone);
        tcase_add_test(tc, a_target_that_has_vanished_is_gone_by_either_way);
        tcase_add_test(tc, a_target_that_may_not_be_signalled_refuses);
        tcase_add_loop_test(tc, what_must_never_be_signalled_is_not_whatever_the_plan_says, 0,
                sizeof(untouchables) / sizeof(untouchables[0]));
        tcase_add_test(tc, two_that_share_their_memory_end_together);
        tcase_add_test(tc, a_dead_leader_with_living_threads_is_killed);
        tcase_add_test(tc, a_slot_is_held_while_a_reaper_works_on_it);
        tcase_add_test(tc, with_all_reapers_hung_waiting_signals_are_sent_by_ourselves);
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
