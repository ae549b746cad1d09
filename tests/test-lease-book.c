/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What avert changes about cgroups: in steps, watched, and given back in each of the ways in which
 * a lease ends. */

#include "base/macro.h"
#include "core/lease-book.h"
#include "core/throttle.h"
#include "tests/core-ladder.h"

START_TEST(throttle_is_refused_where_nothing_can_be_reclaimed) {
        Story *st = ladder_story(MIB(100));
        const Event *e;

        LADDER(&st->w->policies[0], ladder_throttle(9000), ladder_terminate());
        e = story_until(st, EVENT_STEP_SKIPPED, SEC(5));
        ladder_check_text(e,
                "it would have to give back 1.5 GiB and has only 100 MiB of clean cache, slab and "
                "room in swap");
        ck_assert_str_eq(e->group.unit, "build.service");
        ck_assert_uint_eq(st->n_leases, 0);
        e = story_until(st, EVENT_STEP_DONE, SEC(5)); /* the ladder goes on */
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        story_free(st);
}
END_TEST

START_TEST(throttle_is_granted_where_swap_takes_what_is_to_be_given) {
        Story *st = ladder_story(0);

        st->w->s.raw.swap_total = st->w->s.raw.swap_free = GIB(8);
        LADDER(&st->w->policies[0], ladder_throttle(9000));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        story_free(st);
}
END_TEST

START_TEST(what_grew_since_its_memory_stat_was_read_can_go_to_swap) {
        static const struct {
                const char *name;
                uint64_t current, swap, gives;
        } rows[] = {
                { "all is known", MIB(130), GIB(1), MIB(60) },
                { "grown since", MIB(230), GIB(1), MIB(160) },
                { "grown since, little room in swap", MIB(230), MIB(50), MIB(70) },
                { "grown since, no swap", MIB(230), 0, MIB(20) },
                { "shrunk since", MIB(90), GIB(1), MIB(60) },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const Sample s = { .swap_free_effective = rows[i].swap };
                const GroupSample g = { .has_memory = true,
                        .current = rows[i].current,
                        .anon = MIB(40),
                        .file = MIB(20),
                        .kernel = MIB(70),
                        .unreclaimable_known = true,
                        .unreclaimable = rows[i].current - MIB(20) };
                uint64_t gives;

                ck_assert(throttle_find_gives(&s, &g, &gives));
                ck_assert_msg(gives == rows[i].gives, "%s: %llu", rows[i].name,
                        (unsigned long long) gives);
        }
}
END_TEST

START_TEST(throttle_waits_a_second_for_what_the_cgroup_could_give) {
        Story *st = ladder_story(GIB(5));
        GroupSample *g = &st->w->groups[BUILD];

        LADDER(&st->w->policies[0], ladder_throttle(9000));
        g->stat_at_usec = USEC_UNSET;
        ck_assert_ptr_nonnull(story_until(st, EVENT_INCIDENT_OPENED, SEC(5)));
        story_run(st, MSEC(600), MSEC(50));
        ck_assert_uint_eq(st->n_leases, 0);
        g->stat_at_usec = st->w->now;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, MSEC(100)));
        story_free(st);

        st = ladder_story(GIB(5));
        LADDER(&st->w->policies[0], ladder_throttle(9000), ladder_terminate());
        st->w->groups[BUILD].stat_at_usec = USEC_UNSET;
        ck_assert_ptr_nonnull(story_until(st, EVENT_INCIDENT_OPENED, SEC(5)));
        ladder_check_text(story_until(st, EVENT_STEP_SKIPPED, MSEC(1100)),
                "what it could give back is not known");
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5))); /* the ladder goes on */
        story_free(st);
}
END_TEST

START_TEST(throttle_is_stepped_toward_its_goal) {
        Story *st = ladder_story(GIB(5));
        uint64_t goal = mul_div_u64(GIB(20), 8500, 10000) / 4096 * 4096, last = GIB(20);
        usec_t last_usec = 0;
        const Event *e;

        LADDER(&st->w->policies[0], ladder_throttle(8500));
        e = story_until(st, EVENT_STEP_TAKEN, SEC(5));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_THROTTLE);
        ck_assert_uint_eq(e->value, goal);
        ck_assert_uint_eq(e->lease_usec, SEC(30));
        for (size_t seen = 0; last > goal;) {
                if (st->n_leases == seen) {
                        story_tick(st, MSEC(50));
                        continue;
                }
                ck_assert_int_eq(st->leases[seen].kind, ACTION_LEASE);
                ck_assert_uint_eq(st->leases[seen].lease, 0);
                ck_assert_uint_lt(st->leases[seen].value, last);
                ck_assert_uint_le(last - st->leases[seen].value, GIB(20) / 20 + 4096);
                ck_assert(seen == 0 || st->w->now >= last_usec + MSEC(250));
                last = st->leases[seen++].value;
                last_usec = st->w->now;
                ck_assert_uint_lt(seen, 10);
        }
        ck_assert_uint_eq(last, goal);
        e = story_until(st, EVENT_STEP_DONE, SEC(1));
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(ladder_high(st), goal);
        ck_assert_uint_eq(st->w->book.leases.taken_total, 1);
        story_free(st);
}
END_TEST

START_TEST(a_lower_memory_high_is_never_raised) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        st->w->group_facts[BUILD].high_bytes = GIB(10);
        LADDER(&st->w->policies[0], ladder_throttle(9000), ladder_terminate());
        e = story_until(st, EVENT_STEP_SKIPPED, SEC(5));
        ladder_check_text(e, "a memory.high of 10.0 GiB binds it already");
        ck_assert_uint_eq(st->n_leases, 0);

        story_free(st);
        st = ladder_story(GIB(5));
        st->w->group_facts[BUILD].high_bytes = GIB(19);
        LADDER(&st->w->policies[0], ladder_throttle(9000));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        ck_assert_uint_lt(st->leases[0].value, GIB(19)); /* below it from the first value on */
        story_free(st);
}
END_TEST

/* What was cache has become memory of its own. */
static Story *livelocked(bool with_pressure) {
        Story *st = ladder_story(GIB(5));

        LADDER(&st->w->policies[0], ladder_throttle(9000), ladder_terminate());
        st->w->groups[BUILD].psi_have = with_pressure ? UINT32_C(1) << PSI_MEMORY : 0;
        st->w->groups[BUILD].psi[PSI_MEMORY].has_full = true;
        st->capacity += GIB(8);
        story_run(st, SEC(2), MSEC(100)); /* its pressure windows fill */
        st->capacity -= GIB(8);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        st->w->groups[BUILD].file = 0;
        process_set(&st->w->procs[0], GIB(20));
        st->capacity += GIB(5);
        return st;
}

START_TEST(livelock_returns_the_lease_and_takes_the_next_step) {
        Story *st = livelocked(false);
        usec_t began;
        const Event *e;

        story_tick(st, MSEC(50));
        began = st->w->now;
        e = story_until(st, EVENT_LIVELOCK, SEC(2));
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_le(st->w->now - began, MSEC(1100)); /* one look to begin with, three more */
        ck_assert_int_eq(e->file, LEASE_HIGH);
        ck_assert_int_eq(st->leases[st->n_leases - 1].kind, ACTION_RETURN);
        e = world_event(st->w, EVENT_STEP_TAKEN); /* in the same tick */
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        ck_assert_ptr_nonnull(story_until(st, EVENT_LEASE_RETURNED, SEC(1)));
        ck_assert_uint_eq(ladder_high(st), UINT64_MAX);
        story_free(st);
}
END_TEST

START_TEST(who_sleeps_above_memory_high_is_stuck_between_two_events_as_well) {
        Story *st = livelocked(false);
        usec_t began;

        st->asleep_usec = SEC(2);
        st->w->policies[0].n_steps = 1;
        story_run(st, SEC(2), MSEC(50)); /* until it has met it for the first time */
        began = st->w->now;
        if (!st->w->book.leases.returned_total)
                ck_assert_ptr_nonnull(story_until(st, EVENT_LIVELOCK, SEC(2)));
        ck_assert_uint_le(st->w->now - began, MSEC(1500));
        story_free(st);
}
END_TEST

START_TEST(livelock_of_a_throttle_that_settles_is_not_waited_out) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        LADDER(&st->w->policies[0], ladder_throttle(9900), ladder_terminate());
        st->w->policies[0].settle_usec = SEC(10);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        st->w->groups[BUILD].file = 0;
        process_set(&st->w->procs[0], GIB(20));
        st->capacity += GIB(5);
        ck_assert_ptr_nonnull(story_until(st, EVENT_LIVELOCK, SEC(2)));
        e = world_event(st->w, EVENT_STEP_TAKEN);
        if (!e)
                e = story_until(st, EVENT_STEP_TAKEN, MSEC(100));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        story_free(st);
}
END_TEST

START_TEST(what_stays_above_its_memory_high_is_stuck_though_swap_is_free) {
        Story *st = livelocked(false);

        st->w->s.raw.swap_total = st->w->s.raw.swap_free = GIB(8); /* what it has is locked */
        st->w->policies[0].n_steps = 1;
        ck_assert_ptr_nonnull(story_until(st, EVENT_LIVELOCK, SEC(2)));
        story_free(st);
}
END_TEST

START_TEST(where_its_pressure_is_known_it_tells) {
        Story *st = livelocked(true);
        const Event *e = NULL;

        st->w->policies[0].n_steps = 1;
        for (int i = 0; i < 50 && !e; i++) { /* all of its time is lost */
                st->w->groups[BUILD].psi[PSI_MEMORY].total_usec[PSI_FULL] += MSEC(50);
                story_tick(st, MSEC(50));
                e = world_event(st->w, EVENT_LIVELOCK);
        }
        ck_assert_ptr_nonnull(e);

        story_free(st);
        st = livelocked(true);
        st->w->policies[0].n_steps = 1;
        ck_assert_ptr_null(story_until(st, EVENT_LIVELOCK, SEC(5))); /* none of it is */
        story_free(st);
}
END_TEST

START_TEST(a_cgroup_that_is_held_and_has_cache_to_give_is_no_livelock) {
        Story *st = ladder_story(GIB(5));

        LADDER(&st->w->policies[0], ladder_throttle(9000));
        st->growth[0] = (int64_t) MIB(1);
        ck_assert_ptr_null(story_until(st, EVENT_LIVELOCK, SEC(20)));
        story_free(st);
}
END_TEST

START_TEST(clear_returns_all_leases) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        LADDER(&st->w->policies[0], ladder_throttle(9500), ladder_freeze());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ck_assert(ladder_is_frozen(st));
        ck_assert_uint_ne(ladder_high(st), UINT64_MAX);

        ladder_relax(st);
        ck_assert_ptr_nonnull(story_until(st, EVENT_INCIDENT_CLOSED, SEC(1)));
        ck_assert(!ladder_is_frozen(st)); /* ordered in the same tick */
        ck_assert_uint_eq(ladder_high(st), UINT64_MAX);
        e = story_until(st, EVENT_LEASE_RETURNED, SEC(1));
        ladder_check_text(e, "the trouble is over");
        ck_assert_uint_eq(ladder_n_leases(st), 0);
        ck_assert_uint_eq(st->w->book.leases.returned_total, 2);
        story_free(st);
}
END_TEST

START_TEST(a_deadline_returns_it_though_the_trouble_lasts) {
        Story *st = ladder_story(GIB(5));

        LADDER(&st->w->policies[0], ladder_freeze());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        ladder_check_text(story_until(st, EVENT_LEASE_RETURNED, SEC(6)), "its time is over");
        ck_assert_ptr_null(story_until(st, EVENT_STEP_TAKEN, SEC(10))); /* and not taken again */
        story_free(st);
}
END_TEST

START_TEST(a_machine_that_is_calm_looks_again_before_the_deadline) {
        Story *st = ladder_story(GIB(5));

        LADDER(&st->w->policies[0], ladder_throttle(9900));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ck_assert_uint_le(st->w->plan.within_usec, MSEC(250));
        story_free(st);

        st = ladder_story(GIB(5));
        LADDER(&st->w->policies[0], ladder_freeze());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        story_run(st, SEC(4), MSEC(100));
        ck_assert_uint_le(st->w->plan.within_usec, SEC(1));
        ck_assert_uint_gt(st->w->plan.within_usec, 0);
        story_free(st);
}
END_TEST

START_TEST(a_foreign_value_stays_and_is_told) {
        Story *st = ladder_story(GIB(5));

        LADDER(&st->w->policies[0], ladder_throttle(9500));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        st->files[BUILD][LEASE_HIGH].now = GIB(7); /* systemctl set-property */
        ladder_relax(st);
        ck_assert_ptr_nonnull(story_until(st, EVENT_LEASE_FOREIGN, SEC(2)));
        ck_assert_uint_eq(ladder_high(st), GIB(7));
        ck_assert_uint_eq(ladder_n_leases(st), 0);
        ck_assert_uint_eq(st->w->book.leases.foreign_total, 1);
        story_free(st);
}
END_TEST

START_TEST(a_foreign_value_on_the_way_to_the_goal_ends_the_step) {
        Story *st = ladder_story(GIB(5));
        const Event *e = NULL;

        LADDER(&st->w->policies[0], ladder_throttle(8500));
        while (st->n_leases == 0)
                story_tick(st, MSEC(50));
        st->files[BUILD][LEASE_HIGH].now = GIB(25);
        e = story_until(st, EVENT_STEP_FAILED, SEC(2));
        ladder_check_text(e, "somebody else wants another value");
        ck_assert_uint_eq(ladder_high(st), GIB(25));
        story_free(st);
}
END_TEST

START_TEST(a_replaced_cgroup_drops_the_lease) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        LADDER(&st->w->policies[0], ladder_throttle(9500));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        st->w->groups[BUILD].generation++;
        e = story_until(st, EVENT_LEASE_DROPPED, SEC(2));
        ck_assert_ptr_nonnull(e);
        ck_assert_str_eq(e->group.unit, "build.service");
        ck_assert_uint_eq(st->leases[st->n_leases - 1].groups[0].generation, 1);
        ck_assert_uint_eq(ladder_n_leases(st), 0);
        story_free(st);
}
END_TEST

START_TEST(a_second_incident_does_not_take_a_leased_file) {
        Story *st = ladder_story(GIB(5));
        Policy *other = world_policy(
                st->w, "other", WATCH_SYSTEM, CONDITION(st->w, COND_ALL, available_below(790)));
        const Event *e;

        other->targets.kind = TARGET_UNIT;
        LADDER(&st->w->policies[0], ladder_throttle(9500));
        LADDER(other, ladder_throttle(9000), ladder_freeze());
        e = story_until(st, EVENT_STEP_SKIPPED, SEC(5));
        ladder_check_text(e, "incident 1 holds its memory.high");
        ck_assert_str_eq(e->policy, "other");
        for (size_t k = 0; k < st->n_leases; k++)
                ck_assert_uint_eq(st->leases[k].incident, st->leases[k].file == LEASE_HIGH ? 1 : 2);
        story_free(st);
}
END_TEST

START_TEST(a_refused_order_leaves_no_lease_and_the_ladder_goes_on) {
        Story *st = ladder_story(GIB(5));
        const Event *e;

        st->lease_answer = ANSWER_REFUSED;
        LADDER(&st->w->policies[0], ladder_throttle(9500), ladder_terminate());
        e = story_until(st, EVENT_STEP_FAILED, SEC(5));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_THROTTLE);
        ck_assert_int_eq(e->error, 1);
        ck_assert_uint_eq(ladder_n_leases(st), 0);
        e = world_event(st->w, EVENT_STEP_TAKEN); /* nothing was changed: nothing settles */
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        story_free(st);
}
END_TEST

START_TEST(an_order_that_nobody_answers_is_returned_all_the_same) {
        Story *st = ladder_story(GIB(5));

        st->lease_answer = ANSWER_UNSEEN;
        LADDER(&st->w->policies[0], ladder_freeze());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        story_run(st, SEC(6), MSEC(100));
        ck_assert_uint_eq(st->n_leases, 2);
        ck_assert_int_eq(st->leases[1].kind, ACTION_RETURN);
        story_run(st, SEC(6), MSEC(100));
        ck_assert_uint_eq(st->n_leases, 3); /* and ordered again */
        st->lease_answer = ANSWER_OBEYS;
        story_run(st, SEC(6), MSEC(100));
        ck_assert_uint_eq(ladder_n_leases(st), 0);
        story_free(st);
}
END_TEST

START_TEST(a_return_that_is_refused_is_told_once_and_tried_again) {
        Story *st = ladder_story(GIB(5));
        int told = 0;

        LADDER(&st->w->policies[0], ladder_freeze());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        st->lease_answer = ANSWER_REFUSED;
        for (int i = 0; i < 200; i++) {
                story_tick(st, MSEC(100));
                told += world_event(st->w, EVENT_STEP_FAILED) != NULL;
        }
        ck_assert_int_eq(told, 1);
        st->lease_answer = ANSWER_OBEYS;
        ck_assert_ptr_nonnull(story_until(st, EVENT_LEASE_RETURNED, SEC(6)));
        ck_assert(!ladder_is_frozen(st));
        story_free(st);
}
END_TEST

START_TEST(what_may_have_been_taken_is_not_forgotten_when_its_return_is_refused) {
        Story *st = ladder_story(GIB(5));

        st->lease_answer = ANSWER_UNSEEN; /* who writes it hangs, and may have written it */
        LADDER(&st->w->policies[0], ladder_freeze());
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        st->lease_answer = ANSWER_REFUSED;
        story_run(st, SEC(6), MSEC(100));
        ck_assert_int_eq(st->leases[st->n_leases - 1].kind, ACTION_RETURN);
        ck_assert_uint_eq(ladder_n_leases(st), 1);
        st->lease_answer = ANSWER_OBEYS;
        story_run(st, SEC(6), MSEC(100));
        ck_assert_uint_eq(ladder_n_leases(st), 0);
        ck_assert(!ladder_is_frozen(st));
        story_free(st);
}
END_TEST

START_TEST(an_empty_cgroup_is_given_its_value_back) {
        Story *st = ladder_story(GIB(5));

        LADDER(&st->w->policies[0], ladder_throttle(9500));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        st->w->groups[BUILD].populated = false;
        ladder_check_text(
                story_until(st, EVENT_LEASE_RETURNED, SEC(1)), "nobody lives there any more");
        story_free(st);
}
END_TEST

START_TEST(a_policy_that_is_gone_after_a_reload_returns_its_leases) {
        Story *st = ladder_story(GIB(5));
        Config empty = { .tick = st->w->config.tick, .limits = st->w->config.limits };
        Plan plan;

        LADDER(&st->w->policies[0], ladder_throttle(9500));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        incident_book_rebase(&st->w->book, &st->w->config, &empty, st->w->now, &plan);
        ck_assert_uint_ne(plan.within_usec, USEC_UNSET);
        st->w->config.n_policies = 0;
        ladder_check_text(
                story_until(st, EVENT_LEASE_RETURNED, SEC(1)), "its policy is gone after a reload");
        ck_assert_uint_eq(ladder_high(st), UINT64_MAX);
        story_free(st);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                throttle_is_refused_where_nothing_can_be_reclaimed,
                throttle_is_granted_where_swap_takes_what_is_to_be_given,
                what_grew_since_its_memory_stat_was_read_can_go_to_swap,
                throttle_waits_a_second_for_what_the_cgroup_could_give,
                throttle_is_stepped_toward_its_goal,
                a_lower_memory_high_is_never_raised,
                who_sleeps_above_memory_high_is_stuck_between_two_events_as_well,
                livelock_of_a_throttle_that_settles_is_not_waited_out,
                livelock_returns_the_lease_and_takes_the_next_step,
                what_stays_above_its_memory_high_is_stuck_though_swap_is_free,
                where_its_pressure_is_known_it_tells,
                a_cgroup_that_is_held_and_has_cache_to_give_is_no_livelock,
                clear_returns_all_leases,
                a_deadline_returns_it_though_the_trouble_lasts,
                a_machine_that_is_calm_looks_again_before_the_deadline,
                a_foreign_value_stays_and_is_told,
                a_foreign_value_on_the_way_to_the_goal_ends_the_step,
                a_replaced_cgroup_drops_the_lease,
                a_second_incident_does_not_take_a_leased_file,
                a_refused_order_leaves_no_lease_and_the_ladder_goes_on,
                an_order_that_nobody_answers_is_returned_all_the_same,
                a_return_that_is_refused_is_told_once_and_tried_again,
                what_may_have_been_taken_is_not_forgotten_when_its_return_is_refused,
                an_empty_cgroup_is_given_its_value_back,
                a_policy_that_is_gone_after_a_reload_returns_its_leases,
        };
        Suite *s = suite_create("lease-book");
        TCase *tc = tcase_create("lease-book");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
