/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger-steering.h"

#include <string.h>

#include "base/macro.h"
#include "tests/lease-fixture.h"

static Steering asked(void) {
        Steering s = { 0 };
        Ward unit = { .kind = WARD_UNIT, .until_usec = USEC_UNSET, .by_uid = 7 };
        Ward process = { .kind = WARD_PROCESS, .pid = 12, .start_ticks = 34, .until_usec = 99 };

        steering_pause(&s, 1234, 0);
        (void) text_copy(unit.name, sizeof(unit.name), "db.service");
        ck_assert(steering_protect(&s, &unit) && steering_protect(&s, &process));
        return s;
}

START_TEST(what_was_asked_for_is_there_after_a_kill) {
        Steering s = asked(), back = { 0 };
        LeaseFixture f;

        lease_fixture_init(&f);
        ck_assert(!ledger_steering_load(f.ledger, &back)); /* nobody asked for anything */
        ledger_steering_save(f.ledger, &s);
        lease_fixture_reopen(&f);
        ck_assert(ledger_steering_load(f.ledger, &back));
        ck_assert_uint_eq(back.paused_until_usec, 1234);
        ck_assert_uint_eq(back.n_wards, 2);
        ck_assert_str_eq(back.wards[0].name, "db.service");
        ck_assert_uint_eq(back.wards[0].by_uid, 7);
        ck_assert_uint_eq(back.wards[1].start_ticks, 34);
        lease_fixture_done(&f);
}
END_TEST

START_TEST(what_is_half_written_or_spoilt_was_not_asked_for) {
        for (int how = 0; how < 5; how++) {
                Steering s = asked(), back = { .last_id = 77 };
                LedgerSteering *place;
                LeaseFixture f;

                lease_fixture_init(&f);
                if (how == 1)
                        s.n_wards = STEERING_WARDS_MAX + 1;
                if (how == 2)
                        s.wards[1].kind = (WardKind) 9;
                if (how == 3)
                        memset(s.wards[0].name, 'x', sizeof(s.wards[0].name));
                ledger_steering_save(f.ledger, &s);
                place = lease_ledger_steering(f.ledger);
                if (how == 0)
                        atomic_store(&place->seal, 0);
                if (how == 4)
                        place->steering.paused_until_usec++;
                lease_fixture_reopen(&f);
                ck_assert_msg(!ledger_steering_load(f.ledger, &back), "%d", how);
                ck_assert_uint_eq(back.last_id, 77);
                lease_fixture_done(&f);
        }
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                what_was_asked_for_is_there_after_a_kill,
                what_is_half_written_or_spoilt_was_not_asked_for,
        };
        Suite *s = suite_create("ledger-steering");
        TCase *tc = tcase_create("ledger-steering");

        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
