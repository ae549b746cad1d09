/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/rank.h"

#include "core/candidates.h"
#include "tests/core-world.h"

#define BEST_MAX 64

static Candidate best[BEST_MAX];

/* A process that gained all it has. */
static ProcSample *gainer(World *w, const char *comm, uint64_t bytes) {
        ProcSample *p = world_process(w, comm, bytes);

        p->gained = p->freeable = bytes;
        p->gained_known = true;
        return p;
}

/* All of these in one unit. */
static void in_unit(World *w, ProcSample *p, const char *unit) {
        world_facts(w, p)->unit = unit;
}

static Policy *policy_new(World *w) {
        return world_policy(w, "p", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
}

static size_t ranked(World *w, const Policy *p, const Verdict *v) {
        world_rehash(w);
        w->s.procs_at_usec = w->now;
        w->s.raw.boottime_usec = w->now;
        return rank(&w->config, p, v, &w->s, NULL, w->candidates, WORLD_PROCS_MAX, best, BEST_MAX);
}

static const char *comm_of(const World *w, const Candidate *c) {
        return w->facts[c->proc].comm;
}

static Refusal refusal_of(const World *w, const ProcSample *p) {
        return w->candidates[p - w->procs].refusal;
}

static const Target *target_of(World *w, const Policy *p, const Verdict *v, TargetKind kind) {
        static Target target;

        ck_assert_int_eq(best[0].refusal, REFUSAL_NONE);
        rank_target(p, v, &w->s, w->candidates, &best[0], kind, &target);
        return &target;
}

static bool has_member(const World *w, const Target *t, const ProcSample *p) {
        for (size_t i = 0; i < t->n_members; i++)
                if (&w->procs[t->members[i]] == p)
                        return true;
        return false;
}

static void child_of(World *w, ProcSample *child, const ProcSample *parent) {
        world_facts(w, child)->ppid = world_facts(w, parent)->pid;
        world_facts(w, child)->session = world_facts(w, parent)->session;
}

/* ---- who is no candidate
 * --------------------------------------------------------------------------- */

static void make_init(World *w, ProcSample *p) {
        world_facts(w, p)->pid = 1;
}

static void make_kthread(World *w, ProcSample *p) {
        world_facts(w, p)->kthread = true;
}

static void make_self(World *w, ProcSample *p) {
        world_facts(w, p)->self = true;
}

static void make_zombie(World *w, ProcSample *p) {
        (void) w;
        p->state = 'Z';
}

static void make_zombie_leader(World *w, ProcSample *p) {
        (void) w;
        p->state = 'Z';
        p->zombie_leader = true;
}

static void make_exiting(World *w, ProcSample *p) {
        (void) w;
        p->exiting = true;
}

static void make_dumping(World *w, ProcSample *p) {
        (void) w;
        p->core_dumping = true;
}

static void make_unkept(World *w, ProcSample *p) {
        (void) w;
        p->kept = false;
}

static void make_small(World *w, ProcSample *p) {
        (void) w;
        p->gained = p->freeable = p->anon = MIB(31);
}

static void make_adj_root(World *w, ProcSample *p) {
        world_facts(w, p)->uid = 0;
        world_facts(w, p)->oom_score_adj = -1000;
}

static void make_adj_service(World *w, ProcSample *p) {
        world_facts(w, p)->oom_score_adj = -1000;
        in_unit(w, p, "db.service");
}

static void make_adj_scope(World *w, ProcSample *p) {
        world_facts(w, p)->oom_score_adj = -1000;
        in_unit(w, p, "session-3.scope");
}

static void make_adj_user_scope(World *w, ProcSample *p) {
        world_facts(w, p)->oom_score_adj = -1000;
        in_unit(w, p, "user@1000.service");
        world_facts(w, p)->user_unit = "app-x.scope";
}

static void make_adj_inherited(World *w, ProcSample *p) {
        make_adj_service(w, p);
        world_facts(w, p)->adj_inherited = true;
}

static void make_adj_999(World *w, ProcSample *p) {
        world_facts(w, p)->oom_score_adj = -999;
}

static void make_fixture(World *w, ProcSample *p) {
        world_facts(w, p)->exe = "/usr/bin/gnome-shell";
}

static void make_d_state(World *w, ProcSample *p) {
        (void) w;
        p->state = 'D';
}

static const struct {
        const char *name;
        void (*change)(World *w, ProcSample *p);
        Refusal refusal;
} refusal_rows[] = {
        { "init", make_init, REFUSAL_INIT },
        { "a kernel thread", make_kthread, REFUSAL_KTHREAD },
        { "ourselves", make_self, REFUSAL_SELF },
        { "a zombie", make_zombie, REFUSAL_DEAD },
        { "a zombie whose threads live", make_zombie_leader, REFUSAL_NONE },
        { "on its way out", make_exiting, REFUSAL_EXITING },
        { "dumping core", make_dumping, REFUSAL_EXITING },
        { "without a pidfd", make_unkept, REFUSAL_UNREACHABLE },
        { "31 MiB with any oom_score_adj", make_small, REFUSAL_TOO_SMALL },
        { "-1000 of root", make_adj_root, REFUSAL_ADJ },
        { "-1000 in a service", make_adj_service, REFUSAL_ADJ },
        { "-1000 inherited into a session", make_adj_scope, REFUSAL_NONE },
        { "-1000 inherited into a user's scope", make_adj_user_scope, REFUSAL_NONE },
        { "-1000 that the engine saw to be inherited", make_adj_inherited, REFUSAL_NONE },
        { "-999 is only a number", make_adj_999, REFUSAL_NONE },
        { "the compositor, even the largest", make_fixture, REFUSAL_SESSION },
        { "in D state: may be tried", make_d_state, REFUSAL_NONE },
};

START_TEST(refusal_table) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *subject = gainer(w, "subject", GIB(4)), *other = gainer(w, "other", GIB(1));

        refusal_rows[_i].change(w, subject);
        ranked(w, p, NULL);
        ck_assert_msg(refusal_of(w, subject) == refusal_rows[_i].refusal, "%s: %s",
                refusal_rows[_i].name, refusal_name(refusal_of(w, subject)));
        ck_assert_int_eq(best[0].refusal, REFUSAL_NONE);
        ck_assert_ptr_eq(&w->procs[best[0].proc],
                refusal_rows[_i].refusal == REFUSAL_NONE ? subject : other);
        world_free(w);
}
END_TEST

START_TEST(an_inherited_adj_is_reported) {
        World *w = world_new();
        Policy *p = policy_new(w);

        make_adj_scope(w, gainer(w, "tenant", GIB(1)));
        ranked(w, p, NULL);
        ck_assert(best[0].adj_ignored);
        world_free(w);
}
END_TEST

START_TEST(protect_spares_and_names_its_entry) {
        static const char *const unit = "ssh.service";
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *ssh = gainer(w, "ssh", GIB(4));
        MatchSpec spec = { .key_mask = UINT32_C(1) << MATCH_UNIT };

        spec.patterns[MATCH_UNIT].patterns = &unit;
        spec.patterns[MATCH_UNIT].n = 1;
        w->config.protect = (MatchList){ &spec, 1 };
        in_unit(w, ssh, "ssh.service");
        gainer(w, "other", GIB(1));
        ck_assert_uint_eq(ranked(w, p, NULL), 2);
        ck_assert_str_eq(comm_of(w, &best[0]), "other");
        ck_assert_int_eq(best[1].refusal, REFUSAL_PROTECTED);
        ck_assert_ptr_eq(best[1].spec, &spec);
        world_free(w);
}
END_TEST

START_TEST(match_limits_the_choice_and_a_veto_is_asked_last) {
        static const char *const comm = "b*";
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *a = gainer(w, "a", GIB(4));
        MatchSpec spec = { .key_mask = UINT32_C(1) << MATCH_COMM };

        spec.patterns[MATCH_COMM].patterns = &comm;
        spec.patterns[MATCH_COMM].n = 1;
        p->targets.match = (MatchList){ &spec, 1 };
        gainer(w, "b1", GIB(1));
        gainer(w, "b2", GIB(2));
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "b2");
        ck_assert_str_eq(comm_of(w, &best[1]), "b1");
        ck_assert_int_eq(refusal_of(w, a), REFUSAL_NOT_MATCHED);
        world_free(w);
}
END_TEST

static Refusal refuse_largest(const void *ctx, const ProcSample *proc) {
        return proc == ctx ? REFUSAL_REMEMBERED : REFUSAL_NONE;
}

START_TEST(who_is_vetoed_does_not_count_in_its_group) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *a = gainer(w, "a", GIB(4)), *b = gainer(w, "b", MIB(300)),
                   *c = gainer(w, "c", GIB(1));
        RankVeto veto = { .ask = refuse_largest, .ctx = a };

        in_unit(w, a, "x.service");
        in_unit(w, b, "x.service");
        in_unit(w, c, "y.service");
        world_rehash(w);
        rank(&w->config, p, NULL, &w->s, &veto, w->candidates, WORLD_PROCS_MAX, best, BEST_MAX);
        ck_assert_str_eq(comm_of(w, &best[0]), "c");
        ck_assert_int_eq(refusal_of(w, a), REFUSAL_REMEMBERED);
        world_free(w);
}
END_TEST

/* ---- the session around the offender
 * ----------------------------------------------------------------- */

START_TEST(a_shell_survives_its_hog) { /* T49 */
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *shell = gainer(w, "bash", MIB(400)), *hog = gainer(w, "hog", GIB(2));

        world_facts(w, shell)->tty_leader = true;
        child_of(w, hog, shell);
        ranked(w, p, NULL);
        ck_assert_ptr_eq(&w->procs[best[0].proc], hog);
        ck_assert_int_eq(refusal_of(w, shell), REFUSAL_SESSION);
        world_free(w);
}
END_TEST

START_TEST(a_shell_that_is_the_offender_is_one) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *shell = gainer(w, "bash", GIB(3)), *child = gainer(w, "cat", MIB(1));

        world_facts(w, shell)->tty_leader = true;
        child_of(w, child, shell);
        ranked(w, p, NULL);
        ck_assert_ptr_eq(&w->procs[best[0].proc], shell);
        world_free(w);
}
END_TEST

START_TEST(a_policy_that_names_it_may_have_it) {
        static const char *const exe = "/usr/bin/gnome-shell";
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *shell = gainer(w, "gnome-shell", GIB(3));
        MatchSpec spec = { .key_mask = UINT32_C(1) << MATCH_EXE };

        make_fixture(w, shell);
        spec.patterns[MATCH_EXE].patterns = &exe;
        spec.patterns[MATCH_EXE].n = 1;
        p->targets.prefer = (MatchList){ &spec, 1 };
        ranked(w, p, NULL);
        ck_assert_int_eq(refusal_of(w, shell), REFUSAL_NONE);

        p->targets.prefer = (MatchList){ 0 };
        p->targets.match = (MatchList){ &spec, 1 };
        ranked(w, p, NULL);
        ck_assert_int_eq(refusal_of(w, shell), REFUSAL_NONE);
        world_free(w);
}
END_TEST

START_TEST(a_wide_cgroup_match_names_nobody) {
        static const char *const cgroup = "/**";
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *shell = gainer(w, "gnome-shell", GIB(3));
        MatchSpec spec = { .key_mask = UINT32_C(1) << MATCH_CGROUP };

        make_fixture(w, shell);
        spec.patterns[MATCH_CGROUP].patterns = &cgroup;
        spec.patterns[MATCH_CGROUP].n = 1;
        p->targets.match = (MatchList){ &spec, 1 };
        ranked(w, p, NULL);
        ck_assert_int_eq(refusal_of(w, shell), REFUSAL_SESSION);
        world_free(w);
}
END_TEST

/* ---- scores
 * ------------------------------------------------------------------------------------------- */

START_TEST(who_gained_goes_before_who_is_large) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *database = gainer(w, "database", GIB(6)), *leaker = gainer(w, "leaker", GIB(1));

        database->gained = 0;
        (void) leaker;
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "leaker");
        ck_assert_int_eq(best[0].parts[RANK_GAINED], (int64_t) GIB(1));
        ck_assert_int_eq(best[0].parts[RANK_FREEABLE], (int64_t) GIB(1) / 10);
        ck_assert_int_eq(best[0].score, best[0].parts[RANK_GAINED] + best[0].parts[RANK_FREEABLE]);
        world_free(w);
}
END_TEST

START_TEST(shared_memory_is_nobodys_gain) { /* T52 */
        World *w = world_new();
        Policy *p = policy_new(w);

        for (int i = 0; i < 50; i++) {
                ProcSample *backend = gainer(w, "postgres", MIB(200));

                backend->rss = GIB(4);
                backend->shmem = GIB(4) - MIB(200);
                backend->gained = MIB(i == 7 ? 300 : 1);
                backend->freeable = MIB(i == 7 ? 300 : 200);
                in_unit(w, backend, "postgresql.service");
        }
        ranked(w, p, NULL);
        ck_assert_uint_eq(best[0].proc, 7);
        ck_assert_uint_eq(best[0].group_freeable, 49 * MIB(200) + MIB(300));
        world_free(w);
}
END_TEST

/* Two processes; which one goes first under the weights. */
static const struct {
        const char *name;
        RankTerm term;
        int32_t weight_milli;
        bool first; /* the first of the two wins */
} weight_rows[] = {
        { "gained", RANK_GAINED, 1000, true },
        { "freeable", RANK_FREEABLE, 1000, false },
        { "growth", RANK_GROWTH, 1000, true },
        { "swap", RANK_SWAP, 1000, false },
        { "oom_score", RANK_OOM_SCORE, 1000, true },
        { "youngest", RANK_YOUNGEST, 1000, false },
        { "oldest", RANK_OLDEST, 1000, true },
        { "a negative weight turns it round", RANK_GAINED, -1000, false },
};

START_TEST(weight_table) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *a = gainer(w, "a", GIB(1)), *b = gainer(w, "b", GIB(2));

        a->gained = GIB(1);
        b->gained = MIB(10);
        a->growth_known = b->growth_known = true;
        a->growth = (int64_t) MIB(5);
        b->growth = -(int64_t) MIB(50);
        a->swap = MIB(1);
        b->swap = MIB(2);
        a->oom_score = 900;
        b->oom_score = 800;
        world_facts(w, a)->born_usec = SEC(10);
        world_facts(w, b)->born_usec = SEC(500);
        memset(p->targets.weight_milli, 0, sizeof(p->targets.weight_milli));
        p->targets.weight_milli[weight_rows[_i].term] = weight_rows[_i].weight_milli;
        p->targets.growth_horizon_usec = SEC(20);
        ranked(w, p, NULL);
        ck_assert_msg((&w->procs[best[0].proc] == a) == weight_rows[_i].first, "%s",
                weight_rows[_i].name);
        if (weight_rows[_i].term == RANK_GROWTH) {
                ck_assert_int_eq(best[0].score, (int64_t) MIB(100));
                ck_assert_int_eq(best[1].score, 0);
        }
        world_free(w);
}
END_TEST

START_TEST(the_scale_of_the_kernels_score_plays_no_role_in_ours) { /* T14 */
        World *w = world_new();
        Policy *p = policy_new(w);
        int64_t score;

        gainer(w, "a", GIB(1))->oom_score = 700;
        ranked(w, p, NULL);
        score = best[0].score;
        w->procs[0].oom_score = 60;
        ranked(w, p, NULL);
        ck_assert_int_eq(best[0].score, score);
        world_free(w);
}
END_TEST

/* prefer and avoid: by comm. */
static MatchList by_comm(MatchSpec *spec, const char *const *comm) {
        *spec = (MatchSpec){ .key_mask = UINT32_C(1) << MATCH_COMM };
        spec->patterns[MATCH_COMM].patterns = comm;
        spec->patterns[MATCH_COMM].n = 1;
        return (MatchList){ spec, 1 };
}

START_TEST(prefer_and_avoid_multiply_by_four) {
        static const char *const a = "a", *const b = "b";
        World *w = world_new();
        Policy *p = policy_new(w);
        MatchSpec spec_a, spec_b;

        gainer(w, "a", MIB(300));
        gainer(w, "b", GIB(1));
        p->targets.prefer = by_comm(&spec_a, &a);
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "a"); /* 4 x 300 MiB */
        ck_assert_int_eq(best[0].preference, 1);
        ck_assert_ptr_eq(best[0].spec, &spec_a);

        w->procs[0].gained = w->procs[0].freeable = MIB(250);
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "b"); /* never a strict tier */

        p->targets.prefer = (MatchList){ 0 };
        p->targets.avoid = by_comm(&spec_b, &b);
        w->procs[0].gained = w->procs[0].freeable = MIB(300);
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "a");
        ck_assert_int_eq(best[1].preference, -1);

        p->targets.prefer = by_comm(&spec_b, &b); /* both: neither */
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "b");
        ck_assert_int_eq(best[0].preference, 0);
        world_free(w);
}
END_TEST

START_TEST(small_tabs_do_not_die_while_the_hog_lives) {
        static const char *const tab = "tab";
        World *w = world_new();
        Policy *p = policy_new(w);
        MatchSpec spec;

        for (int i = 0; i < 12; i++)
                in_unit(w, gainer(w, i == 0 ? "browser" : "tab", MIB(200)), "app-browser.scope");
        in_unit(w, gainer(w, "hog", GIB(5)), "app-hog.scope");
        p->targets.prefer = by_comm(&spec, &tab);
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "hog");
        ck_assert_str_eq(comm_of(w, &best[1]), "tab"); /* inside the browser it is a tab */
        world_free(w);
}
END_TEST

START_TEST(preferring_a_negative_score_still_prefers) {
        static const char *const a = "a";
        World *w = world_new();
        Policy *p = policy_new(w);
        MatchSpec spec;

        gainer(w, "a", GIB(1));
        gainer(w, "b", GIB(1));
        world_facts(w, &w->procs[0])->born_usec = SEC(10);
        world_facts(w, &w->procs[1])->born_usec = SEC(20);
        memset(p->targets.weight_milli, 0, sizeof(p->targets.weight_milli));
        p->targets.weight_milli[RANK_YOUNGEST] = 1000;
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "b");
        p->targets.prefer = by_comm(&spec, &a);
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "a");
        world_free(w);
}
END_TEST

START_TEST(ties_go_to_the_younger_then_to_the_higher_pid) {
        World *w = world_new();
        Policy *p = policy_new(w);

        for (int i = 0; i < 4; i++)
                gainer(w, "same", GIB(1));
        world_facts(w, &w->procs[1])->born_usec = SEC(20);
        ranked(w, p, NULL);
        ck_assert_uint_eq(best[0].proc, 1);
        ck_assert_uint_eq(best[1].proc, 3);
        ck_assert_uint_eq(best[2].proc, 2);
        ck_assert_uint_eq(best[3].proc, 0);
        world_free(w);
}
END_TEST

START_TEST(the_order_of_the_sample_plays_no_role) {
        World *w = world_new();
        Policy *p = policy_new(w);
        int32_t forward[20];

        for (int i = 0; i < 20; i++) {
                ProcSample *g = gainer(w, "p", MIB((uint64_t) (200 + i * 37 % 11 * 100)));

                in_unit(w, g, i % 3 == 0 ? "a.service" : "b.service");
        }
        ck_assert_uint_eq(ranked(w, p, NULL), 20);
        for (int i = 0; i < 20; i++)
                forward[i] = w->facts[best[i].proc].pid;

        for (int i = 0; i < 10; i++) {
                ProcSample ps = w->procs[i];
                ProcFacts fs = w->facts[i];

                w->procs[i] = w->procs[19 - i];
                w->facts[i] = w->facts[19 - i];
                w->procs[19 - i] = ps;
                w->facts[19 - i] = fs;
                w->procs[i].facts = &w->facts[i];
                w->procs[19 - i].facts = &w->facts[19 - i];
        }
        ck_assert_uint_eq(ranked(w, p, NULL), 20);
        for (int i = 0; i < 20; i++)
                ck_assert_int_eq(w->facts[best[i].proc].pid, forward[i]);
        world_free(w);
}
END_TEST

START_TEST(only_as_many_as_asked_for_are_written_the_best) {
        World *w = world_new();
        Policy *p = policy_new(w);
        Candidate few[3];

        for (int i = 0; i < 30; i++)
                gainer(w, "p", MIB((uint64_t) (200 + i)));
        world_rehash(w);
        ck_assert_uint_eq(
                rank(&w->config, p, NULL, &w->s, NULL, w->candidates, WORLD_PROCS_MAX, few, 3), 3);
        ck_assert_uint_eq(few[0].proc, 29);
        ck_assert_uint_eq(few[2].proc, 27);
        ck_assert_uint_eq(rank(&w->config, p, NULL, &w->s, NULL, w->candidates, 10, few, 3), 3);
        ck_assert_uint_eq(few[0].proc, 9);
        ck_assert_uint_eq(rank(&w->config, p, NULL, &w->s, NULL, w->candidates, 0, few, 3), 0);
        world_free(w);
}
END_TEST

START_TEST(the_least_worth_a_process_is_a_share_with_a_floor_or_an_amount) {
        World *w = world_new();
        Policy *p = policy_new(w);

        ck_assert_uint_eq(rank_at_least(p, &w->s), GIB(16) / 100);
        w->s.raw.mem_total = MIB(512);
        ck_assert_uint_eq(rank_at_least(p, &w->s), MIB(16));
        p->targets.at_least_percent = false;
        p->targets.at_least = MIB(3);
        ck_assert_uint_eq(rank_at_least(p, &w->s), MIB(3));
        world_free(w);
}
END_TEST

/* ---- groups
 * -------------------------------------------------------------------------------------------- */

START_TEST(groups_compete_by_their_sum) { /* T47 */
        World *w = world_new();
        Policy *p = policy_new(w);

        for (int i = 0; i < 10; i++)
                in_unit(w, gainer(w, "leaf", MIB(170)), "swarm.service");
        in_unit(w, gainer(w, "kiosk", GIB(1)), "kiosk.service");
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "leaf");
        ck_assert_uint_eq(best[0].group_gained, MIB(1700));
        world_free(w);
}
END_TEST

START_TEST(of_many_small_ones_auto_takes_all_and_process_nobody) { /* T47 */
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *kiosk;

        for (int i = 0; i < 10; i++)
                in_unit(w, gainer(w, "leaf", MIB(70)), "swarm.service");
        kiosk = gainer(w, "kiosk", MIB(500));
        in_unit(w, kiosk, "kiosk.service");
        p->targets.kind = TARGET_AUTO;
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "leaf");
        ck_assert_uint_eq(target_of(w, p, NULL, TARGET_AUTO)->n_members, 10);
        ck_assert_uint_eq(target_of(w, p, NULL, TARGET_AUTO)->promised, MIB(700));
        ck_assert(!has_member(w, target_of(w, p, NULL, TARGET_AUTO), kiosk));

        p->targets.kind = TARGET_PROCESS;
        ranked(w, p, NULL);
        ck_assert_str_eq(
                comm_of(w, &best[0]), "kiosk"); /* who asks for single processes gets one */
        world_free(w);
}
END_TEST

START_TEST(auto_takes_the_one_hog_of_a_crowded_scope) { /* T48 */
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *hog;

        for (int i = 0; i < 60; i++)
                in_unit(w, gainer(w, "sleeper", MIB(5)), "app-x.scope");
        hog = gainer(w, "hog", GIB(2));
        in_unit(w, hog, "app-x.scope");
        p->targets.kind = TARGET_AUTO;
        ranked(w, p, NULL);
        ck_assert_uint_eq(target_of(w, p, NULL, TARGET_AUTO)->n_members, 1);
        ck_assert(has_member(w, target_of(w, p, NULL, TARGET_AUTO), hog));
        ck_assert_int_eq(target_of(w, p, NULL, TARGET_AUTO)->kind, TARGET_PROCESS);
        world_free(w);
}
END_TEST

START_TEST(a_fork_bomb_goes_as_a_tree_and_its_shell_stays) { /* T59 */
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *shell = gainer(w, "bash", MIB(5)), *bomb = gainer(w, "bomb", MIB(5)),
                   *editor = gainer(w, "vim", MIB(20));
        const Target *t;

        world_facts(w, shell)->tty_leader = true;
        child_of(w, bomb, shell);
        child_of(w, editor, shell);
        for (int i = 0; i < 50; i++)
                child_of(w, gainer(w, "bomb", MIB(5)), i < 5 ? bomb : &w->procs[3 + i % 5]);
        p->targets.kind = TARGET_AUTO;
        p->targets.at_least_percent = false;
        p->targets.at_least = MIB(160);
        ranked(w, p, NULL);
        t = target_of(w, p, NULL, TARGET_AUTO);
        ck_assert_int_eq(t->kind, TARGET_TREE);
        ck_assert_uint_eq(t->n_members, 51);
        ck_assert_uint_eq(t->members[0], (uint32_t) (bomb - w->procs)); /* the root first */
        ck_assert(!has_member(w, t, shell));
        ck_assert(!has_member(w, t, editor));
        ck_assert_uint_eq(t->promised, 51 * MIB(5));
        world_free(w);
}
END_TEST

START_TEST(the_smallest_subtree_with_most_of_the_gain_is_enough) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *root = gainer(w, "root", MIB(10)), *make = gainer(w, "make", MIB(10)),
                   *web = gainer(w, "web", MIB(300));
        const Target *t;

        child_of(w, make, root);
        child_of(w, web, root);
        for (int i = 0; i < 4; i++)
                child_of(w, gainer(w, "cc", MIB(300)), make);
        p->targets.kind = TARGET_AUTO;
        ranked(w, p, NULL);
        t = target_of(w, p, NULL, TARGET_AUTO);
        ck_assert_uint_eq(t->n_members, 5);
        ck_assert(has_member(w, t, make));
        ck_assert(!has_member(w, t, root));
        ck_assert(!has_member(w, t, web));
        world_free(w);
}
END_TEST

START_TEST(without_a_common_root_the_heaviest_tree_goes_first) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *a = gainer(w, "a", MIB(400)), *b = gainer(w, "b", MIB(500)),
                   *c = gainer(w, "c", MIB(450));
        const Target *t;

        in_unit(w, a, "x.service");
        in_unit(w, b, "x.service");
        in_unit(w, c, "x.service");
        p->targets.kind = TARGET_AUTO;
        ranked(w, p, NULL);
        t = target_of(w, p, NULL, TARGET_AUTO);
        ck_assert_uint_eq(t->n_members, 1);
        ck_assert(has_member(w, t, b));
        world_free(w);
}
END_TEST

START_TEST(who_is_protected_stays_out_of_a_tree) {
        static const char *const comm = "keep";
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *root = gainer(w, "root", MIB(10)), *keep = gainer(w, "keep", MIB(300));
        MatchSpec spec;
        const Target *t;

        child_of(w, keep, root);
        for (int i = 0; i < 3; i++)
                child_of(w, gainer(w, "leaf", MIB(300)), root);
        w->config.protect = by_comm(&spec, &comm);
        p->targets.kind = TARGET_AUTO;
        ranked(w, p, NULL);
        t = target_of(w, p, NULL, TARGET_AUTO);
        ck_assert_uint_eq(t->n_members, 4);
        ck_assert(!has_member(w, t, keep));
        world_free(w);
}
END_TEST

START_TEST(a_preferred_member_is_taken_alone) {
        static const char *const tab = "tab";
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *browser = gainer(w, "browser", MIB(300));
        MatchSpec spec;

        for (int i = 0; i < 6; i++)
                child_of(w, gainer(w, "tab", MIB(300)), browser);
        p->targets.kind = TARGET_AUTO;
        p->targets.prefer = by_comm(&spec, &tab);
        ranked(w, p, NULL);
        ck_assert_uint_eq(target_of(w, p, NULL, TARGET_AUTO)->n_members, 1);
        ck_assert_str_eq(w->facts[target_of(w, p, NULL, TARGET_AUTO)->members[0]].comm, "tab");
        world_free(w);
}
END_TEST

START_TEST(a_member_without_a_pidfd_is_counted_as_not_reached) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *root = gainer(w, "root", MIB(10));
        const Target *t;

        for (int i = 0; i < 6; i++)
                child_of(w, gainer(w, "leaf", MIB(300)), root);
        w->procs[3].kept = false;
        p->targets.kind = TARGET_AUTO;
        ranked(w, p, NULL);
        t = target_of(w, p, NULL, TARGET_AUTO);
        ck_assert_uint_eq(t->n_members, 6);
        ck_assert_uint_eq(t->n_unreached, 1);
        ck_assert_uint_eq(t->promised, 5 * MIB(300) + MIB(10));
        world_free(w);
}
END_TEST

/* ---- shared address spaces
 * ------------------------------------------------------------------------------ */

START_TEST(sharers_count_once_and_go_together) { /* T58 */
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *a = gainer(w, "a", GIB(1)), *b = gainer(w, "b", GIB(1)),
                   *other = gainer(w, "other", MIB(1500));
        const Target *t;

        world_facts(w, a)->mm_group = world_facts(w, b)->mm_group = 42;
        in_unit(w, a, "x.service");
        in_unit(w, b, "x.service");
        in_unit(w, other, "y.service");
        ranked(w, p, NULL);
        ck_assert_str_eq(comm_of(w, &best[0]), "other"); /* 1 GiB, not 2 */

        other->gained = other->freeable = MIB(500);
        ranked(w, p, NULL);
        t = target_of(w, p, NULL, TARGET_PROCESS);
        ck_assert_uint_eq(t->n_members, 2);
        ck_assert(has_member(w, t, a) && has_member(w, t, b));
        ck_assert_uint_eq(t->promised, GIB(1));
        world_free(w);
}
END_TEST

START_TEST(who_shares_with_the_untouchable_is_untouchable) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *a = gainer(w, "a", GIB(4)), *b = gainer(w, "b", GIB(4));

        gainer(w, "other", GIB(1));
        world_facts(w, a)->mm_group = world_facts(w, b)->mm_group = 42;
        make_adj_root(w, b);
        ranked(w, p, NULL);
        ck_assert_int_eq(refusal_of(w, a), REFUSAL_SHARES_MM);
        ck_assert_int_eq(refusal_of(w, b), REFUSAL_ADJ);
        ck_assert_str_eq(comm_of(w, &best[0]), "other");
        world_free(w);
}
END_TEST

/* ---- instances
 * -------------------------------------------------------------------------------------------- */

START_TEST(the_target_of_a_process_policy_is_the_instance) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *parent = gainer(w, "parent", MIB(200)), *child = gainer(w, "child", GIB(3)),
                   *other = gainer(w, "o", GIB(5));
        Verdict v = { .key = { .watch = WATCH_PROCESS, .slot = parent->slot, .generation = 1 },
                .proc = 0 };

        (void) other;
        p->watch = WATCH_PROCESS;
        child_of(w, child, parent);
        ranked(w, p, &v);
        ck_assert_ptr_eq(&w->procs[best[0].proc], parent);
        ck_assert_int_eq(best[1].refusal, REFUSAL_NOT_MATCHED);
        ck_assert_uint_eq(target_of(w, p, &v, TARGET_PROCESS)->n_members, 1);

        p->targets.kind = TARGET_TREE;
        ranked(w, p, &v);
        ck_assert_uint_eq(target_of(w, p, &v, TARGET_TREE)->n_members, 2);
        ck_assert(has_member(w, target_of(w, p, &v, TARGET_TREE), child));
        ck_assert_uint_eq(target_of(w, p, &v, TARGET_TREE)->members[0], 0);
        world_free(w);
}
END_TEST

START_TEST(the_target_of_a_user_policy_is_one_of_the_users) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *mine = gainer(w, "mine", GIB(1)), *other = gainer(w, "other", GIB(5));
        Verdict v = { .key = { .watch = WATCH_USER, .uid = 1001 }, .proc = -1 };

        p->watch = WATCH_USER;
        world_facts(w, mine)->uid = 1001;
        ranked(w, p, &v);
        ck_assert_ptr_eq(&w->procs[best[0].proc], mine);
        ck_assert_int_eq(refusal_of(w, other), REFUSAL_NOT_MATCHED);
        world_free(w);
}
END_TEST

/* ---- widening
 * ------------------------------------------------------------------------------------------------
 */

START_TEST(a_wider_target_is_the_parent_with_all_it_started) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *supervisor = gainer(w, "supervisor", MIB(10)),
                   *worker = gainer(w, "worker", GIB(1));
        Target t;

        child_of(w, worker, supervisor);
        child_of(w, gainer(w, "helper", MIB(20)), supervisor);
        ranked(w, p, NULL);
        ck_assert(rank_target_widen(&w->s, w->candidates, &best[0], &t));
        ck_assert_uint_eq(t.n_members, 3);
        ck_assert_ptr_eq(&w->procs[t.members[0]], supervisor);
        ck_assert_uint_eq(t.class_hash, world_facts(w, supervisor)->class_hash);

        world_facts(w, supervisor)->tty_leader = true; /* now it is the shell */
        ranked(w, p, NULL);
        ck_assert(!rank_target_widen(&w->s, w->candidates, &best[0], &t));
        world_facts(w, worker)->ppid = 1;
        ranked(w, p, NULL);
        ck_assert(!rank_target_widen(&w->s, w->candidates, &best[0], &t));
        world_free(w);
}
END_TEST

START_TEST(a_loop_of_parents_ends) {
        World *w = world_new();
        Policy *p = policy_new(w);
        ProcSample *a = gainer(w, "a", MIB(300)), *b = gainer(w, "b", MIB(300)),
                   *c = gainer(w, "c", MIB(300));

        child_of(w, a, c); /* what a torn reading may claim */
        child_of(w, b, a);
        child_of(w, c, b);
        world_facts(w, a)->session = world_facts(w, b)->session = world_facts(w, c)->session = 5;
        p->targets.kind = TARGET_AUTO;
        ranked(w, p, NULL);
        ck_assert_uint_ge(target_of(w, p, NULL, TARGET_AUTO)->n_members, 1);
        world_free(w);
}
END_TEST

START_TEST(names_of_refusals_are_stable_and_complete) {
        for (int r = 0; r < _REFUSAL_MAX; r++)
                ck_assert_ptr_nonnull(refusal_name((Refusal) r));
        ck_assert_str_eq(refusal_name(REFUSAL_PROTECTED), "protected");
        ck_assert_str_eq(refusal_name(REFUSAL_TOO_SMALL), "too-small");
        ck_assert_str_eq(refusal_name((Refusal) 99), "unknown");
}
END_TEST

#define ADD_ROWS(test, rows)                                                                       \
        tcase_add_loop_test(tc, test, 0, (int) (sizeof(rows) / sizeof(rows[0])))

int main(void) {
        const TTest *const tests[] = { an_inherited_adj_is_reported,
                protect_spares_and_names_its_entry,
                match_limits_the_choice_and_a_veto_is_asked_last,
                who_is_vetoed_does_not_count_in_its_group, a_shell_survives_its_hog,
                a_shell_that_is_the_offender_is_one, a_policy_that_names_it_may_have_it,
                a_wide_cgroup_match_names_nobody, who_gained_goes_before_who_is_large,
                shared_memory_is_nobodys_gain, the_scale_of_the_kernels_score_plays_no_role_in_ours,
                prefer_and_avoid_multiply_by_four, small_tabs_do_not_die_while_the_hog_lives,
                preferring_a_negative_score_still_prefers,
                ties_go_to_the_younger_then_to_the_higher_pid,
                the_order_of_the_sample_plays_no_role,
                only_as_many_as_asked_for_are_written_the_best,
                the_least_worth_a_process_is_a_share_with_a_floor_or_an_amount,
                groups_compete_by_their_sum, of_many_small_ones_auto_takes_all_and_process_nobody,
                auto_takes_the_one_hog_of_a_crowded_scope,
                a_fork_bomb_goes_as_a_tree_and_its_shell_stays,
                the_smallest_subtree_with_most_of_the_gain_is_enough,
                without_a_common_root_the_heaviest_tree_goes_first,
                who_is_protected_stays_out_of_a_tree, a_preferred_member_is_taken_alone,
                a_member_without_a_pidfd_is_counted_as_not_reached,
                sharers_count_once_and_go_together, who_shares_with_the_untouchable_is_untouchable,
                the_target_of_a_process_policy_is_the_instance,
                the_target_of_a_user_policy_is_one_of_the_users,
                a_wider_target_is_the_parent_with_all_it_started, a_loop_of_parents_ends,
                names_of_refusals_are_stable_and_complete };
        Suite *s = suite_create("rank");
        TCase *tc = tcase_create("rank");

        ADD_ROWS(refusal_table, refusal_rows);
        ADD_ROWS(weight_table, weight_rows);
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
