/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/standby.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/harness.h"
#include "tests/seat-fixture.h"

#define ACTING (1U << SEAT_ACTING)
#define STANDBY (1U << SEAT_STANDBY)

static Fixture f;
static char path[300], boot_id[BOOT_ID_SIZE];
static Standby standby;

static void begin(void) {
        int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        sigset_t set;

        fixture_init(&f);
        (void) snprintf(path, sizeof(path), "%s/leases", f.path);
        ck_assert_int_eq(lease_ledger_boot_id(proc_fd, boot_id, sizeof(boot_id)), 0);
        close_fd(proc_fd);
        standby = STANDBY_INIT;
        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
}

static void end(void) {
        standby_done(&standby);
        fixture_done(&f);
}

static Sitter start(unsigned seats) {
        Sitter s = sitter_start(path, boot_id, seats, SITTER_STAYS);

        sitter_wait(&s);
        return s;
}

static void never(void *ctx) {
        (void) ctx;
        ck_abort_msg("there was time to refresh");
}

static int wait_for_turn(void) {
        return standby_wait(
                &standby, &(StandbyCare){ .interval_usec = USEC_PER_HOUR, .refresh = never });
}

START_TEST(it_acts_when_the_daemon_was_killed) {
        Sitter daemon;

        begin();
        daemon = start(ACTING);
        ck_assert_int_eq(standby_find(&standby, path), 1);
        ck_assert_int_ge(standby.acting_fd, 0);
        sitter_kill(&daemon);
        ck_assert_int_eq(wait_for_turn(), 1);
        ck_assert_int_eq(lease_ledger_sit(standby.ledger, SEAT_ACTING), 0);
        end();
}
END_TEST

START_TEST(it_acts_at_once_when_the_daemon_was_killed_before) {
        Sitter daemon;

        begin();
        daemon = start(ACTING);
        sitter_kill(&daemon);
        ck_assert_int_eq(standby_find(&standby, path), 1);
        ck_assert_int_eq(wait_for_turn(), 1);
        end();
}
END_TEST

START_TEST(it_ends_when_the_daemon_has_ended) {
        Sitter daemon;

        begin();
        daemon = start(ACTING);
        ck_assert_int_eq(standby_find(&standby, path), 1);
        sitter_finish(&daemon);
        ck_assert_int_eq(wait_for_turn(), 0);
        end();
}
END_TEST

START_TEST(who_was_faster_is_stood_by_for_as_well) {
        Sitter daemon, next;

        begin();
        daemon = start(ACTING);
        ck_assert_int_eq(standby_find(&standby, path), 1);
        next = sitter_start(path, boot_id, ACTING, SITTER_STAYS); /* waits for the seat */
        sitter_kill(&daemon);
        sitter_wait(&next);
        raise(SIGHUP);
        ck_assert_int_eq(wait_for_turn(), 0);
        ck_assert_int_ne(lease_ledger_sitter(standby.ledger, SEAT_ACTING), 0);

        sitter_kill(&next);
        ck_assert_int_eq(wait_for_turn(), 1);
        end();
}
END_TEST

START_TEST(any_signal_ends_the_waiting) {
        static const int signals[] = { SIGHUP, SIGTERM, SIGINT };
        Sitter daemon;

        begin();
        daemon = start(ACTING);
        ck_assert_int_eq(standby_find(&standby, path), 1);
        for (size_t i = 0; i < ELEMENTS(signals); i++) {
                raise(signals[i]);
                ck_assert_int_eq(wait_for_turn(), 0);
        }
        sitter_finish(&daemon);
        end();
}
END_TEST

/* What keeps it from finding one: the find ends with SIGTERM, and SIGHUP before that does not. */
static void ck_assert_finds_nothing(void) {
        raise(SIGHUP);
        raise(SIGTERM);
        ck_assert_int_eq(standby_find(&standby, path), 0);
        ck_assert_ptr_null(standby.ledger);
}

START_TEST(without_a_daemon_there_is_nothing_to_stand_by_for) {
        begin();
        ck_assert_finds_nothing();
        end();
}
END_TEST

START_TEST(after_a_daemon_that_has_ended_neither) {
        Sitter daemon;

        begin();
        daemon = start(ACTING);
        sitter_finish(&daemon);
        ck_assert_finds_nothing();
        end();
}
END_TEST

START_TEST(a_second_standby_finds_nothing) {
        Sitter daemon, first;

        begin();
        daemon = start(ACTING);
        first = start(STANDBY);
        ck_assert_finds_nothing();
        sitter_finish(&first);
        ck_assert_int_eq(standby_find(&standby, path), 1);
        sitter_finish(&daemon);
        end();
}
END_TEST

START_TEST(a_ledger_of_another_boot_is_none) {
        Sitter daemon;

        begin();
        boot_id[0] = boot_id[0] == '0' ? '1' : '0';
        daemon = start(ACTING);
        ck_assert_finds_nothing();
        sitter_finish(&daemon);
        end();
}
END_TEST

static void kill_after_three(void *ctx) {
        static int times;

        if (++times == 3)
                sitter_kill(ctx);
}

START_TEST(it_is_refreshed_while_it_waits) {
        Sitter daemon;

        begin();
        daemon = start(ACTING);
        ck_assert_int_eq(standby_find(&standby, path), 1);
        ck_assert_int_eq(standby_wait(&standby,
                                 &(StandbyCare){ .refresh = kill_after_three, .ctx = &daemon }),
                1);
        end();
}
END_TEST

START_TEST(a_dry_run_has_nobody_stand_in) {
        Sitter s;
        int pidfd;

        begin();
        ck_assert_int_eq(standby_dismiss(path, &pidfd), 0); /* there is no ledger */
        ck_assert_int_lt(pidfd, 0);

        s = sitter_start(path, boot_id, ACTING | STANDBY, SITTER_ENDS);
        sitter_wait(&s);
        ck_assert_int_eq(standby_dismiss(path, &pidfd), 0);
        ck_assert_int_ge(pidfd, 0);
        close_fd(pidfd);
        sitter_kill(&s);
        ck_assert_finds_nothing(); /* nor will the next one */

        s = start(ACTING);
        sitter_kill(&s); /* before there was a standby */
        ck_assert_int_eq(standby_dismiss(path, &pidfd), 0);
        ck_assert_int_lt(pidfd, 0);
        ck_assert_finds_nothing();
        end();
}
END_TEST

START_TEST(but_leaves_a_daemon_alone) {
        Sitter daemon;
        int pidfd;

        begin();
        daemon = start(ACTING);
        ck_assert_int_eq(standby_dismiss(path, &pidfd), -EBUSY);
        ck_assert_int_lt(pidfd, 0);
        ck_assert(sitter_lives(&daemon));
        sitter_finish(&daemon);
        end();
}
END_TEST

HARNESS_MAIN("standby", it_acts_when_the_daemon_was_killed,
        it_acts_at_once_when_the_daemon_was_killed_before, it_ends_when_the_daemon_has_ended,
        who_was_faster_is_stood_by_for_as_well, any_signal_ends_the_waiting,
        without_a_daemon_there_is_nothing_to_stand_by_for, after_a_daemon_that_has_ended_neither,
        a_second_standby_finds_nothing, a_ledger_of_another_boot_is_none,
        it_is_refreshed_while_it_waits, a_dry_run_has_nobody_stand_in, but_leaves_a_daemon_alone)
