/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the engine owes to cgroups, from its start to its end: on a real cgroup of the test's own,
 * under a policy that can do nothing to anybody. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "config/config-load.h"
#include "engine/engine.h"
#include "engine/handover.h"
#include "engine/lease-exchange.h"
#include "kernel/cgroup-limit.h"
#include "tests/cgroup-fixture.h"
#include "tests/seat-fixture.h"

static const char policy_text[] = "version: 1\n"
                                  "policies:\n"
                                  "  - name: nobody\n"
                                  "    watch: { cgroup: /avert-test-nobody/* }\n"
                                  "    when: cgroup.usage > 99%\n"
                                  "    steps: [ notify: warning ]\n";

typedef struct Bed {
        CgroupFixture c;
        Fixture f;
        char path[300], boot_id[BOOT_ID_SIZE];
        int dir, fd;
        Engine *engine;
} Bed;

static void on_event(void *ctx, const Event *e) {
        (void) ctx;
        (void) e;
}

static bool bed_init(Bed *b) {
        if (!cgroup_fixture_init(&b->c))
                return false;
        fixture_init(&b->f);
        b->dir = cgroup_fixture_make(&b->c, b->c.fd, "a");
        ck_assert_int_eq(cgroup_file_open_both_at(b->dir, "cgroup.freeze", &b->fd), CGROUP_OK);
        (void) snprintf(b->path, sizeof(b->path), "%s/leases", b->f.path);
        ck_assert_int_eq(
                lease_ledger_boot_id(b->c.root.proc_fd, b->boot_id, sizeof(b->boot_id)), 0);
        return true;
}

static void bed_done(Bed *b) {
        close_fd(b->fd);
        close_fd(b->dir);
        fixture_done(&b->f);
        cgroup_fixture_done(&b->c);
}

/* As a daemon that was killed leaves it. */
static void freeze_and_leave(Bed *b) {
        LeaseTerms terms = { .file = LEASE_FREEZE };
        LeaseLedger *l;
        struct stat st;
        uint64_t old;

        ck_assert_int_eq(lease_ledger_open(b->path, LEDGER_DAEMON, b->boot_id, &l), 0);
        ck_assert_int_eq(fstat(b->dir, &st), 0);
        terms.inode = st.st_ino;
        (void) snprintf(terms.path, sizeof(terms.path), "/%s/a", b->c.name);
        (void) strcpy(terms.policy, "nobody");
        ck_assert_int_eq(
                lease_exchange_take(&lease_access_kernel,
                        lease_ledger_record(l, lease_ledger_claim(l, 0, &terms)), b->fd, 1, &old),
                EXCHANGE_OK);
        lease_ledger_free(l);
}

static void start_as(Bed *b, bool standby) {
        const EngineOptions options = {
                .leases = b->path, .sink = { .write = on_event }, .standby = standby
        };
        static ConfigErrors errors;
        Config *config;

        ck_assert_int_eq(
                config_load_text("t.yaml", policy_text, sizeof(policy_text) - 1, &config, &errors),
                0);
        ck_assert_int_eq(engine_new(&options, config, &b->engine), 0);
        config_unref(config);
}

static void start(Bed *b) {
        start_as(b, false);
}

static Sitter sit(const Bed *b, unsigned seats) {
        Sitter s = sitter_start(b->path, b->boot_id, seats, SITTER_ENDS);

        sitter_wait(&s);
        return s;
}

/* Before it is started a view is made at once. */
static StandbyState standby(const Bed *b) {
        StandbyState state;

        ck_assert_int_eq(engine_view_request(b->engine, false), 0);
        state = engine_view(b->engine)->standby;
        engine_view_release(b->engine);
        return state;
}

static uint64_t censuses(const Bed *b) {
        uint64_t n;

        ck_assert_int_eq(engine_view_request(b->engine, false), 0);
        n = engine_view(b->engine)->scout.censuses;
        engine_view_release(b->engine);
        return n;
}

static uint64_t frozen(const Bed *b) {
        uint64_t value = 42;

        ck_assert_int_eq(cgroup_value_read_fd(b->fd, &value), CGROUP_OK);
        return value;
}

/* Whether one of the events that wait for main says so. */
static bool was_told(Bed *b, const char *text) {
        Event e;
        bool told = false;

        while (engine_next_event(b->engine, &e))
                told = told || strstr(e.text, text) != NULL;
        return told;
}

START_TEST(what_an_earlier_daemon_left_is_given_back_at_the_start) {
        Bed b;

        if (!bed_init(&b))
                return;
        freeze_and_leave(&b);
        ck_assert_uint_eq(frozen(&b), 1);
        start(&b);
        ck_assert_uint_eq(frozen(&b), 1); /* not before it acts */
        ck_assert_int_eq(engine_start(b.engine), 0);
        ck_assert_uint_eq(frozen(&b), 0);
        ck_assert(was_told(&b, "an earlier avertd left it; it is thawed again"));
        engine_free(b.engine);
        bed_done(&b);
}
END_TEST

START_TEST(what_is_owed_at_the_end_is_given_back_then) {
        Bed b;

        if (!bed_init(&b))
                return;
        freeze_and_leave(&b);
        start(&b); /* has the file, and was not started */
        engine_stop(b.engine);
        ck_assert_uint_eq(frozen(&b), 0);
        engine_free(b.engine);
        bed_done(&b);
}
END_TEST

START_TEST(who_asks_gets_it_back_while_the_daemon_runs) {
        char text[128] = "";
        TextBuf t;
        Bed b;

        if (!bed_init(&b))
                return;
        start(&b);
        ck_assert_int_eq(engine_start(b.engine), 0);
        textbuf_init(&t, text, sizeof(text));
        ck_assert_int_eq(engine_release_leases(b.engine, 0, &t), 0);
        ck_assert_str_eq(text, "0 given back");
        textbuf_init(&t, text, sizeof(text));
        ck_assert_int_eq(engine_release_leases(b.engine, 5, &t), -ENOENT);
        ck_assert_str_eq(text, "there is no lease 5");
        engine_free(b.engine);

        freeze_and_leave(&b);
        start(&b);
        textbuf_init(&t, text, sizeof(text));
        ck_assert_int_eq(engine_release_leases(b.engine, 1, &t), 1);
        ck_assert_str_eq(text, "1 given back");
        ck_assert_uint_eq(frozen(&b), 0);
        engine_free(b.engine);
        bed_done(&b);
}
END_TEST

START_TEST(without_the_file_it_goes_on_and_says_so) {
        Bed b;

        if (!bed_init(&b))
                return;
        (void) snprintf(b.path, sizeof(b.path), "%s/nowhere/leases", b.f.path);
        start(&b);
        ck_assert_int_eq(engine_start(b.engine), 0);
        ck_assert(was_told(&b, "steps that have to be undone are refused"));
        engine_free(b.engine);
        bed_done(&b);
}
END_TEST

START_TEST(a_standby_gives_back_nothing_before_its_turn_comes) {
        Sitter daemon;
        Bed b;

        if (!bed_init(&b))
                return;
        freeze_and_leave(&b);
        daemon = sit(&b, 1U << SEAT_ACTING);
        start_as(&b, true);
        engine_refresh(b.engine);
        engine_free(b.engine);
        ck_assert_uint_eq(frozen(&b), 1);
        ck_assert(sitter_lives(&daemon));
        sitter_finish(&daemon);
        bed_done(&b);
}
END_TEST

START_TEST(when_its_turn_comes_it_gives_back_what_the_killed_one_owed) {
        Sitter daemon;
        int leaving_fd;
        Bed b;

        if (!bed_init(&b))
                return;
        freeze_and_leave(&b);
        daemon = sit(&b, 1U << SEAT_ACTING);
        start_as(&b, true);
        ck_assert_int_eq(engine_take_over(b.engine, &leaving_fd), -EBUSY);
        sitter_kill(&daemon);
        ck_assert_int_eq(engine_take_over(b.engine, &leaving_fd), 0);
        ck_assert_int_lt(leaving_fd, 0);
        ck_assert_int_eq(standby(&b), STANDBY_ACTS);
        ck_assert_int_eq(engine_start(b.engine), 0);
        ck_assert_uint_eq(frozen(&b), 0);
        ck_assert(was_told(&b, "an earlier avertd left it; it is thawed again"));
        engine_free(b.engine);
        bed_done(&b);
}
END_TEST

START_TEST(a_daemon_that_is_back_takes_over_from_its_standby) {
        Sitter standby;
        int leaving_fd;
        Bed b;

        if (!bed_init(&b))
                return;
        freeze_and_leave(&b);
        standby = sit(&b, 1U << SEAT_ACTING | 1U << SEAT_STANDBY);
        start(&b);
        ck_assert(sitter_lives(&standby)); /* as long as the new one is not ready */
        ck_assert_int_eq(engine_take_over(b.engine, &leaving_fd), 0);
        ck_assert_int_ge(leaving_fd, 0);
        close_fd(leaving_fd);
        sitter_kill(&standby);
        ck_assert_int_eq(engine_start(b.engine), 0);
        ck_assert_uint_eq(frozen(&b), 0);
        ck_assert(!was_told(&b, "steps that have to be undone are refused"));
        engine_free(b.engine);
        bed_done(&b);
}
END_TEST

START_TEST(it_knows_whether_there_is_a_standby) {
        Sitter other;
        Bed b;

        if (!bed_init(&b))
                return;
        start(&b);
        ck_assert_int_eq(standby(&b), STANDBY_NONE);
        other = sit(&b, 1U << SEAT_STANDBY);
        ck_assert_int_eq(standby(&b), STANDBY_READY);
        sitter_kill(&other);
        ck_assert_int_eq(standby(&b), STANDBY_NONE);
        engine_free(b.engine);

        (void) snprintf(b.path, sizeof(b.path), "%s/nowhere/leases", b.f.path);
        start(&b);
        ck_assert_int_eq(standby(&b), STANDBY_OFF);
        engine_free(b.engine);
        bed_done(&b);
}
END_TEST

/* Limits that the standby gave back as it left bind nobody any more. */
START_TEST(who_takes_over_looks_anew) {
        int leaving_fd;
        Sitter standby;
        uint64_t n;
        Bed b;

        if (!bed_init(&b))
                return;
        start(&b);
        n = censuses(&b);
        ck_assert_int_eq(engine_take_over(b.engine, &leaving_fd), 0); /* from nobody */
        ck_assert_uint_eq(censuses(&b), n);
        engine_free(b.engine);

        standby = sit(&b, 1U << SEAT_ACTING | 1U << SEAT_STANDBY);
        start(&b);
        n = censuses(&b);
        ck_assert_int_eq(engine_take_over(b.engine, &leaving_fd), 0);
        close_fd(leaving_fd);
        ck_assert_uint_gt(censuses(&b), n);
        sitter_kill(&standby);
        engine_free(b.engine);
        bed_done(&b);
}
END_TEST

START_TEST(of_another_daemon_that_acts_it_keeps_away) {
        Sitter other;
        int leaving_fd;
        Bed b;

        if (!bed_init(&b))
                return;
        freeze_and_leave(&b);
        other = sit(&b, 1U << SEAT_ACTING);
        start(&b);
        ck_assert_int_eq(engine_take_over(b.engine, &leaving_fd), 0);
        ck_assert_int_eq(engine_start(b.engine), 0);
        ck_assert(was_told(&b, "steps that have to be undone are refused"));
        engine_free(b.engine);
        ck_assert_uint_eq(frozen(&b), 1);
        ck_assert(sitter_lives(&other));
        sitter_finish(&other);
        bed_done(&b);
}
END_TEST

/* Another version has another file: of another size, or only with another number in its head. */
static void make_of_another_version(const Bed *b, bool longer) {
        uint32_t version = 9999;
        struct stat st;
        int fd = open(b->path, O_WRONLY | O_CLOEXEC);

        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert_int_eq(ftruncate(fd, st.st_size + (longer ? 4096 : 0)), 0);
        ck_assert_int_eq(pwrite(fd, &version, sizeof(version), 8), sizeof(version));
        close_fd(fd);
}

START_TEST(a_standby_of_another_version_is_asked_to_leave_as_well) {
        for (int longer = 0; longer < 2; longer++) {
                Sitter standby;
                int leaving_fd;
                Bed b;

                if (!bed_init(&b))
                        return;
                standby = sit(&b, 1U << SEAT_ACTING | 1U << SEAT_STANDBY);
                make_of_another_version(&b, longer != 0);
                start(&b);
                ck_assert(sitter_lives(&standby));
                ck_assert_int_eq(engine_take_over(b.engine, &leaving_fd), 0);
                ck_assert_int_ge(leaving_fd, 0);
                close_fd(leaving_fd);
                sitter_kill(&standby);
                ck_assert_int_eq(engine_start(b.engine), 0);
                ck_assert(!was_told(&b, "steps that have to be undone are refused"));
                engine_free(b.engine);
                bed_done(&b);
        }
}
END_TEST

START_TEST(a_standby_does_not_act_on_the_ledger_of_another_version) {
        Sitter daemon;
        int leaving_fd;
        Bed b;

        if (!bed_init(&b))
                return;
        daemon = sit(&b, 1U << SEAT_ACTING);
        start_as(&b, true);
        make_of_another_version(&b, false);
        sitter_kill(&daemon);
        ck_assert_int_eq(engine_take_over(b.engine, &leaving_fd), -ESTALE);
        daemon = sit(&b, 1U << SEAT_ACTING); /* the seat is free */
        sitter_finish(&daemon);
        engine_free(b.engine);
        bed_done(&b);
}
END_TEST

static HandoverState state_left(const Bed *b) {
        LeaseLedger *l;
        HandoverState state;
        int pidfd;

        ck_assert_int_eq(lease_ledger_open(b->path, LEDGER_SHARED, b->boot_id, &l), 0);
        state = handover_look(l, &pidfd);
        lease_ledger_free(l);
        return state;
}

START_TEST(one_that_fails_before_it_acts_is_missing_like_one_that_was_killed) {
        int leaving_fd;
        Bed b;

        if (!bed_init(&b))
                return;
        start(&b);
        ck_assert_int_eq(engine_take_over(b.engine, &leaving_fd), 0);
        engine_free(b.engine);
        ck_assert_int_eq(state_left(&b), HANDOVER_KILLED);

        start(&b);
        ck_assert_int_eq(engine_take_over(b.engine, &leaving_fd), 0);
        ck_assert_int_eq(engine_start(b.engine), 0);
        engine_free(b.engine);
        ck_assert_int_eq(state_left(&b), HANDOVER_NOBODY);
        bed_done(&b);
}
END_TEST

HARNESS_MAIN("engine-leases", what_an_earlier_daemon_left_is_given_back_at_the_start,
        what_is_owed_at_the_end_is_given_back_then, who_asks_gets_it_back_while_the_daemon_runs,
        without_the_file_it_goes_on_and_says_so, a_standby_gives_back_nothing_before_its_turn_comes,
        when_its_turn_comes_it_gives_back_what_the_killed_one_owed,
        a_daemon_that_is_back_takes_over_from_its_standby, it_knows_whether_there_is_a_standby,
        who_takes_over_looks_anew, of_another_daemon_that_acts_it_keeps_away,
        a_standby_of_another_version_is_asked_to_leave_as_well,
        a_standby_does_not_act_on_the_ledger_of_another_version,
        one_that_fails_before_it_acts_is_missing_like_one_that_was_killed)
