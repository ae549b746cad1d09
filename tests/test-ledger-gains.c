/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger-gains.h"

#include "tests/core-world.h"
#include "tests/lease-fixture.h"

/* A large process that holds what it held for minutes, and one that gains, in cgroups of their own.
 */
static World *begin(LeaseFixture *f) {
        World *w = world_new();

        lease_fixture_init(f);
        (void) world_process(w, "steady", GIB(4));
        (void) world_process(w, "leak", MIB(100));
        (void) world_group(w, "/steady", GIB(4));
        (void) world_group(w, "/leak", MIB(100));
        for (int i = 0; i < 90; i++) {
                process_set(&w->procs[1], w->procs[1].anon + MIB(10));
                group_set(&w->groups[1], w->procs[1].anon, 0);
                for (int g = 0; g < 2; g++) {
                        w->groups[g].stat_at_usec = w->now + SEC(1);
                        w->groups[g].shmem = w->groups[g].anon / 4;
                }
                world_tick(w, SEC(1));
                ledger_gains_save(f->ledger, w->history, &w->s);
        }
        return w;
}

static void end(LeaseFixture *f, World *w) {
        lease_fixture_done(f);
        world_free(w);
}

static void tick(World *w, usec_t later) {
        for (size_t g = 0; g < w->s.n_groups; g++)
                w->groups[g].stat_at_usec = w->now + later;
        world_tick(w, later);
}

/* Killed; the next one has other slots for whom it finds, and looks once before it judges. */
static void restart(LeaseFixture *f, World *w, usec_t away) {
        lease_fixture_reopen(f);
        history_free(w->history);
        ck_assert_int_eq(history_new(WORLD_PROCS_MAX, WORLD_GROUPS_MAX, &w->history), 0);
        for (uint32_t i = 0; i < 2; i++) {
                w->procs[i].slot = w->groups[i].slot = 1 - i;
                w->procs[i].generation = w->groups[i].generation = 7;
        }
        tick(w, away);
        ck_assert(!w->procs[0].gained_known && !w->groups[1].gained_known);
        ledger_gains_load(f->ledger, &w->s, w->history);
        tick(w, SEC(1));
}

START_TEST(who_gained_is_known_after_a_kill) {
        LeaseFixture f;
        World *w = begin(&f);
        uint64_t gained = w->procs[1].gained, shmem = w->groups[1].shmem_gained;

        ck_assert_uint_eq(gained, MIB(890));
        restart(&f, w, SEC(2));
        for (int i = 0; i < 2; i++) {
                ck_assert(w->procs[i].gained_known && w->groups[i].gained_known);
                ck_assert_uint_eq(w->procs[i].gained, i == 0 ? 0 : gained);
                ck_assert_uint_eq(w->groups[i].gained, i == 0 ? 0 : gained);
                ck_assert_uint_eq(w->groups[i].shmem_gained, i == 0 ? 0 : shmem);
        }
        end(&f, w);
}
END_TEST

START_TEST(what_is_older_than_an_hour_is_forgotten) {
        LeaseFixture f;
        World *w = begin(&f);

        restart(&f, w, USEC_PER_HOUR + 5 * USEC_PER_MIN);
        for (int i = 0; i < 2; i++) {
                ck_assert(!w->procs[i].gained_known && !w->groups[i].gained_known);
                ck_assert_uint_eq(w->procs[i].gained + w->groups[i].gained, 0);
        }
        end(&f, w);
}
END_TEST

START_TEST(another_one_of_that_number_has_no_part_in_it) {
        LeaseFixture f;
        World *w = begin(&f);

        world_facts(w, &w->procs[1])->start_ticks++;
        world_group_facts(w, &w->groups[1])->inode = 77;
        restart(&f, w, SEC(2));
        ck_assert(w->procs[0].gained_known && w->groups[0].gained_known);
        ck_assert(!w->procs[1].gained_known && !w->groups[1].gained_known);
        ck_assert_uint_eq(w->procs[1].gained + w->groups[1].gained, 0);
        end(&f, w);
}
END_TEST

START_TEST(only_what_changed_is_written_and_who_is_gone_is_taken_out) {
        LeaseFixture f;
        World *w = begin(&f);
        LedgerGain *gains = lease_ledger_gains(f.ledger);
        LedgerGroupGain *groups = lease_ledger_group_gains(f.ledger);
        LedgerGain before = { 0 };

        memcpy(&before, &gains[0], sizeof(before));
        tick(w, SEC(1)); /* it holds more than its minimum */
        ledger_gains_save(f.ledger, w->history, &w->s);
        ck_assert_mem_eq(&before, &gains[0], sizeof(before));
        ck_assert_uint_eq(gains[1].pid, (uint64_t) w->facts[1].pid);
        ck_assert_uint_eq(groups[1].inode, w->group_facts[1].inode);

        w->s.n_procs = w->s.n_groups = 1;
        w->s.procs_fresh = false;
        ledger_gains_save(f.ledger, w->history, &w->s); /* nobody looked for processes */
        ck_assert_uint_ne(gains[1].pid, 0);
        ck_assert_uint_eq(groups[1].inode, 0);
        w->s.procs_fresh = true;
        ledger_gains_save(f.ledger, w->history, &w->s);
        ck_assert_uint_eq(gains[1].pid, 0);
        ck_assert_uint_ne(gains[0].pid, 0);
        end(&f, w);
}
END_TEST

START_TEST(what_was_half_written_is_not_believed) {
        LeaseFixture f;
        World *w = begin(&f);

        lease_ledger_gains(f.ledger)[0].pid = 0;
        restart(&f, w, SEC(2));
        ck_assert(!w->procs[0].gained_known);
        ck_assert(w->procs[1].gained_known);
        end(&f, w);
}
END_TEST

HARNESS_MAIN("ledger-gains", who_gained_is_known_after_a_kill,
        what_is_older_than_an_hour_is_forgotten, another_one_of_that_number_has_no_part_in_it,
        only_what_changed_is_written_and_who_is_gone_is_taken_out,
        what_was_half_written_is_not_believed)
