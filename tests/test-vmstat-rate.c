/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/vmstat-rate.h"

#include "tests/core-world.h"

typedef struct Counters {
        VmstatRates rates;
        SystemRaw raw;
} Counters;

static Counters counters_new(void) {
        return (Counters){ .raw = { .vmstat_at_usec = SEC(100),
                                   .have = UINT32_C(1) << SOURCE_VMSTAT } };
}

static void step(Counters *c, usec_t later, uint64_t refaults, uint64_t restored) {
        c->raw.vmstat_at_usec += later;
        c->raw.refault_file += refaults;
        c->raw.restore_file += restored;
        vmstat_rates_add(&c->rates, &c->raw);
}

static Reading refaults(const Counters *c) {
        return vmstat_rates_read(&c->rates, VMSTAT_REFAULT_FILE, c->raw.vmstat_at_usec);
}

START_TEST(a_rate_needs_two_points) {
        Counters c = counters_new();

        ck_assert(!refaults(&c).known);
        step(&c, 0, 100, 0);
        ck_assert(!refaults(&c).known);
        step(&c, SEC(1), 300, 0);
        ck_assert(refaults(&c).known);
        ck_assert_int_eq(refaults(&c).value, 300);
        ck_assert_uint_eq(refaults(&c).since_usec, SEC(100));
}
END_TEST

START_TEST(a_rate_covers_three_seconds) {
        Counters c = counters_new();

        for (int i = 0; i < 20; i++)
                step(&c, SEC(1), 0, 0);
        for (int i = 0; i < 3; i++)
                step(&c, SEC(1), 900, 0);
        ck_assert_int_eq(refaults(&c).value, 900);
        step(&c, SEC(1), 0, 0);
        ck_assert_int_eq(refaults(&c).value, 600);
}
END_TEST

START_TEST(the_same_reading_again_changes_nothing) {
        Counters c = counters_new();

        step(&c, 0, 0, 0);
        step(&c, SEC(1), 500, 0);
        for (int i = 0; i < 10; i++)
                step(&c, 0, 0, 0);
        ck_assert_int_eq(refaults(&c).value, 500);
        ck_assert_uint_eq(c.rates.n, 2);
}
END_TEST

START_TEST(counters_that_run_backwards_begin_afresh) {
        Counters c = counters_new();

        step(&c, 0, 1000, 0);
        step(&c, SEC(1), 1000, 0);
        c.raw.refault_file = 5;
        step(&c, SEC(1), 0, 0);
        ck_assert(!refaults(&c).known);
        step(&c, SEC(1), 7, 0);
        ck_assert_int_eq(refaults(&c).value, 7);
}
END_TEST

START_TEST(an_old_reading_is_unknown) {
        Counters c = counters_new();

        step(&c, 0, 0, 0);
        step(&c, SEC(1), 500, 0);
        ck_assert(vmstat_rates_read(&c.rates, VMSTAT_REFAULT_FILE, c.raw.vmstat_at_usec + SEC(15))
                          .known);
        ck_assert(!vmstat_rates_read(&c.rates, VMSTAT_REFAULT_FILE, c.raw.vmstat_at_usec + SEC(16))
                           .known);
        ck_assert_uint_eq(vmstat_rates_restored(&c.rates, c.raw.vmstat_at_usec + SEC(16)), 0);
}
END_TEST

START_TEST(a_missing_source_adds_nothing) {
        Counters c = counters_new();

        step(&c, 0, 0, 0);
        c.raw.have = 0;
        step(&c, SEC(1), 500, 0);
        ck_assert_uint_eq(c.rates.n, 1);
        c.raw.have = c.raw.suspect = source_bit(SOURCE_VMSTAT);
        step(&c, SEC(1), 500, 0);
        ck_assert_uint_eq(c.rates.n, 1);
}
END_TEST

START_TEST(restored_pages_are_those_of_ten_seconds) {
        Counters c = counters_new();

        step(&c, 0, 0, 0);
        step(&c, SEC(2), 0, 100);
        ck_assert_uint_eq(
                vmstat_rates_restored(&c.rates, c.raw.vmstat_at_usec), 100); /* not blown up */
        for (int i = 0; i < 20; i++)
                step(&c, SEC(1), 0, 10);
        ck_assert_uint_eq(vmstat_rates_restored(&c.rates, c.raw.vmstat_at_usec), 100);
        step(&c, SEC(40), 0, 400);
        ck_assert_uint_eq(
                vmstat_rates_restored(&c.rates, c.raw.vmstat_at_usec), 100); /* its share */
}
END_TEST

START_TEST(efficiency_is_what_came_of_scanning) {
        Counters c = counters_new();

        step(&c, 0, 0, 0);
        step(&c, SEC(1), 0, 0);
        ck_assert_int_eq(vmstat_rates_efficiency(&c.rates, c.raw.vmstat_at_usec).value,
                10000); /* nothing to do */
        c.raw.scan += MIB(100);
        c.raw.steal += MIB(20);
        step(&c, SEC(1), 0, 0);
        ck_assert_int_eq(vmstat_rates_efficiency(&c.rates, c.raw.vmstat_at_usec).value, 2000);
        c.raw.steal += MIB(500); /* kswapd may take what others scanned */
        step(&c, SEC(1), 0, 0);
        ck_assert_int_eq(vmstat_rates_efficiency(&c.rates, c.raw.vmstat_at_usec).value, 10000);
}
END_TEST

HARNESS_MAIN("vmstat-rate", a_rate_needs_two_points, a_rate_covers_three_seconds,
        the_same_reading_again_changes_nothing, counters_that_run_backwards_begin_afresh,
        an_old_reading_is_unknown, a_missing_source_adds_nothing,
        restored_pages_are_those_of_ten_seconds, efficiency_is_what_came_of_scanning)
