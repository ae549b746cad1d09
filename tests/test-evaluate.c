/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/evaluate.h"

#include "tests/core-world.h"

static Condition anon_above(World *w, uint64_t bytes) {
        return CONDITION(w, COND_ALL, atom_bytes(METRIC_PROC_ANON, "proc.anon", COMPARE_GT, bytes));
}

/* ---- metrics of a process
 * ---------------------------------------------------------------------------- */

static const struct {
        MetricId metric;
        int64_t value;
        bool known;
} metric_rows[] = {
        { METRIC_PROC_RSS, 1000, true },
        { METRIC_PROC_ANON, 700, true },
        { METRIC_PROC_FILE, 200, true },
        { METRIC_PROC_SHMEM, 100, true },
        { METRIC_PROC_SWAP, 300, true },
        { METRIC_PROC_FREEABLE, 1100, true },
        { METRIC_PROC_STACK, 40, true },
        { METRIC_PROC_STACK_USAGE, 5000, true },
        { METRIC_PROC_GROWTH, 50, true },
        { METRIC_PROC_EXHAUSTION, (int64_t) SEC(2), true },
        { METRIC_PROC_AGE, (int64_t) SEC(90), true },
        { METRIC_PROC_THREADS, 7, true },
        { METRIC_USER_ANON, 0, false },
};

static const ProcFacts some_facts = { .born_usec = SEC(10) };

static ProcSample some_process(void) {
        return (ProcSample){ .facts = &some_facts,
                .rss = 1000,
                .anon = 700,
                .file = 200,
                .shmem = 100,
                .swap = 300,
                .freeable = 1100,
                .stack = 40,
                .stack_limit = 80,
                .growth_known = true,
                .growth = 50,
                .threads = 7,
                .at_usec = SEC(99) };
}

static void set_machine(Sample *s) {
        s->raw.boottime_usec = SEC(100);
        s->raw.at_usec = SEC(100);
        s->raw.mem_total = 10000;
        s->system[METRIC_MEM_AVAILABLE] = (Reading){ .known = true, .value = 60, .total = 10000 };
        s->swap_free_effective = 40;
}

START_TEST(metric_table) {
        World *w = world_new();
        ProcSample p = some_process();
        Reading r;

        set_machine(&w->s);
        r = evaluate_metric(&w->s, metric_rows[_i].metric, &(Instance){ .proc = &p });
        ck_assert_int_eq(r.known, metric_rows[_i].known);
        if (r.known)
                ck_assert_int_eq(r.value, metric_rows[_i].value);
        ck_assert(!evaluate_metric(&w->s, metric_rows[_i].metric, &(Instance){ 0 }).known);
        world_free(w);
}
END_TEST

START_TEST(a_percentage_of_a_process_is_of_all_memory) {
        World *w = world_new();
        ProcSample p = some_process();

        set_machine(&w->s);
        w->s.raw.hugetlb = 5000;
        ck_assert_int_eq(
                evaluate_metric(&w->s, METRIC_PROC_ANON, &(Instance){ .proc = &p }).total, 10000);
        world_free(w);
}
END_TEST

START_TEST(what_has_no_limit_has_no_usage) {
        World *w = world_new();
        ProcSample p = some_process();

        p.stack_limit = UINT64_MAX;
        ck_assert(
                !evaluate_metric(&w->s, METRIC_PROC_STACK_USAGE, &(Instance){ .proc = &p }).known);
        p.stack_limit = 0;
        ck_assert(
                !evaluate_metric(&w->s, METRIC_PROC_STACK_USAGE, &(Instance){ .proc = &p }).known);
        p.growth_known = false;
        ck_assert(!evaluate_metric(&w->s, METRIC_PROC_GROWTH, &(Instance){ .proc = &p }).known);
        ck_assert(!evaluate_metric(&w->s, METRIC_PROC_EXHAUSTION, &(Instance){ .proc = &p }).known);
        p.growth_known = true;
        p.growth = -5;
        w->s.system[METRIC_MEM_AVAILABLE] = (Reading){ .known = true, .value = 60, .total = 10000 };
        ck_assert_int_eq(
                evaluate_metric(&w->s, METRIC_PROC_EXHAUSTION, &(Instance){ .proc = &p }).value,
                INT64_MAX);
        world_free(w);
}
END_TEST

START_TEST(sums_of_users_are_as_old_as_the_processes) {
        World *w = world_new();
        UserSample user = { .anon = 5, .swap = 6, .gained = 7, .growth = -8 };

        w->s.procs_at_usec = SEC(50);
        ck_assert_int_eq(
                evaluate_metric(&w->s, METRIC_USER_ANON, &(Instance){ .user = &user }).value, 5);
        ck_assert_int_eq(
                evaluate_metric(&w->s, METRIC_USER_SWAP, &(Instance){ .user = &user }).value, 6);
        ck_assert_int_eq(
                evaluate_metric(&w->s, METRIC_USER_GAINED, &(Instance){ .user = &user }).value, 7);
        ck_assert_int_eq(
                evaluate_metric(&w->s, METRIC_USER_GROWTH, &(Instance){ .user = &user }).value, -8);
        ck_assert_uint_eq(
                evaluate_metric(&w->s, METRIC_USER_ANON, &(Instance){ .user = &user }).since_usec,
                SEC(50));
        w->s.grace = true;
        ck_assert(!evaluate_metric(&w->s, METRIC_USER_GROWTH, &(Instance){ .user = &user }).known);
        w->s.procs_at_usec = USEC_UNSET;
        ck_assert(!evaluate_metric(&w->s, METRIC_USER_ANON, &(Instance){ .user = &user }).known);
        world_free(w);
}
END_TEST

/* ---- verdicts and instances
 * ----------------------------------------------------------------------------- */

START_TEST(each_matching_process_is_an_instance_largest_first) {
        static const char *const comm = "web*";
        World *w = world_new();
        Policy *p = world_policy(w, "web", WATCH_PROCESS, anon_above(w, MIB(150)));
        MatchSpec spec = { .key_mask = UINT32_C(1) << MATCH_COMM };

        spec.patterns[MATCH_COMM].patterns = &comm;
        spec.patterns[MATCH_COMM].n = 1;
        p->watch_match = (MatchList){ &spec, 1 };
        world_process(w, "web1", MIB(100));
        world_process(w, "other", MIB(900));
        world_process(w, "web2", MIB(300));
        world_process(w, "web3", MIB(200));
        world_process(w, "webzombie", MIB(500))->state = 'Z';
        world_tick(w, 0);
        ck_assert_uint_eq(w->n_verdicts, 3);
        ck_assert_int_eq(w->verdicts[0].proc, 2);
        ck_assert_int_eq(w->verdicts[1].proc, 3);
        ck_assert_int_eq(w->verdicts[2].proc, 0);
        ck_assert_int_eq(w->verdicts[0].when, TRUTH_TRUE);
        ck_assert_int_eq(w->verdicts[1].when, TRUTH_TRUE);
        ck_assert_int_eq(w->verdicts[2].when, TRUTH_FALSE);
        ck_assert_uint_eq(w->verdicts[0].key.slot, 2);
        ck_assert_uint_eq(w->verdicts[0].n_atoms, 1);
        world_free(w);
}
END_TEST

START_TEST(users_are_instances_of_a_user_policy) {
        static const Range people = { 1000, INT64_MAX };
        World *w = world_new();
        Policy *p = world_policy(w, "users", WATCH_USER,
                CONDITION(w, COND_ALL,
                        atom_bytes(METRIC_USER_ANON, "user.anon", COMPARE_GT, MIB(250))));
        MatchSpec spec = { .key_mask = UINT32_C(1) << MATCH_UID };

        spec.ranges[MATCH_UID - _MATCH_PATTERN_MAX].ranges = &people;
        spec.ranges[MATCH_UID - _MATCH_PATTERN_MAX].n = 1;
        p->watch_match = (MatchList){ &spec, 1 };
        for (int i = 0; i < 6; i++)
                world_facts(w, world_process(w, "p", MIB(100)))->uid =
                        (uint32_t[]){ 0, 1000, 1001, 1001, 1001, 0 }[i];
        world_tick(w, 0);
        ck_assert_uint_eq(w->n_verdicts, 2);
        ck_assert_uint_eq(w->verdicts[0].key.uid, 1001);
        ck_assert_int_eq(w->verdicts[0].when, TRUTH_TRUE);
        ck_assert_uint_eq(w->verdicts[1].key.uid, 1000);
        ck_assert_int_eq(w->verdicts[1].when, TRUTH_FALSE);
        world_free(w);
}
END_TEST

START_TEST(an_empty_match_means_every_process) {
        World *w = world_new();

        world_policy(w, "all", WATCH_PROCESS, anon_above(w, MIB(150)));
        for (int i = 0; i < 5; i++)
                world_process(w, "p", MIB(100));
        world_facts(w, &w->procs[3])->kthread = true;
        world_tick(w, 0);
        ck_assert_uint_eq(w->n_verdicts, 4);
        world_free(w);
}
END_TEST

START_TEST(beyond_the_bound_the_smallest_are_left_out_and_counted) {
        World *w = world_new();
        Verdict few[4];
        size_t dropped = 99;

        world_policy(w, "all", WATCH_PROCESS, anon_above(w, MIB(150)));
        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        for (int i = 0; i < 20; i++)
                world_process(w, "p", MIB((uint64_t) (100 + i * 7 % 20)));
        world_tick(w, 0);
        ck_assert_uint_eq(w->n_verdicts, 21);
        ck_assert_uint_eq(evaluate(&w->config, &w->s, NULL, NULL, few, 4, &dropped), 4);
        ck_assert_uint_eq(dropped, 17);
        ck_assert_uint_eq(w->procs[few[0].proc].anon, MIB(119));
        ck_assert_uint_eq(w->procs[few[2].proc].anon, MIB(117));
        ck_assert_int_eq(few[3].key.watch, WATCH_SYSTEM); /* never crowded out */

        w->config.limits.instances = 5;
        ck_assert_uint_eq(
                evaluate(&w->config, &w->s, NULL, NULL, w->verdicts, WORLD_VERDICTS_MAX, NULL), 6);
        world_free(w);
}
END_TEST

START_TEST(clear_is_the_relaxed_condition_turned_round_or_what_is_written) {
        World *w = world_new();
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));

        w->s.raw.mem_available = GIB(16) * 9 / 100; /* neither true nor clear */
        world_tick(w, 0);
        ck_assert_int_eq(w->verdicts[0].when, TRUTH_FALSE);
        ck_assert_int_eq(w->verdicts[0].clear, TRUTH_FALSE);
        w->s.raw.mem_available = GIB(16) * 11 / 100;
        world_tick(w, SEC(1));
        ck_assert_int_eq(w->verdicts[0].clear, TRUTH_TRUE);
        p->clear = CONDITION(
                w, COND_ALL, atom_share(METRIC_MEM_AVAILABLE, "mem.available", COMPARE_GT, 1200));
        world_tick(w, SEC(1));
        ck_assert_int_eq(w->verdicts[0].clear, TRUTH_FALSE);
        w->s.raw.have = 0;
        world_tick(w, SEC(1));
        ck_assert_int_eq(w->verdicts[0].clear, TRUTH_UNKNOWN);
        p->clear = (Condition){ 0 };
        world_tick(w, SEC(1));
        ck_assert_int_eq(w->verdicts[0].clear, TRUTH_UNKNOWN);
        world_free(w);
}
END_TEST

START_TEST(without_swap_a_low_swap_is_true) { /* T89 */
        World *w = world_new();

        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, swap_below(1000)));
        world_policy(w, "free", WATCH_SYSTEM,
                CONDITION(
                        w, COND_ALL, atom_share(METRIC_SWAP_FREE, "swap.free", COMPARE_GT, 1000)));
        world_tick(w, 0);
        ck_assert_int_eq(w->verdicts[0].when, TRUTH_TRUE);
        ck_assert_int_eq(w->verdicts[1].when, TRUTH_FALSE);
        w->s.raw.swap_total = w->s.raw.swap_free = GIB(4);
        world_tick(w, SEC(1));
        ck_assert_int_eq(w->verdicts[0].when, TRUTH_FALSE);
        ck_assert_int_eq(w->verdicts[1].when, TRUTH_TRUE);
        w->s.raw.swap_total = w->s.raw.swap_free = 0;
        world_tick(w, SEC(1));
        ck_assert_int_eq(w->verdicts[0].when, TRUTH_TRUE);
        world_free(w);
}
END_TEST

/* ---- who needs processes, and when
 * ----------------------------------------------------------------------- */

START_TEST(processes_are_read_only_while_a_policy_is_near) {
        World *w = world_new();
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));

        world_tick(w, 0);
        ck_assert(!evaluate_needs_processes(&w->config, &w->s, USEC_UNSET));
        ck_assert(!w->verdicts[0].armed);
        w->s.raw.mem_available = GIB(16) * 15 / 100;
        world_tick(w, SEC(1));
        ck_assert(evaluate_needs_processes(&w->config, &w->s, w->now));
        ck_assert(w->verdicts[0].armed);
        p->steps[0] = (Step){ .kind = STEP_NOTIFY }; /* who only tells needs nobody */
        ck_assert(!evaluate_needs_processes(&w->config, &w->s, w->now));
        world_free(w);
}
END_TEST

START_TEST(a_process_policy_reads_once_a_second) {
        World *w = world_new();

        world_policy(w, "p", WATCH_PROCESS, anon_above(w, MIB(150)));
        world_tick(w, 0);
        ck_assert(evaluate_needs_processes(&w->config, &w->s, USEC_UNSET));
        ck_assert(evaluate_needs_processes(&w->config, &w->s, w->now - SEC(1)));
        ck_assert(!evaluate_needs_processes(&w->config, &w->s, w->now - MSEC(999)));
        world_free(w);
}
END_TEST

START_TEST(a_process_policy_with_a_system_atom_waits_for_the_system) {
        World *w = world_new();

        world_policy(w, "p", WATCH_PROCESS,
                CONDITION(w, COND_ALL, available_below(800),
                        atom_bytes(METRIC_PROC_ANON, "a", COMPARE_GT, MIB(1))));
        world_tick(w, 0);
        ck_assert(!evaluate_needs_processes(&w->config, &w->s, USEC_UNSET));
        w->s.raw.mem_available = GIB(2);
        world_tick(w, SEC(1));
        ck_assert(evaluate_needs_processes(&w->config, &w->s, w->now));
        world_free(w);
}
END_TEST

static usec_t next_tick(World *w, bool busy) {
        return evaluate_next_tick(&w->config, &w->s, w->verdicts, w->n_verdicts, busy);
}

START_TEST(calm_is_slow_and_busy_is_fast) {
        World *w = world_new();

        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        w->s.raw.mem_total = GIB(64);
        w->s.raw.mem_available = GIB(50);
        world_tick(w, 0);
        ck_assert_uint_eq(next_tick(w, false), SEC(5));
        ck_assert_uint_eq(next_tick(w, true), MSEC(50));
        world_free(w);
}
END_TEST

START_TEST(the_nearer_the_sooner) {
        World *w = world_new();
        usec_t before = UINT64_MAX;

        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        for (uint64_t percent = 90; percent >= 9; percent--) {
                usec_t next;

                w->s.raw.mem_available = GIB(16) * percent / 100;
                world_tick(w, SEC(5)); /* as from calm: no fill rate to speak of yet */
                next = next_tick(w, false);
                ck_assert_uint_le(next, before);
                ck_assert_uint_ge(next, MSEC(50));
                before = next;
        }
        ck_assert_uint_le(before, MSEC(700));
        world_free(w);
}
END_TEST

START_TEST(the_worst_that_the_machine_can_do_is_met_half_way) {
        World *w = world_new();

        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        w->s.raw.mem_total = GIB(4);
        w->s.raw.mem_available = GIB(2); /* at 1 GiB/s gone in 2 s */
        world_tick(w, 0);
        ck_assert_uint_eq(next_tick(w, false), SEC(1));
        w->s.raw.swap_total = w->s.raw.swap_free = GIB(4); /* swap gives time */
        world_tick(w, SEC(1));
        ck_assert_uint_eq(next_tick(w, false), SEC(3));
        world_free(w);
}
END_TEST

START_TEST(a_measured_rate_brings_the_next_look_forward) {
        World *w = world_new();

        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        w->s.raw.fill_ceiling = MIB(100);
        for (int i = 0; i < 4; i++) {
                w->s.raw.mem_available -= MIB(500);
                world_tick(w, MSEC(500)); /* 1000 MiB/s */
        }
        ck_assert_uint_ge(next_tick(w, false), SEC(4));
        ck_assert_uint_le(next_tick(w, false), SEC(5));
        w->s.raw.mem_available = GIB(16) * 8 / 100 + MIB(200);
        for (int i = 0; i < 4; i++) {
                w->s.raw.mem_available -= MIB(20);
                world_tick(w, MSEC(20));
        }
        ck_assert_uint_le(next_tick(w, false), MSEC(130));
        world_free(w);
}
END_TEST

START_TEST(all_wait_for_the_last_atom_and_any_for_the_first) {
        World *w = world_new();
        Policy *p = world_policy(w, "host", WATCH_SYSTEM,
                CONDITION(w, COND_ALL, available_below(4900), swap_below(1000)));
        usec_t all;

        w->s.raw.swap_total = w->s.raw.swap_free = GIB(64);
        w->s.raw.mem_available = GIB(8);
        world_tick(w, 0);
        all = next_tick(w, false);
        ck_assert_uint_eq(all, SEC(5));
        p->when = CONDITION(w, COND_ANY, available_below(4900), swap_below(1000));
        world_tick(w, SEC(1));
        ck_assert_uint_lt(next_tick(w, false), SEC(1));
        world_free(w);
}
END_TEST

START_TEST(pressure_alone_is_waited_for_slowly_and_watched_when_near) {
        World *w = world_new();

        world_policy(w, "p", WATCH_SYSTEM,
                CONDITION(w, COND_ALL,
                        atom_pressure(PSI_MEMORY, PSI_SOME, PSI_AVG10, COMPARE_GT, 4000)));
        w->s.raw.fill_ceiling = MIB(100);
        world_tick(w, 0);
        ck_assert_uint_eq(next_tick(w, false), SEC(5));
        w->s.raw.psi[PSI_MEMORY].avg_permyriad[PSI_SOME][0] = 2500;
        world_tick(w, SEC(1));
        ck_assert_uint_eq(next_tick(w, false), MSEC(250));
        world_free(w);
}
END_TEST

START_TEST(waiting_for_pressure_with_little_memory_does_not_spin) {
        World *w = world_new();

        world_policy(w, "p", WATCH_SYSTEM,
                CONDITION(w, COND_ALL, available_below(800),
                        atom_pressure(PSI_MEMORY, PSI_SOME, PSI_1S, COMPARE_GT, 4000)));
        w->s.raw.fill_ceiling = MIB(100);
        w->s.raw.mem_available = GIB(1);
        world_tick(w, 0);
        ck_assert_uint_eq(next_tick(w, false), MSEC(250));
        world_free(w);
}
END_TEST

START_TEST(what_is_true_and_only_told_does_not_spin) {
        World *w = world_new();
        Policy *p = world_policy(
                w, "tell", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(9000)));

        p->steps[0] = (Step){ .kind = STEP_NOTIFY };
        w->s.raw.fill_ceiling = MIB(100);
        world_tick(w, 0);
        ck_assert_int_eq(w->verdicts[0].when, TRUTH_TRUE);
        ck_assert(!w->plan.busy);
        ck_assert_uint_eq(next_tick(w, w->plan.busy), MSEC(250));
        world_free(w);
}
END_TEST

START_TEST(a_process_policy_ticks_once_a_second) {
        World *w = world_new();

        world_policy(w, "p", WATCH_PROCESS, anon_above(w, GIB(150)));
        w->s.raw.fill_ceiling = MIB(100);
        world_process(w, "p", MIB(1));
        world_tick(w, 0);
        ck_assert_uint_eq(next_tick(w, false), SEC(1));
        world_free(w);
}
END_TEST

START_TEST(without_a_measured_ceiling_a_cautious_one_is_assumed) {
        World *w = world_new();

        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        w->s.raw.fill_ceiling = 0;
        world_tick(w, 0);
        ck_assert_uint_eq(next_tick(w, false), SEC(1)); /* 8 GiB at 4 GiB/s, half of it */
        world_free(w);
}
END_TEST

START_TEST(without_memory_readings_the_tick_is_the_longest) {
        World *w = world_new();

        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        w->s.raw.have = 0;
        world_tick(w, 0);
        ck_assert_uint_eq(next_tick(w, false), SEC(5));
        world_free(w);
}
END_TEST

int main(void) {
        const TTest *const tests[] = { a_percentage_of_a_process_is_of_all_memory,
                what_has_no_limit_has_no_usage, sums_of_users_are_as_old_as_the_processes,
                each_matching_process_is_an_instance_largest_first,
                users_are_instances_of_a_user_policy, an_empty_match_means_every_process,
                beyond_the_bound_the_smallest_are_left_out_and_counted,
                clear_is_the_relaxed_condition_turned_round_or_what_is_written,
                without_swap_a_low_swap_is_true, processes_are_read_only_while_a_policy_is_near,
                a_process_policy_reads_once_a_second,
                a_process_policy_with_a_system_atom_waits_for_the_system,
                calm_is_slow_and_busy_is_fast, the_nearer_the_sooner,
                the_worst_that_the_machine_can_do_is_met_half_way,
                a_measured_rate_brings_the_next_look_forward,
                all_wait_for_the_last_atom_and_any_for_the_first,
                pressure_alone_is_waited_for_slowly_and_watched_when_near,
                waiting_for_pressure_with_little_memory_does_not_spin,
                what_is_true_and_only_told_does_not_spin, a_process_policy_ticks_once_a_second,
                without_a_measured_ceiling_a_cautious_one_is_assumed,
                without_memory_readings_the_tick_is_the_longest };
        Suite *s = suite_create("evaluate");
        TCase *tc = tcase_create("evaluate");

        tcase_add_loop_test(
                tc, metric_table, 0, (int) (sizeof(metric_rows) / sizeof(metric_rows[0])));
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
