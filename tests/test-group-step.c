/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/decide.h"

#include "core/class-budget.h"
#include "tests/core-story.h"

/* ---- a machine whose unit leaks
 * ------------------------------------------------------------------------------ */

static const char *const guilty_path = "/system.slice/guilty.service";

static ProcSample *in_unit(Story *st, const char *comm, const char *path, const char *unit,
        uint64_t anon, int64_t growth, Answer answer) {
        ProcSample *p = story_process(st, comm, anon, growth, answer);

        world_facts(st->w, p)->cgroup = path;
        world_facts(st->w, p)->unit = unit;
        world_facts(st->w, p)->uid = 0;
        world_rehash(st->w);
        return p;
}

/* Six workers leak beside a large steady process. */
static Story *leaking_unit(TargetKind kind, Answer answer) {
        Story *st = story_new(GIB(16));
        World *w = st->w;
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));

        p->targets.kind = kind;
        world_unit(w, guilty_path, "guilty.service", 0, UINT64_MAX);
        world_unit(w, "/system.slice/steady.service", "steady.service", 0, UINT64_MAX);
        for (int i = 0; i < 6; i++)
                in_unit(st, "worker", guilty_path, "guilty.service", MIB(100), (int64_t) MIB(50),
                        answer);
        in_unit(st, "steady", "/system.slice/steady.service", "steady.service", GIB(8), 0,
                ANSWER_OBEYS);
        return st;
}

static const char *sentence(const Event *e) {
        static char text[1024];
        TextBuf out;

        ck_assert_ptr_nonnull(e);
        textbuf_init(&out, text, sizeof(text));
        event_print(e, &out);
        return text;
}

START_TEST(a_unit_is_ended_whole_and_its_effect_is_told) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_OBEYS);
        const Event *e = story_until(st, EVENT_STEP_TAKEN, SEC(100));
        const Action *a = &st->w->plan.actions[0];

        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(a->signo, 15);
        ck_assert_uint_eq(a->n_groups, 1);
        ck_assert_uint_eq(a->groups[0].slot, 0);
        ck_assert_uint_eq(a->n_slots, 6);
        ck_assert_uint_eq(e->n_candidates, 2);
        ck_assert_str_eq(e->candidates[0].unit, "guilty.service");
        ck_assert_str_eq(e->candidates[1].unit, "steady.service");
        ck_assert_str_eq(e->group.path, guilty_path);
        ck_assert_msg(strncmp(sentence(e), "sending SIGTERM to guilty.service (6 processes, 6.",
                              strlen("sending SIGTERM to guilty.service (6 processes, 6.")) == 0,
                "%s", sentence(e));

        e = story_until(st, EVENT_STEP_DONE, SEC(5));
        ck_assert_ptr_nonnull(e);
        ck_assert_msg(strncmp(sentence(e), "terminated guilty.service (6 processes, ",
                              strlen("terminated guilty.service (6 processes, ")) == 0,
                "%s", sentence(e));
        ck_assert_uint_ge(e->freed, GIB(6));
        ck_assert(!st->w->book.flight.active);
        ck_assert(story_lives(&st->w->procs[6]));
        ck_assert_int_eq(st->groups_killed, 1);
        story_free(st);
}
END_TEST

START_TEST(what_ignores_sigterm_is_killed_whole) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_KILL_ONLY);

        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_ESCALATED, SEC(100)));
        ck_assert_int_eq(st->w->plan.actions[0].signo, 9);
        ck_assert_uint_eq(st->w->plan.actions[0].n_groups, 1);
        ck_assert(st->w->plan.actions[0].release);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ck_assert_int_eq(st->groups_killed, 1);
        story_free(st);
}
END_TEST

START_TEST(an_end_that_only_the_sample_shows_is_an_end) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_UNSEEN);

        st->group_answer[0] = ANSWER_UNSEEN;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(100)));
        story_free(st);
}
END_TEST

START_TEST(a_cgroup_that_vanished_is_empty) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_KILL_ONLY);

        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(100)));
        for (int i = 0; i < 6; i++)
                story_end(st, &st->w->procs[i]);
        st->w->groups[0].generation++; /* removed, and its slot is another's */
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(2)));
        story_free(st);
}
END_TEST

START_TEST(members_that_nobody_knows_are_waited_for) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_OBEYS);

        for (int i = 0; i < 6; i++) {
                process_set(&st->w->procs[i], MIB(10));
                st->growth[i] = 0;
        }
        /* Nobody can name it, and it does not listen. */
        in_unit(st, "late", guilty_path, "guilty.service", MIB(6500), (int64_t) MIB(50),
                ANSWER_KILL_ONLY)
                ->kept = false;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(100)));
        ck_assert_uint_eq(st->w->plan.actions[0].n_slots, 6);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_ESCALATED, SEC(10)));
        ck_assert_uint_eq(st->w->plan.actions[0].n_slots, 0);
        ck_assert_uint_eq(st->w->plan.actions[0].n_groups, 1);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        story_free(st);
}
END_TEST

/* All that is held is held by one whom nobody can name. */
static Story *with_a_late_member(Answer answer) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_OBEYS);

        for (int i = 0; i < 6; i++) {
                process_set(&st->w->procs[i], MIB(10));
                st->growth[i] = 0;
        }
        in_unit(st, "late", guilty_path, "guilty.service", MIB(6500), (int64_t) MIB(50), answer)
                ->kept = false;
        return st;
}

START_TEST(an_order_that_nobody_could_take_on_is_given_again) {
        static const StepKind steps[] = { STEP_TERMINATE, STEP_KILL };
        Story *st = with_a_late_member(ANSWER_OBEYS);
        usec_t before;

        st->w->policies[0].steps[0].kind = steps[_i];
        st->group_busy = 12; /* longer than a unit needs to come back */
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(100)));
        before = st->w->now;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(5)));
        ck_assert_ptr_null(strstr(st->w->trace, "step-failed"));
        ck_assert_int_eq(st->group_busy, 0);
        ck_assert_int_eq(st->groups_killed, 1);
        ck_assert_uint_le(st->w->now - before, SEC(2)); /* not at the end of grace */
        story_free(st);
}
END_TEST

START_TEST(an_order_that_nobody_ever_takes_on_fails_at_its_deadline) {
        Story *st = with_a_late_member(ANSWER_STUCK);

        st->w->policies[0].steps[0].kind = STEP_KILL;
        st->group_busy = 100000;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(100)));
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_FAILED, SEC(10)));
        story_free(st);
}
END_TEST

START_TEST(a_unit_that_is_started_again_at_once_is_no_failure) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_OBEYS);
        const Event *e;

        st->w->policies[0].steps[0] = (Step){ .kind = STEP_KILL, .timeout_usec = SEC(5) };
        st->group_answer[0] = ANSWER_UNSEEN;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(100)));
        st->w->groups[0].populated = true; /* the same directory, other people */
        in_unit(st, "again", guilty_path, "guilty.service", MIB(5), 0, ANSWER_OBEYS);
        e = story_until(st, EVENT_STEP_DONE, SEC(4));
        ck_assert_ptr_nonnull(e);
        story_free(st);
}
END_TEST

START_TEST(a_cgroup_that_refuses_leaves_it_to_its_members) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_OBEYS);

        st->group_answer[0] = ANSWER_REFUSED;
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(100)));
        ck_assert_int_eq(st->killed, 6);
        story_free(st);
}
END_TEST

START_TEST(a_cgroup_that_refuses_with_all_its_members_is_left_alone) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_REFUSED);
        const Event *e;
        Refusal refusal;

        st->group_answer[0] = ANSWER_REFUSED;
        e = story_until(st, EVENT_STEP_FAILED, SEC(100));
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->error, 1); /* the first that refused */
        refusal =
                decide_veto_group(&(DecideVeto){ &st->w->book, st->w->now, 0 }, &st->w->groups[0]);
        ck_assert_int_eq(refusal, REFUSAL_REMEMBERED);
        e = world_event(st->w, EVENT_STEP_TAKEN); /* the next candidate, at once */
        ck_assert_ptr_nonnull(e);
        ck_assert_str_eq(e->group.unit, "steady.service");
        story_free(st);
}
END_TEST

START_TEST(who_does_not_go_is_stuck_and_remembered_as_a_whole) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_STUCK);

        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_FAILED, SEC(110)));
        ck_assert_int_eq(
                decide_veto_group(&(DecideVeto){ &st->w->book, st->w->now, 0 }, &st->w->groups[0]),
                REFUSAL_REMEMBERED);
        ck_assert_int_eq(
                decide_veto_group(&(DecideVeto){ &st->w->book, st->w->now, 0 }, &st->w->groups[1]),
                REFUSAL_NONE);
        story_free(st);
}
END_TEST

START_TEST(dry_shows_the_unit_and_holds) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_OBEYS);
        const Event *e;

        st->w->dry = true;
        e = story_until(st, EVENT_STEP_TAKEN, SEC(100));
        ck_assert_ptr_nonnull(e);
        ck_assert(e->dry);
        ck_assert_str_eq(e->group.unit, "guilty.service");
        ck_assert_ptr_null(story_until(st, EVENT_STEP_TAKEN, SEC(5)));
        story_free(st);
}
END_TEST

START_TEST(of_too_many_one_is_taken_and_told) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_OBEYS);
        const Event *e;

        st->w->policies[0].targets.max_victims = 5;
        e = story_until(st, EVENT_STEP_TAKEN, SEC(100));
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(st->w->plan.actions[0].n_slots, 1);
        ck_assert_uint_eq(st->w->plan.actions[0].n_groups, 0);
        ck_assert_ptr_nonnull(strstr(e->text,
                "the one that gained most of /system.slice/guilty.service, which holds more than 5 "
                "processes (max_victims)"));
        story_free(st);
}
END_TEST

START_TEST(when_no_unit_may_be_taken_the_best_one_is_named) {
        Story *st = leaking_unit(TARGET_UNIT, ANSWER_OBEYS);
        const Event *e;

        st->w->group_facts[0].self = true;
        st->w->group_facts[1].is_threaded = true;
        e = story_until(st, EVENT_NO_USEFUL_VICTIM, SEC(100));
        ck_assert_ptr_nonnull(e);
        ck_assert_ptr_nonnull(strstr(e->text, "best found: guilty.service (self), would free 6."));
        story_free(st);
}
END_TEST

/* ---- a limited unit
 * ------------------------------------------------------------------------------------ */

static const MatchSpec *unit_glob(const char *glob) {
        static const char *globs[4];
        static MatchSpec specs[4];
        static size_t n;
        size_t at = n++ % 4;

        globs[at] = glob;
        specs[at] = (MatchSpec){ .key_mask = UINT32_C(1) << MATCH_UNIT };
        specs[at].patterns[MATCH_UNIT].patterns = &globs[at];
        specs[at].patterns[MATCH_UNIT].n = 1;
        return &specs[at];
}

static Policy *limit_policy(World *w, TargetKind kind) {
        Policy *p = world_policy(w, "limit", WATCH_UNIT,
                CONDITION(w, COND_ALL,
                        atom_share(METRIC_CGROUP_USAGE, "cgroup.usage", COMPARE_GT, 9000)));

        p->watch_match = (MatchList){ unit_glob("*.service"), 1 };
        p->targets.kind = kind;
        p->targets.at_least_percent = false;
        p->targets.at_least = MIB(4);
        return p;
}

START_TEST(in_a_unit_at_its_limit_the_member_that_gained_goes) {
        Story *st = story_new(GIB(16));
        World *w = st->w;
        const Event *e;

        limit_policy(w, TARGET_PROCESS);
        world_unit(w, guilty_path, "guilty.service", 0, MIB(1000));
        in_unit(st, "main", guilty_path, "guilty.service", MIB(400), 0, ANSWER_OBEYS);
        in_unit(st, "leak", guilty_path, "guilty.service", MIB(10), (int64_t) MIB(20),
                ANSWER_OBEYS);
        in_unit(st, "outside", "/system.slice/big.service", "big.service", MIB(10),
                (int64_t) MIB(100), ANSWER_OBEYS);
        e = story_until(st, EVENT_STEP_TAKEN, SEC(60));
        ck_assert_ptr_nonnull(e);
        ck_assert_str_eq(e->target.comm, "leak");
        ck_assert_str_eq(e->group.path, ""); /* one process is taken, not the unit */
        e = story_until(st, EVENT_STEP_DONE, SEC(5));
        ck_assert_ptr_nonnull(e);
        /* "outside" filled what was freed, but the unit shows the effect */
        ck_assert_uint_ge(e->freed, MIB(400));
        ck_assert(story_lives(&w->procs[0]) && story_lives(&w->procs[2]));
        story_free(st);
}
END_TEST

START_TEST(an_instance_waits_while_one_around_it_acts) {
        Story *st = story_new(GIB(16));
        World *w = st->w;
        const Event *e;

        limit_policy(w, TARGET_PROCESS);
        world_unit(w, guilty_path, "guilty.service", 0, MIB(1000));
        world_unit(w, "/system.slice/guilty.service/sub", "sub.service", 0, MIB(1000));
        in_unit(st, "leak", "/system.slice/guilty.service/sub", "sub.service", MIB(10),
                (int64_t) MIB(100), ANSWER_STUCK);
        in_unit(st, "beside", guilty_path, "guilty.service", MIB(8), 0, ANSWER_OBEYS);
        e = story_until(st, EVENT_STEP_TAKEN, SEC(60));
        ck_assert_ptr_nonnull(e);
        for (size_t k = 0; k < INCIDENTS_MAX; k++)
                if (w->book.incidents[k].used && w->book.incidents[k].key.slot == 1)
                        ck_assert_uint_eq(w->book.incidents[k].n_steps_taken, 0);
        ck_assert_ptr_null(story_until(st, EVENT_INCIDENT_CLOSED, SEC(1)));
        story_free(st);
}
END_TEST

/* ---- budgets
 * --------------------------------------------------------------------------------------- */

START_TEST(what_comes_back_costs_its_parent_then_its_unit) {
        Story *st = story_new(GIB(16));
        World *w = st->w;
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        ProcSample *boss;
        const Event *e = NULL;

        p->budget_count = 1;
        p->budget_window_usec = 600 * USEC_PER_SEC;
        p->on_budget = ON_BUDGET_WIDEN;
        world_unit(w, guilty_path, "guilty.service", 0, UINT64_MAX);
        boss = in_unit(st, "boss", guilty_path, "guilty.service", MIB(1), 0, ANSWER_OBEYS);
        for (int round = 0; round < 3; round++) {
                ProcSample *child = in_unit(st, "child", guilty_path, "guilty.service", GIB(1),
                        (int64_t) GIB(2), ANSWER_OBEYS);

                if (!story_lives(boss)) /* its manager starts it again */
                        boss = in_unit(
                                st, "boss", guilty_path, "guilty.service", MIB(1), 0, ANSWER_OBEYS);
                world_facts(w, child)->ppid = world_facts(w, boss)->pid;
                w->groups[0].populated = true;
                e = story_until(st, EVENT_STEP_TAKEN, SEC(20));
                ck_assert_ptr_nonnull(e);
                ck_assert_int_eq(e->group.path[0] != '\0', round == 2);
                ck_assert_uint_eq(e->n_members, round == 0 ? 1 : 2);
                ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(8)));
                story_run(st, SEC(30), MSEC(500));
        }
        story_free(st);
}
END_TEST

START_TEST(a_budget_counts_each_size_of_target_apart) {
        World *w = world_new();
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(1)));

        p->budget_count = 1;
        p->budget_window_usec = SEC(600);
        class_budget_count(&w->book, p, 0, 77, TARGET_UNIT, SEC(10));
        ck_assert(class_budget_is_spent(&w->book, p, 0, 77, TARGET_UNIT, SEC(11)));
        ck_assert(class_budget_is_spent(&w->book, p, 0, 77, TARGET_CGROUP, SEC(11)));
        ck_assert(!class_budget_is_spent(&w->book, p, 0, 77, TARGET_TREE, SEC(11)));
        ck_assert(!class_budget_is_spent(&w->book, p, 0, 77, TARGET_PROCESS, SEC(11)));
        world_free(w);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                a_unit_is_ended_whole_and_its_effect_is_told,
                what_ignores_sigterm_is_killed_whole,
                an_end_that_only_the_sample_shows_is_an_end,
                a_cgroup_that_vanished_is_empty,
                members_that_nobody_knows_are_waited_for,
                an_order_that_nobody_ever_takes_on_fails_at_its_deadline,
                a_unit_that_is_started_again_at_once_is_no_failure,
                a_cgroup_that_refuses_leaves_it_to_its_members,
                a_cgroup_that_refuses_with_all_its_members_is_left_alone,
                who_does_not_go_is_stuck_and_remembered_as_a_whole,
                dry_shows_the_unit_and_holds,
                of_too_many_one_is_taken_and_told,
                when_no_unit_may_be_taken_the_best_one_is_named,
                in_a_unit_at_its_limit_the_member_that_gained_goes,
                an_instance_waits_while_one_around_it_acts,
                what_comes_back_costs_its_parent_then_its_unit,
                a_budget_counts_each_size_of_target_apart,
        };
        Suite *s = suite_create("group-step");
        TCase *tc = tcase_create("group-step");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_loop_test(tc, an_order_that_nobody_could_take_on_is_given_again, 0, 2);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
