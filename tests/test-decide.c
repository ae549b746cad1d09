/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/decide.h"

#include "tests/core-story.h"

static Policy *host_policy(World *w) {
        return world_policy(w, "host", WATCH_SYSTEM,
                CONDITION(w, COND_ALL, available_below(800), swap_below(1000)));
}

static Incident *open_incident(World *w) {
        for (size_t i = 0; i < INCIDENTS_MAX; i++)
                if (w->book.incidents[i].used && w->book.incidents[i].phase == INCIDENT_OPEN)
                        return &w->book.incidents[i];
        return NULL;
}

static void set_available(World *w, int64_t permyriad) {
        w->s.raw.mem_available = (w->s.raw.mem_total * (uint64_t) permyriad + 9999) / 10000;
}

/* ---- for, open, clear, cooldown
 * ----------------------------------------------------------------------- */

/* What one policy without steps but notify does; `when` is below 8 %, its default clear at 10 % for
 * 1 s. */
static const struct {
        const char *name;
        usec_t hold, cooldown;
        struct {
                usec_t later;
                int64_t available; /* permyriad; -1: unknown */
                const char *events;
        } script[12];
} life_rows[] = {
        { "without for it opens with the first true sample", 0, SEC(15),
                { { 0, 5000, "" }, { MSEC(100), 700, "incident-opened notify " },
                        { MSEC(100), 700, "" } } },
        { "for counts from the first true sample", MSEC(300), SEC(15),
                { { 0, 700, "" }, { MSEC(299), 700, "" },
                        { MSEC(1), 700, "incident-opened notify " } } },
        { "one false sample restarts for", MSEC(300), SEC(15),
                { { 0, 700, "" }, { MSEC(200), 800, "" }, { MSEC(50), 700, "" },
                        { MSEC(299), 700, "" }, { MSEC(1), 700, "incident-opened notify " } } },
        { "unknown restarts for", MSEC(300), SEC(15),
                { { 0, 700, "" }, { MSEC(200), -1, "" }, { MSEC(50), 700, "" },
                        { MSEC(299), 700, "" }, { MSEC(1), 700, "incident-opened notify " } } },
        { "it clears after a second beyond the relaxed threshold", 0, SEC(15),
                { { 0, 700, "incident-opened notify " }, { MSEC(100), 999, "" },
                        { SEC(5), 999, "" }, { MSEC(100), 1000, "" }, { MSEC(999), 1000, "" },
                        { MSEC(1), 1000, "incident-closed " } } },
        { "one sample in between starts the second again", 0, SEC(15),
                { { 0, 700, "incident-opened notify " }, { MSEC(100), 1000, "" },
                        { MSEC(900), 999, "" }, { MSEC(100), 1000, "" }, { MSEC(900), 1000, "" },
                        { MSEC(100), 1000, "incident-closed " } } },
        { "unknown neither clears nor opens again", 0, SEC(15),
                { { 0, 700, "incident-opened notify " }, { MSEC(100), 1000, "" },
                        { MSEC(900), -1, "" }, { SEC(10), -1, "" }, { MSEC(100), 1000, "" },
                        { SEC(1), 1000, "incident-closed " } } },
        { "again within cooldown it is the same incident at the same step", 0, SEC(15),
                { { 0, 700, "incident-opened notify " }, { MSEC(100), 2000, "" },
                        { SEC(1), 2000, "incident-closed " },
                        { SEC(15), 700, "incident-reopened " } } },
        { "after cooldown it is a new one", 0, SEC(15),
                { { 0, 700, "incident-opened notify " }, { MSEC(100), 2000, "" },
                        { SEC(1), 2000, "incident-closed " },
                        { SEC(15) + 1, 700, "incident-opened notify " } } },
        { "for counts for reopening too", MSEC(300), SEC(15),
                { { 0, 700, "" }, { MSEC(300), 700, "incident-opened notify " },
                        { MSEC(100), 2000, "" }, { SEC(1), 2000, "incident-closed " },
                        { SEC(1), 700, "" }, { MSEC(300), 700, "incident-reopened " } } },
        { "cooldown that ends during for makes it new", MSEC(300), SEC(2),
                { { 0, 700, "" }, { MSEC(300), 700, "incident-opened notify " },
                        { MSEC(100), 2000, "" }, { SEC(1), 2000, "incident-closed " },
                        { MSEC(1900), 700, "" }, { MSEC(300), 700, "incident-opened notify " } } },
};

START_TEST(life_table) {
        World *w = world_new();
        Policy *p =
                world_policy(w, "tell", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));

        p->steps[0] = (Step){ .kind = STEP_NOTIFY, .level = NOTIFY_WARNING };
        p->for_usec = life_rows[_i].hold;
        p->cooldown_usec = life_rows[_i].cooldown;
        for (size_t i = 0; i < 12 && life_rows[_i].script[i].events; i++) {
                int64_t available = life_rows[_i].script[i].available;

                w->s.raw.have = available < 0 ? 0 : UINT32_MAX;
                set_available(w, available < 0 ? 0 : available);
                world_tick(w, life_rows[_i].script[i].later);
                ck_assert_msg(strcmp(w->trace, life_rows[_i].script[i].events) == 0,
                        "%s: sample %zu: %s", life_rows[_i].name, i, w->trace);
                w->trace[0] = '\0';
        }
        world_free(w);
}
END_TEST

START_TEST(a_written_clear_needs_no_second) {
        World *w = world_new();
        Policy *p =
                world_policy(w, "tell", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));

        p->steps[0] = (Step){ .kind = STEP_NOTIFY };
        p->clear = CONDITION(
                w, COND_ALL, atom_share(METRIC_MEM_AVAILABLE, "mem.available", COMPARE_GT, 1200));
        set_available(w, 700);
        world_tick(w, 0);
        set_available(w, 1150);
        world_tick(w, SEC(10));
        assert_trace(w, "incident-opened notify ");
        set_available(w, 1250);
        world_tick(w, MSEC(50));
        assert_trace(w, "incident-closed ");
        world_free(w);
}
END_TEST

START_TEST(events_say_what_and_why) {
        World *w = world_new();
        Policy *p = host_policy(w);
        const Event *e;

        p->for_usec = MSEC(200);
        world_process(w, "hog", GIB(7));
        set_available(w, 310);
        world_tick(w, 0);
        world_tick(w, MSEC(200));
        e = world_event(w, EVENT_INCIDENT_OPENED);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->incident, 1);
        ck_assert_str_eq(e->policy, "host");
        ck_assert_str_eq(e->reason, "mem.available 3.1% < 8% for 200 ms, swap.free 0% < 10%");
        ck_assert_uint_eq(e->mem_total, GIB(16));
        e = world_event(w, EVENT_STEP_TAKEN);
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->target.pid, 1000);
        ck_assert_str_eq(e->target.comm, "hog");
        ck_assert_uint_eq(e->promised, GIB(7));
        ck_assert_int_eq(e->signo, 15);
        ck_assert_uint_eq(e->n_candidates, 1);
        ck_assert_int_eq(e->step, STEP_TERMINATE);
        ck_assert_ptr_nonnull(strstr(e->text, "history"));
        world_free(w);
}
END_TEST

/* GIB(n) that may not be taken, for want of a pidfd. */
static void add_left_alone(World *w, const char *comm, uint64_t n) {
        world_process(w, comm, GIB(n))->kept = false;
}

START_TEST(those_left_alone_are_told_of_beside_a_crowd_of_candidates) {
        static const struct {
                size_t eligible, left_alone;
                const char *listed;
        } rows[] = {
                { 6, 0, "could could could could could " },
                { 6, 1, "could could could could big " },
                { 6, 2, "could could could big small " },
                { 6, 3, "could could could big mid " },
                { 4, 3, "could could could big mid " },
                { 3, 2, "could could could big small " },
                { 1, 3, "could big mid small " },
        };
        static const struct {
                const char *comm;
                uint64_t gib;
        } others[] = { { "big", 4 }, { "small", 2 }, { "mid", 3 } };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                World *w = world_new();
                char listed[256];
                const Event *e;
                TextBuf b;

                host_policy(w);
                for (size_t k = 0; k < rows[i].left_alone; k++)
                        add_left_alone(w, others[k].comm, others[k].gib);
                for (size_t k = 0; k < rows[i].eligible; k++)
                        world_process(w, "could", GIB(1));
                set_available(w, 310);
                world_tick(w, 0);
                e = world_event(w, EVENT_STEP_TAKEN);
                ck_assert_ptr_nonnull(e);
                textbuf_init(&b, listed, sizeof(listed));
                for (size_t k = 0; k < e->n_candidates; k++) {
                        ck_assert((e->candidates[k].refusal == REFUSAL_NONE) ==
                                (strcmp(e->candidates[k].comm, "could") == 0));
                        textbuf_addf(&b, "%s ", e->candidates[k].comm);
                }
                ck_assert_msg(strcmp(listed, rows[i].listed) == 0, "%zu: %s", i, listed);
                world_free(w);
        }
}
END_TEST

/* ---- the ladder
 * ------------------------------------------------------------------------------------------ */

START_TEST(a_leaker_is_terminated_and_the_incident_ends) {
        Story *st = story_new(GIB(12));
        ProcSample *steady, *hog;
        const Event *done;

        host_policy(st->w);
        steady = story_process(st, "steady", GIB(4), 0, ANSWER_OBEYS);
        hog = story_process(st, "hog", MIB(100), 0, ANSWER_OBEYS);
        story_run(st, SEC(2), MSEC(500));
        assert_trace(st->w, "");
        st->growth[1] = (int64_t) MIB(800);
        done = story_until(st, EVENT_STEP_DONE, SEC(20));
        ck_assert_ptr_nonnull(done);
        assert_trace(st->w, "incident-opened step-taken step-done ");
        ck_assert_uint_ge(done->freed, GIB(6));
        ck_assert_uint_ge(done->promised, GIB(6));
        ck_assert(story_lives(steady) && !story_lives(hog));
        ck_assert_ptr_nonnull(story_until(st, EVENT_INCIDENT_CLOSED, SEC(3)));
        ck_assert_uint_ge(world_event(st->w, EVENT_INCIDENT_CLOSED)->freed, GIB(6));
        story_run(st, SEC(60), SEC(1));
        assert_trace(st->w, "incident-closed ");
        ck_assert_int_eq(st->killed, 1);
        story_free(st);
}
END_TEST

START_TEST(who_ignores_the_question_is_killed_at_the_end_of_grace) { /* T65: hovering between when
                                                                        and clear */
        Story *st = story_new(GIB(16));
        ProcSample *hog = story_process(st, "hog", GIB(15) - MIB(200), 0, ANSWER_KILL_ONLY);
        usec_t asked;

        host_policy(st->w);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(1)));
        asked = st->w->now;
        process_set(hog, GIB(14) + MIB(600)); /* 8.8 %: neither true nor clear */
        story_run(st, MSEC(2900), MSEC(100));
        assert_trace(st->w, "incident-opened step-taken ");
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_ESCALATED, SEC(1)));
        ck_assert_uint_ge(st->w->now - asked, SEC(3));
        ck_assert_uint_le(st->w->now - asked, SEC(3) + MSEC(50));
        ck_assert_int_eq(st->last_signo, 9);
        ck_assert(st->w->plan.actions[0].release);
        story_run(st, SEC(3), MSEC(100));
        assert_trace(st->w, "step-escalated step-done incident-closed ");
        story_free(st);
}
END_TEST

START_TEST(nobody_is_killed_when_the_trouble_is_over_before_the_end_of_grace) {
        Story *st = story_new(GIB(16));
        ProcSample *hog = story_process(st, "hog", GIB(15) - MIB(200), 0, ANSWER_KILL_ONLY);

        host_policy(st->w);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(1)));
        process_set(hog, GIB(5)); /* it gave its memory back and lives */
        story_run(st, SEC(10), MSEC(100));
        assert_trace(st->w, "incident-opened step-taken incident-closed step-done ");
        ck_assert(story_lives(hog));
        ck_assert_int_eq(st->last_signo, 15);
        story_free(st);
}
END_TEST

START_TEST(notify_comes_at_once_and_never_delays) {
        Story *st = story_new(GIB(16));
        Policy *p = host_policy(st->w);

        story_process(st, "hog", GIB(15), 0, ANSWER_OBEYS);
        p->n_steps = 3;
        p->steps[2] = p->steps[0];
        p->steps[0] = (Step){ .kind = STEP_NOTIFY, .level = NOTIFY_WARNING };
        p->steps[1] = (Step){ .kind = STEP_NOTIFY, .level = NOTIFY_CRITICAL };
        story_tick(st, 0);
        assert_trace(st->w, "incident-opened notify notify step-taken ");
        ck_assert_int_eq(st->w->plan.events[1].level, NOTIFY_WARNING);
        ck_assert_int_eq(st->w->plan.events[2].level, NOTIFY_CRITICAL);
        ck_assert_uint_eq(st->w->plan.events[1].n_candidates, 1);
        story_free(st);
}
END_TEST

START_TEST(a_target_keeps_the_ladder_and_the_next_enters_where_it_began) {
        Story *st = story_new(GIB(16));
        Policy *p = host_policy(st->w);
        ProcSample *a = story_process(st, "a", GIB(8), 0, ANSWER_OBEYS),
                   *b = story_process(st, "b", GIB(7), 0, ANSWER_OBEYS);

        st->growth[0] = st->growth[1] = 0;
        p->n_steps = 3;
        p->steps[0] = (Step){ .kind = STEP_NOTIFY };
        p->steps[1] = (Step){ .kind = STEP_SIGNAL, .signo = 10 };
        p->steps[2] = (Step){ .kind = STEP_TERMINATE, .grace_usec = SEC(3) };
        story_tick(st, 0);
        ck_assert_int_eq(st->last_signo, 10);
        ck_assert_uint_eq(st->w->book.flight.slots[0], a->slot);
        process_set(b, GIB(9)); /* larger now, but a has the ladder */
        st->capacity = GIB(18);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(2)));
        assert_trace(st->w, "incident-opened notify step-taken step-done step-taken ");
        ck_assert_int_eq(st->last_signo, 15);
        ck_assert(!story_lives(a));
        st->capacity = GIB(10); /* still not enough */
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(2)));
        ck_assert_int_eq(st->last_signo, 10); /* b begins with the signal, not with the notice */
        ck_assert_uint_eq(st->w->book.flight.slots[0], b->slot);
        assert_trace(st->w, "step-failed step-taken ");
        story_free(st);
}
END_TEST

START_TEST(who_helped_at_no_step_hands_the_ladder_on) {
        Story *st = story_new(GIB(16));
        Policy *p = host_policy(st->w);
        ProcSample *a = story_process(st, "a", GIB(8), 0, ANSWER_OBEYS),
                   *b = story_process(st, "b", GIB(7), 0, ANSWER_OBEYS);

        (void) a;
        p->steps[0] = (Step){ .kind = STEP_SIGNAL, .signo = 10 };
        story_tick(st, 0);
        ck_assert_uint_eq(st->w->book.flight.slots[0], a->slot);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(2)));
        ck_assert_uint_eq(st->w->book.flight.slots[0], b->slot);
        story_free(st);
}
END_TEST

START_TEST(between_when_and_clear_an_incident_holds) {
        Story *st = story_new(GIB(16));
        ProcSample *a = story_process(st, "a", GIB(8), 0, ANSWER_OBEYS);

        host_policy(st->w);
        story_process(st, "b", GIB(7), 0, ANSWER_OBEYS);
        story_tick(st, 0);
        ck_assert(!story_lives(a));
        st->capacity = GIB(7) + GIB(16) * 9 / 100; /* 9 % are left */
        story_run(st, SEC(30), MSEC(100));
        assert_trace(st->w, "incident-opened step-taken step-failed ");
        ck_assert_int_eq(st->killed, 1);
        ck_assert_ptr_nonnull(open_incident(st->w));
        story_free(st);
}
END_TEST

START_TEST(a_step_waits_until_the_last_one_has_settled) { /* T72 */
        Story *st = story_new(GIB(16));

        host_policy(st->w);
        for (int i = 0; i < 8; i++)
                story_process(st, "hog", GIB(2), 0, ANSWER_OBEYS);
        story_tick(st, 0);
        ck_assert_int_eq(st->killed, 1);
        story_run(st, MSEC(300), MSEC(100));
        ck_assert_int_eq(st->killed, 1);
        story_run(st, SEC(20), MSEC(100));
        ck_assert_int_eq(st->killed, 1); /* 2 GiB of 16 are enough: no more than needed */
        story_free(st);
}
END_TEST

START_TEST(pressure_from_before_the_kill_does_not_kill_again) {
        Story *st = story_new(GIB(16));
        World *w = st->w;
        SystemRaw *raw = &w->s.raw;

        world_policy(w, "thrash", WATCH_SYSTEM,
                CONDITION(w, COND_ALL, available_below(3000),
                        atom_pressure(PSI_MEMORY, PSI_FULL, PSI_10S, COMPARE_GT, 3000)));
        for (int i = 0; i < 6; i++)
                story_process(st, "p", GIB(2) + MIB(100) * (uint64_t) i, 0, ANSWER_OBEYS);
        st->capacity = GIB(16);
        for (int i = 0; i < 300 && st->killed == 0; i++) {
                raw->psi[PSI_MEMORY].total_usec[PSI_SOME] += MSEC(80);
                raw->psi[PSI_MEMORY].total_usec[PSI_FULL] += MSEC(60);
                story_tick(st, MSEC(100));
        }
        ck_assert_int_eq(st->killed, 1);
        st->capacity = GIB(13); /* memory stays short, but nobody waits any more */
        story_run(st, SEC(30), MSEC(100));
        ck_assert_int_eq(st->killed, 1);
        story_free(st);
}
END_TEST

START_TEST(two_offenders_go_one_after_the_other) {
        Story *st = story_new(GIB(16));
        ProcSample *steady = story_process(st, "steady", GIB(4), 0, ANSWER_OBEYS);

        host_policy(st->w);
        story_process(st, "a", MIB(100), (int64_t) MIB(300), ANSWER_OBEYS);
        story_process(st, "b", MIB(100), (int64_t) MIB(290), ANSWER_OBEYS);
        story_run(st, SEC(60), MSEC(200));
        ck_assert_int_eq(st->killed, 2);
        ck_assert(story_lives(steady));
        story_free(st);
}
END_TEST

/* ---- targets that do not do as they should
 * -------------------------------------------------------------------- */

START_TEST(who_refuses_is_left_alone_and_the_next_one_taken) { /* T75 */
        Story *st = story_new(GIB(16));
        ProcSample *a = story_process(st, "a", GIB(9), 0, ANSWER_REFUSED),
                   *b = story_process(st, "b", GIB(6), 0, ANSWER_OBEYS);

        host_policy(st->w);
        story_run(st, SEC(2), MSEC(100));
        assert_trace(st->w,
                "incident-opened step-taken step-failed step-taken step-done incident-closed ");
        ck_assert(story_lives(a) && !story_lives(b));
        process_set(a, GIB(15)); /* again, within the time it is remembered */
        story_run(st, SEC(5), MSEC(100));
        ck_assert_int_eq(st->signalled, 2);
        story_free(st);
}
END_TEST

START_TEST(who_was_replaced_is_not_touched_and_the_choice_made_again) { /* T71 */
        Story *st = story_new(GIB(16));
        ProcSample *a = story_process(st, "a", GIB(9), 0, ANSWER_STALE),
                   *b = story_process(st, "b", GIB(6) + MIB(500), 0, ANSWER_OBEYS);

        host_policy(st->w);
        story_tick(st, 0);
        st->capacity = GIB(7); /* somebody else holds the memory now */
        story_run(st, SEC(2), MSEC(100));
        ck_assert_ptr_nonnull(strstr(st->w->trace, "step-taken step-failed step-taken "));
        ck_assert(story_lives(a) && !story_lives(b));
        ck_assert_uint_eq(st->w->book.remembered[0].until_usec, 0); /* it did nothing wrong */
        story_free(st);
}
END_TEST

START_TEST(who_does_not_exit_is_remembered_and_the_next_one_taken) { /* T68 */
        Story *st = story_new(GIB(16));
        ProcSample *a = story_process(st, "a", GIB(9), 0, ANSWER_STUCK),
                   *b = story_process(st, "b", GIB(6), 0, ANSWER_OBEYS);
        const Event *failed;

        host_policy(st->w);
        failed = story_until(st, EVENT_STEP_FAILED, SEC(20));
        ck_assert_ptr_nonnull(failed);
        ck_assert_uint_ge(failed->took_usec, SEC(8)); /* 3 s of grace and 5 s to exit */
        ck_assert_uint_le(failed->took_usec, SEC(8) + MSEC(150));
        ck_assert_ptr_nonnull(strstr(failed->text, "did not exit"));
        ck_assert(story_lives(b));
        story_run(st, SEC(2), MSEC(100));
        ck_assert(story_lives(a) && !story_lives(b));
        story_free(st);
}
END_TEST

START_TEST(a_kill_that_freed_nothing_is_not_repeated_on_its_kind) { /* T76 */
        Story *st = story_new(GIB(16));
        World *w = st->w;
        const Event *failed;

        host_policy(w);
        for (int i = 0; i < 3; i++)
                world_facts(w, story_process(st, "tmpfs-user", GIB(3), 0, ANSWER_FREES_NOTHING))
                        ->exe = "/usr/bin/tmpfs-user";
        story_process(st, "other", GIB(2), 0, ANSWER_OBEYS);
        st->capacity = GIB(12);
        world_rehash(w);
        failed = story_until(st, EVENT_STEP_FAILED, SEC(5));
        ck_assert_ptr_nonnull(failed);
        ck_assert_uint_eq(failed->freed, 0);
        ck_assert_uint_eq(failed->promised, GIB(3));
        story_run(st, SEC(5), MSEC(100));
        ck_assert_int_eq(
                story_lives(&w->procs[0]) + story_lives(&w->procs[1]) + story_lives(&w->procs[2]),
                2);
        ck_assert(!story_lives(&w->procs[3]));
        ck_assert_int_eq(st->killed, 2);
        story_free(st);
}
END_TEST

START_TEST(others_that_go_on_filling_make_no_step_useless) {
        Story *st = story_new(GIB(16));

        host_policy(st->w);
        for (int i = 0; i < 10; i++) /* a swarm of one kind: each has little, all grow */
                world_facts(st->w,
                        story_process(st, "worker", MIB(100), (int64_t) MIB(150), ANSWER_OBEYS))
                        ->exe = "/usr/bin/worker";
        world_rehash(st->w);
        story_run(st, SEC(14), MSEC(100));
        ck_assert_int_ge(st->killed, 2);
        ck_assert_ptr_null(strstr(st->w->trace, "step-failed"));
        story_free(st);
}
END_TEST

START_TEST(absence_from_a_fresh_sample_is_an_end_too) {
        Story *st = story_new(GIB(16));

        host_policy(st->w);
        story_process(st, "a", GIB(15), 0, ANSWER_UNSEEN);
        story_run(st, SEC(2), MSEC(100));
        assert_trace(st->w, "incident-opened step-taken step-done incident-closed ");
        story_free(st);
}
END_TEST

START_TEST(a_namespace_init_is_not_asked) {
        Story *st = story_new(GIB(16));

        host_policy(st->w);
        world_facts(st->w, story_process(st, "init", GIB(15), 0, ANSWER_KILL_ONLY))->ns_init = true;
        story_tick(st, 0);
        ck_assert_int_eq(st->last_signo, 9);
        story_free(st);
}
END_TEST

START_TEST(a_tree_partly_refused_is_a_partial_success) { /* T36 */
        Story *st = story_new(GIB(16));
        World *w = st->w;
        Policy *p = host_policy(w);
        const Event *done;

        p->targets.kind = TARGET_TREE;
        for (int i = 0; i < 5; i++) {
                ProcSample *m =
                        story_process(st, "m", GIB(3), 0, i == 3 ? ANSWER_REFUSED : ANSWER_OBEYS);

                world_facts(w, m)->unit = "x.service";
                world_facts(w, m)->ppid = i == 0 ? 1 : world_facts(w, &w->procs[0])->pid;
        }
        world_rehash(w);
        done = story_until(st, EVENT_STEP_DONE, SEC(2));
        ck_assert_ptr_nonnull(done);
        ck_assert_uint_eq(done->n_members, 5);
        ck_assert_uint_eq(done->n_unreached, 1);
        ck_assert_int_eq(done->error, 1);
        ck_assert_int_eq(st->killed, 4);
        story_free(st);
}
END_TEST

START_TEST(a_plan_that_failed_again_and_again_pauses) {
        Story *st = story_new(GIB(16));

        host_policy(st->w);
        for (int i = 0; i < 40; i++)
                story_process(st, "p", MIB(400), 0, ANSWER_REFUSED);
        story_run(st, SEC(600), MSEC(250));
        ck_assert_uint_le(st->lines, 20); /* T99 */
        ck_assert_int_ge(st->signalled, 3);
        story_free(st);
}
END_TEST

/* ---- critical
 * --------------------------------------------------------------------------------------------------
 */

START_TEST(in_a_critical_moment_there_is_neither_for_nor_grace) {
        Story *st = story_new(GIB(16));
        Policy *p = host_policy(st->w);

        p->for_usec = SEC(10);
        story_process(st, "hog", GIB(16) - MIB(100), 0, ANSWER_OBEYS); /* 0.6 % are left */
        story_tick(st, 0);
        assert_trace(st->w, "incident-opened step-taken ");
        ck_assert_int_eq(st->last_signo, 9);
        ck_assert(st->w->plan.critical);
        ck_assert(st->w->plan.events[1].critical);
        story_free(st);
}
END_TEST

/* A hog of 8 GiB with 14 % of 16 GiB left: how fast it must grow to leave less than 100 ms + 819 ms
 * + 2 ticks. */
static const struct {
        const char *name;
        int64_t growth;
        uint64_t available;
        bool critical;
} critical_rows[] = {
        { "two seconds left", (int64_t) GIB(1), GIB(2), false },
        { "0.9 s left", (int64_t) GIB(2), MIB(1843), true },
        { "0.9 s left of 20 %", (int64_t) GIB(4), GIB(4), false },
        { "no growth", 0, GIB(2), false },
};

START_TEST(the_forecast_makes_it_critical) {
        Story *st = story_new(GIB(16));
        ProcSample *hog = story_process(st, "hog", GIB(7), 0, ANSWER_OBEYS);
        Policy *p = world_policy(
                st->w, "host", WATCH_SYSTEM, CONDITION(st->w, COND_ALL, available_below(5000)));
        bool critical = false;

        p->for_usec = SEC(60);
        st->growth[0] = critical_rows[_i].growth;
        for (int i = 0; i < 6; i++) {
                uint64_t step = (uint64_t) critical_rows[_i].growth / 20;

                st->capacity =
                        hog->anon + step + critical_rows[_i].available + step * (uint64_t) (5 - i);
                story_tick(st, MSEC(50));
                critical |= st->w->plan.critical;
        }
        ck_assert_msg(critical == critical_rows[_i].critical, "%s", critical_rows[_i].name);
        ck_assert_msg(
                (st->killed == 1) == critical_rows[_i].critical, "%s", critical_rows[_i].name);
        story_free(st);
}
END_TEST

START_TEST(the_end_of_grace_is_not_waited_for_when_memory_runs_out) { /* T66 */
        Story *st = story_new(GIB(16));

        host_policy(st->w);
        story_process(st, "jvm", GIB(15), 0, ANSWER_KILL_ONLY);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(1)));
        ck_assert_int_eq(st->last_signo, 15);
        st->growth[0] = (int64_t) GIB(1); /* its handler takes more and more */
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_ESCALATED, MSEC(800)));
        ck_assert_int_eq(st->last_signo, 9);
        ck_assert_uint_gt(st->w->s.raw.mem_available, 0);
        story_free(st);
}
END_TEST

START_TEST(a_policy_that_grants_no_grace_ends_that_of_a_later_one) {
        Story *st = story_new(GIB(16));
        Policy *critical = world_policy(
                st->w, "critical", WATCH_SYSTEM, CONDITION(st->w, COND_ALL, available_below(300)));
        ProcSample *hog = story_process(st, "hog", GIB(15), 0, ANSWER_KILL_ONLY);

        critical->steps[0] = (Step){ .kind = STEP_KILL, .timeout_usec = SEC(5) };
        host_policy(st->w);
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_TAKEN, SEC(1)));
        ck_assert_int_eq(st->last_signo, 15);
        process_set(hog, GIB(16) - MIB(400)); /* 2.4 %: not yet critical by itself */
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_ESCALATED, MSEC(300)));
        ck_assert_int_eq(st->last_signo, 9);
        ck_assert_int_eq(st->signalled, 2); /* the same one */
        story_free(st);
}
END_TEST

/* 300 ms, and more where the kernel needs more to take the memory back: 100 ms and 0.1 ms for each
 * MiB. A second, when nobody fills what is left. */
static const struct {
        uint64_t first, filling; /* bytes; bytes per second */
        usec_t least, most;
} wait_rows[] = {
        { GIB(1), MIB(150), MSEC(300), MSEC(450) },
        { GIB(2), MIB(150), MSEC(304), MSEC(454) },
        { GIB(9), MIB(50), MSEC(1021), MSEC(1171) },
        { GIB(1), 0, MSEC(1000), MSEC(1150) },
        { GIB(9), 0, MSEC(1021), MSEC(1171) },
};

START_TEST(in_a_critical_moment_a_victim_gets_the_time_to_go) {
        Story *st = story_new(wait_rows[_i].first + MIB(700));
        ProcSample *a = story_process(st, "a", wait_rows[_i].first, 0, ANSWER_STUCK),
                   *b = story_process(
                           st, "b", MIB(600), (int64_t) wait_rows[_i].filling, ANSWER_OBEYS);
        usec_t begin = st->w->now;

        host_policy(st->w);
        while (story_lives(b) && st->w->now < begin + SEC(5))
                story_tick(st, MSEC(50));
        ck_assert(!story_lives(b));
        ck_assert_uint_ge(st->w->now - begin, wait_rows[_i].least);
        ck_assert_uint_le(st->w->now - begin, wait_rows[_i].most);
        ck_assert(story_lives(a));
        story_free(st);
}
END_TEST

START_TEST(after_a_critical_kill_the_end_of_the_victim_is_the_end_of_settling) {
        Story *st = story_new(GIB(16));

        host_policy(st->w)->settle_usec = SEC(10);
        story_process(st, "a", GIB(9), 0, ANSWER_OBEYS);
        story_process(st, "b", GIB(7) - MIB(100), 0, ANSWER_OBEYS);
        story_tick(st, 0);
        ck_assert_int_eq(st->killed, 1);
        st->capacity = GIB(7); /* nothing of it helped */
        story_run(st, MSEC(200), MSEC(50));
        ck_assert_int_eq(st->killed, 2);
        story_free(st);
}
END_TEST

/* ---- precedence, queue, instances
 * ------------------------------------------------------------------------------- */

static Policy *process_policy(World *w, const char *name, uint64_t bytes) {
        Policy *p = world_policy(w, name, WATCH_PROCESS,
                CONDITION(
                        w, COND_ALL, atom_bytes(METRIC_PROC_ANON, "proc.anon", COMPARE_GT, bytes)));

        p->targets.at_least_percent = false;
        p->targets.at_least = MIB(16);
        return p;
}

START_TEST(what_the_whole_machine_cannot_tell_is_not_held_against_a_small_one) {
        Story *st = story_new(GIB(16));

        process_policy(st->w, "small", MIB(50));
        story_process(st, "small", MIB(64), 0, ANSWER_FREES_NOTHING); /* others took it at once */
        ck_assert_ptr_nonnull(story_until(st, EVENT_STEP_DONE, SEC(20)));
        ck_assert_ptr_null(strstr(st->w->trace, "step-failed"));
        story_free(st);
}
END_TEST

START_TEST(one_destructive_step_at_a_time_and_the_system_goes_first) {
        Story *st = story_new(GIB(16));

        process_policy(st->w, "large", GIB(3)); /* before it in the file */
        host_policy(st->w);
        story_process(st, "a", GIB(4), 0, ANSWER_KILL_ONLY);
        story_process(st, "b", GIB(5), 0, ANSWER_KILL_ONLY);
        story_process(st, "c", GIB(6), 0, ANSWER_KILL_ONLY);
        story_tick(st, 0);
        ck_assert_uint_eq(st->w->plan.n_actions, 1);
        ck_assert_str_eq(world_event(st->w, EVENT_STEP_TAKEN)->policy, "host");
        for (int i = 0; i < 50; i++) {
                story_tick(st, MSEC(50));
                ck_assert_uint_eq(st->w->plan.n_actions, 0); /* all others wait */
        }
        story_run(st, SEC(20), MSEC(100));
        ck_assert_int_eq(st->killed, 3);
        story_free(st);
}
END_TEST

START_TEST(instances_have_states_of_their_own) {
        Story *st = story_new(GIB(16));
        Policy *p = process_policy(st->w, "large", MIB(900));
        ProcSample *a = story_process(st, "a", MIB(100), 0, ANSWER_OBEYS),
                   *b = story_process(st, "b", MIB(100), 0, ANSWER_OBEYS);
        ProcSample *c = story_process(st, "c", GIB(5), 0, ANSWER_OBEYS);

        world_facts(st->w, c)->self = true;
        p->for_usec = SEC(1);
        story_run(st, SEC(1), MSEC(500));
        process_set(a, GIB(1));
        story_run(st, MSEC(500), MSEC(500));
        process_set(b, GIB(1));
        story_run(st, MSEC(600), MSEC(100));
        ck_assert(!story_lives(a) && story_lives(b));
        story_run(st, SEC(2), MSEC(100));
        ck_assert(!story_lives(b));
        ck_assert(story_lives(c));
        story_free(st);
}
END_TEST

START_TEST(an_instance_that_ends_by_itself_closes_its_incident) {
        Story *st = story_new(GIB(16));
        Policy *p = process_policy(st->w, "large", MIB(900));
        ProcSample *a = story_process(st, "a", GIB(1), 0, ANSWER_OBEYS);

        p->steps[0] = (Step){ .kind = STEP_NOTIFY };
        story_process(st, "other", MIB(1), 0, ANSWER_OBEYS);
        story_tick(st, 0);
        story_end(st, a);
        story_tick(st, MSEC(100));
        assert_trace(st->w, "incident-opened notify incident-closed ");
        ck_assert_str_eq(world_event(st->w, EVENT_INCIDENT_CLOSED)->text, "the process is gone");
        story_free(st);
}
END_TEST

START_TEST(a_user_policy_takes_one_of_the_users_processes) {
        Story *st = story_new(GIB(32));
        Policy *p = world_policy(st->w, "users", WATCH_USER,
                CONDITION(st->w, COND_ALL,
                        atom_bytes(METRIC_USER_ANON, "user.anon", COMPARE_GT, GIB(4))));
        ProcSample *small = story_process(st, "small", GIB(1), 0, ANSWER_OBEYS);
        ProcSample *large = story_process(st, "large", GIB(4), 0, ANSWER_OBEYS);
        ProcSample *other = story_process(st, "other", GIB(3), 0, ANSWER_OBEYS);

        (void) p;
        world_facts(st->w, other)->uid = 1001;
        world_rehash(st->w);
        story_tick(st, 0);
        ck_assert_str_eq(st->w->plan.events[0].text, "user 1000");
        ck_assert(!story_lives(large));
        story_run(st, SEC(10), MSEC(100));
        ck_assert(story_lives(small) && story_lives(other));
        story_free(st);
}
END_TEST

START_TEST(a_process_waits_while_its_user_is_dealt_with) {
        Story *st = story_new(GIB(32));
        Policy *users;

        process_policy(st->w, "large", GIB(2));
        users = world_policy(st->w, "users", WATCH_USER,
                CONDITION(st->w, COND_ALL,
                        atom_bytes(METRIC_USER_ANON, "user.anon", COMPARE_GT, GIB(4))));
        story_process(st, "a", GIB(3), 0, ANSWER_OBEYS);
        story_process(st, "b", GIB(3), 0, ANSWER_OBEYS);
        story_tick(st, 0);
        ck_assert_str_eq(world_event(st->w, EVENT_STEP_TAKEN)->policy, users->name);
        story_free(st);
}
END_TEST

START_TEST(no_more_incidents_open_than_allowed) {
        Story *st = story_new(GIB(32));
        Policy *p = process_policy(st->w, "large", MIB(100));

        p->steps[0] = (Step){ .kind = STEP_NOTIFY };
        st->w->config.limits.incidents = 3;
        for (int i = 0; i < 10; i++)
                story_process(st, "p", MIB(200), 0, ANSWER_OBEYS);
        story_run(st, SEC(1), MSEC(100));
        assert_trace(
                st->w, "incident-opened incident-opened incident-opened notify notify notify ");
        story_end(st, &st->w->procs[0]);
        story_run(st, SEC(1), MSEC(100));
        ck_assert_ptr_nonnull(strstr(st->w->trace, "incident-opened"));
        story_free(st);
}
END_TEST

/* ---- budgets
 * ------------------------------------------------------------------------------------------------------
 */

/* The hog comes back, in the same place, as a new process of the same kind, and is as large as
 * before after a good minute: slow enough to leave time for thought. */
static void respawn(Story *st, ProcSample *p) {
        st->growth[p - st->w->procs] = p->anon < GIB(15) ? (int64_t) MIB(200) : 0;
        if (story_lives(p))
                return;
        p->generation++;
        p->state = 'S';
        world_facts(st->w, p)->pid = st->w->next_pid++;
        world_facts(st->w, p)->born_usec = st->w->now;
        process_set(p, MIB(1));
}

static Story *respawner(OnBudget on_budget) {
        Story *st = story_new(GIB(16));
        Policy *p = host_policy(st->w);

        p->budget_count = 3;
        p->budget_window_usec = 10 * USEC_PER_MIN;
        p->on_budget = on_budget;
        return st;
}

START_TEST(a_respawner_costs_its_supervisor) { /* T73 */
        Story *st = respawner(ON_BUDGET_WIDEN);
        World *w = st->w;
        ProcSample *supervisor = story_process(st, "supervisor", MIB(10), 0, ANSWER_OBEYS);
        ProcSample *worker = story_process(st, "worker", GIB(15), 0, ANSWER_OBEYS);

        world_facts(w, worker)->ppid = world_facts(w, supervisor)->pid;
        world_facts(w, supervisor)->unit = world_facts(w, worker)->unit = "app.service";
        world_rehash(w);
        for (int i = 0; i < 10000 && story_lives(supervisor); i++) {
                respawn(st, worker);
                story_tick(st, MSEC(50));
        }
        ck_assert(!story_lives(supervisor));
        ck_assert_int_eq(st->killed, 5); /* three workers, then both */
        ck_assert_ptr_nonnull(strstr(w->trace, "budget-spent"));
        story_free(st);
}
END_TEST

START_TEST(a_spent_budget_is_told_once_and_harms_nobody_else) {
        Story *st = respawner(ON_BUDGET_NOTIFY);
        ProcSample *worker = story_process(st, "worker", GIB(15), 0, ANSWER_OBEYS);
        ProcSample *innocent = story_process(st, "innocent", MIB(300), 0, ANSWER_OBEYS);
        char *told;

        for (int i = 0; i < 8000; i++) {
                respawn(st, worker);
                story_tick(st, MSEC(50));
        }
        ck_assert_int_eq(st->killed, 3);
        ck_assert(story_lives(innocent));
        told = strstr(st->w->trace, "budget-spent");
        ck_assert_ptr_nonnull(told);
        ck_assert_ptr_null(strstr(told + 1, "budget-spent"));
        ck_assert(!st->w->plan.busy);
        story_free(st);
}
END_TEST

START_TEST(a_budget_comes_back_with_time) {
        Story *st = respawner(ON_BUDGET_NOTIFY);
        ProcSample *worker = story_process(st, "worker", GIB(15), 0, ANSWER_OBEYS);

        st->w->policies[0].budget_window_usec = SEC(400);
        for (int i = 0; i < 20000; i++) {
                respawn(st, worker);
                story_tick(st, MSEC(50));
        }
        ck_assert_int_gt(st->killed, 3);
        ck_assert_int_le(st->killed, 9);
        story_free(st);
}
END_TEST

START_TEST(a_system_policy_never_falls_silent_while_it_is_critical) {
        Story *st = respawner(ON_BUDGET_NOTIFY);
        ProcSample *worker = story_process(st, "worker", GIB(15), 0, ANSWER_OBEYS);

        st->capacity = GIB(15) + MIB(100); /* 0.6 % left */
        for (int i = 0; i < 10000; i++) {
                respawn(st, worker);
                story_tick(st, MSEC(50));
        }
        ck_assert_int_gt(st->killed, 3);
        story_free(st);
}
END_TEST

/* ---- nobody to take
 * ------------------------------------------------------------------------------------------------
 */

START_TEST(when_nobody_would_help_it_is_said_once_with_the_breakdown) { /* T54, T55, T57, T99 */
        Story *st = story_new(GIB(1));
        const Event *e;

        host_policy(st->w);
        for (int i = 0; i < 30; i++)
                story_process(st, "small", MIB(12), 0, ANSWER_OBEYS);
        st->w->s.raw.shmem = GIB(12);
        st->w->s.raw.slab = GIB(2);
        story_tick(st, 0);
        e = world_event(st->w, EVENT_NO_USEFUL_VICTIM);
        ck_assert_ptr_nonnull(e);
        ck_assert_ptr_nonnull(strstr(e->text, "tmpfs and shared memory 12.0 GiB, "));
        ck_assert_ptr_nonnull(strstr(e->text, "slab 2.0 GiB"));
        ck_assert_ptr_nonnull(strstr(e->text, "too-small"));
        story_run(st, SEC(600), MSEC(250));
        assert_trace(st->w, "incident-opened no-useful-victim ");
        ck_assert_int_eq(st->signalled, 0);
        ck_assert(!st->w->plan.busy);

        process_set(&st->w->procs[3], MIB(400)); /* somebody worth it after all */
        story_run(st, SEC(3), MSEC(250));
        ck_assert_int_eq(st->signalled, 1);
        story_free(st);
}
END_TEST

START_TEST(a_critical_moment_without_a_victim_is_not_told_a_million_times) { /* T99 */
        Story *st = story_new(MIB(100));

        host_policy(st->w);
        for (int i = 0; i < 30; i++)
                story_process(st, "small", MIB(3), 0, ANSWER_OBEYS);
        story_run(st, SEC(600), MSEC(250));
        ck_assert_uint_le(st->lines, 20);
        ck_assert_int_eq(st->signalled, 0);
        story_free(st);
}
END_TEST

/* After a step a window may be unknown for as long as it is; what has no source is so for ever. */
START_TEST(an_incident_that_only_the_unknown_holds_is_nothing_to_hurry_for) {
        World *w = world_new();
        uint32_t have = w->s.raw.have;

        host_policy(w);
        set_available(w, 300);
        world_tick(w, 0);
        assert_trace(w, "incident-opened ");
        w->s.raw.have = 0;
        world_tick(w, SEC(9));
        ck_assert(w->plan.busy);
        world_tick(w, SEC(2));
        ck_assert(!w->plan.busy);
        world_tick(w, SEC(600));
        ck_assert(!w->plan.busy);
        assert_trace(w, ""); /* it is held */

        w->s.raw.have = have;
        world_tick(w, MSEC(50));
        ck_assert(w->plan.busy);
        world_process(w, "hog", GIB(4));
        world_tick(w, MSEC(50));
        assert_trace(w, "step-taken ");
        world_free(w);
}
END_TEST

START_TEST(without_processes_it_waits_for_them) {
        World *w = world_new();

        host_policy(w);
        set_available(w, 300);
        world_tick(w, 0);
        assert_trace(w, "incident-opened ");
        ck_assert(w->plan.busy);
        world_process(w, "hog", GIB(4));
        world_tick(w, MSEC(50));
        assert_trace(w, "step-taken ");
        world_free(w);
}
END_TEST

/* ---- dry runs
 * -------------------------------------------------------------------------------------------------------
 */

START_TEST(a_dry_run_shows_a_step_once_and_holds) { /* T100 */
        Story *st = story_new(GIB(16));

        host_policy(st->w);
        st->w->dry = true;
        story_process(st, "a", GIB(8), 0, ANSWER_OBEYS);
        story_process(st, "b", GIB(7), 0, ANSWER_OBEYS);
        story_tick(st, 0);
        ck_assert_uint_eq(st->w->plan.n_actions, 1);
        ck_assert(world_event(st->w, EVENT_STEP_TAKEN)->dry);
        world_report(st->w, &st->w->plan.actions[0], 0, OUTCOME_DRY, 0);
        story_run(st, SEC(600), MSEC(250));
        assert_trace(st->w, "incident-opened step-taken ");
        st->capacity = GIB(32);
        story_run(st, SEC(2), MSEC(250));
        assert_trace(st->w, "incident-closed ");
        story_free(st);
}
END_TEST

START_TEST(a_dry_run_that_flaps_does_not_storm) { /* T100, T87 */
        Story *st = story_new(GIB(16));

        host_policy(st->w);
        st->w->dry = true;
        story_process(st, "a", GIB(10), 0, ANSWER_OBEYS);
        for (int i = 0; i < 200; i++) {
                st->capacity = i % 2 == 0 ? GIB(11) : GIB(32);
                story_run(st, SEC(3), MSEC(250));
        }
        ck_assert_uint_le(st->lines, 30);
        ck_assert_ptr_eq(strstr(st->w->trace, "incident-opened step-taken "), st->w->trace);
        ck_assert_ptr_null(strstr(st->w->trace + 20, "step-taken"));
        story_free(st);
}
END_TEST

START_TEST(an_actuator_that_is_dry_by_itself_holds_too) {
        Story *st = story_new(GIB(16));

        host_policy(st->w);
        story_process(st, "a", GIB(8), 0, ANSWER_STUCK);
        story_process(st, "b", GIB(7), 0, ANSWER_STUCK);
        story_tick(st, 0);
        world_report(st->w, &st->w->plan.actions[0], 0, OUTCOME_DRY, 0);
        story_run(st, SEC(60), MSEC(250));
        assert_trace(st->w, "incident-opened step-taken ");
        story_free(st);
}
END_TEST

/* ---- kills of the kernel
 * ---------------------------------------------------------------------------------------------- */

START_TEST(a_kill_of_the_kernel_names_the_policy_that_should_have_come_first) {
        World *w = world_new();
        const Event *e;

        world_policy(w, "far", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(100)));
        world_policy(w, "near", WATCH_SYSTEM,
                CONDITION(w, COND_ALL, available_below(4500), swap_below(1000)));
        w->s.raw.oom_kills = 7; /* from before our time */
        world_tick(w, 0);
        assert_trace(w, "");
        w->s.raw.oom_kills = 9;
        world_tick(w, SEC(1));
        e = world_event(w, EVENT_KERNEL_OOM);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->count, 2);
        ck_assert_uint_eq(e->incident, 0);
        ck_assert_str_eq(e->policy, "near");
        ck_assert_ptr_nonnull(strstr(e->text, "mem.available 50% (8.0 GiB) < 45% (did not hold)"));
        ck_assert_ptr_nonnull(strstr(e->text, "(held)"));
        ck_assert_uint_eq(w->book.kernel_oom_total, 2);
        world_tick(w, SEC(1));
        assert_trace(w, "kernel-oom ");
        world_free(w);
}
END_TEST

START_TEST(a_kill_of_the_kernel_during_an_incident_names_it) {
        Story *st = story_new(GIB(16));
        const Event *e;

        host_policy(st->w);
        story_process(st, "a", GIB(15), 0, ANSWER_STUCK);
        story_tick(st, 0);
        st->w->s.raw.oom_kills++;
        story_tick(st, MSEC(50));
        e = world_event(st->w, EVENT_KERNEL_OOM);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->incident, 1);
        ck_assert_str_eq(e->policy, "host");
        story_free(st);
}
END_TEST

START_TEST(counts_of_the_kernel_that_vanish_or_shrink_are_no_kills) {
        World *w = world_new();

        host_policy(w);
        w->s.raw.oom_kills = 5;
        world_tick(w, 0);
        w->s.raw.have &= ~source_bit(SOURCE_VMSTAT);
        w->s.raw.oom_kills = 99;
        world_tick(w, SEC(1));
        w->s.raw.have |= source_bit(SOURCE_VMSTAT);
        w->s.raw.oom_kills = 2;
        world_tick(w, SEC(1));
        assert_trace(w, "");
        ck_assert_uint_eq(w->book.kernel_oom_total, 0);
        world_free(w);
}
END_TEST

/* ---- nothing wrong
 * ------------------------------------------------------------------------------------------------------
 */

START_TEST(a_small_swap_that_is_full_harms_nobody) { /* T90 */
        Story *st = story_new(GIB(16));

        host_policy(st->w);
        st->w->s.raw.swap_total = GIB(1);
        st->w->s.raw.swap_free = MIB(50);
        story_process(st, "a", GIB(6), 0, ANSWER_OBEYS);
        story_run(st, SEC(60), SEC(1));
        assert_trace(st->w, "");
        story_free(st);
}
END_TEST

START_TEST(pressure_with_memory_free_harms_nobody) { /* T25 */
        Story *st = story_new(GIB(16));

        world_policy(st->w, "thrash", WATCH_SYSTEM,
                CONDITION(st->w, COND_ALL, available_below(1000),
                        atom_pressure(PSI_MEMORY, PSI_SOME, PSI_1S, COMPARE_GT, 2000)));
        story_process(st, "a", GIB(3), 0, ANSWER_OBEYS);
        for (int i = 0; i < 600; i++) {
                st->w->s.raw.psi[PSI_MEMORY].total_usec[PSI_SOME] += MSEC(80);
                st->w->s.raw.psi[PSI_MEMORY].total_usec[PSI_FULL] += MSEC(20);
                story_tick(st, MSEC(100));
        }
        assert_trace(st->w, "");
        story_free(st);
}
END_TEST

START_TEST(swap_that_comes_and_goes_harms_nobody) { /* T89 */
        Story *st = story_new(GIB(16));
        SystemRaw *raw = &st->w->s.raw;

        host_policy(st->w);
        world_policy(st->w, "forecast", WATCH_SYSTEM,
                CONDITION(st->w, COND_ALL, available_below(9000),
                        atom_time(METRIC_MEM_EXHAUSTION, "mem.exhaustion", COMPARE_LT, SEC(10))));
        story_process(st, "a", GIB(6), 0, ANSWER_OBEYS);
        for (int i = 0; i < 12; i++) {
                raw->swap_total = raw->swap_free = i % 3 == 0 ? 0 : GIB((uint64_t) (i % 3) * 8);
                raw->zram_swap_total = i % 4 == 3 ? raw->swap_total : 0;
                story_run(st, SEC(5), MSEC(100));
        }
        assert_trace(st->w, "");
        story_free(st);
}
END_TEST

START_TEST(waking_up_harms_nobody) { /* T88 */
        Story *st = story_new(GIB(16));
        World *w = st->w;

        world_policy(w, "thrash", WATCH_SYSTEM,
                CONDITION(w, COND_ANY,
                        atom_pressure(PSI_MEMORY, PSI_FULL, PSI_AVG10, COMPARE_GT, 3000),
                        atom_time(METRIC_MEM_EXHAUSTION, "mem.exhaustion", COMPARE_LT, SEC(30))));
        story_process(st, "a", GIB(6), (int64_t) MIB(1), ANSWER_OBEYS);
        story_run(st, SEC(10), MSEC(500));
        w->s.raw.psi[PSI_MEMORY].avg_permyriad[PSI_FULL][0] =
                9000; /* what the machine did while it woke up */
        for (int i = 0; i < 250; i++) {
                w->s.raw.at_usec = w->now += MSEC(100);
                w->s.raw.boottime_usec = w->now + 8 * USEC_PER_HOUR;
                w->s.raw.mem_available -= MIB(20);
                w->procs[0].at_usec = w->s.procs_at_usec = w->now;
                history_advance(w->history, &w->s, MSEC(100));
                w->n_verdicts = evaluate(&w->config, &w->s, incident_not_before, &w->book,
                        w->verdicts, WORLD_VERDICTS_MAX, NULL);
                decide(&w->config, &w->s, w->verdicts, w->n_verdicts, NULL, 0, false, &w->book,
                        &w->scratch, &w->plan);
                ck_assert_uint_eq(w->plan.n_events, 0);
        }
        story_free(st);
}
END_TEST

/* ---- determinism, reload, bounds
 * ------------------------------------------------------------------------------------------ */

/* Every plan of one and the same story, folded into a number. */
static uint64_t run_and_hash(void) {
        Story *st = story_new(GIB(16));
        uint64_t h = 1469598103934665603u;

        host_policy(st->w)->targets.kind = TARGET_AUTO;
        process_policy(st->w, "large", GIB(2));
        for (int i = 0; i < 20; i++)
                story_process(st, "p", MIB(300), (int64_t) MIB((uint64_t) (i * 7 % 13) * 4),
                        (Answer) (i % 7));
        for (int i = 0; i < 600; i++) {
                const unsigned char *bytes = (const unsigned char *) &st->w->plan;

                story_tick(st, st->w->plan.busy ? MSEC(50) : MSEC(200));
                for (size_t b = 0; b < sizeof(st->w->plan); b += 1)
                        h = (h ^ bytes[b]) * 1099511628211u;
        }
        ck_assert_int_gt(st->killed, 3);
        story_free(st);
        return h;
}

START_TEST(the_same_samples_give_the_same_plans_byte_for_byte) {
        ck_assert_uint_eq(run_and_hash(), run_and_hash());
}
END_TEST

START_TEST(after_a_reload_incidents_go_on_by_the_name_of_their_policy) {
        Story *st = story_new(GIB(16));
        World *w = st->w;
        Config other = w->config;
        Policy moved[2];
        static Plan plan;

        host_policy(w);
        world_policy(w, "second", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(900)))
                ->steps[0]
                .kind = STEP_NOTIFY;
        story_process(st, "a", GIB(15), 0, ANSWER_KILL_ONLY);
        story_tick(st, 0);
        assert_trace(w, "incident-opened incident-opened step-taken notify ");

        moved[0] = w->policies[0];
        snprintf(moved[0].name, sizeof(moved[0].name), "new");
        moved[1] = w->policies[0];
        other.policies = moved;
        other.n_policies = 2;
        incident_book_rebase(&w->book, &w->config, &other, w->now, &plan);
        ck_assert_uint_eq(plan.n_events, 1); /* of "second", which is gone */
        ck_assert_int_eq(plan.events[0].kind, EVENT_INCIDENT_CLOSED);
        ck_assert_str_eq(plan.events[0].policy, "second");
        ck_assert_uint_eq(w->book.flight.policy, 1);
        ck_assert(w->book.flight.active);

        w->policies[0] = moved[0];
        w->policies[1] = moved[1];
        w->policies[0].when = (Condition){ 0 };
        ck_assert_ptr_nonnull(story_until(
                st, EVENT_STEP_ESCALATED, SEC(4))); /* the same victim, by the same incident */
        ck_assert_uint_eq(world_event(w, EVENT_STEP_ESCALATED)->incident, 1);
        story_free(st);
}
END_TEST

START_TEST(a_policy_that_is_gone_takes_no_new_target) {
        Story *st = story_new(GIB(16));
        Config empty = st->w->config;
        static Plan plan;

        host_policy(st->w);
        story_process(st, "a", GIB(15), 0, ANSWER_KILL_ONLY);
        story_tick(st, 0);
        ck_assert(st->w->book.flight.active);
        incident_book_rebase(&st->w->book, &st->w->config, &empty, st->w->now, &plan);
        ck_assert(!st->w->book.flight.active);
        ck_assert_ptr_null(open_incident(st->w));
        ck_assert_uint_eq(plan.n_events, 1);
        st->w->config.n_policies = 0;
        story_run(st, SEC(10), MSEC(100));
        ck_assert_int_eq(st->signalled, 1);
        story_free(st);
}
END_TEST

START_TEST(more_events_than_a_plan_holds_are_counted) {
        Story *st = story_new(GIB(32));
        Policy *p = process_policy(st->w, "large", MIB(100));

        p->steps[0] = (Step){ .kind = STEP_NOTIFY };
        st->w->config.limits.incidents = 256;
        for (int i = 0; i < 60; i++)
                story_process(st, "p", MIB(200), 0, ANSWER_OBEYS);
        story_tick(st, 0);
        ck_assert_uint_eq(st->w->plan.n_events, PLAN_EVENTS_MAX);
        ck_assert_uint_eq(st->w->plan.events_lost, 120 - PLAN_EVENTS_MAX);
        story_free(st);
}
END_TEST

#define ADD_ROWS(test, rows)                                                                       \
        tcase_add_loop_test(tc, test, 0, (int) (sizeof(rows) / sizeof(rows[0])))

int main(void) {
        const TTest *const tests[] = { a_written_clear_needs_no_second, events_say_what_and_why,
                those_left_alone_are_told_of_beside_a_crowd_of_candidates,
                a_leaker_is_terminated_and_the_incident_ends,
                who_ignores_the_question_is_killed_at_the_end_of_grace,
                nobody_is_killed_when_the_trouble_is_over_before_the_end_of_grace,
                notify_comes_at_once_and_never_delays,
                a_target_keeps_the_ladder_and_the_next_enters_where_it_began,
                who_helped_at_no_step_hands_the_ladder_on, between_when_and_clear_an_incident_holds,
                a_step_waits_until_the_last_one_has_settled,
                pressure_from_before_the_kill_does_not_kill_again,
                two_offenders_go_one_after_the_other,
                who_refuses_is_left_alone_and_the_next_one_taken,
                who_was_replaced_is_not_touched_and_the_choice_made_again,
                who_does_not_exit_is_remembered_and_the_next_one_taken,
                a_kill_that_freed_nothing_is_not_repeated_on_its_kind,
                what_the_whole_machine_cannot_tell_is_not_held_against_a_small_one,
                others_that_go_on_filling_make_no_step_useless,
                absence_from_a_fresh_sample_is_an_end_too, a_namespace_init_is_not_asked,
                a_tree_partly_refused_is_a_partial_success,
                a_plan_that_failed_again_and_again_pauses,
                in_a_critical_moment_there_is_neither_for_nor_grace,
                the_end_of_grace_is_not_waited_for_when_memory_runs_out,
                a_policy_that_grants_no_grace_ends_that_of_a_later_one,
                after_a_critical_kill_the_end_of_the_victim_is_the_end_of_settling,
                one_destructive_step_at_a_time_and_the_system_goes_first,
                instances_have_states_of_their_own,
                an_instance_that_ends_by_itself_closes_its_incident,
                a_user_policy_takes_one_of_the_users_processes,
                a_process_waits_while_its_user_is_dealt_with, no_more_incidents_open_than_allowed,
                a_respawner_costs_its_supervisor, a_spent_budget_is_told_once_and_harms_nobody_else,
                a_budget_comes_back_with_time,
                a_system_policy_never_falls_silent_while_it_is_critical,
                when_nobody_would_help_it_is_said_once_with_the_breakdown,
                a_critical_moment_without_a_victim_is_not_told_a_million_times,
                an_incident_that_only_the_unknown_holds_is_nothing_to_hurry_for,
                without_processes_it_waits_for_them, a_dry_run_shows_a_step_once_and_holds,
                a_dry_run_that_flaps_does_not_storm, an_actuator_that_is_dry_by_itself_holds_too,
                a_kill_of_the_kernel_names_the_policy_that_should_have_come_first,
                a_kill_of_the_kernel_during_an_incident_names_it,
                counts_of_the_kernel_that_vanish_or_shrink_are_no_kills,
                a_small_swap_that_is_full_harms_nobody, pressure_with_memory_free_harms_nobody,
                swap_that_comes_and_goes_harms_nobody, waking_up_harms_nobody,
                the_same_samples_give_the_same_plans_byte_for_byte,
                after_a_reload_incidents_go_on_by_the_name_of_their_policy,
                a_policy_that_is_gone_takes_no_new_target,
                more_events_than_a_plan_holds_are_counted };
        Suite *s = suite_create("decide");
        TCase *tc = tcase_create("decide");

        ADD_ROWS(life_table, life_rows);
        ADD_ROWS(the_forecast_makes_it_critical, critical_rows);
        ADD_ROWS(in_a_critical_moment_a_victim_gets_the_time_to_go, wait_rows);
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
