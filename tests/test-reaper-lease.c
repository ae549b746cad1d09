/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From an action about a cgroup's files to its outcome: act_kernel, reapers and the ledger. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "engine/act-kernel.h"
#include "engine/actuator.h"
#include "engine/lease-replay.h"
#include "engine/reaper-lease.h"
#include "kernel/cgroup-limit.h"
#include "tests/lease-fixture.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static const LimitsConfig limits = { .processes = 8, .kept = 8, .cgroups = 8, .kept_cgroups = 8 };

/* A kernel whose writes hang until the test lets them go, or an alarm rings. */
static atomic_int hangs;
static atomic_bool deaf; /* to the alarm */
static sem_t hung, release;

static int scripted_write(int fd, uint64_t value) {
        int left = atomic_load(&hangs);
        int r = cgroup_limit_write_fd(fd, value);

        while (left > 0 && !atomic_compare_exchange_weak(&hangs, &left, left - 1))
                ;
        if (left > 0) {
                sem_post(&hung);
                while (sem_wait(&release) < 0)
                        if (!atomic_load(&deaf))
                                return r; /* as the kernel: the value is set */
        }
        return r;
}

static const LeaseAccess scripted_access = {
        .read = cgroup_value_read_fd,
        .write = scripted_write,
};

static int reclaim_result;

static int scripted_reclaim(const CgroupReclaim *r, uint64_t *ret_freed) {
        ck_assert_int_ge(r->reclaim_fd, 0);
        ck_assert_int_ge(r->charged_fd, 0);
        *ret_freed = r->bytes / 2;
        return reclaim_result;
}

static const ReaperOps ops = { .reclaim = scripted_reclaim, .leases = &scripted_access };

typedef struct Bed {
        LeaseFixture f;
        Roster *roster;
        GroupRoster *groups;
        Reapers *reapers;
        KernelAct kernel;
        GroupSlot *slot;
        GroupRef ref;
        GroupFacts *facts;
        Config config;
        Policy policy;
        Plan plan;
        Outcome outcomes[8];
} Bed;

static uint32_t add_group(Bed *b, const char *name, GroupFacts **ret_facts) {
        static const char *const files[] = { "memory.high", "memory.max", "memory.swap.max",
                "cgroup.freeze" };
        uint32_t slot = group_roster_claim(b->groups);
        GroupSlot *s = group_roster_slot(b->groups, slot);
        GroupFacts *facts = calloc(1, sizeof(*facts));
        char path[64];

        ck_assert_ptr_nonnull(facts);
        (void) snprintf(path, sizeof(path), "/%s", name);
        facts->path = name[0] == 'a' ? "/a" : "/b";
        ck_assert_str_eq(facts->path, path);
        facts->inode = lease_fixture_inode(&b->f, name);
        ck_assert(group_roster_set_facts(b->groups, slot, facts));
        for (int i = 0; i < _LEASE_FILE_MAX; i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", name, files[i]);
                s->lease_fds[i] = lease_fixture_open(&b->f, path);
        }
        s->reclaim_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        s->charged_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        *ret_facts = facts;
        return slot;
}

static void bed_init(Bed *b, unsigned n_reapers) {
        memset(b, 0, sizeof(*b));
        lease_fixture_init(&b->f);
        atomic_store(&hangs, 0);
        atomic_store(&deaf, true);
        sem_init(&hung, 0, 0);
        sem_init(&release, 0, 0);
        reclaim_result = CGROUP_OK;

        ck_assert_int_eq(roster_new(&limits, &b->roster), 0);
        ck_assert_int_eq(group_roster_new(&limits, &b->groups), 0);
        b->ref = (GroupRef){ add_group(b, "a", &b->facts), 1 };
        b->slot = group_roster_slot(b->groups, b->ref.slot);
        (void) strcpy(b->policy.name, "squeeze");
        b->config.policies = &b->policy;
        b->config.n_policies = 1;
        ck_assert_int_eq(reapers_new(&ops, n_reapers, &b->reapers), 0);
        ck_assert_int_eq(reapers_start(b->reapers), 0);
        b->kernel = (KernelAct){ .roster = b->roster,
                .groups = b->groups,
                .reapers = b->reapers,
                .ops = &ops,
                .self_pid = (int32_t) getpid(),
                .ledger = b->f.ledger,
                .config = &b->config };
}

static void bed_done(Bed *b) {
        reapers_free(b->reapers);
        group_roster_free(b->groups);
        roster_free(b->roster);
        lease_fixture_done(&b->f);
}

/* Orders it; what is answered at once is in outcomes[0]. */
static size_t order(Bed *b, uint64_t id, ActionKind kind, LeaseFile file, uint64_t value) {
        b->plan.n_actions = 1;
        b->plan.actions[0] = (Action){ .id = id,
                .kind = kind,
                .n_groups = 1,
                .groups = { b->ref },
                .file = file,
                .lease = 3,
                .value = value,
                .deadline_usec = USEC_UNSET };
        return actuator_run(&act_kernel, &b->kernel, &b->plan, 1, b->outcomes, 8);
}

static const Outcome *await(Bed *b) {
        struct pollfd fd = { .fd = reapers_event_fd(b->reapers), .events = POLLIN };

        ck_assert_int_eq(poll(&fd, 1, HARNESS_PATIENCE_MSEC), 1);
        ck_assert_uint_eq(reapers_collect(b->reapers, b->outcomes, 8), 1);
        return b->outcomes;
}

/* Orders it and expects the outcome of a reaper. */
static const Outcome *run(Bed *b, ActionKind kind, LeaseFile file, uint64_t value) {
        static uint64_t id = 10;
        const Outcome *o;

        ck_assert_uint_eq(order(b, ++id, kind, file, value), 0);
        o = await(b);
        ck_assert_uint_eq(o->action, id);
        ck_assert_uint_eq(o->slot, b->ref.slot);
        ck_assert_uint_eq(o->generation, b->ref.generation);
        ck_assert(o->is_group);
        return o;
}

static void await_unused(const Bed *b, unsigned uses) {
        while (atomic_load(&b->slot->reaping) != uses)
                (void) poll(NULL, 0, 1);
}

START_TEST(a_lease_is_taken_stepped_and_given_back) {
        const LeaseRecord *r;
        const Outcome *o;
        Bed b;

        bed_init(&b, 2);
        o = run(&b, ACTION_LEASE, LEASE_HIGH, GIB);
        ck_assert_int_eq(o->kind, OUTCOME_DONE);
        ck_assert_uint_eq(o->value, UINT64_MAX);
        await_unused(&b, 1); /* it stays open for the return */
        r = lease_ledger_record(b.f.ledger, lease_ledger_find(b.f.ledger, 3, NULL));
        ck_assert(lease_record_is_owed(r));
        ck_assert_str_eq(r->terms.policy, "squeeze");
        ck_assert_str_eq(r->terms.path, "/a");
        ck_assert_uint_eq(r->terms.inode, b.facts->inode);

        o = run(&b, ACTION_LEASE, LEASE_HIGH, GIB / 2);
        ck_assert_int_eq(o->kind, OUTCOME_DONE);
        ck_assert_uint_eq(o->value, UINT64_MAX);
        await_unused(&b, 1);
        ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), GIB / 2);

        ck_assert_int_eq(run(&b, ACTION_RETURN, LEASE_HIGH, 0)->kind, OUTCOME_DONE);
        await_unused(&b, 0);
        ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), UINT64_MAX);
        ck_assert_uint_eq(lease_ledger_count(b.f.ledger), 0);

        ck_assert_uint_eq(order(&b, 99, ACTION_RETURN, LEASE_HIGH, 0), 1); /* once more */
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_DONE);
        bed_done(&b);
}
END_TEST

START_TEST(somebody_elses_value_stays_and_is_told) {
        Bed b;

        for (int stepped = 0; stepped < 2; stepped++) {
                bed_init(&b, 1);
                ck_assert_int_eq(run(&b, ACTION_LEASE, LEASE_HIGH, GIB)->kind, OUTCOME_DONE);
                lease_fixture_write(&b.f, "a/memory.high", "123456\n");
                ck_assert_int_eq(
                        run(&b, stepped ? ACTION_LEASE : ACTION_RETURN, LEASE_HIGH, 4096)->kind,
                        OUTCOME_FOREIGN);
                await_unused(&b, 0);
                ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), 123456);
                ck_assert_uint_eq(lease_ledger_find(b.f.ledger, 3, NULL), LEDGER_NONE);
                bed_done(&b);
        }
}
END_TEST

START_TEST(a_limit_that_was_set_back_is_said_to_be_renewed) {
        Bed b;

        bed_init(&b, 1);
        ck_assert_int_eq(run(&b, ACTION_LEASE, LEASE_MAX, 4096)->kind, OUTCOME_DONE);
        lease_fixture_write(&b.f, "a/memory.max", "1073741824\n");
        ck_assert_int_eq(run(&b, ACTION_LEASE, LEASE_MAX, 4096)->kind, OUTCOME_RENEWED);
        ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.max"), 4096);
        ck_assert_int_eq(run(&b, ACTION_RETURN, LEASE_MAX, 0)->kind, OUTCOME_DONE);
        ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.max"), GIB);
        await_unused(&b, 0);
        bed_done(&b);
}
END_TEST

START_TEST(what_main_gave_back_is_foreign_to_its_lease) {
        Bed b;

        for (int stepped = 0; stepped < 2; stepped++) {
                uint32_t i;

                bed_init(&b, 1);
                ck_assert_int_eq(run(&b, ACTION_LEASE, LEASE_HIGH, GIB)->kind, OUTCOME_DONE);
                await_unused(&b, 1);
                i = lease_ledger_find(b.f.ledger, 3, NULL);
                ck_assert(lease_ledger_hold(b.f.ledger, i));
                lease_fixture_write(&b.f, "a/memory.high", "max\n");
                lease_ledger_drop(b.f.ledger, i, true);
                lease_ledger_release(b.f.ledger, i);
                ck_assert_int_eq(
                        run(&b, stepped ? ACTION_LEASE : ACTION_RETURN, LEASE_HIGH, 4096)->kind,
                        OUTCOME_FOREIGN);
                await_unused(&b, 0);
                ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), UINT64_MAX);
                ck_assert_uint_eq(lease_ledger_find(b.f.ledger, 3, NULL), LEDGER_NONE);
                bed_done(&b);
        }
}
END_TEST

/* Nothing holds the slot any more. */
START_TEST(what_main_gave_back_needs_no_file_to_be_over) {
        Bed b;
        uint32_t i;

        bed_init(&b, 1);
        ck_assert_int_eq(run(&b, ACTION_LEASE, LEASE_HIGH, GIB)->kind, OUTCOME_DONE);
        await_unused(&b, 1);
        i = lease_ledger_find(b.f.ledger, 3, NULL);
        ck_assert(lease_ledger_hold(b.f.ledger, i));
        lease_ledger_drop(b.f.ledger, i, true);
        lease_ledger_release(b.f.ledger, i);
        b.slot->lease_fds[LEASE_HIGH] = close_fd(b.slot->lease_fds[LEASE_HIGH]);
        ck_assert_uint_eq(order(&b, 1, ACTION_RETURN, LEASE_HIGH, 0), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_DONE);
        ck_assert_uint_eq(lease_ledger_find(b.f.ledger, 3, NULL), LEDGER_NONE);
        ck_assert_int_eq(lease_ledger_state(b.f.ledger, i), CLAIM_FREE);
        bed_done(&b);
}
END_TEST

START_TEST(a_lease_that_is_refused_leaves_nothing) {
        const Outcome *o;
        Bed b;

        bed_init(&b, 1);
        o = run(&b, ACTION_LEASE, LEASE_MAX, 2 * GIB);
        ck_assert_int_eq(o->kind, OUTCOME_REFUSED);
        ck_assert_int_eq(o->error, EALREADY);
        await_unused(&b, 0);

        close_fd(b.slot->lease_fds[LEASE_HIGH]);
        b.slot->lease_fds[LEASE_HIGH] = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        o = run(&b, ACTION_LEASE, LEASE_HIGH, GIB);
        ck_assert_int_eq(o->kind, OUTCOME_REFUSED);
        ck_assert_int_eq(o->error, EBADMSG);
        await_unused(&b, 0);
        ck_assert_uint_eq(lease_ledger_count(b.f.ledger), 0);
        ck_assert_uint_eq(lease_ledger_find(b.f.ledger, 3, NULL), LEDGER_NONE);
        bed_done(&b);
}
END_TEST

START_TEST(what_may_not_be_leased_is_not_tried) {
        static const struct {
                const char *name;
                OutcomeKind kind;
                int error;
        } rows[] = {
                { "our own cgroup", OUTCOME_REFUSED, EPERM },
                { "another cgroup", OUTCOME_STALE, ESTALE },
                { "no such file", OUTCOME_REFUSED, EBADF },
                { "nowhere to remember it", OUTCOME_REFUSED, ENOLCK },
                { "no record left", OUTCOME_REFUSED, ENOSPC },
                { "a path too long to be found again", OUTCOME_REFUSED, ENOSPC },
        };
        static char path[PATH_TEXT_MAX + 8] = "/";

        memset(path + 1, 'x', sizeof(path) - 2);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Bed b;

                bed_init(&b, 1);
                b.facts->self = i == 0;
                b.ref.generation += i == 1;
                if (i == 2)
                        b.slot->lease_fds[LEASE_HIGH] = close_fd(b.slot->lease_fds[LEASE_HIGH]);
                if (i == 3)
                        b.kernel.ledger = NULL;
                for (uint32_t n = 0; i == 4 && n < LEDGER_RECORDS_MAX; n++) {
                        LeaseTerms terms = lease_fixture_terms(&b.f, "b", LEASE_HIGH);

                        (void) lease_ledger_claim(b.f.ledger, 1000 + n, &terms);
                }
                if (i == 5)
                        b.facts->path = path;
                ck_assert_msg(
                        order(&b, 1, ACTION_LEASE, LEASE_HIGH, 4096) == 1, "%s", rows[i].name);
                ck_assert_msg(b.outcomes[0].kind == rows[i].kind, "%s", rows[i].name);
                ck_assert_msg(b.outcomes[0].error == rows[i].error, "%s: %d", rows[i].name,
                        b.outcomes[0].error);
                ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), UINT64_MAX);
                ck_assert_uint_eq(atomic_load(&b.slot->reaping), 0);
                bed_done(&b);
        }
}
END_TEST

START_TEST(the_answers_of_reclaim_become_its_outcomes) {
        static const struct {
                int result;
                OutcomeKind kind;
                int error;
        } rows[] = {
                { CGROUP_OK, OUTCOME_DONE, 0 },
                { CGROUP_LATE, OUTCOME_LATE, 0 },
                { CGROUP_GONE, OUTCOME_GONE, 0 },
                { CGROUP_UNSUPPORTED, OUTCOME_REFUSED, EOPNOTSUPP },
                { -EACCES, OUTCOME_REFUSED, EACCES },
        };
        Bed b;

        bed_init(&b, 1);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const Outcome *o;

                reclaim_result = rows[i].result;
                o = run(&b, ACTION_RECLAIM, LEASE_HIGH, 64 * MIB);
                ck_assert_int_eq(o->kind, rows[i].kind);
                ck_assert_int_eq(o->error, rows[i].error);
                ck_assert_uint_eq(o->value, 32 * MIB);
                await_unused(&b, 0);
        }
        b.slot->charged_fd = close_fd(b.slot->charged_fd);
        ck_assert_uint_eq(order(&b, 1, ACTION_RECLAIM, LEASE_HIGH, MIB), 1);
        ck_assert_int_eq(b.outcomes[0].error, EBADF);
        bed_done(&b);
}
END_TEST

START_TEST(a_write_that_takes_too_long_is_called_back) {
        Bed b;

        bed_init(&b, 1);
        atomic_store(&deaf, false);
        atomic_store(&hangs, 1);
        ck_assert_int_eq(run(&b, ACTION_LEASE, LEASE_HIGH, GIB)->kind, OUTCOME_DONE);
        ck_assert_uint_eq(lease_ledger_count(b.f.ledger), 1);
        bed_done(&b);
}
END_TEST

START_TEST(a_return_that_meets_a_hanging_write_is_refused_and_comes_later) {
        const Outcome *o;
        Bed b;

        bed_init(&b, 2);
        atomic_store(&hangs, 1);
        ck_assert_uint_eq(order(&b, 1, ACTION_LEASE, LEASE_HIGH, GIB), 0);
        while (sem_wait(&hung) < 0)
                ;
        o = run(&b, ACTION_RETURN, LEASE_HIGH, 0);
        ck_assert_int_eq(o->kind, OUTCOME_REFUSED);
        ck_assert_int_eq(o->error, EBUSY);
        ck_assert_uint_eq(lease_ledger_count(b.f.ledger), 1); /* owed, and known to be */

        sem_post(&release);
        ck_assert_int_eq(await(&b)->kind, OUTCOME_DONE);
        ck_assert_int_eq(run(&b, ACTION_RETURN, LEASE_HIGH, 0)->kind, OUTCOME_DONE);
        ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), UINT64_MAX);
        bed_done(&b);
}
END_TEST

START_TEST(a_return_that_overtakes_its_lease_undoes_it) {
        ReaperJob job;
        size_t n = 0;
        Outcome o;
        Bed b;

        bed_init(&b, 1);
        atomic_store(&hangs, 1); /* the one reaper is kept busy with another lease */
        b.plan.actions[0].lease = 3;
        ck_assert_uint_eq(order(&b, 1, ACTION_LEASE, LEASE_MAX, 4096), 0);
        while (sem_wait(&hung) < 0)
                ;
        b.plan.actions[0] = (Action){ .id = 2,
                .kind = ACTION_LEASE,
                .n_groups = 1,
                .groups = { b.ref },
                .file = LEASE_HIGH,
                .lease = 4,
                .value = GIB,
                .deadline_usec = USEC_UNSET };
        ck_assert_uint_eq(actuator_run(&act_kernel, &b.kernel, &b.plan, 1, b.outcomes, 8), 0);
        ck_assert(reapers_take_back(b.reapers, &job));
        ck_assert_uint_eq(job.action, 2);

        b.plan.actions[0].id = 3;
        b.plan.actions[0].kind = ACTION_RETURN;
        ck_assert_uint_eq(actuator_run(&act_kernel, &b.kernel, &b.plan, 1, b.outcomes, 8), 0);
        sem_post(&release);
        while (n < 2) {
                struct pollfd fd = { .fd = reapers_event_fd(b.reapers), .events = POLLIN };

                ck_assert_int_eq(poll(&fd, 1, HARNESS_PATIENCE_MSEC), 1);
                n += reapers_collect(b.reapers, b.outcomes + n, 8 - n);
        }
        ck_assert_uint_eq(b.outcomes[0].action, 1);
        ck_assert_uint_eq(b.outcomes[1].action, 3);
        ck_assert_int_eq(b.outcomes[1].kind, OUTCOME_DONE);
        o = reaper_lease_run(&ops, &job, 1);
        ck_assert_int_eq(o.kind, OUTCOME_FOREIGN);
        ck_assert_uint_eq(lease_fixture_value(&b.f, "a/memory.high"), UINT64_MAX);
        atomic_fetch_sub(job.uses, 1);
        bed_done(&b);
}
END_TEST

START_TEST(a_lease_of_another_cgroup_leaves_the_forgotten_one_to_main) {
        GroupFacts *facts;
        uint32_t first, other;
        Bed b;

        bed_init(&b, 1);
        ck_assert_int_eq(run(&b, ACTION_LEASE, LEASE_HIGH, GIB)->kind, OUTCOME_DONE);
        first = lease_ledger_find(b.f.ledger, 3, NULL);
        other = add_group(&b, "b", &facts);
        b.ref = (GroupRef){ other, 1 };
        ck_assert_int_eq(run(&b, ACTION_LEASE, LEASE_HIGH, GIB)->kind, OUTCOME_DONE);
        ck_assert_uint_ne(lease_ledger_find(b.f.ledger, 3, NULL), first);
        ck_assert_int_eq(lease_ledger_state(b.f.ledger, first), CLAIM_ABANDONED);
        ck_assert_uint_eq(lease_ledger_count(b.f.ledger), 2);
        bed_done(&b);
}
END_TEST

START_TEST(without_a_reaper_nothing_is_done_and_nothing_forgotten) {
        Bed b;

        bed_init(&b, 1);
        ck_assert_int_eq(run(&b, ACTION_LEASE, LEASE_HIGH, GIB)->kind, OUTCOME_DONE);
        atomic_store(&hangs, 1);
        ck_assert_uint_eq(order(&b, 1, ACTION_LEASE, LEASE_HIGH, 4096), 0);
        while (sem_wait(&hung) < 0)
                ;
        ck_assert_uint_eq(order(&b, 2, ACTION_RETURN, LEASE_HIGH, 0), 0); /* waits in the queue */
        ck_assert_uint_eq(reapers_check(b.reapers, clock_monotonic_usec() + USEC_PER_MIN), 0);

        ck_assert_uint_eq(kernel_act_take_over(&b.kernel, 1, b.outcomes, 8), 1);
        ck_assert_int_eq(b.outcomes[0].kind, OUTCOME_REFUSED);
        ck_assert_int_eq(b.outcomes[0].error, EBUSY);
        ck_assert_uint_eq(order(&b, 3, ACTION_RETURN, LEASE_HIGH, 0), 1);
        ck_assert_int_eq(b.outcomes[0].error, EBUSY);
        ck_assert_uint_eq(order(&b, 4, ACTION_RECLAIM, LEASE_HIGH, MIB), 1);
        ck_assert_int_eq(b.outcomes[0].error, EBUSY);
        ck_assert_uint_ne(lease_ledger_find(b.f.ledger, 3, NULL), LEDGER_NONE);
        sem_post(&release);
        (void) await(&b);
        bed_done(&b);
}
END_TEST

HARNESS_MAIN("reaper-lease", a_lease_is_taken_stepped_and_given_back,
        somebody_elses_value_stays_and_is_told, a_limit_that_was_set_back_is_said_to_be_renewed,
        what_main_gave_back_is_foreign_to_its_lease, what_main_gave_back_needs_no_file_to_be_over,
        a_lease_that_is_refused_leaves_nothing, what_may_not_be_leased_is_not_tried,
        the_answers_of_reclaim_become_its_outcomes, a_write_that_takes_too_long_is_called_back,
        a_return_that_meets_a_hanging_write_is_refused_and_comes_later,
        a_return_that_overtakes_its_lease_undoes_it,
        a_lease_of_another_cgroup_leaves_the_forgotten_one_to_main,
        without_a_reaper_nothing_is_done_and_nothing_forgotten)
