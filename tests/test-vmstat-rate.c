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

static const struct {
        const char *name;
        uint64_t refault_file, refault_anon, major_faults;
        int64_t permyriad;
} mapped_rows[] = {
        { "nothing was read back", 0, 0, 300, 0 },
        { "files are read through again: no fault waits", 76000, 0, 0, 0 },
        { "the same while a program starts", 76000, 0, 200, 842 },
        { "the text of programs comes back, 29 pages with a fault", 1740, 0, 60, 10000 },
        { "half and half", 3200, 0, 50, 5000 },
        { "faults that swapped in are not those of files", 3200, 50, 100, 5000 },
        { "swapping only", 3200, 500, 100, 0 },
};

START_TEST(the_mapped_share_is_what_faults_waited_for) {
        Counters c = counters_new();
        Reading r;

        step(&c, 0, 1000, 0);
        ck_assert(!vmstat_rates_mapped(&c.rates, c.raw.vmstat_at_usec).known);
        c.raw.refault_anon += mapped_rows[_i].refault_anon;
        c.raw.major_faults += mapped_rows[_i].major_faults;
        step(&c, SEC(1), mapped_rows[_i].refault_file, 0);
        r = vmstat_rates_mapped(&c.rates, c.raw.vmstat_at_usec);
        ck_assert_msg(r.known && r.value == mapped_rows[_i].permyriad, "%s: %lld",
                mapped_rows[_i].name, (long long) r.value);
        ck_assert_uint_eq(r.since_usec, SEC(100));
        ck_assert(!vmstat_rates_mapped(&c.rates, c.raw.vmstat_at_usec + SEC(16)).known);
}
END_TEST

int main(void) {
        Suite *s = suite_create("vmstat-rate");
        TCase *tc = tcase_create("vmstat-rate");

        tcase_add_test(tc, a_rate_needs_two_points);
        tcase_add_test(tc, a_rate_covers_three_seconds);
        tcase_add_test(tc, the_same_reading_again_changes_nothing);
        tcase_add_test(tc, counters_that_run_backwards_begin_afresh);
        tcase_add_test(tc, an_old_reading_is_unknown);
        tcase_add_test(tc, a_missing_source_adds_nothing);
        tcase_add_test(tc, restored_pages_are_those_of_ten_seconds);
        tcase_add_loop_test(
                tc, the_mapped_share_is_what_faults_waited_for, 0, (int) ELEMENTS(mapped_rows));
        tcase_add_test(tc, efficiency_is_what_came_of_scanning);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
