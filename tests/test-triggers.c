/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/triggers.h"

#include "tests/harness.h"

#include <unistd.h>

#define SEC USEC_PER_SEC

/* One privileged trigger of 100 ms in a second, armed when total stood at 5 s. */
static Triggers armed(PsiTriggerMode mode) {
        return (Triggers){
                .n = 1,
                .items[0] = {
                        .stall = PSI_STALL_SOME,
                        .psi = { .fd = FD_NONE, .mode = mode, .threshold_usec = SEC / 10, .window_usec = SEC, .baseline_usec = 5 * SEC },
                },
        };
}

static Sample sample_at(usec_t at_usec, uint64_t total_usec) {
        Sample s = { .raw.at_usec = at_usec, .raw.have = source_bit(SOURCE_PSI_MEMORY) };

        s.raw.psi[PSI_MEMORY].total_usec[PSI_SOME] = total_usec;
        return s;
}

static bool check(Triggers *t, usec_t at_usec, uint64_t total_usec, bool fires) {
        Sample s = sample_at(at_usec, total_usec);

        t->items[0].fired = fires;
        return triggers_check(t, &s);
}

START_TEST(a_trigger_that_fires_while_total_stands_still_shows_that_we_are_blinded) {
        Triggers t = armed(PSI_TRIGGER_PRIVILEGED);

        ck_assert(!check(&t, 10 * SEC, 5 * SEC, false));
        ck_assert(!check(&t, 11 * SEC, 5 * SEC, false));
        ck_assert(check(&t, 12 * SEC, 5 * SEC + 100, true));
}
END_TEST

START_TEST(a_trigger_that_fires_with_its_total_is_believed) {
        Triggers t = armed(PSI_TRIGGER_PRIVILEGED);

        ck_assert(!check(&t, 10 * SEC, 5 * SEC, false));
        ck_assert(!check(&t, 11 * SEC, 5 * SEC + SEC / 10, true));
}
END_TEST

/* The total moved early in the window and has stood still for the last tick: no contradiction. */
START_TEST(the_whole_window_counts_not_the_last_tick) {
        Triggers t = armed(PSI_TRIGGER_PRIVILEGED);

        ck_assert(!check(&t, 10 * SEC, 5 * SEC, false));
        for (int i = 1; i <= 18; i++)
                ck_assert(!check(&t, 10 * SEC + (usec_t) i * 50000, 5 * SEC + SEC / 10, false));
        ck_assert(!check(&t, 10 * SEC + 950000, 5 * SEC + SEC / 10, true));
}
END_TEST

START_TEST(before_the_first_sample_the_total_at_arming_counts) {
        Triggers t = armed(PSI_TRIGGER_PRIVILEGED);

        ck_assert(check(&t, 10 * SEC, 5 * SEC, true));
        t = armed(PSI_TRIGGER_PRIVILEGED);
        ck_assert(!check(&t, 10 * SEC, 6 * SEC, true));
}
END_TEST

/* A standby opens them and is not asked for weeks. */
START_TEST(what_fired_before_anybody_asked_is_no_witness) {
        Triggers t = armed(PSI_TRIGGER_PRIVILEGED);

        ck_assert(!check(&t, 10 * SEC, 5 * SEC, false));
        triggers_begin(&t, 100 * SEC);
        ck_assert(!check(&t, 100 * SEC, 5 * SEC, true));
        ck_assert(!check(&t, 101 * SEC - 1, 5 * SEC, true));
        ck_assert(check(&t, 101 * SEC, 5 * SEC, true));
}
END_TEST

START_TEST(a_coarse_trigger_is_no_witness) {
        Triggers t = armed(PSI_TRIGGER_COARSE);

        ck_assert(!check(&t, 10 * SEC, 5 * SEC, true));
}
END_TEST

START_TEST(a_total_that_jumps_back_accuses_nobody) {
        Triggers t = armed(PSI_TRIGGER_PRIVILEGED);

        ck_assert(!check(&t, 10 * SEC, 7 * SEC, false));
        ck_assert(!check(&t, 11 * SEC + 1, 6 * SEC, true));
}
END_TEST

START_TEST(without_a_pressure_reading_the_event_waits_for_the_next) {
        Triggers t = armed(PSI_TRIGGER_PRIVILEGED);
        Sample blank = { .raw.at_usec = 10 * SEC };

        t.items[0].fired = true;
        ck_assert(!triggers_check(&t, &blank));
        ck_assert(t.items[0].fired);
}
END_TEST

START_TEST(one_that_reports_an_error_is_polled_no_more) {
        Triggers t = armed(PSI_TRIGGER_PRIVILEGED);
        struct pollfd fds[TRIGGERS_MAX];
        int ends[2];

        ck_assert_int_eq(pipe(ends), 0);
        t.items[0].psi.fd = ends[1];
        close(ends[0]); /* a pipe that nobody reads: POLLERR, as from a trigger whose group is gone
                         */
        ck_assert_uint_eq(triggers_poll_fds(&t, fds), 1);
        ck_assert_int_eq(poll(fds, 1, 0), 1);
        ck_assert(!triggers_polled(&t, fds, 1));
        ck_assert_uint_eq(triggers_poll_fds(&t, fds), 1);
        ck_assert_int_eq(poll(fds, 1, 0), 0);
        close(ends[1]);
}
END_TEST

START_TEST(a_root_without_pressure_files_leaves_polling) {
        Fixture f;
        SysRoot root = SYSROOT_INIT;
        Triggers t;

        fixture_init(&f);
        fixture_file(&f, "proc/meminfo", "");
        root.proc_fd = f.fd;
        triggers_open(&root, &t);
        ck_assert_uint_eq(t.n, 0);
        ck_assert_int_eq(t.mode, TRIGGER_NONE);
        triggers_done(&t);
        fixture_done(&f);
}
END_TEST

HARNESS_MAIN("triggers", a_trigger_that_fires_while_total_stands_still_shows_that_we_are_blinded,
        a_trigger_that_fires_with_its_total_is_believed, the_whole_window_counts_not_the_last_tick,
        before_the_first_sample_the_total_at_arming_counts,
        what_fired_before_anybody_asked_is_no_witness, a_coarse_trigger_is_no_witness,
        a_total_that_jumps_back_accuses_nobody,
        without_a_pressure_reading_the_event_waits_for_the_next,
        one_that_reports_an_error_is_polled_no_more, a_root_without_pressure_files_leaves_polling)
