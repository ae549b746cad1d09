/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/handover.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/fdio.h"
#include "kernel/pidfd.h"
#include "tests/lease-fixture.h"
#include "tests/seat-fixture.h"

#define ACTING (1U << SEAT_ACTING)
#define STANDBY (1U << SEAT_STANDBY)
#define LONG (20 * USEC_PER_SEC)

static LeaseFixture f;
static LeaseLedger *ledger;
static int pidfd;

/* The file is there, and nobody sits. */
static void begin(void) {
        lease_fixture_init(&f);
        f.ledger = lease_ledger_free(f.ledger);
        ck_assert_int_eq(lease_ledger_open(f.path, LEDGER_SHARED, LEASE_BOOT, &ledger), 0);
        pidfd = FD_NONE;
}

static void end(void) {
        pidfd = close_fd(pidfd);
        ledger = lease_ledger_free(ledger);
        lease_fixture_done(&f);
}

static Sitter start(unsigned seats, SitterManner manner) {
        Sitter s = sitter_start(f.path, LEASE_BOOT, seats, manner);

        sitter_wait(&s);
        return s;
}

START_TEST(a_free_seat_is_taken_and_left_again) {
        begin();
        ck_assert(!lease_ledger_acts(ledger));
        ck_assert_int_eq(handover_take(ledger, LONG, &pidfd), 0);
        ck_assert_int_lt(pidfd, 0);
        ck_assert(lease_ledger_acts(ledger));
        ck_assert_int_eq(lease_ledger_sitter(ledger, SEAT_ACTING), 0); /* nobody else */
        lease_ledger_rise(ledger, SEAT_ACTING);
        ck_assert(!lease_ledger_acts(ledger));
        end();
}
END_TEST

START_TEST(who_acts_alone_is_never_asked_to_leave) {
        Sitter daemon, standby;

        begin();
        daemon = start(ACTING, SITTER_ENDS);
        standby = start(STANDBY, SITTER_ENDS); /* is not the one in the way */
        ck_assert(!handover_is_stood_in(ledger));
        ck_assert_int_eq(handover_take(ledger, LONG, &pidfd), -EBUSY);
        ck_assert_int_lt(pidfd, 0);
        ck_assert(sitter_lives(&daemon) && sitter_lives(&standby));
        sitter_finish(&daemon);
        sitter_finish(&standby);
        end();
}
END_TEST

START_TEST(a_standby_that_stands_in_leaves_when_it_is_asked) {
        Sitter s;

        begin();
        s = start(ACTING | STANDBY, SITTER_ENDS);
        ck_assert(handover_is_stood_in(ledger));
        ck_assert_int_eq(handover_take(ledger, LONG, &pidfd), 0);
        ck_assert_int_ge(pidfd, 0);
        ck_assert_int_eq(pidfd_has_ended(pidfd), 1);
        ck_assert(lease_ledger_acts(ledger));
        sitter_kill(&s);
        end();
}
END_TEST

START_TEST(its_seat_is_free_before_it_has_ended) {
        Sitter s;

        begin();
        s = start(ACTING | STANDBY, SITTER_RISES);
        ck_assert_int_eq(handover_take(ledger, LONG, &pidfd), 0);
        ck_assert_int_eq(pidfd_has_ended(pidfd), 0);
        sitter_finish(&s);
        ck_assert_int_eq(pidfd_has_ended(pidfd), 1);
        end();
}
END_TEST

START_TEST(one_that_does_not_leave_is_killed) {
        Sitter s;

        begin();
        s = start(ACTING | STANDBY, SITTER_STAYS);
        ck_assert_int_eq(handover_take(ledger, 20 * USEC_PER_MSEC, &pidfd), 0);
        ck_assert(lease_ledger_acts(ledger));
        sitter_kill(&s); /* takes its end in */
        end();
}
END_TEST

START_TEST(one_that_was_killed_is_told_from_one_that_has_ended) {
        Sitter s;

        begin();
        ck_assert_int_eq(handover_look(ledger, &pidfd), HANDOVER_NOBODY);
        s = start(ACTING, SITTER_ENDS);
        ck_assert_int_eq(handover_look(ledger, &pidfd), HANDOVER_ACTING);
        ck_assert_int_eq(pidfd_has_ended(pidfd), 0);
        sitter_finish(&s);
        ck_assert_int_eq(pidfd_has_ended(pidfd), 1);
        pidfd = close_fd(pidfd);
        ck_assert_int_eq(handover_look(ledger, &pidfd), HANDOVER_NOBODY);

        s = start(ACTING, SITTER_ENDS);
        sitter_kill(&s);
        ck_assert_int_eq(handover_look(ledger, &pidfd), HANDOVER_KILLED);
        ck_assert_int_lt(pidfd, 0);
        end();
}
END_TEST

START_TEST(a_standby_is_told_to_begin_anew_and_nobody_else_is) {
        Sitter daemon, standby;
        int status;

        begin();
        handover_renew(ledger); /* there is none */
        daemon = start(ACTING, SITTER_ENDS);
        standby = start(STANDBY, SITTER_ENDS);
        handover_renew(ledger);
        ck_assert_int_eq(waitpid(standby.pid, &status, 0), standby.pid);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP);
        close_fd(standby.fd);
        ck_assert(sitter_lives(&daemon));
        sitter_finish(&daemon);

        ck_assert_int_eq(lease_ledger_sit(ledger, SEAT_STANDBY), 0);
        handover_renew(ledger); /* the standby that stands in is no standby of itself */
        end();
}
END_TEST

START_TEST(of_a_ledger_that_was_removed_nobody_s_place_is_taken) {
        Sitter s;

        begin();
        s = start(ACTING, SITTER_ENDS);
        sitter_kill(&s);
        fixture_remove(&f.f, "leases");
        ck_assert_int_eq(handover_look(ledger, &pidfd), HANDOVER_NOBODY);
        end();
}
END_TEST

START_TEST(who_is_about_to_leave_is_waited_for_and_nobody_is_asked_to) {
        Sitter passing, daemon;
        int status;

        begin();
        passing = start(ACTING, SITTER_ENDS);
        ck_assert_int_eq(kill(passing.pid, SIGTERM), 0);
        ck_assert_int_eq(handover_wait(ledger, LONG), 0);
        ck_assert_int_eq(waitpid(passing.pid, &status, 0), passing.pid);
        close_fd(passing.fd);
        lease_ledger_rise(ledger, SEAT_ACTING);

        daemon = start(ACTING, SITTER_ENDS);
        ck_assert_int_eq(handover_wait(ledger, 20 * USEC_PER_MSEC), -EBUSY);
        ck_assert(sitter_lives(&daemon));
        sitter_finish(&daemon);
        end();
}
END_TEST

HARNESS_MAIN("handover", a_free_seat_is_taken_and_left_again,
        who_acts_alone_is_never_asked_to_leave, a_standby_that_stands_in_leaves_when_it_is_asked,
        its_seat_is_free_before_it_has_ended, one_that_does_not_leave_is_killed,
        one_that_was_killed_is_told_from_one_that_has_ended,
        a_standby_is_told_to_begin_anew_and_nobody_else_is,
        of_a_ledger_that_was_removed_nobody_s_place_is_taken,
        who_is_about_to_leave_is_waited_for_and_nobody_is_asked_to)
