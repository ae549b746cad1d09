/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What judging tells of itself: in which order, with which readings, and how much it looks at to
 * say it. */

#include "core/remembered.h"
#include "tests/core-story.h"

static Policy *host_policy(World *w) {
        return world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(1000)));
}

/* A step that ends in the tick in which the trouble is over belongs to the incident. */
START_TEST(an_incident_closes_after_its_last_step_and_counts_what_that_freed) {
        Story *st = story_new(GIB(16));
        Policy *p = host_policy(st->w);
        const Event *closed = NULL, *done = NULL;

        p->clear = CONDITION(st->w, COND_ALL,
                atom_share(METRIC_MEM_AVAILABLE, "mem.available", COMPARE_GT, 1500));
        p->settle_usec = 0;
        story_process(st, "hog", GIB(15), 0, ANSWER_OBEYS);
        for (int i = 0; i < 40 && !closed; i++) {
                story_tick(st, MSEC(50));
                done = world_event(st->w, EVENT_STEP_DONE);
                closed = world_event(st->w, EVENT_INCIDENT_CLOSED);
        }
        ck_assert_ptr_nonnull(closed);
        ck_assert_ptr_nonnull(done); /* in the same tick */
        ck_assert(done < closed);
        ck_assert_uint_ge(closed->freed, GIB(14));
        story_free(st);
}
END_TEST

START_TEST(a_later_step_tells_the_readings_of_its_own_moment) {
        Story *st = story_new(GIB(16));
        Policy *p = host_policy(st->w);
        ProcSample *a = story_process(st, "a", GIB(15), 0, ANSWER_OBEYS);
        const Event *taken;
        char first[256];

        p->steps[0] = (Step){ .kind = STEP_NOTIFY, .level = NOTIFY_WARNING };
        p->steps[1] = (Step){ .kind = STEP_SIGNAL, .signo = 10, .timeout_usec = SEC(5) };
        p->steps[2] = (Step){ .kind = STEP_KILL, .timeout_usec = SEC(5) };
        p->n_steps = 3;
        taken = story_until(st, EVENT_STEP_TAKEN, SEC(2));
        ck_assert_ptr_nonnull(taken);
        memcpy(first, taken->reason, sizeof(first));
        process_set(a, GIB(15) + MIB(500)); /* it goes on while it is asked to shrink */
        taken = story_until(st, EVENT_STEP_TAKEN, SEC(5));
        ck_assert_ptr_nonnull(taken);
        ck_assert_int_eq(taken->signo, 9);
        ck_assert_str_ne(taken->reason, first);
        story_free(st);
}
END_TEST

/* Two policies that rank alike look at everybody once; one that ranks otherwise gets its own. */
START_TEST(policies_that_rank_alike_share_a_ranking) {
        World *w = world_new();
        Policy *a = host_policy(w), *b = host_policy(w);
        MatchSpec spec = { 0 };

        ck_assert(rank_is_same(a, a));
        ck_assert(rank_is_same(a, b));
        b->targets.weight_milli[RANK_SWAP] = 1;
        ck_assert(!rank_is_same(a, b));
        b->targets.weight_milli[RANK_SWAP] = 0;
        b->targets.kind = TARGET_TREE;
        ck_assert(!rank_is_same(a, b));
        b->targets.kind = a->targets.kind;
        b->targets.at_least++;
        ck_assert(!rank_is_same(a, b));
        b->targets.at_least--;
        b->targets.match = (MatchList){ &spec, 1 };
        ck_assert(!rank_is_same(a, b));
        b->targets.match = (MatchList){ 0 };
        b->watch = WATCH_USER;
        ck_assert(!rank_is_same(a, b));
        world_free(w);
}
END_TEST

/* The second policy's step falls on its own favourite, not on that of the ranking before it. */
START_TEST(a_policy_that_ranks_otherwise_takes_its_own_choice) {
        Story *st = story_new(GIB(16));
        ProcSample *small, *swapped;
        Policy *first = host_policy(st->w), *second = host_policy(st->w);

        first->steps[0] = (Step){ .kind = STEP_NOTIFY, .level = NOTIFY_NOTICE };
        memset(second->targets.weight_milli, 0, sizeof(second->targets.weight_milli));
        second->targets.weight_milli[RANK_SWAP] = 1000;
        story_process(st, "large", GIB(12), 0, ANSWER_OBEYS);
        small = story_process(st, "small", GIB(1), 0, ANSWER_OBEYS);
        swapped = story_process(st, "swapped", GIB(2), 0, ANSWER_OBEYS);
        swapped->swap = GIB(4);
        story_run(st, SEC(1), MSEC(100));
        ck_assert(!story_lives(swapped));
        ck_assert(story_lives(small));
        story_free(st);
}
END_TEST

static void remember(World *w, uint64_t class_hash, uint32_t slot, usec_t until) {
        remembered_add(&w->book,
                &(Remembered){ .class_hash = class_hash,
                        .slot = slot,
                        .generation = 1,
                        .until_usec = until,
                        .why = "refused" });
}

START_TEST(a_whole_tree_that_refused_is_remembered_and_forgotten_in_time) {
        World *w = world_new();
        ProcSample *p = world_process(w, "p", MIB(1));

        for (uint32_t i = 0; i < TARGET_MEMBERS_MAX; i++)
                remember(w, 0, i, SEC(100));
        remember(w, 77, 0, SEC(50));
        remember(w, 0, 3, SEC(120)); /* once more: no second entry */
        ck_assert_uint_eq(w->book.n_remembered, TARGET_MEMBERS_MAX + 1);
        ck_assert_ptr_nonnull(remembered_find(&(DecideVeto){ &w->book, SEC(10), 0 }, p));

        remembered_forget(&w->book, SEC(50));
        ck_assert_uint_eq(w->book.n_remembered, TARGET_MEMBERS_MAX);
        remembered_forget(&w->book, SEC(100));
        ck_assert_uint_eq(w->book.n_remembered, 1);
        ck_assert_ptr_null(remembered_find(&(DecideVeto){ &w->book, SEC(101), 0 }, p));
        world_free(w);
}
END_TEST

/* Beyond all bounds the one that would be forgotten first makes room. */
START_TEST(of_too_many_the_one_forgotten_first_makes_room) {
        World *w = world_new();

        for (uint32_t i = 0; i < REMEMBERED_MAX; i++)
                remember(w, 0, i, SEC(100 + i));
        remember(w, 0, REMEMBERED_MAX, SEC(5000));
        ck_assert_uint_eq(w->book.n_remembered, REMEMBERED_MAX);
        ck_assert_uint_eq(w->book.remembered[0].slot, REMEMBERED_MAX);
        ck_assert_uint_eq(w->book.remembered[1].slot, 1);
        world_free(w);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                an_incident_closes_after_its_last_step_and_counts_what_that_freed,
                a_later_step_tells_the_readings_of_its_own_moment,
                policies_that_rank_alike_share_a_ranking,
                a_policy_that_ranks_otherwise_takes_its_own_choice,
                a_whole_tree_that_refused_is_remembered_and_forgotten_in_time,
                of_too_many_the_one_forgotten_first_makes_room,
        };
        Suite *s = suite_create("told");
        TCase *tc = tcase_create("told");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
