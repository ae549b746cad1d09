/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/flight-watch.h"

#include "kernel/pidfd.h"
#include "tests/harness.h"
#include "tests/process-fixture.h"

#include <signal.h>

enum { VICTIMS = 3, CROWD = 70 }; /* more than one batch of poll(2), more than are waited for */

static const LimitsConfig limits = { .processes = 128, .kept = 128, .detailed = 64 };

static Roster *roster;
static FlightWatch watch;
static GroupRoster *groups;
static Plan plan;
static Flight flight;
static Outcome outcomes[2 * CROWD];

static void begin(void) {
        ck_assert_int_eq(roster_new(&limits, &roster), 0);
        flight_watch_init(&watch, roster, groups);
        flight = (Flight){ 0 };
}

static void finish(Victim *v, size_t n) {
        for (size_t i = 0; i < n; i++)
                victim_done(&v[i]);
        roster_free(roster);
}

static void fly(uint64_t action, const Victim *victims, size_t n) {
        flight.active = true;
        flight.action = action;
        flight.n_members = n;
        for (size_t i = 0; i < n; i++) {
                flight.slots[i] = victims[i].slot;
                flight.generations[i] = victims[i].generation;
        }
        flight_watch_follow(&watch, &flight, &plan);
}

static void retire(const Victim *v) {
        RosterListing *listing;

        roster_retire(roster, v->slot);
        listing = roster_begin(roster);
        roster_publish(roster, listing);
        roster_acquire(roster, ROSTER_SENTINEL);
        roster_collect(roster);
}

static void end(const Victim *v) {
        ck_assert_int_eq(pidfd_signal(v->pidfd, SIGKILL), PIDFD_OK);
        ck_assert(victim_has_ended(v, HARNESS_PATIENCE_MSEC));
}

START_TEST(each_end_is_told_once) {
        Victim v[VICTIMS];

        begin();
        for (size_t i = 0; i < VICTIMS; i++)
                victim_start(VICTIM_PLAIN, &v[i]);
        victims_publish(roster, v, VICTIMS);
        fly(7, v, VICTIMS);
        ck_assert_uint_eq(flight_watch_collect(&watch, 1, outcomes, 8), 0);

        end(&v[1]);
        ck_assert_uint_eq(flight_watch_collect(&watch, 2, outcomes, 8), 1);
        ck_assert_int_eq(outcomes[0].kind, OUTCOME_GONE);
        ck_assert_uint_eq(outcomes[0].action, 7);
        ck_assert_uint_eq(outcomes[0].slot, v[1].slot);
        ck_assert_uint_eq(outcomes[0].generation, v[1].generation);
        ck_assert_uint_eq(outcomes[0].at_usec, 2);
        ck_assert_uint_eq(flight_watch_collect(&watch, 3, outcomes, 8), 0);
        finish(v, VICTIMS);
}
END_TEST

START_TEST(one_that_has_ended_is_waited_for_no_more) {
        struct pollfd fds[FLIGHT_WAITED];
        Victim v[VICTIMS];

        begin();
        for (size_t i = 0; i < VICTIMS; i++)
                victim_start(VICTIM_PLAIN, &v[i]);
        victims_publish(roster, v, VICTIMS);
        fly(1, v, VICTIMS);
        ck_assert_uint_eq(flight_watch_poll_fds(&watch, fds), VICTIMS);
        end(&v[0]);
        ck_assert_uint_eq(flight_watch_collect(&watch, 1, outcomes, 8), 1);
        ck_assert_uint_eq(flight_watch_poll_fds(&watch, fds), VICTIMS - 1);
        ck_assert_int_eq(poll(fds, VICTIMS - 1, 0), 0); /* or the sentinel would turn in circles */
        finish(v, VICTIMS);
}
END_TEST

START_TEST(a_crowd_is_told_completely_and_waited_for_in_part) {
        struct pollfd fds[FLIGHT_WAITED];
        Victim v[CROWD];

        begin();
        for (size_t i = 0; i < CROWD; i++)
                victim_start(VICTIM_PLAIN, &v[i]);
        victims_publish(roster, v, CROWD);
        fly(1, v, CROWD);
        ck_assert_uint_eq(flight_watch_poll_fds(&watch, fds), FLIGHT_WAITED);
        for (size_t i = 0; i < CROWD; i++)
                end(&v[i]);
        ck_assert_uint_eq(flight_watch_collect(&watch, 1, outcomes, 10),
                10); /* as much as there is room for */
        ck_assert_uint_eq(flight_watch_collect(&watch, 1, outcomes, 2 * CROWD), CROWD - 10);
        ck_assert_uint_eq(flight_watch_poll_fds(&watch, fds), 0);
        finish(v, CROWD);
}
END_TEST

START_TEST(a_victim_that_leaves_the_roster_is_watched_to_its_end) {
        struct pollfd fds[FLIGHT_WAITED];
        Victim v;

        begin();
        victim_start(VICTIM_PLAIN, &v);
        victims_publish(roster, &v, 1);
        fly(1, &v, 1);
        retire(&v);
        ck_assert_uint_eq(flight_watch_poll_fds(&watch, fds), 1);
        ck_assert_uint_eq(flight_watch_collect(&watch, 1, outcomes, 1), 0);
        end(&v);
        ck_assert_uint_eq(flight_watch_collect(&watch, 2, outcomes, 1), 1);

        flight.active = false;
        flight_watch_follow(&watch, &flight, &plan);
        ck_assert_uint_eq(atomic_load(&roster_slot(roster, v.slot)->reaping), 0);
        roster_collect(roster);
        ck_assert_int_lt(roster_slot(roster, v.slot)->pidfd, 0); /* let go, so it is closed */
        finish(&v, 1);
}
END_TEST

START_TEST(an_escalation_keeps_hold_and_tells_nothing_twice) {
        Victim v[2];

        begin();
        victim_start(VICTIM_PLAIN, &v[0]);
        victim_start(VICTIM_DEAF, &v[1]);
        victims_publish(roster, v, 2);
        fly(1, v, 2);
        end(&v[0]);
        ck_assert_uint_eq(flight_watch_collect(&watch, 1, outcomes, 8), 1);
        fly(2, v, 2); /* SIGKILL to the same */
        ck_assert_uint_eq(atomic_load(&roster_slot(roster, v[1].slot)->reaping), 1);
        ck_assert_uint_eq(flight_watch_collect(&watch, 2, outcomes, 8), 0);
        end(&v[1]);
        ck_assert_uint_eq(flight_watch_collect(&watch, 3, outcomes, 8), 1);
        ck_assert_uint_eq(outcomes[0].action, 2);
        finish(v, 2);
}
END_TEST

START_TEST(a_dead_leader_has_not_ended_while_a_thread_lives) {
        Victim v;

        begin();
        victim_start(VICTIM_HEADLESS, &v);
        victims_publish(roster, &v, 1);
        fly(1, &v, 1);
        ck_assert_uint_eq(flight_watch_collect(&watch, 1, outcomes, 1), 0);
        end(&v);
        ck_assert_uint_eq(flight_watch_collect(&watch, 2, outcomes, 1), 1);
        finish(&v, 1);
}
END_TEST

START_TEST(a_slot_that_is_somebody_else_now_counts_as_ended) {
        Victim v;

        begin();
        victim_start(VICTIM_PLAIN, &v);
        victims_publish(roster, &v, 1);
        v.generation += 1; /* as the judge would name a process that the slot no longer holds */
        fly(1, &v, 1);
        ck_assert_uint_eq(flight_watch_collect(&watch, 1, outcomes, 1), 1);
        ck_assert_int_eq(outcomes[0].kind, OUTCOME_GONE);
        finish(&v, 1);
}
END_TEST

HARNESS_MAIN("flight-watch", each_end_is_told_once, one_that_has_ended_is_waited_for_no_more,
        a_crowd_is_told_completely_and_waited_for_in_part,
        a_victim_that_leaves_the_roster_is_watched_to_its_end,
        an_escalation_keeps_hold_and_tells_nothing_twice,
        a_dead_leader_has_not_ended_while_a_thread_lives,
        a_slot_that_is_somebody_else_now_counts_as_ended)
