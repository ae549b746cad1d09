/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From an action about a cgroup to the end of it, on real cgroups of the test's own. */

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "engine/act-kernel.h"
#include "engine/actuator.h"
#include "engine/flight-watch.h"
#include "kernel/cgroup-procs.h"
#include "kernel/pidfd.h"
#include "tests/cgroup-fixture.h"

static const LimitsConfig limits = { .processes = 8, .kept = 8, .cgroups = 8, .kept_cgroups = 8 };

typedef struct Bed {
        CgroupFixture f;
        Roster *roster;
        GroupRoster *groups;
        Reapers *reapers;
        KernelAct kernel;
        Plan plan;
        Outcome outcomes[16];
        size_t n_outcomes;
        int dir, inner; /* a cgroup and one in it: the groups of the plan */
} Bed;

static uint32_t add_group(Bed *b, int dir, const char *path) {
        uint32_t slot = group_roster_claim(b->groups);
        GroupSlot *s = group_roster_slot(b->groups, slot);
        GroupFacts *facts = calloc(1, sizeof(*facts));

        ck_assert_ptr_nonnull(facts);
        facts->path = path;
        ck_assert(group_roster_set_facts(b->groups, slot, facts));
        ck_assert_int_eq(cgroup_file_open_at(dir, "cgroup.procs", &s->procs_fd), CGROUP_OK);
        ck_assert_int_eq(cgroup_file_open_at(dir, "cgroup.events", &s->state_fd), CGROUP_OK);
        (void) cgroup_file_open_write_at(dir, "cgroup.kill", &s->kill_fd);
        return slot;
}

/* False where no cgroup can be made: nothing to undo. */
static bool bed_init(Bed *b, const ReaperOps *ops, unsigned n_reapers, int signo) {
        RosterListing *l;

        memset(b, 0, sizeof(*b));
        if (!cgroup_fixture_init(&b->f))
                return false;
        b->dir = cgroup_fixture_make(&b->f, b->f.fd, "a");
        b->inner = cgroup_fixture_make(&b->f, b->dir, "inner");
        ck_assert_int_eq(roster_new(&limits, &b->roster), 0);
        ck_assert_int_eq(group_roster_new(&limits, &b->groups), 0);
        b->plan.n_actions = 1;
        b->plan.actions[0] = (Action){ .id = 7, .signo = signo, .n_groups = 2 };
        b->plan.actions[0].groups[0] = (GroupRef){ add_group(b, b->dir, "/test/a"), 1 };
        b->plan.actions[0].groups[1] = (GroupRef){ add_group(b, b->inner, "/test/a/inner"), 1 };
        l = publication_begin(group_roster_publication(b->groups));
        for (size_t i = 0; i < 2; i++)
                l->slots[l->n++] = b->plan.actions[0].groups[i].slot;
        l->n_kept = l->n;
        publication_publish(group_roster_publication(b->groups), l);
        (void) publication_acquire(group_roster_publication(b->groups), ROSTER_SENTINEL);

        if (n_reapers > 0) {
                ck_assert_int_eq(reapers_new(ops, n_reapers, &b->reapers), 0);
                ck_assert_int_eq(reapers_start(b->reapers), 0);
        }
        b->kernel = (KernelAct){ .roster = b->roster,
                .groups = b->groups,
                .reapers = b->reapers,
                .ops = ops,
                .self_pid = (int32_t) getpid() };
        return true;
}

static void bed_done(Bed *b) {
        reapers_free(b->reapers);
        group_roster_free(b->groups);
        roster_free(b->roster);
        close_fd(b->inner);
        close_fd(b->dir);
        cgroup_fixture_done(&b->f);
}

static GroupSlot *slot_of(Bed *b, size_t i) {
        return group_roster_slot(b->groups, b->plan.actions[0].groups[i].slot);
}

static size_t run(Bed *b) {
        return actuator_run(&act_kernel, &b->kernel, &b->plan, 1, b->outcomes, 16);
}

/* Waits for so many outcomes of reapers. */
static void await_outcomes(Bed *b, size_t n) {
        size_t have = 0;

        while (have < n) {
                struct pollfd fd = { .fd = reapers_event_fd(b->reapers), .events = POLLIN };

                ck_assert_int_eq(poll(&fd, 1, HARNESS_PATIENCE_MSEC), 1);
                have += reapers_collect(b->reapers, b->outcomes + have, 16 - have);
        }
        ck_assert_uint_eq(have, n);
}

static void expect(const Outcome *o, const GroupRef *ref, OutcomeKind kind, int error) {
        ck_assert(o->is_group);
        ck_assert_uint_eq(o->action, 7);
        ck_assert_uint_eq(o->slot, ref->slot);
        ck_assert_uint_eq(o->generation, ref->generation);
        ck_assert_msg(o->kind == kind, "kind %d, not %d (%s)", (int) o->kind, (int) kind,
                strerror(o->error));
        ck_assert_int_eq(o->error, error);
}

START_TEST(sigkill_ends_the_whole_tree_by_one_reaper_and_its_end_is_told_once) {
        static Bed b;
        FlightWatch watch;
        const Flight flight = { .active = true, .action = 7 }, over = { 0 };
        struct pollfd fds[FLIGHT_WAITED];
        pid_t outer, inner;
        size_t n = 0;

        if (!bed_init(&b, &reaper_ops_kernel, 2, SIGKILL))
                return;
        outer = cgroup_fixture_member(b.dir, true);
        inner = cgroup_fixture_member(b.inner, true);
        flight_watch_init(&watch, b.roster, b.groups);
        flight_watch_follow(&watch, &flight, &b.plan);
        ck_assert_uint_eq(flight_watch_collect(&watch, 1, b.outcomes, 16), 0);

        ck_assert_uint_eq(run(&b), 0);
        await_outcomes(&b, 1);
        expect(&b.outcomes[0], &b.plan.actions[0].groups[0], OUTCOME_SENT, 0);
        ck_assert_int_eq(cgroup_fixture_reap(outer, HARNESS_PATIENCE_MSEC), SIGKILL);
        ck_assert_int_eq(cgroup_fixture_reap(inner, HARNESS_PATIENCE_MSEC), SIGKILL);
        while (n == 0) {
                ck_assert_uint_eq(flight_watch_poll_fds(&watch, fds), 1);
                ck_assert_int_eq(poll(fds, 1, HARNESS_PATIENCE_MSEC), 1);
                n = flight_watch_collect(&watch, 5, b.outcomes, 16);
        }
        ck_assert_uint_eq(n, 1);
        expect(&b.outcomes[0], &b.plan.actions[0].groups[0], OUTCOME_GONE, 0);
        ck_assert_uint_eq(b.outcomes[0].at_usec, 5);
        ck_assert_uint_eq(flight_watch_collect(&watch, 6, b.outcomes, 16), 0);
        ck_assert_uint_eq(flight_watch_poll_fds(&watch, fds), 0);
        flight_watch_follow(&watch, &over, &b.plan);
        ck_assert_uint_eq(slot_of(&b, 0)->reaping, 0);
        bed_done(&b);
}
END_TEST

START_TEST(a_cgroup_that_is_removed_meanwhile_is_gone_and_held_through_the_next_action) {
        static Bed b;
        FlightWatch watch;
        Flight flight = { .active = true, .action = 7 };

        if (!bed_init(&b, &reaper_ops_kernel, 0, SIGTERM))
                return;
        flight_watch_init(&watch, b.roster, b.groups);
        (void) cgroup_fixture_member(b.inner, true);
        flight_watch_follow(&watch, &flight, &b.plan);
        ck_assert_uint_eq(slot_of(&b, 0)->reaping, 1);
        ck_assert_uint_eq(flight_watch_collect(&watch, 1, b.outcomes, 16), 0);
        flight.action = b.plan.actions[0].id = 8; /* SIGKILL follows */
        flight_watch_follow(&watch, &flight, &b.plan);
        ck_assert_uint_eq(slot_of(&b, 0)->reaping, 1);

        ck_assert_int_eq(fdio_write_at(b.dir, "cgroup.kill", "1"), 0);
        cgroup_fixture_await_empty(b.dir);
        cgroup_fixture_remove(b.dir, "inner");
        cgroup_fixture_remove(b.f.fd, "a");
        ck_assert_uint_eq(flight_watch_collect(&watch, 2, b.outcomes, 16), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_GONE);
        ck_assert_uint_eq(b.outcomes[0].action, 8);
        bed_done(&b);
}
END_TEST

START_TEST(another_signal_goes_to_each_process_of_each_cgroup) {
        static Bed b;
        pid_t outer, inner, deaf, outside;

        if (!bed_init(&b, &reaper_ops_kernel, 2, SIGTERM))
                return;
        outer = cgroup_fixture_member(b.dir, false);
        inner = cgroup_fixture_member(b.inner, false);
        deaf = cgroup_fixture_member(b.inner, true);
        outside = cgroup_fixture_member(b.f.fd, false);
        ck_assert_uint_eq(run(&b), 0);
        await_outcomes(&b, 2);
        for (size_t i = 0; i < 2; i++) { /* in any order */
                const Outcome *o = &b.outcomes[i];

                expect(o, &b.plan.actions[0].groups[o->slot == b.plan.actions[0].groups[1].slot],
                        OUTCOME_SENT, 0);
        }
        ck_assert_int_eq(cgroup_fixture_reap(outer, HARNESS_PATIENCE_MSEC), SIGTERM);
        ck_assert_int_eq(cgroup_fixture_reap(inner, HARNESS_PATIENCE_MSEC), SIGTERM);
        ck_assert_int_eq(cgroup_fixture_reap(deaf, 50), -1);
        ck_assert_int_eq(cgroup_fixture_reap(outside, 0), -1);
        bed_done(&b);
}
END_TEST

START_TEST(without_cgroup_kill_each_process_is_killed) {
        static Bed b;
        pid_t outer, inner;

        if (!bed_init(&b, &reaper_ops_kernel, 2, SIGKILL))
                return;
        for (size_t i = 0; i < 2; i++)
                slot_of(&b, i)->kill_fd = close_fd(slot_of(&b, i)->kill_fd);
        outer = cgroup_fixture_member(b.dir, true);
        inner = cgroup_fixture_member(b.inner, true);
        ck_assert_uint_eq(run(&b), 0);
        await_outcomes(&b, 2);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_SENT);
        ck_assert_int_eq(b.outcomes[1].kind, OUTCOME_SENT);
        ck_assert_int_eq(cgroup_fixture_reap(outer, HARNESS_PATIENCE_MSEC), SIGKILL);
        ck_assert_int_eq(cgroup_fixture_reap(inner, HARNESS_PATIENCE_MSEC), SIGKILL);
        bed_done(&b);
}
END_TEST

static int refuse_kill(int fd) {
        (void) fd;
        return CGROUP_UNSUPPORTED;
}

static const ReaperOps refusing_ops = {
        .signal = pidfd_signal, .kill_group = refuse_kill, .signal_group = cgroup_procs_signal
};

START_TEST(a_cgroup_kill_that_refuses_is_made_good_process_by_process) {
        static Bed b;
        pid_t outer;

        if (!bed_init(&b, &refusing_ops, 1, SIGKILL))
                return;
        outer = cgroup_fixture_member(b.dir, true);
        ck_assert_uint_eq(run(&b), 0);
        await_outcomes(&b, 1);
        expect(&b.outcomes[0], &b.plan.actions[0].groups[0], OUTCOME_SENT, 0);
        ck_assert_int_eq(cgroup_fixture_reap(outer, HARNESS_PATIENCE_MSEC), SIGKILL);
        bed_done(&b);
}
END_TEST

START_TEST(without_a_reaper_the_caller_writes_cgroup_kill_and_opens_nothing_for_the_rest) {
        static Bed b;
        pid_t outer, inner;

        if (!bed_init(&b, &reaper_ops_kernel, 0, SIGTERM))
                return;
        outer = cgroup_fixture_member(b.dir, true);
        inner = cgroup_fixture_member(b.inner, true);
        ck_assert_uint_eq(run(&b), 0); /* no member is known: nobody is signalled */
        ck_assert_int_eq(cgroup_fixture_reap(outer, 0), -1);

        b.plan.actions[0].signo = SIGKILL;
        ck_assert_uint_eq(run(&b), 1);
        expect(&b.outcomes[0], &b.plan.actions[0].groups[0], OUTCOME_SENT, 0);
        ck_assert_int_eq(cgroup_fixture_reap(outer, HARNESS_PATIENCE_MSEC), SIGKILL);
        ck_assert_int_eq(cgroup_fixture_reap(inner, HARNESS_PATIENCE_MSEC), SIGKILL);
        bed_done(&b);
}
END_TEST

static const struct {
        const char *name;
        bool self;
        const char *path;
        uint32_t generation;
        OutcomeKind kind;
        int error;
} refused[] = {
        { "our own, or above us", true, "/test/a", 1, OUTCOME_REFUSED, EPERM },
        { "the root", false, "/", 1, OUTCOME_REFUSED, EPERM },
        { "no path", false, "", 1, OUTCOME_REFUSED, EPERM },
        { "another one in its slot", false, "/test/a", 2, OUTCOME_STALE, ESTALE },
};

START_TEST(what_must_not_be_hit_is_refused_whatever_the_plan_says) {
        static const int signals[] = { SIGKILL, SIGTERM };
        static Bed b;
        pid_t member;

        if (!bed_init(&b, &reaper_ops_kernel, 1, SIGKILL))
                return;
        member = cgroup_fixture_member(b.dir, false);
        for (size_t i = 0; i < 2; i++) {
                GroupFacts *facts = calloc(1, sizeof(*facts));

                ck_assert_ptr_nonnull(facts);
                facts->self = refused[_i].self;
                facts->path = refused[_i].path;
                ck_assert(
                        group_roster_set_facts(b.groups, b.plan.actions[0].groups[0].slot, facts));
                b.plan.actions[0].groups[0].generation = refused[_i].generation;
                b.plan.actions[0].signo = signals[i];
                ck_assert_msg(run(&b) == 1, "%s", refused[_i].name);
                expect(&b.outcomes[0], &b.plan.actions[0].groups[0], refused[_i].kind,
                        refused[_i].error);
        }
        ck_assert_int_eq(cgroup_fixture_reap(member, 50), -1);
        bed_done(&b);
}
END_TEST

/* A reaper hangs in one call until it is let go. */
static sem_t hung, let_go;
static atomic_int n_group_calls;

static int hang(int fd, int signo) {
        (void) fd;
        (void) signo;
        sem_post(&hung);
        while (sem_wait(&let_go) < 0)
                ;
        return PIDFD_OK;
}

static int count_kill(int fd) {
        atomic_fetch_add(&n_group_calls, 1);
        return cgroup_kill_fd(fd);
}

static int count_signal(int fd, int signo, CgroupSignalled *ret) {
        atomic_fetch_add(&n_group_calls, 1);
        return cgroup_procs_signal(fd, signo, ret);
}

static const ReaperOps hanging_ops = {
        .signal = hang, .kill_group = count_kill, .signal_group = count_signal
};

/* What is to be done to a cgroup may take a lock of the kernel's: not while a reaper lives. */
START_TEST(with_a_full_queue_nothing_is_done_to_a_cgroup_by_the_caller_or_by_halves) {
        static const struct {
                int signo;
                size_t room;
        } cases[] = { { SIGKILL, 0 }, { SIGTERM, 0 }, { SIGTERM, 1 } };
        const ReaperJob other = { .action = 1, .pidfd = FD_NONE, .signo = SIGUSR1 };
        static Bed b;
        ReaperJob back;
        size_t n = 0;

        sem_init(&hung, 0, 0);
        sem_init(&let_go, 0, 0);
        if (!bed_init(&b, &hanging_ops, 1, cases[_i].signo))
                return;
        ck_assert(reapers_submit(b.reapers, &other));
        while (sem_wait(&hung) < 0)
                ;
        while (reapers_submit(b.reapers, &other))
                n++;
        for (size_t i = 0; i < cases[_i].room; i++)
                ck_assert(reapers_take_back(b.reapers, &back));
        ck_assert(reapers_have_room(b.reapers, cases[_i].room));
        ck_assert(!reapers_have_room(b.reapers, cases[_i].room + 1));

        ck_assert_uint_eq(run(&b), 1);
        expect(&b.outcomes[0], &b.plan.actions[0].groups[0], OUTCOME_BUSY, EAGAIN);
        ck_assert_int_eq(atomic_load(&n_group_calls), 0);
        ck_assert_uint_eq(slot_of(&b, 0)->reaping, 0);
        ck_assert_uint_eq(slot_of(&b, 1)->reaping, 0);

        while (reapers_take_back(b.reapers, &back))
                ;
        ck_assert(reapers_have_room(b.reapers, n));
        ck_assert_uint_eq(run(&b), 0); /* there is room now */
        sem_post(&let_go);
        bed_done(&b);
}
END_TEST

START_TEST(a_cgroup_that_is_gone_before_the_signal_is_told_as_gone) {
        static const int signals[] = { SIGKILL, SIGTERM };
        static Bed b;

        if (!bed_init(&b, &reaper_ops_kernel, 1, SIGKILL))
                return;
        cgroup_fixture_remove(b.dir, "inner");
        cgroup_fixture_remove(b.f.fd, "a");
        b.plan.actions[0].n_groups = 1;
        for (size_t i = 0; i < 2; i++) {
                b.plan.actions[0].signo = signals[i];
                ck_assert_uint_eq(run(&b), 0);
                await_outcomes(&b, 1);
                expect(&b.outcomes[0], &b.plan.actions[0].groups[0], OUTCOME_GONE, ESRCH);
        }
        bed_done(&b);
}
END_TEST

START_TEST(members_are_killed_with_the_group_and_sent_no_other_signal_twice) {
        static Plan plan;
        ActRecord record = { 0 };
        Outcome o[8];

        plan.n_actions = 1;
        plan.actions[0] = (Action){ .id = 7,
                .signo = SIGKILL,
                .release = true,
                .n_slots = 1,
                .slots = { 3 },
                .generations = { 4 },
                .n_groups = 2,
                .groups = { { 5, 6 }, { 8, 9 } } };
        ck_assert_uint_eq(actuator_run(&act_record, &record, &plan, 1, o, 8), 2);
        ck_assert_uint_eq(record.n, 3); /* the group, the member, its release */
        ck_assert(record.items[0].is_group);
        ck_assert_uint_eq(record.items[0].slot, 5);
        ck_assert_uint_eq(record.items[0].n_groups, 2);
        ck_assert(!record.items[1].is_group);
        ck_assert_uint_eq(record.items[1].slot, 3);
        ck_assert(o[0].is_group && !o[1].is_group);

        record = (ActRecord){ 0 };
        plan.actions[0].signo = SIGTERM;
        plan.actions[0].release = false;
        ck_assert_uint_eq(actuator_run(&act_record, &record, &plan, 1, o, 8), 1);
        ck_assert_uint_eq(record.n, 1);

        record = (ActRecord){ .answer = -EBUSY }; /* nobody can: one by one */
        ck_assert_uint_eq(actuator_run(&act_record, &record, &plan, 1, o, 8), 1);
        ck_assert_uint_eq(record.n, 2);
        ck_assert(!record.items[1].is_group);

        record = (ActRecord){ .answer = -EPERM };
        plan.actions[0].signo = SIGKILL;
        ck_assert_uint_eq(actuator_run(&act_record, &record, &plan, 1, o, 8), 1);
        ck_assert_uint_eq(record.n, 1);
        ck_assert_int_eq(o[0].kind, OUTCOME_REFUSED);

        ck_assert_uint_eq(actuator_run(&act_dry, NULL, &plan, 1, o, 8), 2);
        ck_assert_int_eq(o[0].kind, OUTCOME_DRY);
        ck_assert(o[0].is_group);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("group-acting");
        TCase *tc = tcase_create("group-acting");
        const TTest *const tests[] = {
                sigkill_ends_the_whole_tree_by_one_reaper_and_its_end_is_told_once,
                a_cgroup_that_is_removed_meanwhile_is_gone_and_held_through_the_next_action,
                another_signal_goes_to_each_process_of_each_cgroup,
                without_cgroup_kill_each_process_is_killed,
                a_cgroup_kill_that_refuses_is_made_good_process_by_process,
                without_a_reaper_the_caller_writes_cgroup_kill_and_opens_nothing_for_the_rest,
                a_cgroup_that_is_gone_before_the_signal_is_told_as_gone,
                members_are_killed_with_the_group_and_sent_no_other_signal_twice,
        };

        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_loop_test(
                tc, what_must_not_be_hit_is_refused_whatever_the_plan_says, 0, ELEMENTS(refused));
        tcase_add_loop_test(
                tc, with_a_full_queue_nothing_is_done_to_a_cgroup_by_the_caller_or_by_halves, 0, 3);
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(suite, tc);
        return harness_run(suite);
}
