/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/core-world.h"

START_TEST(a_leaker_is_terminated_and_the_incident_ends) {
        World *w = world_new();
        ProcSample *hog, *steady;

        world_policy(w, "host", WATCH_SYSTEM,
                CONDITION(w, COND_ALL, available_below(800), swap_below(1000)));
        steady = world_process(w, "steady", GIB(4));
        hog = world_process(w, "hog", MIB(100));
        world_tick(w, MSEC(100));
        ck_assert_uint_eq(w->plan.n_events, 0);

        process_set(hog, GIB(7));
        w->s.raw.mem_available = GIB(1);
        world_tick(w, SEC(1));
        assert_trace(w, "incident-opened step-taken ");
        ck_assert_uint_eq(w->plan.n_actions, 1);
        ck_assert_int_eq(w->plan.actions[0].signo, 15);
        ck_assert_uint_eq(w->plan.actions[0].slots[0], hog->slot);

        world_report(w, &w->plan.actions[0], 0, OUTCOME_GONE, 0);
        world_end(w, hog);
        world_run(w, MSEC(500));
        assert_trace(w, "step-done ");
        world_run(w, SEC(2));
        assert_trace(w, "incident-closed ");
        ck_assert_uint_eq(steady->anon, GIB(4));
        world_free(w);
}
END_TEST

HARNESS_MAIN("decide", a_leaker_is_terminated_and_the_incident_ends)
