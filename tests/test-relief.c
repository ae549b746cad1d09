/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reversible steps on the ladder: which is taken, which is left out and why, and what follows.
 */

#include "core/relief.h"
#include "tests/core-ladder.h"

START_TEST(reclaim_that_suffices_harms_nobody) {
        Story *st = ladder_story(GIB(4));
        const Event *e;

        LADDER(&st->w->policies[0],
                (Step){ .kind = STEP_RECLAIM,
                        .amount = { true, true, 1000 },
                        .timeout_usec = SEC(1) },
                ladder_terminate());
        e = story_until(st, EVENT_STEP_TAKEN, SEC(5));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(st->w->plan.actions[0].kind, ACTION_RECLAIM);
        ck_assert_uint_eq(st->w->plan.actions[0].value, GIB(19) / 10 / 4096 * 4096);
        ladder_relax(st);
        e = story_until(st, EVENT_STEP_DONE, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->freed, GIB(19) / 10 / 4096 * 4096);
        e = story_until(st, EVENT_INCIDENT_CLOSED, SEC(1));
        ck_assert_ptr_null(e); /* in the same tick as the outcome */
        ck_assert_int_eq(st->killed, 0);
        ck_assert_uint_eq(st->w->book.freed_total, GIB(19) / 10 / 4096 * 4096);
        story_free(st);
}
END_TEST

START_TEST(what_a_reclaim_brought_is_told_though_the_trouble_is_over_before) {
        Story *st = ladder_story(GIB(4));
        const Event *e;

        LADDER(&st->w->policies[0],
                (Step){ .kind = STEP_RECLAIM,
                        .amount = { true, true, 1000 },
                        .timeout_usec = SEC(10) });
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        st->w->n_outcomes = 0; /* it takes its time */
        ladder_relax(st);
        ck_assert_ptr_nonnull(story_until(st, EVENT_INCIDENT_CLOSED, SEC(2)));
        ck_assert_ptr_null(world_event(st->w, EVENT_STEP_DONE));
        story_answer(st, st->w->book.next_action, OUTCOME_DONE, 0, MIB(300));
        e = story_until(st, EVENT_STEP_DONE, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_RECLAIM);
        ck_assert_uint_eq(e->freed, MIB(300));
        ck_assert_str_eq(e->group.unit, "build.service");
        story_free(st);
}
END_TEST

START_TEST(reclaim_asks_for_no_more_than_there_is) {
        Story *st = ladder_story(MIB(10));
        const Event *e;

        LADDER(&st->w->policies[0],
                (Step){ .kind = STEP_RECLAIM,
                        .amount = { true, false, GIB(1) },
                        .timeout_usec = SEC(1) });
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        ck_assert_uint_eq(st->w->plan.actions[0].value, MIB(10));
        story_free(st);

        st = ladder_story(0);
        LADDER(&st->w->policies[0], (Step){ .kind = STEP_RECLAIM, .amount = { true, true, 1000 } },
                ladder_terminate());
        e = story_until(st, EVENT_STEP_SKIPPED, SEC(5));
        ladder_check_text(e, "it has nothing that could be reclaimed");
        story_free(st);
}
END_TEST

START_TEST(a_reclaim_needs_no_place_among_the_leases) {
        Story *st = ladder_story(GIB(4));

        for (size_t k = 0; k < LEASES_MAX; k++) /* all on their way back, and nobody answers */
                st->w->book.leases.leases[k] = (Lease){ .phase = LEASE_RETURNING,
                        .slot = BUILD + 1,
                        .ordered_usec = st->w->now + SEC(100),
                        .was_held = true };
        LADDER(&st->w->policies[0],
                (Step){ .kind = STEP_RECLAIM,
                        .amount = { true, true, 1000 },
                        .timeout_usec = SEC(1) });
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        ck_assert_int_eq(st->w->plan.actions[0].kind, ACTION_RECLAIM);
        story_free(st);
}
END_TEST

START_TEST(a_reclaim_that_nobody_answers_is_given_up) {
        Story *st = ladder_story(GIB(4));
        const Event *e = NULL;

        LADDER(&st->w->policies[0],
                (Step){ .kind = STEP_RECLAIM,
                        .amount = { true, true, 1000 },
                        .timeout_usec = SEC(1) },
                ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        st->w->n_outcomes = 0; /* it hangs */
        e = story_until(st, EVENT_STEP_FAILED, SEC(2));
        ladder_check_text(e, "there was no answer");
        e = world_event(st->w, EVENT_STEP_TAKEN);
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        story_free(st);
}
END_TEST

START_TEST(a_step_settles_for_its_own_incident_only) {
        Story *st = ladder_story(GIB(5));
        World *w = st->w;
        const InstanceKey system = { .watch = WATCH_SYSTEM };

        w->policies[0].settle_usec = SEC(2);
        LADDER(&w->policies[0], ladder_freeze(), ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ck_assert_uint_gt(incident_not_before(&w->book, 0, &system), w->now);
        ck_assert_uint_eq(incident_not_before(&w->book, 1, &system), 0);
        ck_assert_ptr_null(story_until(st, EVENT_STEP_TAKEN, MSEC(1900)));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, MSEC(300)));
        story_free(st);
}
END_TEST

START_TEST(critical_skips_reversible_steps) {
        Story *st = ladder_story(GIB(5));
        int skipped = 0;
        const Event *e = NULL;

        st->capacity = GIB(15) + MIB(100); /* less than 2 % is left */
        LADDER(&st->w->policies[0], ladder_throttle(9000), ladder_freeze(), ladder_terminate());
        while (!e) {
                story_tick(st, MSEC(50));
                for (size_t k = 0; k < st->w->plan.n_events; k++)
                        if (st->w->plan.events[k].kind == EVENT_STEP_SKIPPED) {
                                ladder_check_text(&st->w->plan.events[k], "no time is left");
                                skipped++;
                        }
                e = world_event(st->w, EVENT_STEP_TAKEN);
        }
        ck_assert_int_eq(skipped, 2);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        ck_assert_uint_eq(st->n_leases, 0);
        story_free(st);
}
END_TEST

START_TEST(freeze_is_returned_before_sigterm) {
        Story *st = ladder_story(GIB(5));
        const Plan *plan = &st->w->plan;
        const Event *e;

        LADDER(&st->w->policies[0], ladder_freeze(), ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ck_assert(ladder_is_frozen(st));
        e = story_until(st, EVENT_STEP_TAKEN, SEC(2));
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(plan->n_actions, 2);
        ck_assert_int_eq(plan->actions[0].kind, ACTION_RETURN);
        ck_assert_int_eq(plan->actions[0].file, LEASE_FREEZE);
        ck_assert_int_eq(plan->actions[1].kind, ACTION_SIGNAL);
        ck_assert_int_eq(plan->actions[1].signo, 15);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(1)));
        story_free(st);
}
END_TEST

START_TEST(throttle_is_returned_before_a_kill_and_freeze_after_it) {
        Story *st = ladder_story(GIB(5));
        const Plan *plan = &st->w->plan;

        LADDER(&st->w->policies[0], ladder_throttle(9500), ladder_freeze(),
                (Step){ .kind = STEP_KILL, .timeout_usec = SEC(5) });
        st->answer[0] = ANSWER_STUCK;
        for (int i = 0; i < 3; i++)
                ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        ck_assert_uint_eq(plan->n_actions, 2);
        ck_assert_int_eq(plan->actions[0].kind, ACTION_RETURN);
        ck_assert_int_eq(plan->actions[0].file, LEASE_HIGH);
        ck_assert_int_eq(plan->actions[1].signo, 9);
        ck_assert(ladder_is_frozen(st));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_FAILED, SEC(6)));
        ck_assert(!ladder_is_frozen(st));
        story_free(st);
}
END_TEST

START_TEST(an_incident_that_reopens_throttles_again_before_it_harms) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        LADDER(&st->w->policies[0], ladder_throttle(9500), ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ladder_relax(st);
        ck_assert_ptr_nonnull(story_until(st, EVENT_LEASE_RETURNED, SEC(2)));
        st->capacity -= GIB(8);
        ck_assert_ptr_nonnull(story_until(st, EVENT_INCIDENT_REOPENED, SEC(2)));
        e = world_event(st->w, EVENT_STEP_TAKEN);
        e = e ? e : story_until(st, EVENT_STEP_TAKEN, SEC(2));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_THROTTLE);
        story_free(st);
}
END_TEST

START_TEST(an_incident_freezes_three_times_at_most) {
        Story *st = ladder_story(GIB(5));
        int frozen = 0;

        LADDER(&st->w->policies[0], ladder_freeze());
        for (int round = 0; round < 5; round++) {
                for (int i = 0; i < 10; i++) {
                        story_tick(st, MSEC(50));
                        frozen += world_event(st->w, EVENT_STEP_TAKEN) != NULL;
                        if (world_event(st->w, EVENT_STEP_SKIPPED))
                                ladder_check_text(world_event(st->w, EVENT_STEP_SKIPPED),
                                        "it was frozen three times in this incident");
                }
                st->capacity += GIB(8);
                story_run(st, SEC(1), MSEC(50));
                st->capacity -= GIB(8);
        }
        ck_assert_int_eq(frozen, 3);
        story_free(st);
}
END_TEST

START_TEST(freeze_is_refused_where_a_shell_would_see_its_jobs_stopped) {
        Story *st = ladder_story(GIB(5));
        ProcSample *shell = story_process(st, "bash", MIB(5), 0, ANSWER_OBEYS);

        world_facts(st->w, shell)->cgroup = "/system.slice/build.service";
        world_facts(st->w, shell)->unit = "build.service";
        world_facts(st->w, shell)->tty_leader = true;
        world_rehash(st->w);
        LADDER(&st->w->policies[0], ladder_freeze());
        ladder_check_text(story_until(st, EVENT_STEP_SKIPPED, SEC(5)),
                "there is no cgroup that may be touched");
        ck_assert_uint_eq(st->n_leases, 0);
        story_free(st);
}
END_TEST

START_TEST(what_is_protected_or_holds_us_is_never_leased) {
        for (int k = 0; k < 2; k++) {
                Story *st = ladder_story(GIB(5));
                static const Range any = { 0, INT64_MAX };
                MatchSpec all = { .key_mask = UINT32_C(1) << MATCH_SIZE };

                all.ranges[MATCH_SIZE - _MATCH_PATTERN_MAX].ranges = &any;
                all.ranges[MATCH_SIZE - _MATCH_PATTERN_MAX].n = 1;
                st->w->group_facts[BUILD].self = k == 0;
                if (k == 1) /* not the cgroup: somebody who lives in it */
                        st->w->config.protect = (MatchList){ &all, 1 };
                LADDER(&st->w->policies[0], ladder_throttle(9500));
                ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_SKIPPED, SEC(5)));
                ck_assert_uint_eq(st->n_leases, 0);
                story_free(st);
        }
}
END_TEST

START_TEST(of_a_process_a_reversible_step_is_left_out) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        st->w->policies[0].targets.kind = TARGET_AUTO;
        LADDER(&st->w->policies[0], ladder_throttle(9500), ladder_terminate());
        ladder_check_text(story_until(st, EVENT_STEP_SKIPPED, SEC(5)), "its target is no cgroup");
        e = world_event(st->w, EVENT_STEP_TAKEN);
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        story_free(st);
}
END_TEST

START_TEST(a_unit_of_too_many_may_be_throttled_whole) {
        Story *st = ladder_story(GIB(5));

        st->w->policies[0].targets.max_victims = 1;
        for (int i = 0; i < 3; i++) {
                ProcSample *p = story_process(st, "cc", MIB(5), 0, ANSWER_OBEYS);

                world_facts(st->w, p)->cgroup = "/system.slice/build.service";
                world_facts(st->w, p)->unit = "build.service";
        }
        world_rehash(st->w);
        LADDER(&st->w->policies[0], ladder_throttle(9500), ladder_terminate());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ck_assert_uint_ne(ladder_high(st), UINT64_MAX);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ck_assert_int_eq(st->killed, 1); /* but only one of them is ended */
        story_free(st);
}
END_TEST

START_TEST(a_dry_run_shows_the_whole_ladder_and_takes_no_lease) {
        Story *st = ladder_story(GIB(5));
        static const StepKind shown[] = { STEP_THROTTLE, STEP_FREEZE, STEP_TERMINATE };

        st->w->dry = true;
        LADDER(&st->w->policies[0], ladder_throttle(9500), ladder_freeze(), ladder_terminate());
        for (size_t i = 0; i < ELEMENTS(shown); i++) {
                const Event *e = story_until(st, EVENT_STEP_TAKEN, SEC(5));

                ck_assert_ptr_nonnull(e);
                ck_assert(e->dry);
                ck_assert_int_eq(e->step, shown[i]);
                ck_assert_uint_eq(ladder_n_leases(st), 0);
        }
        ck_assert_ptr_null(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        story_free(st);
}
END_TEST

/* ---- limits
 * -------------------------------------------------------------------------------------------- */

static Story *limited(uint64_t bytes) {
        static const char *const globs[] = { "*.service" };
        static MatchSpec services;
        Story *st = story_new(GIB(16));
        World *w = st->w;
        Policy *p = world_policy(w, "caps", WATCH_UNIT,
                CONDITION(w, COND_ALL,
                        atom_bytes(METRIC_CGROUP_CURRENT, "cgroup.current", COMPARE_GT, 0)));
        ProcSample *cc;

        services = (MatchSpec){ .key_mask = UINT32_C(1) << MATCH_UNIT };
        services.patterns[MATCH_UNIT].patterns = globs;
        services.patterns[MATCH_UNIT].n = 1;
        p->watch_match = (MatchList){ &services, 1 };
        p->targets.kind = TARGET_UNIT;
        LADDER(p,
                (Step){ .kind = STEP_LIMIT,
                        .amount = { true, false, bytes },
                        .swap_amount = { true, false, 0 } });
        world_unit(w, "/system.slice/build.service", "build.service", 0, UINT64_MAX);
        cc = story_process(st, "cc", MIB(100), 0, ANSWER_OBEYS);
        world_facts(w, cc)->cgroup = "/system.slice/build.service";
        world_facts(w, cc)->unit = "build.service";
        world_rehash(w);
        return st;
}

START_TEST(limit_holds_until_its_policy_goes) {
        Story *st = limited(GIB(2));
        Config empty = { .tick = st->w->config.tick, .limits = st->w->config.limits };
        const Event *e;
        Plan plan;

        e = story_until(st, EVENT_STEP_TAKEN, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_ptr_null(world_event(st->w, EVENT_INCIDENT_OPENED)); /* nothing is wrong */
        e = story_until(st, EVENT_STEP_DONE, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_str_eq(e->group.unit, "build.service");
        story_run(st, SEC(3600), SEC(5));
        ck_assert_uint_eq(st->files[BUILD][LEASE_MAX].now, GIB(2));
        ck_assert_uint_eq(st->files[BUILD][LEASE_SWAP_MAX].now, 0);
        ck_assert_uint_eq(st->n_leases, 2);
        ck_assert(!st->w->plan.busy); /* and nobody need look at it */
        ck_assert_uint_eq(st->w->plan.within_usec, USEC_UNSET);
        ck_assert_uint_eq(evaluate_next_tick(&st->w->config, &st->w->s, st->w->verdicts,
                                  st->w->n_verdicts, st->w->plan.busy),
                SEC(5));

        incident_book_rebase(&st->w->book, &st->w->config, &empty, st->w->now, &plan);
        st->w->config.n_policies = 0;
        ck_assert_ptr_nonnull(story_until(st, EVENT_LEASE_RETURNED, SEC(1)));
        ck_assert_uint_eq(st->files[BUILD][LEASE_MAX].now, UINT64_MAX);
        ck_assert_uint_eq(st->files[BUILD][LEASE_SWAP_MAX].now, UINT64_MAX);
        story_free(st);
}
END_TEST

START_TEST(a_limit_that_was_set_back_is_set_again_and_told_now_and_then) {
        Story *st = limited(GIB(2));
        StoryFile *max = &st->files[BUILD][LEASE_MAX];

        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(1)));
        max->now = UINT64_MAX; /* systemctl daemon-reload */
        ck_assert_ptr_nonnull(story_until(st, EVENT_LEASE_RENEWED, SEC(16)));
        ck_assert_uint_eq(max->now, GIB(2));
        for (int again = 0; again < 20; again++) {
                max->now = UINT64_MAX;
                ck_assert_ptr_null(story_until(st, EVENT_LEASE_RENEWED, SEC(16)));
                ck_assert_uint_eq(max->now, GIB(2));
        }
        story_run(st, SEC(600), SEC(5));
        max->now = UINT64_MAX;
        ck_assert_ptr_nonnull(story_until(st, EVENT_LEASE_RENEWED, SEC(16)));
        ck_assert_uint_eq(ladder_n_leases(st), 2);
        ck_assert_uint_eq(max->old, UINT64_MAX); /* which is what is owed */
        story_free(st);
}
END_TEST

START_TEST(looks_at_what_holds_leave_room_in_a_tick) {
        Story *st = limited(GIB(2)); /* two files */
        size_t n = 0;

        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(1)));
        for (int i = 0; i < 15; i++) {
                story_tick(st, SEC(1));
                ck_assert_uint_le(st->w->plan.n_actions, 1);
                n += st->w->plan.n_actions;
        }
        ck_assert_uint_eq(n, 2);
        story_free(st);
}
END_TEST

START_TEST(what_somebody_else_makes_of_a_limit_stays_and_is_told_soon) {
        Story *st = limited(GIB(2));

        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(1)));
        st->files[BUILD][LEASE_MAX].now = GIB(5); /* systemctl set-property */
        ck_assert_ptr_nonnull(story_until(st, EVENT_LEASE_FOREIGN, SEC(16)));
        story_run(st, SEC(60), SEC(1));
        ck_assert_uint_eq(st->files[BUILD][LEASE_MAX].now, GIB(5));
        ck_assert_uint_eq(st->files[BUILD][LEASE_SWAP_MAX].now, 0); /* nobody touched it */
        story_free(st);
}
END_TEST

START_TEST(a_limit_that_a_reload_changes_is_written_anew) {
        Story *st = limited(GIB(2));
        Policy changed;
        Config other = st->w->config;
        Plan plan;

        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(1)));
        changed = st->w->policies[0];
        changed.steps[0].amount.value = GIB(3);
        other.policies = &changed;
        incident_book_rebase(&st->w->book, &st->w->config, &other, st->w->now, &plan);
        st->w->policies[0] = changed;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(1)));
        ck_assert_uint_eq(st->files[BUILD][LEASE_MAX].now, GIB(3));
        ck_assert_uint_eq(st->files[BUILD][LEASE_MAX].old, UINT64_MAX);
        ck_assert_uint_eq(ladder_n_leases(st), 2);
        story_free(st);
}
END_TEST

START_TEST(a_limit_waits_while_the_kernel_would_kill_for_it) {
        Story *st = limited(MIB(50));
        int told = 0;

        for (int i = 0; i < 50; i++) {
                story_tick(st, MSEC(100));
                told += world_event(st->w, EVENT_STEP_SKIPPED) != NULL;
        }
        ck_assert_int_eq(told, 1);
        ck_assert_uint_eq(st->n_leases, 0);
        process_set(&st->w->procs[0], MIB(48)); /* the next page but a few would be too many */
        ck_assert_ptr_null(story_until(st, EVENT_STEP_TAKEN, SEC(3)));
        process_set(&st->w->procs[0], MIB(40));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(2)));
        story_free(st);
}
END_TEST

START_TEST(a_tighter_limit_is_left_as_it_is) {
        Story *st = limited(GIB(2));

        st->w->group_facts[BUILD].limit_bytes = GIB(1);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(1)));
        story_run(st, SEC(1), MSEC(100));
        ck_assert_uint_eq(st->files[BUILD][LEASE_MAX].now, UINT64_MAX);
        ck_assert_uint_eq(st->files[BUILD][LEASE_SWAP_MAX].now, 0);
        story_free(st);
}
END_TEST

START_TEST(standing_limits_leave_room_for_trouble) {
        Story *st = limited(GIB(2));
        char paths[40][48];
        const Event *e;

        st->w->config.limits.incidents = 1;
        for (int i = 0; i < 40; i++) {
                snprintf(paths[i], sizeof(paths[i]), "/system.slice/u%d.service", i);
                world_unit(st->w, paths[i], strrchr(paths[i], '/') + 1, MIB(1), UINT64_MAX);
                story_process(st, "u", MIB(1), 0, ANSWER_OBEYS);
                st->w->facts[st->w->s.n_procs - 1].cgroup = paths[i];
        }
        story_run(st, SEC(5), MSEC(100));
        ck_assert_uint_eq(ladder_n_leases(st), LEASES_MAX);
        world_policy(
                st->w, "host", WATCH_SYSTEM, CONDITION(st->w, COND_ALL, available_below(9990)));
        e = story_until(st, EVENT_INCIDENT_OPENED, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_str_eq(e->policy, "host");
        story_free(st);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                reclaim_that_suffices_harms_nobody,
                what_a_reclaim_brought_is_told_though_the_trouble_is_over_before,
                reclaim_asks_for_no_more_than_there_is,
                a_reclaim_needs_no_place_among_the_leases,
                a_reclaim_that_nobody_answers_is_given_up,
                a_step_settles_for_its_own_incident_only,
                critical_skips_reversible_steps,
                freeze_is_returned_before_sigterm,
                throttle_is_returned_before_a_kill_and_freeze_after_it,
                an_incident_that_reopens_throttles_again_before_it_harms,
                an_incident_freezes_three_times_at_most,
                freeze_is_refused_where_a_shell_would_see_its_jobs_stopped,
                what_is_protected_or_holds_us_is_never_leased,
                of_a_process_a_reversible_step_is_left_out,
                a_unit_of_too_many_may_be_throttled_whole,
                a_dry_run_shows_the_whole_ladder_and_takes_no_lease,
                limit_holds_until_its_policy_goes,
                a_limit_that_was_set_back_is_set_again_and_told_now_and_then,
                looks_at_what_holds_leave_room_in_a_tick,
                what_somebody_else_makes_of_a_limit_stays_and_is_told_soon,
                a_limit_that_a_reload_changes_is_written_anew,
                a_limit_waits_while_the_kernel_would_kill_for_it,
                a_tighter_limit_is_left_as_it_is,
                standing_limits_leave_room_for_trouble,
        };
        Suite *s = suite_create("relief");
        TCase *tc = tcase_create("relief");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
