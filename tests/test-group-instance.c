/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/instance.h"

#include "core/match.h"
#include "tests/core-world.h"

static Condition usage_above(World *w, int64_t permyriad) {
        return CONDITION(w, COND_ALL,
                atom_share(METRIC_CGROUP_USAGE, "cgroup.usage", COMPARE_GT, permyriad));
}

/* A policy about the cgroups that a glob names. */
static Policy *group_policy(World *w, WatchKind watch, const char *glob, Condition when) {
        static MatchSpec specs[WORLD_POLICIES_MAX];
        static const char *globs[WORLD_POLICIES_MAX];
        Policy *p = world_policy(w, "groups", watch, when);
        size_t at = w->config.n_policies - 1;
        MatchKey key = watch == WATCH_UNIT ? MATCH_UNIT : MATCH_CGROUP;

        globs[at] = glob;
        specs[at] = (MatchSpec){ .key_mask = UINT32_C(1) << key };
        specs[at].patterns[key].patterns = &globs[at];
        specs[at].patterns[key].n = 1;
        p->watch_match = (MatchList){ &specs[at], 1 };
        return p;
}

/* ---- metrics
 * --------------------------------------------------------------------------------------- */

static const struct {
        MetricId metric;
        int64_t value, total;
} metric_rows[] = {
        { METRIC_CGROUP_CURRENT, 700, 1000 },
        { METRIC_CGROUP_ANON, 300, 1000 },
        { METRIC_CGROUP_FILE, 250, 1000 },
        { METRIC_CGROUP_SHMEM, 20, 1000 },
        { METRIC_CGROUP_KERNEL, 30, 1000 },
        { METRIC_CGROUP_SWAP, 40, 1000 },
        { METRIC_CGROUP_LIMIT, 1000, 10000 },
        { METRIC_CGROUP_USAGE, 400, 1000 },
        { METRIC_CGROUP_GAINED, 60, 1000 },
        { METRIC_CGROUP_GROWTH, 50, 0 },
        { METRIC_CGROUP_EXHAUSTION, (int64_t) SEC(12), 0 },
        { METRIC_CGROUP_REFAULT_ANON, 7, 0 },
        { METRIC_CGROUP_REFAULT_FILE, 8, 0 },
        { METRIC_CGROUP_EVENTS_FIRST + GROUP_EVENT_LOW, 1, 0 },
        { METRIC_CGROUP_EVENTS_FIRST + GROUP_EVENT_OOM_KILL, 5, 0 },
        { METRIC_CGROUP_PSI_FIRST, 1500, 0 },
        { METRIC_CGROUP_PSI_LAST, 2500, 0 },
};

static const GroupFacts limited_facts = { .path = "/a", .unit = "", .limit_bytes = 1000 };

static GroupSample some_group(void) {
        GroupSample g = { .facts = &limited_facts,
                .has_memory = true,
                .populated = true,
                .at_usec = SEC(99),
                .stat_at_usec = SEC(98),
                .current = 700,
                .anon = 300,
                .file = 250,
                .shmem = 20,
                .kernel = 30,
                .swap = 40,
                .has_events = true,
                .psi_have = 7,
                .unreclaimable_known = true,
                .unreclaimable = 400,
                .gained_known = true,
                .gained = 60,
                .growth_known = true,
                .growth = 50,
                .pace = 50,
                .pace_usec = SEC(97),
                .refaults = { { .known = true, .value = 7 }, { .known = true, .value = 8 } },
                .recent = { 1, 2, 3, 4, 5 } };

        g.pressure[0] = 1500;
        g.pressure[_PSI_METRICS - 1] = 2500;
        return g;
}

static Reading read_group(MetricId metric, const GroupSample *g) {
        static Sample s;

        s.raw.mem_total = 10000;
        s.system[METRIC_MEM_TOTAL] = (Reading){ .known = true, .value = 10000, .total = 10000 };
        return evaluate_metric(&s, metric, &(Instance){ .group = g });
}

START_TEST(metric_table) {
        GroupSample g = some_group();
        Reading r = read_group(metric_rows[_i].metric, &g);

        ck_assert(r.known);
        ck_assert_int_eq(r.value, metric_rows[_i].value);
        ck_assert_int_eq(r.total, metric_rows[_i].total);
        ck_assert(!read_group(metric_rows[_i].metric, NULL).known);

        g.has_memory = false; /* the controller is off: events and pressure come without it */
        r = read_group(metric_rows[_i].metric, &g);
        ck_assert_int_eq(r.known, metric_rows[_i].metric >= METRIC_CGROUP_EVENTS_FIRST);
}
END_TEST

START_TEST(a_limit_is_never_more_than_all_memory) {
        GroupFacts facts = limited_facts;
        GroupSample g = some_group();

        g.facts = &facts;
        facts.limit_bytes = UINT64_MAX;
        ck_assert_int_eq(read_group(METRIC_CGROUP_LIMIT, &g).value, 10000);
        ck_assert_int_eq(read_group(METRIC_CGROUP_USAGE, &g).total, 10000);
}
END_TEST

START_TEST(what_does_not_rise_is_never_exhausted) {
        GroupSample g = some_group();

        g.pace = 0;
        ck_assert_int_eq(read_group(METRIC_CGROUP_EXHAUSTION, &g).value, INT64_MAX);
        g.pace_usec = USEC_UNSET;
        ck_assert(!read_group(METRIC_CGROUP_EXHAUSTION, &g).known);
        g = some_group();
        g.unreclaimable = 1200; /* above its limit already */
        ck_assert_int_eq(read_group(METRIC_CGROUP_EXHAUSTION, &g).value, 0);
}
END_TEST

START_TEST(what_was_never_read_is_unknown) {
        GroupSample g = some_group();

        g.unreclaimable_known = false;
        ck_assert(!read_group(METRIC_CGROUP_USAGE, &g).known);
        ck_assert(!read_group(METRIC_CGROUP_EXHAUSTION, &g).known);
        g.gained_known = false;
        ck_assert(!read_group(METRIC_CGROUP_GAINED, &g).known);
        g.stat_at_usec = USEC_UNSET;
        ck_assert(!read_group(METRIC_CGROUP_ANON, &g).known);
        ck_assert(read_group(METRIC_CGROUP_CURRENT, &g).known);
        g.has_events = false;
        ck_assert(!read_group(METRIC_CGROUP_EVENTS_FIRST, &g).known);
        g.pressure[0] = PRESSURE_UNKNOWN;
        ck_assert(!read_group(METRIC_CGROUP_PSI_FIRST, &g).known);
        g.psi_have = 0;
        ck_assert(!read_group(METRIC_CGROUP_PSI_LAST, &g).known);
}
END_TEST

START_TEST(usage_is_as_old_as_its_older_half) {
        GroupSample g = some_group();

        ck_assert_uint_eq(read_group(METRIC_CGROUP_USAGE, &g).since_usec, SEC(98));
        ck_assert_uint_eq(read_group(METRIC_CGROUP_CURRENT, &g).since_usec, SEC(99));
        ck_assert_uint_eq(read_group(METRIC_CGROUP_GROWTH, &g).since_usec, SEC(88));
        ck_assert_uint_eq(read_group(METRIC_CGROUP_EXHAUSTION, &g).since_usec, SEC(97));
}
END_TEST

/* ---- instances
 * ------------------------------------------------------------------------------------- */

static const struct {
        const char *name;
        WatchKind watch;
        const char *glob;
        const char *expected; /* paths, in order */
} instance_rows[] = {
        { "all below, no slice", WATCH_CGROUP, "/**",
                "/system.slice/b.service /system.slice/a.service/sub /system.slice/a.service "
                "/user.slice/user-1000.slice/user@1000.service/x.scope " },
        { "one level", WATCH_CGROUP, "/system.slice/*",
                "/system.slice/b.service /system.slice/a.service " },
        { "slices that are named", WATCH_CGROUP, "/*.slice", "/system.slice /user.slice " },
        { "a slice by its name", WATCH_CGROUP, "/system.slice", "/system.slice " },
        { "units, not what lies in them", WATCH_UNIT, "*.service",
                "/system.slice/b.service /system.slice/a.service " },
        { "every unit, but no slice", WATCH_UNIT, "*",
                "/system.slice/b.service /system.slice/a.service " },
        { "units that are slices, when named", WATCH_UNIT, "sys*.slice", "/system.slice " },
        { "a unit of a user is none of the system", WATCH_UNIT, "x.scope", "" },
        { "nobody", WATCH_CGROUP, "/none/**", "" },
};

static void add_tree(World *w) {
        GroupSample *g = world_unit(w, "/system.slice", "system.slice", MIB(900), UINT64_MAX);

        world_group_facts(w, g)->is_slice = true;
        g = world_group(w, "/user.slice", MIB(800));
        world_group_facts(w, g)->is_slice = true;
        world_unit(w, "/system.slice/a.service", "a.service", MIB(100), UINT64_MAX);
        world_unit(w, "/system.slice/b.service", "b.service", MIB(300), UINT64_MAX);
        g = world_group(w, "/system.slice/a.service/sub", MIB(200));
        world_group_facts(w, g)->unit = "a.service";
        g = world_group(w, "/user.slice/user-1000.slice/user@1000.service/x.scope", MIB(50));
        world_group_facts(w, g)->user_unit = "x.scope";
        world_group_facts(w, g)->is_user_unit = true;
        world_unit(w, "/system.slice/empty.service", "empty.service", 0, UINT64_MAX)->populated =
                false;
}

START_TEST(instance_table) {
        World *w = world_new();
        char found[512] = "";

        add_tree(w);
        group_policy(w, instance_rows[_i].watch, instance_rows[_i].glob, usage_above(w, 9999));
        world_tick(w, SEC(1));
        for (size_t i = 0; i < w->n_verdicts; i++) {
                const GroupSample *g = &w->groups[w->verdicts[i].group];

                ck_assert_int_eq(w->verdicts[i].proc, -1);
                ck_assert_uint_eq(w->verdicts[i].key.slot, g->slot);
                ck_assert_uint_eq(w->verdicts[i].key.generation, g->generation);
                snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s ",
                        g->facts->path);
        }
        ck_assert_msg(strcmp(found, instance_rows[_i].expected) == 0, "%s: %s",
                instance_rows[_i].name, found);
        world_free(w);
}
END_TEST

START_TEST(beyond_the_bound_the_largest_stay) {
        World *w = world_new();
        Verdict verdicts[4];
        size_t dropped = 0;

        for (int i = 0; i < 10; i++)
                world_group(w, "/a", MIB(i + 1));
        group_policy(w, WATCH_CGROUP, "/*", usage_above(w, 9000));
        world_tick(w, SEC(1));
        ck_assert_uint_eq(evaluate(&w->config, &w->s, NULL, NULL, verdicts, 4, &dropped), 4);
        ck_assert_uint_eq(dropped, 6);
        ck_assert_int_eq(verdicts[0].group, 9);
        ck_assert_int_eq(verdicts[3].group, 6);
        world_free(w);
}
END_TEST

START_TEST(each_cgroup_is_judged_by_its_own_readings) {
        World *w = world_new();

        world_unit(w, "/system.slice/a.service", "a.service", MIB(95), MIB(100));
        world_unit(w, "/system.slice/b.service", "b.service", MIB(95), MIB(200));
        world_unit(w, "/system.slice/c.service", "c.service", MIB(10), MIB(100))->stat_at_usec =
                USEC_UNSET;
        group_policy(w, WATCH_UNIT, "*.service", usage_above(w, 9000));
        world_tick(w, SEC(1));
        ck_assert_uint_eq(w->n_verdicts, 3);
        ck_assert_int_eq(w->verdicts[0].when, TRUTH_TRUE);
        ck_assert_int_eq(w->verdicts[1].when, TRUTH_FALSE);
        ck_assert_int_eq(w->verdicts[2].when, TRUTH_UNKNOWN);
        ck_assert(w->verdicts[1].armed); /* 47 % of 90 % */
        world_free(w);
}
END_TEST

START_TEST(two_users_of_a_slot_are_two_instances) {
        InstanceKey a = { .watch = WATCH_UNIT, .slot = 3, .generation = 1 }, b = a;

        ck_assert(instance_key_equals(&a, &b));
        b.generation = 2;
        ck_assert(!instance_key_equals(&a, &b));
        b = a;
        b.watch = WATCH_CGROUP;
        ck_assert(!instance_key_equals(&a, &b));
}
END_TEST

/* ---- matching
 * -------------------------------------------------------------------------------------- */

START_TEST(a_spec_holds_for_a_cgroup_by_the_keys_it_has) {
        static const char *const values[] = { "/system.slice/*", "a.service", "x.scope", "sys*",
                "abc*" };
        static const MatchKey keys[] = { MATCH_CGROUP, MATCH_UNIT, MATCH_USER_UNIT, MATCH_SLICE,
                MATCH_CONTAINER };
        const Range range = { 1000, 1000 };
        GroupFacts f = { .path = "/system.slice/a.service",
                .unit = "a.service",
                .user_unit = "x.scope",
                .slice = "system.slice",
                .container = "abcdef",
                .uid = 1000 };
        MatchSpec spec;

        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
                GroupFacts none = {
                        .path = "", .unit = "", .user_unit = "", .slice = "", .container = ""
                };

                spec = (MatchSpec){ .key_mask = UINT32_C(1) << keys[i] };
                spec.patterns[keys[i]].patterns = &values[i];
                spec.patterns[keys[i]].n = 1;
                ck_assert_msg(match_spec_group(&spec, &f), "%s", values[i]);
                ck_assert(!match_spec_group(&spec, &none));
                ck_assert_ptr_eq(match_list_group(&(MatchList){ &spec, 1 }, &f), &spec);

                spec.key_mask |= UINT32_C(1) << MATCH_COMM; /* no cgroup has one */
                ck_assert(!match_spec_group(&spec, &f));
        }
        spec = (MatchSpec){ .key_mask = UINT32_C(1) << MATCH_UID };
        spec.ranges[MATCH_UID - _MATCH_PATTERN_MAX].ranges = &range;
        spec.ranges[MATCH_UID - _MATCH_PATTERN_MAX].n = 1;
        ck_assert(match_spec_group(&spec, &f));
        f.uid = 1001;
        ck_assert(!match_spec_group(&spec, &f));
        ck_assert_ptr_null(match_list_group(&(MatchList){ &spec, 1 }, &f));
        spec.key_mask = UINT32_C(1) << MATCH_GID;
        ck_assert(!match_spec_group(&spec, &f));
}
END_TEST

/* ---- incidents
 * ------------------------------------------------------------------------------------- */

START_TEST(an_incident_is_about_one_cgroup_and_ends_with_it) {
        World *w = world_new();
        GroupSample *a = world_unit(w, "/system.slice/a.service", "a.service", MIB(95), MIB(100));
        const Event *e;
        char text[512];
        TextBuf out;

        world_facts(w, world_process(w, "a", MIB(90)))->cgroup = "/system.slice/a.service";
        world_facts(w, world_process(w, "b", MIB(5)))->cgroup = "/system.slice/a.service/sub";
        world_facts(w, world_process(w, "c", MIB(5)))->cgroup = "/system.slice/a.service2";
        group_policy(w, WATCH_UNIT, "a.service", usage_above(w, 9000))->steps[0] =
                (Step){ .kind = STEP_NOTIFY, .level = NOTIFY_WARNING };
        world_tick(w, SEC(1));
        e = world_event(w, EVENT_INCIDENT_OPENED);
        ck_assert_ptr_nonnull(e);
        ck_assert_str_eq(e->group.unit, "a.service");
        ck_assert_uint_eq(e->group.n_processes, 2);
        ck_assert_uint_eq(e->group.limit, MIB(100));
        textbuf_init(&out, text, sizeof(text));
        event_print(e, &out);
        ck_assert_str_eq(text,
                "incident 1 begins, a.service (2 processes, 95.0 MiB): cgroup.usage 95% > 90% "
                "[groups]");

        a->populated = false;
        w->s.groups_fresh = false; /* nobody looked */
        world_tick(w, SEC(1));
        ck_assert_ptr_null(world_event(w, EVENT_INCIDENT_CLOSED));
        w->s.groups_fresh = true;
        world_tick(w, SEC(1));
        e = world_event(w, EVENT_INCIDENT_CLOSED);
        ck_assert_ptr_nonnull(e);
        ck_assert_str_eq(e->text, "the cgroup is gone");
        world_free(w);
}
END_TEST

START_TEST(an_incident_of_a_cgroup_that_left_the_sample_ends) {
        World *w = world_new();

        world_unit(w, "/system.slice/a.service", "a.service", MIB(95), MIB(100));
        group_policy(w, WATCH_UNIT, "*", usage_above(w, 9000));
        world_tick(w, SEC(1));
        ck_assert_ptr_nonnull(world_event(w, EVENT_INCIDENT_OPENED));
        w->s.n_groups = 0;
        world_tick(w, SEC(1));
        ck_assert_ptr_nonnull(world_event(w, EVENT_INCIDENT_CLOSED));
        world_free(w);
}
END_TEST

/* ---- what has to be read, and when
 * ----------------------------------------------------------------- */

START_TEST(cgroups_are_read_while_a_policy_is_about_them) {
        World *w = world_new();

        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        world_tick(w, SEC(1));
        ck_assert(!evaluate_needs_groups(&w->config, &w->s, USEC_UNSET));
        group_policy(w, WATCH_CGROUP, "/a", usage_above(w, 9000));
        ck_assert(evaluate_needs_groups(&w->config, &w->s, USEC_UNSET));
        ck_assert(evaluate_needs_groups(&w->config, &w->s, w->now - MSEC(50)));
        ck_assert(!evaluate_needs_groups(&w->config, &w->s, w->now)); /* for this very sample */
        w->config.n_policies = 1;
        w->s.raw.mem_available = GIB(2); /* the host policy is armed: its target may be a cgroup */
        world_tick(w, SEC(1));
        ck_assert(evaluate_needs_groups(&w->config, &w->s, w->now));
        world_free(w);
}
END_TEST

START_TEST(a_policy_with_a_system_atom_waits_for_the_system) {
        World *w = world_new();

        group_policy(w, WATCH_CGROUP, "/a",
                CONDITION(w, COND_ALL, available_below(800),
                        atom_share(METRIC_CGROUP_USAGE, "u", COMPARE_GT, 9000)));
        world_tick(w, SEC(1));
        ck_assert(!evaluate_needs_groups(&w->config, &w->s, USEC_UNSET));
        w->s.raw.mem_available = GIB(2);
        world_tick(w, SEC(1));
        ck_assert(evaluate_needs_groups(&w->config, &w->s, w->now));
        world_free(w);
}
END_TEST

START_TEST(processes_are_read_only_while_a_cgroup_is_near) {
        World *w = world_new();
        GroupSample *a = world_unit(w, "/system.slice/a.service", "a.service", MIB(30), MIB(100));
        GroupSample *b = world_unit(w, "/system.slice/b.service", "b.service", MIB(95), MIB(100));
        Policy *p = group_policy(w, WATCH_UNIT, "a.service", usage_above(w, 9000));

        world_tick(w, SEC(1));
        ck_assert(!evaluate_needs_processes(&w->config, &w->s, USEC_UNSET)); /* b is not meant */
        group_set(a, MIB(46), 0);
        world_tick(w, SEC(1));
        ck_assert(evaluate_needs_processes(&w->config, &w->s, USEC_UNSET));
        p->steps[0].kind = STEP_NOTIFY;
        ck_assert(!evaluate_needs_processes(&w->config, &w->s, USEC_UNSET));
        (void) b;
        world_free(w);
}
END_TEST

typedef struct TickRow {
        const char *name;
        uint64_t anon, cache, limit;
        uint64_t growth; /* per second */
        usec_t expected;
} TickRow;

static const TickRow tick_rows[] = {
        { "far from its limit", GIB(1), 0, UINT64_MAX, 0, SEC(5) },
        { "a small one that does not grow", MIB(100), 0, MIB(200), 0, SEC(1) },
        { "a small one full of cache", MIB(100), MIB(95), MIB(200), 0, SEC(1) },
        { "one that will be there in 200 ms", MIB(80), 0, MIB(200), MIB(500), MSEC(150) },
        { "one that is all but there", MIB(179), 0, MIB(200), MIB(500), MSEC(150) },
        { "one that is there", MIB(190), 0, MIB(200), 0, MSEC(250) },
        { "a large one that leaks slowly", GIB(4), 0, GIB(5), MIB(1), SEC(2) },
};

START_TEST(the_next_look_comes_with_the_nearest_cgroup) {
        const TickRow *row = &tick_rows[_i];
        World *w = world_new();
        GroupSample *g = world_unit(w, "/system.slice/a.service", "a.service", 0, row->limit);
        usec_t next;

        group_set(g, row->anon, row->cache);
        w->s.raw.mem_available = GIB(16);
        group_policy(w, WATCH_UNIT, "*", usage_above(w, 9000));
        world_tick(w, SEC(1));
        g->growth_known = row->growth > 0;
        g->growth = (int64_t) row->growth;
        next = evaluate_next_tick(&w->config, &w->s, w->verdicts, w->n_verdicts, false);
        ck_assert_msg(next == row->expected, "%s: %llu", row->name, (unsigned long long) next);
        world_free(w);
}
END_TEST

START_TEST(who_does_not_grow_is_no_reason_to_hurry) {
        World *w = world_new();
        GroupSample *g = world_unit(w, "/system.slice/a.service", "a.service", MIB(100), MIB(200));

        w->s.raw.mem_available = GIB(16);
        group_policy(w, WATCH_UNIT, "*",
                CONDITION(w, COND_ALL,
                        atom_time(METRIC_CGROUP_EXHAUSTION, "cgroup.exhaustion", COMPARE_LT,
                                SEC(15))));
        world_tick(w, SEC(1));
        ck_assert_uint_eq(
                evaluate_next_tick(&w->config, &w->s, w->verdicts, w->n_verdicts, false), SEC(1));
        g->pace = MIB(5); /* 20 s are left, 5 until it counts; who is faster is met in between */
        ck_assert_uint_eq(
                evaluate_next_tick(&w->config, &w->s, w->verdicts, w->n_verdicts, false), SEC(1));
        g->pace = MIB(64); /* it counts already */
        g->pace_usec = w->now - SEC(1);
        ck_assert_uint_eq(evaluate_next_tick(&w->config, &w->s, w->verdicts, w->n_verdicts, false),
                MSEC(250));
        world_free(w);
}
END_TEST

START_TEST(without_a_limit_a_policy_about_limits_waits_for_nothing) {
        World *w = world_new();

        world_unit(w, "/system.slice/a.service", "a.service", GIB(13), UINT64_MAX);
        w->s.raw.mem_available = GIB(16);
        group_policy(w, WATCH_UNIT, "*",
                CONDITION(w, COND_ALL,
                        atom_share(METRIC_CGROUP_LIMIT, "cgroup.limit", COMPARE_LT, 9500),
                        atom_share(METRIC_CGROUP_USAGE, "cgroup.usage", COMPARE_GT, 9000)));
        world_tick(w, SEC(1));
        ck_assert_uint_eq(
                evaluate_next_tick(&w->config, &w->s, w->verdicts, w->n_verdicts, false), SEC(5));
        world_free(w);
}
END_TEST

START_TEST(nothing_is_waited_for_where_there_is_no_cgroup) {
        World *w = world_new();
        GroupSample *g;

        w->s.raw.mem_available = GIB(16);
        group_policy(w, WATCH_UNIT, "*", usage_above(w, 9000));
        world_tick(w, SEC(1));
        ck_assert_uint_eq(
                evaluate_next_tick(&w->config, &w->s, w->verdicts, w->n_verdicts, false), SEC(5));

        g = world_unit(w, "/system.slice/a.service", "a.service", MIB(100), MIB(200));
        g->has_memory = false; /* and none where the controller is off */
        world_tick(w, SEC(1));
        ck_assert_uint_eq(w->n_verdicts, 1);
        ck_assert_uint_eq(
                evaluate_next_tick(&w->config, &w->s, w->verdicts, w->n_verdicts, false), SEC(5));
        world_free(w);
}
END_TEST

#define ADD_TABLE(tc, test, rows)                                                                  \
        tcase_add_loop_test(tc, test, 0, (int) (sizeof(rows) / sizeof((rows)[0])))

int main(void) {
        Suite *s = suite_create("group-instance");
        TCase *tc = tcase_create("group-instance");

        ADD_TABLE(tc, metric_table, metric_rows);
        tcase_add_test(tc, a_limit_is_never_more_than_all_memory);
        tcase_add_test(tc, what_does_not_rise_is_never_exhausted);
        tcase_add_test(tc, what_was_never_read_is_unknown);
        tcase_add_test(tc, usage_is_as_old_as_its_older_half);
        ADD_TABLE(tc, instance_table, instance_rows);
        tcase_add_test(tc, beyond_the_bound_the_largest_stay);
        tcase_add_test(tc, each_cgroup_is_judged_by_its_own_readings);
        tcase_add_test(tc, two_users_of_a_slot_are_two_instances);
        tcase_add_test(tc, a_spec_holds_for_a_cgroup_by_the_keys_it_has);
        tcase_add_test(tc, an_incident_is_about_one_cgroup_and_ends_with_it);
        tcase_add_test(tc, an_incident_of_a_cgroup_that_left_the_sample_ends);
        tcase_add_test(tc, cgroups_are_read_while_a_policy_is_about_them);
        tcase_add_test(tc, a_policy_with_a_system_atom_waits_for_the_system);
        tcase_add_test(tc, processes_are_read_only_while_a_cgroup_is_near);
        ADD_TABLE(tc, the_next_look_comes_with_the_nearest_cgroup, tick_rows);
        tcase_add_test(tc, who_does_not_grow_is_no_reason_to_hurry);
        tcase_add_test(tc, without_a_limit_a_policy_about_limits_waits_for_nothing);
        tcase_add_test(tc, nothing_is_waited_for_where_there_is_no_cgroup);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
