/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/choice.h"

#include "tests/core-world.h"

/* ---- a machine with units, a session, a container
 * ---------------------------------------------------------- */

static ProcSample *member(World *w, const char *comm, const char *cgroup, const char *unit,
        uint64_t before, uint64_t now) {
        ProcSample *p = world_process(w, comm, before);
        ProcFacts *f = world_facts(w, p);

        f->cgroup = cgroup;
        f->unit = unit;
        f->uid = 0;
        f->exe = f->comm;
        p->shmem = now; /* what it will have: see grow() */
        return p;
}

/* Each cgroup has what its processes have, and some cache. */
static void charge_groups(World *w) {
        for (size_t g = 0; g < w->s.n_groups; g++) {
                uint64_t anon = 0;

                for (size_t i = 0; i < w->s.n_procs; i++)
                        if (sample_holds(&w->s, &w->groups[g], i))
                                anon += w->procs[i].anon;
                group_set(&w->groups[g], anon, MIB(10));
        }
}

/* They are watched for a while, then take what they will have. */
static void grow(World *w) {
        world_rehash(w);
        charge_groups(w);
        world_tick(w, SEC(1));
        world_tick(w, SEC(70));
        for (size_t i = 0; i < w->s.n_procs; i++) {
                process_set(&w->procs[i], w->procs[i].shmem);
                w->procs[i].shmem = 0;
        }
        charge_groups(w);
        world_tick(w, SEC(1));
}

static const char *const system_unit_paths[] = { "/system.slice/a.service",
        "/system.slice/b.service", "/system.slice/c.service" };

/* a: large and steady. b: a swarm that gained. c: one leak that gained a little less. */
static Policy *three_units(World *w, TargetKind kind) {
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(1)));

        p->targets.kind = kind;
        world_unit(w, system_unit_paths[0], "a.service", 0, UINT64_MAX);
        world_unit(w, system_unit_paths[1], "b.service", 0, UINT64_MAX);
        world_unit(w, system_unit_paths[2], "c.service", 0, UINT64_MAX);
        member(w, "steady", system_unit_paths[0], "a.service", GIB(4), GIB(4));
        for (int i = 0; i < 6; i++) {
                ProcSample *q =
                        member(w, "swarm", system_unit_paths[1], "b.service", MIB(10), MIB(310));

                if (i > 0)
                        world_facts(w, q)->ppid = w->facts[1].pid;
        }
        member(w, "leak", system_unit_paths[2], "c.service", MIB(10), MIB(1510));
        return p;
}

static Choice choice;

static void choose_for(World *w, const Verdict *v) {
        Policy *p = &w->policies[v ? v->policy : 0];
        Choosing c = { &w->config, p, v, &w->s, NULL, &w->scratch, NULL };

        w->scratch.n_best = rank(&w->config, p, v, &w->s, NULL, w->candidates, WORLD_PROCS_MAX,
                w->scratch.best, ELEMENTS(w->scratch.best));
        choice_make(&c, &choice);
}

static void choose(World *w) {
        choose_for(w, &w->verdicts[0]);
}

static const char *taken_path(const World *w) {
        return choice.target.group < 0 ? "" : w->groups[choice.target.group].facts->path;
}

static const char *refusal_of(const World *w, const GroupSample *g) {
        return refusal_name(w->group_candidates[g - w->groups].refusal);
}

START_TEST(units_compete_by_what_they_gained) {
        World *w = world_new();

        three_units(w, TARGET_UNIT);
        grow(w);
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[1]);
        ck_assert_int_eq(choice.target.kind, TARGET_UNIT);
        ck_assert_uint_eq(choice.target.n_groups, 1);
        ck_assert_uint_eq(choice.target.groups[0].slot, 1);
        ck_assert_uint_eq(choice.target.n_members, 6);
        ck_assert_uint_eq(choice.target.promised, MIB(310) * 6);
        ck_assert_uint_eq(choice.target.class_hash, w->group_facts[1].class_hash);
        ck_assert_uint_eq(choice.target.class_hash, w->facts[1].class_hash); /* as its members */
        ck_assert_uint_eq(w->scratch.n_best_groups, 3);
        ck_assert_uint_eq(w->scratch.best_groups[1].group, 2);
        ck_assert_uint_eq(w->scratch.best_groups[0].gained, MIB(300) * 6);
        world_free(w);
}
END_TEST

/* As units do, so that it can be told why one is taken and another is not. */
START_TEST(for_kind_auto_the_works_of_the_processes_compete_when_it_is_explained) {
        World *w = world_new();
        Choosing c = { &w->config, &w->policies[0], NULL, &w->s, NULL, &w->scratch, NULL };

        three_units(w, TARGET_AUTO);
        world_group_facts(w, &w->groups[2])->self = true;
        grow(w);
        choose(w);
        ck_assert_uint_eq(w->scratch.n_best_groups, 0);
        c.v = &w->verdicts[0];
        choice_list_works(&c);
        ck_assert_uint_eq(w->scratch.n_best_groups, 3);
        ck_assert_uint_eq(w->scratch.best_groups[0].group, 1);
        ck_assert_uint_eq(w->scratch.best_groups[0].gained, MIB(300) * 6);
        ck_assert_int_gt(w->scratch.best_groups[0].score, 0);
        ck_assert_int_eq(w->scratch.best_groups[1].refusal, REFUSAL_NONE);
        ck_assert_uint_eq(w->scratch.best_groups[1].group, 0);
        ck_assert_int_eq(w->scratch.best_groups[2].refusal, REFUSAL_SELF);

        w->policies[0].targets.kind = TARGET_PROCESS;
        choose(w);
        choice_list_works(&c);
        ck_assert_uint_eq(w->scratch.n_best_groups, 0); /* no cgroup is ever taken */
        world_free(w);
}
END_TEST

START_TEST(without_memory_stat_the_processes_tell_what_a_unit_gained) {
        World *w = world_new();

        three_units(w, TARGET_UNIT);
        for (size_t i = 0; i < 3; i++)
                w->groups[i].has_memory = false;
        grow(w);
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[1]);
        ck_assert(w->scratch.best_groups[0].history_missing);
        ck_assert_uint_eq(choice.target.promised, MIB(310) * 6);
        world_free(w);
}
END_TEST

START_TEST(what_is_not_seen_as_a_process_counts_by_memory_stat) {
        World *w = world_new();

        three_units(w, TARGET_UNIT);
        grow(w);
        w->groups[2].gained = GIB(3); /* most of it in processes that nobody listed */
        w->groups[2].gained_known = true;
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[2]);
        world_free(w);
}
END_TEST

START_TEST(a_preferred_unit_goes_first_and_an_avoided_one_last) {
        static const char *const names[] = { "c.service", "b.service" };
        World *w = world_new();
        Policy *p = three_units(w, TARGET_UNIT);
        MatchSpec specs[2] = { { .key_mask = UINT32_C(1) << MATCH_UNIT },
                { .key_mask = UINT32_C(1) << MATCH_UNIT } };

        for (int i = 0; i < 2; i++) {
                specs[i].patterns[MATCH_UNIT].patterns = &names[i];
                specs[i].patterns[MATCH_UNIT].n = 1;
        }
        grow(w);
        p->targets.prefer = (MatchList){ &specs[0], 1 };
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[2]);
        ck_assert_int_eq(w->scratch.best_groups[0].preference, 1);
        p->targets.prefer.n = 0;
        p->targets.avoid = (MatchList){ &specs[1], 1 };
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[2]);
        p->targets.avoid.n = 0;
        p->targets.match = (MatchList){ &specs[0], 1 };
        choose(w);
        ck_assert_uint_eq(w->scratch.n_best_groups, 1); /* only among these */
        world_free(w);
}
END_TEST

START_TEST(what_its_owner_avoids_goes_last_and_what_he_omits_never) {
        static const TargetKind kinds[] = { TARGET_UNIT, TARGET_PROCESS, TARGET_AUTO };

        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                World *w = world_new();

                three_units(w, kinds[i]);
                world_group(w, "/system.slice", 0);
                grow(w);
                w->group_facts[1].avoid = true; /* b, the swarm */
                choose(w);
                ck_assert_str_eq(w->procs[choice.target.members[0]].facts->comm, "leak");
                w->group_facts[1].avoid = false;
                w->group_facts[2].avoid = true; /* c, the leak: a quarter of a little less */
                choose(w);
                ck_assert_str_eq(w->procs[choice.target.members[0]].facts->comm, "swarm");
                ck_assert(w->candidates[7].owner_avoids);

                w->group_facts[1].omit = true;
                choose(w);
                ck_assert_str_eq(w->procs[choice.target.members[0]].facts->comm, "leak");
                ck_assert_int_eq(w->candidates[1].refusal, REFUSAL_OMIT);
                ck_assert_str_eq(refusal_of(w, &w->groups[1]),
                        kinds[i] == TARGET_PROCESS ? "candidate" : "omit");
                w->group_facts[3].omit = true; /* the slice around all of them */
                choose(w);
                ck_assert(target_is_nobody(&choice.target));
                world_free(w);
        }
}
END_TEST

START_TEST(what_holds_something_omitted_is_not_taken_whole) {
        World *w = world_new();

        three_units(w, TARGET_UNIT);
        world_group(w, "/system.slice/b.service/inner", 0);
        w->facts[2].cgroup = "/system.slice/b.service/inner";
        w->group_facts[3].omit = true;
        grow(w);
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[2]);
        ck_assert_str_eq(refusal_of(w, &w->groups[1]), "omit");
        world_free(w);
}
END_TEST

START_TEST(a_match_by_process_takes_the_unit_around_it) {
        static const char *const comm = "leak", *const part = "/system.slice/b.service/x";
        World *w = world_new();
        Policy *p = three_units(w, TARGET_UNIT);
        MatchSpec spec = { .key_mask = UINT32_C(1) << MATCH_COMM };

        spec.patterns[MATCH_COMM].patterns = &comm;
        spec.patterns[MATCH_COMM].n = 1;
        spec.patterns[MATCH_CGROUP].patterns = &part;
        spec.patterns[MATCH_CGROUP].n = 1;
        p->targets.match = (MatchList){ &spec, 1 };
        grow(w);
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[2]);

        /* a part of it is not all of it */
        spec.key_mask = UINT32_C(1) << MATCH_CGROUP;
        world_facts(w, &w->procs[1])->cgroup = part;
        choose(w);
        ck_assert_str_eq(taken_path(w), "");
        world_free(w);
}
END_TEST

/* ---- cgroups that are leaves, or go as one
 * ----------------------------------------------------------------- */

START_TEST(leaves_compete_and_what_goes_as_one_goes_as_one) {
        World *w = world_new();
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(1)));
        GroupSample *top, *one, *two;

        p->targets.kind = TARGET_CGROUP;
        top = world_group(w, "/pod", 0);
        one = world_group(w, "/pod/one", 0);
        two = world_group(w, "/pod/two", 0);
        member(w, "one", "/pod/one", "", MIB(10), MIB(700));
        member(w, "two", "/pod/two", "", MIB(10), MIB(900));
        grow(w);
        choose(w);
        ck_assert_str_eq(taken_path(w), "/pod/two");
        ck_assert_int_eq(choice.target.kind, TARGET_CGROUP);
        ck_assert_str_eq(refusal_of(w, top), "not-matched");

        world_group_facts(w, top)->oom_group = true;
        choose(w);
        ck_assert_str_eq(taken_path(w), "/pod");
        ck_assert_uint_eq(choice.target.n_groups, 3); /* itself first, then what is below */
        ck_assert_uint_eq(choice.target.groups[0].slot, top->slot);
        ck_assert_uint_eq(choice.target.n_members, 2);
        ck_assert_str_eq(refusal_of(w, one), "not-matched");
        two->populated = false;
        choose(w);
        ck_assert_uint_eq(choice.target.n_groups, 2);
        world_free(w);
}
END_TEST

START_TEST(users_compete_by_their_slices) {
        static const char *const paths[] = { "/user.slice/user-1000.slice",
                "/user.slice/user-1001.slice" };
        World *w = world_new();
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(1)));

        p->targets.kind = TARGET_USER;
        for (int i = 0; i < 2; i++) {
                GroupSample *g = world_group(w, paths[i], 0);
                ProcSample *q = member(w, "prog",
                        i == 0 ? "/user.slice/user-1000.slice/s.scope"
                               : "/user.slice/user-1001.slice/s.scope",
                        "", MIB(10), MIB(500 + 100 * (uint64_t) i));

                world_group_facts(w, g)->is_slice = true;
                world_group_facts(w, g)->uid = 1000 + (uint32_t) i;
                world_facts(w, q)->uid = 1000 + (uint32_t) i;
        }
        grow(w);
        choose(w);
        ck_assert_str_eq(taken_path(w), paths[1]);
        ck_assert_int_eq(choice.target.kind, TARGET_USER);
        world_free(w);
}
END_TEST

START_TEST(a_user_without_a_slice_is_all_his_processes) {
        World *w = world_new();
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(1)));

        p->targets.kind = TARGET_USER;
        world_facts(w, member(w, "a", "/", "", MIB(10), MIB(500)))->uid = 1000;
        world_facts(w, member(w, "b", "/", "", MIB(10), MIB(100)))->uid = 1000;
        world_facts(w, member(w, "c", "/", "", MIB(10), MIB(100)))->uid = 1001;
        grow(w);
        choose(w);
        ck_assert_int_eq(choice.target.kind, TARGET_USER);
        ck_assert_uint_eq(choice.target.n_groups, 0);
        ck_assert_uint_eq(choice.target.n_members, 2);
        world_free(w);
}
END_TEST

/* ---- who is refused
 * -------------------------------------------------------------------------------- */

typedef enum Trouble {
        IS_OUR_OWN,
        HOLDS_INIT,
        HOLDS_US,
        IS_PROTECTED,
        HOLDS_PROTECTED,
        HOLDS_UNKILLABLE,
        HOLDS_A_BUS,
        HOLDS_A_TERMINAL,
        HOLDS_A_SHELL,
        HOLDS_A_SESSION_SHELL,
        IS_EMPTY,
        IS_THREADED,
        IS_A_SLICE,
        IS_OUT_OF_REACH,
        IS_SMALL,
} Trouble;

static const struct {
        const char *name;
        Trouble trouble;
        const char *refusal;
} refusal_rows[] = {
        { "our own cgroup, or one around it", IS_OUR_OWN, "self" },
        { "pid 1", HOLDS_INIT, "init" },
        { "a process of ours", HOLDS_US, "self" },
        { "a protected cgroup", IS_PROTECTED, "protected" },
        { "a protected member", HOLDS_PROTECTED, "protected" },
        { "oom_score_adj -1000", HOLDS_UNKILLABLE, "oom-score-adj" },
        { "what everything else hangs on", HOLDS_A_BUS, "session" },
        { "somebody at a terminal", HOLDS_A_TERMINAL, "session" },
        { "a shell that a service is written in", HOLDS_A_SHELL, "candidate" },
        { "a shell of a login", HOLDS_A_SESSION_SHELL, "session" },
        { "nobody", IS_EMPTY, "empty" },
        { "threads of others", IS_THREADED, "threaded" },
        { "a slice", IS_A_SLICE, "slice" },
        { "no descriptors", IS_OUT_OF_REACH, "unreachable" },
        { "hardly anything", IS_SMALL, "too-small" },
};

static const char *const protected_unit = "b.service", *const protected_comm = "small";
static MatchSpec protect_spec;

static void make_trouble(World *w, Trouble trouble, GroupSample *g, ProcSample *small) {
        GroupFacts *gf = world_group_facts(w, g);
        ProcFacts *f = world_facts(w, small);
        MatchKey key = trouble == IS_PROTECTED ? MATCH_UNIT : MATCH_COMM;

        gf->self = trouble == IS_OUR_OWN;
        gf->is_threaded = trouble == IS_THREADED;
        gf->is_slice = trouble == IS_A_SLICE;
        g->populated = trouble != IS_EMPTY;
        g->kept = trouble != IS_OUT_OF_REACH;
        f->self = trouble == HOLDS_US;
        f->tty_leader = trouble == HOLDS_A_TERMINAL;
        if (trouble == HOLDS_INIT)
                f->pid = 1;
        if (trouble == HOLDS_UNKILLABLE)
                f->oom_score_adj = -1000;
        if (trouble == HOLDS_A_BUS)
                f->exe = "/usr/bin/dbus-daemon";
        if (trouble == HOLDS_A_SHELL || trouble == HOLDS_A_SESSION_SHELL)
                f->exe = "/usr/bin/bash";
        if (trouble == HOLDS_A_SESSION_SHELL)
                f->unit = "session-3.scope";
        if (trouble == IS_SMALL)
                w->policies[0].targets.at_least = 9900;

        protect_spec = (MatchSpec){ .key_mask = UINT32_C(1) << key };
        protect_spec.patterns[key].patterns =
                trouble == IS_PROTECTED ? &protected_unit : &protected_comm;
        protect_spec.patterns[key].n = 1;
        if (trouble == IS_PROTECTED || trouble == HOLDS_PROTECTED)
                w->config.protect = (MatchList){ &protect_spec, 1 };
}

START_TEST(refusal_table) {
        World *w = world_new();
        ProcSample *small;

        three_units(w, TARGET_UNIT);
        small = member(w, "small", system_unit_paths[1], "b.service", MIB(1), MIB(1));
        grow(w);
        make_trouble(w, refusal_rows[_i].trouble, &w->groups[1], small);
        choose(w);
        ck_assert_msg(strcmp(refusal_of(w, &w->groups[1]), refusal_rows[_i].refusal) == 0, "%s: %s",
                refusal_rows[_i].name, refusal_of(w, &w->groups[1]));
        ck_assert_int_eq(strcmp(taken_path(w), system_unit_paths[1]) == 0,
                strcmp(refusal_rows[_i].refusal, "candidate") == 0);
        world_free(w);
}
END_TEST

START_TEST(who_is_the_reason_is_told) {
        World *w = world_new();
        ProcSample *small;

        three_units(w, TARGET_UNIT);
        small = member(w, "small", system_unit_paths[1], "b.service", MIB(1), MIB(1));
        grow(w);
        make_trouble(w, HOLDS_PROTECTED, &w->groups[1], small);
        choose(w);
        ck_assert_uint_eq(w->group_candidates[1].refuser, (uint32_t) (small - w->procs));
        ck_assert_ptr_eq(w->group_candidates[1].spec, &protect_spec);
        world_free(w);
}
END_TEST

START_TEST(what_must_not_be_touched_protects_all_around_it) {
        World *w = world_new();
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(1)));

        p->targets.kind = TARGET_UNIT;
        world_unit(w, "/system.slice/x.service", "x.service", 0, UINT64_MAX);
        world_group(w, "/system.slice/x.service/sub", 0);
        member(w, "hog", "/system.slice/x.service", "x.service", MIB(1), GIB(1));
        world_facts(w, member(w, "us", "/system.slice/x.service/sub/deep", "x.service", 0, MIB(1)))
                ->self = true;
        grow(w);
        choose(w);
        ck_assert_str_eq(refusal_of(w, &w->groups[0]), "self");
        ck_assert(target_is_nobody(&choice.target));
        world_free(w);
}
END_TEST

START_TEST(a_unit_that_is_named_may_hold_what_others_hang_on) {
        static const char *name = "b.service";
        static MatchSpec spec;
        World *w = world_new();
        Policy *p = three_units(w, TARGET_UNIT);

        world_facts(w, member(w, "bus", system_unit_paths[1], "b.service", MIB(1), MIB(1)))->exe =
                "/usr/bin/dbus-daemon";
        spec = (MatchSpec){ .key_mask = UINT32_C(1) << MATCH_UNIT };
        spec.patterns[MATCH_UNIT].patterns = &name;
        spec.patterns[MATCH_UNIT].n = 1;
        grow(w);
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[2]);
        p->targets.match = (MatchList){ &spec, 1 };
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[1]);
        world_free(w);
}
END_TEST

/* ---- the instance of a policy
 * ------------------------------------------------------------------------ */

static Verdict about_group(World *w, WatchKind watch, size_t group) {
        w->policies[0].watch = watch;
        return (Verdict){ .key = { .watch = watch,
                                  .slot = w->groups[group].slot,
                                  .generation = w->groups[group].generation },
                .proc = -1,
                .group = (int32_t) group };
}

START_TEST(an_instance_is_taken_itself_or_bounds_what_is_chosen) {
        static const struct {
                WatchKind watch;
                TargetKind kind;
                const char *path; /* "": a process */
        } rows[] = {
                { WATCH_UNIT, TARGET_UNIT, "/system.slice/c.service" },
                { WATCH_UNIT, TARGET_CGROUP, "/system.slice/c.service" },
                { WATCH_CGROUP, TARGET_CGROUP, "/system.slice/c.service" },
                { WATCH_CGROUP, TARGET_UNIT, "/system.slice/c.service" },
                { WATCH_UNIT, TARGET_PROCESS, "" }, { WATCH_CGROUP, TARGET_TREE, "" },
                { WATCH_UNIT, TARGET_AUTO, "" }, /* one leaks */
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                World *w = world_new();
                Verdict v;

                three_units(w, rows[i].kind);
                grow(w);
                v = about_group(w, rows[i].watch, 2);
                choose_for(w, &v);
                ck_assert_msg(
                        strcmp(taken_path(w), rows[i].path) == 0, "%zu: %s", i, taken_path(w));
                ck_assert_ptr_nonnull(choice.winner);
                ck_assert_str_eq(w->facts[choice.winner->proc].comm, "leak");
                world_free(w);
        }
}
END_TEST

START_TEST(units_in_a_watched_slice_compete_and_nothing_beside_it) {
        World *w = world_new();
        GroupSample *slice;
        Verdict v;

        three_units(w, TARGET_UNIT);
        slice = world_group(w, "/limited.slice", 0);
        world_group_facts(w, slice)->is_slice = true;
        world_unit(w, "/limited.slice/d.service", "d.service", 0, UINT64_MAX);
        member(w, "inside", "/limited.slice/d.service", "d.service", MIB(10), MIB(300));
        grow(w);
        v = about_group(w, WATCH_CGROUP, (size_t) (slice - w->groups));
        choose_for(w, &v);
        ck_assert_str_eq(taken_path(w), "/limited.slice/d.service");
        w->policies[0].targets.kind = TARGET_CGROUP; /* the slice itself: it is what is watched */
        choose_for(w, &v);
        ck_assert_str_eq(taken_path(w), "/limited.slice");
        w->policies[0].targets.kind = TARGET_PROCESS;
        choose_for(w, &v);
        ck_assert_str_eq(w->facts[choice.winner->proc].comm, "inside");
        world_free(w);
}
END_TEST

/* ---- auto
 * ------------------------------------------------------------------------------------------ */

START_TEST(auto_takes_the_cgroup_of_a_swarm) {
        World *w = world_new();

        three_units(w, TARGET_AUTO);
        grow(w);
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[1]);
        world_free(w);
}
END_TEST

START_TEST(auto_takes_the_member_that_holds_the_gain) {
        World *w = world_new();

        three_units(w, TARGET_AUTO);
        for (int i = 1; i <= 6; i++)
                w->procs[i].shmem = MIB(20); /* the swarm stays small */
        grow(w);
        choose(w);
        ck_assert_int_eq(choice.target.kind, TARGET_PROCESS);
        ck_assert_str_eq(w->facts[choice.target.members[0]].comm, "leak");

        world_group_facts(w, &w->groups[2])->oom_group = true; /* one for the kernel, one for us */
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[2]);
        world_free(w);
}
END_TEST

START_TEST(auto_leaves_a_cgroup_that_is_refused_to_its_processes) {
        World *w = world_new();

        three_units(w, TARGET_AUTO);
        world_facts(w, member(w, "sh", system_unit_paths[1], "b.service", MIB(1), MIB(1)))
                ->tty_leader = true;
        grow(w);
        choose(w);
        ck_assert_uint_eq(choice.target.n_groups, 0);
        ck_assert_int_eq(choice.target.kind, TARGET_TREE);
        ck_assert_str_eq(w->facts[choice.target.members[0]].comm, "swarm");
        world_free(w);
}
END_TEST

START_TEST(a_container_goes_as_one) {
        World *w = world_new();
        Policy *p =
                world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(1)));
        GroupSample *scope;

        p->targets.kind = TARGET_AUTO;
        scope = world_unit(w, "/system.slice/docker-ab.scope", "docker-ab.scope", 0, UINT64_MAX);
        world_group_facts(w, scope)->container = "ab";
        world_group_facts(w, world_group(w, "/system.slice/docker-ab.scope/in", 0))->container =
                "ab";
        for (int i = 0; i < 4; i++)
                world_facts(w,
                        member(w, "in", "/system.slice/docker-ab.scope/in", "docker-ab.scope",
                                MIB(1), MIB(400)))
                        ->container = "ab";
        grow(w);
        choose(w);
        ck_assert_str_eq(taken_path(w), "/system.slice/docker-ab.scope");
        ck_assert_uint_eq(choice.target.n_groups, 2);
        world_free(w);
}
END_TEST

/* ---- no more than so many
 * ------------------------------------------------------------------------------ */

START_TEST(of_too_many_only_the_worst_is_taken) {
        static const TargetKind kinds[] = { TARGET_UNIT, TARGET_AUTO };

        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                World *w = world_new();
                Policy *p = three_units(w, kinds[i]);

                p->targets.max_victims = 6;
                w->procs[3].shmem = MIB(320);
                grow(w);
                choose(w);
                ck_assert(!choice.too_many);
                ck_assert_str_eq(taken_path(w), system_unit_paths[1]);
                p->targets.max_victims = 5;
                choose(w);
                ck_assert(choice.too_many);
                ck_assert_int_eq(choice.target.kind, TARGET_PROCESS);
                ck_assert_uint_eq(choice.target.n_members, 1);
                ck_assert_uint_eq(choice.target.members[0], 3);
                ck_assert_ptr_nonnull(choice.group);
                world_free(w);
        }
}
END_TEST

START_TEST(a_cgroup_of_which_nobody_is_known_may_hold_any_number) {
        World *w = world_new();
        Policy *p = three_units(w, TARGET_UNIT);

        grow(w);
        for (size_t i = 1; i < 8; i++)
                world_facts(w, &w->procs[i])->cgroup = "/elsewhere";
        w->groups[1].gained_known = w->groups[1].unreclaimable_known = true;
        choose(w);
        ck_assert_str_eq(taken_path(w), system_unit_paths[1]); /* whoever they are */
        ck_assert_uint_eq(choice.target.n_members, 0);
        ck_assert_uint_eq(choice.target.n_groups, 1);
        p->targets.max_victims = 1000;
        choose(w);
        ck_assert(choice.too_many);
        ck_assert(target_is_nobody(&choice.target));
        world_free(w);
}
END_TEST

#define ADD_TABLE(tc, test, rows)                                                                  \
        tcase_add_loop_test(tc, test, 0, (int) (sizeof(rows) / sizeof((rows)[0])))

int main(void) {
        const TTest *const tests[] = {
                units_compete_by_what_they_gained,
                for_kind_auto_the_works_of_the_processes_compete_when_it_is_explained,
                without_memory_stat_the_processes_tell_what_a_unit_gained,
                what_is_not_seen_as_a_process_counts_by_memory_stat,
                a_preferred_unit_goes_first_and_an_avoided_one_last,
                what_its_owner_avoids_goes_last_and_what_he_omits_never,
                what_holds_something_omitted_is_not_taken_whole,
                a_match_by_process_takes_the_unit_around_it,
                leaves_compete_and_what_goes_as_one_goes_as_one,
                users_compete_by_their_slices,
                a_user_without_a_slice_is_all_his_processes,
                who_is_the_reason_is_told,
                what_must_not_be_touched_protects_all_around_it,
                a_unit_that_is_named_may_hold_what_others_hang_on,
                an_instance_is_taken_itself_or_bounds_what_is_chosen,
                units_in_a_watched_slice_compete_and_nothing_beside_it,
                auto_takes_the_cgroup_of_a_swarm,
                auto_takes_the_member_that_holds_the_gain,
                auto_leaves_a_cgroup_that_is_refused_to_its_processes,
                a_container_goes_as_one,
                of_too_many_only_the_worst_is_taken,
                a_cgroup_of_which_nobody_is_known_may_hold_any_number,
        };
        Suite *s = suite_create("group-rank");
        TCase *tc = tcase_create("group-rank");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        ADD_TABLE(tc, refusal_table, refusal_rows);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
