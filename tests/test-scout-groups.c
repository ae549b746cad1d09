/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/scout-groups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "config/config-load.h"
#include "engine/scout.h"
#include "tests/cgroup-fixture.h"
#include "tests/tree-fixture.h"

#define NOW (1000 * USEC_PER_SEC)

typedef struct Bed {
        Fixture tree;
        CgroupFixture real;
        SysRoot root;
        LimitsConfig limits;
        GroupRoster *roster;
        FactStrings *strings;
        ScoutGroups *groups;
        usec_t now_usec;
} Bed;

static void start(Bed *b, uint32_t cgroups, uint32_t kept, bool live) {
        ScoutGroupsOptions o = { .root = &b->root, .may_act = live, .kept_max = kept };

        b->now_usec = NOW;
        b->limits = (LimitsConfig){ .cgroups = cgroups, .kept_cgroups = kept };
        ck_assert_int_eq(group_roster_new(&b->limits, &b->roster), 0);
        ck_assert_int_eq(fact_strings_new(&b->strings), 0);
        o.roster = b->roster;
        o.strings = b->strings;
        ck_assert_int_eq(scout_groups_new(&o, &b->limits, &b->groups), 0);
}

static void bed_init(Bed *b, uint32_t cgroups, uint32_t kept) {
        *b = (Bed){ .root = SYSROOT_INIT };
        fixture_init(&b->tree);
        fixture_file(&b->tree, "proc/uptime", "1 1\n");
        fixture_file(&b->tree, "sys/fs/cgroup/cgroup.procs", "");
        ck_assert_int_eq(sysroot_open(b->tree.path, &b->root), 0);
        start(b, cgroups, kept, false);
}

/* With notice, as of a live tree. */
static void start_live(Bed *b, uint32_t cgroups, uint32_t kept) {
        scout_groups_free(b->groups);
        group_roster_free(b->roster);
        fact_strings_free(b->strings);
        start(b, cgroups, kept, true);
}

/* A tree of real cgroups, the test's own directory as its root. */
static bool bed_init_real(Bed *b, uint32_t cgroups, uint32_t kept) {
        *b = (Bed){ .root = SYSROOT_INIT };
        if (!cgroup_fixture_init(&b->real))
                return false;
        b->root = b->real.root;
        b->root.cgroup_fd = b->real.fd;
        start(b, cgroups, kept, true);
        return true;
}

static void bed_done(Bed *b) {
        scout_groups_free(b->groups);
        group_roster_free(b->roster);
        fact_strings_free(b->strings);
        if (b->real.fd > 0)
                cgroup_fixture_done(&b->real);
        else {
                sysroot_done(&b->root);
                fixture_done(&b->tree);
        }
}

static void put(const Bed *b, const char *path, const char *file, const char *format, ...)
        _printf_(4, 5);
static void put(const Bed *b, const char *path, const char *file, const char *format, ...) {
        char name[512], text[512];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        (void) snprintf(name, sizeof(name), "sys/fs/cgroup%s/%s", path, file);
        fixture_file(&b->tree, name, text);
}

static void put_group(const Bed *b, const char *path, uint64_t current) {
        put(b, path, "cgroup.procs", "1\n");
        put(b, path, "cgroup.events", "populated 1\nfrozen 0\n");
        put(b, path, "memory.current", "%llu\n", (unsigned long long) current);
        put(b, path, "memory.swap.current", "4096\n");
        put(b, path, "memory.max", "max\n");
        put(b, path, "memory.high", "max\n");
        put(b, path, "memory.events.local", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\n");
        put(b, path, "memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\n");
        put(b, path, "memory.stat", "anon 100\nfile 200\nkernel 30\ninactive_file 50\n");
        put(b, path, "memory.pressure",
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
                "full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n");
}

static void drop_group(const Bed *b, const char *path) {
        static const char *const files[] = { "cgroup.procs", "cgroup.events", "memory.current",
                "memory.swap.current", "memory.max", "memory.high", "memory.events.local",
                "memory.events", "memory.stat", "memory.pressure" };
        char name[512];

        for (size_t i = 0; i < ELEMENTS(files); i++) {
                (void) snprintf(name, sizeof(name), "sys/fs/cgroup%s/%s", path, files[i]);
                fixture_remove(&b->tree, name);
        }
        (void) snprintf(name, sizeof(name), "sys/fs/cgroup%s", path);
        fixture_remove(&b->tree, name);
}

static const RosterListing *pass(Bed *b, ScoutGroupsPass kind, usec_t later_usec) {
        b->now_usec += later_usec;
        scout_groups_pass(b->groups, kind, b->now_usec);
        return publication_acquire(group_roster_publication(b->roster), ROSTER_SENTINEL);
}

/* Position in the listing, or -1. */
static int find(Bed *b, const RosterListing *l, const char *path, GroupSample *ret) {
        for (size_t i = 0; l && i < l->n; i++) {
                group_roster_read(b->roster, l->slots[i], ret);
                if (strcmp(ret->facts->path, path) == 0)
                        return (int) i;
        }
        return -1;
}

static bool is_kept(Bed *b, const RosterListing *l, const char *path) {
        GroupSample g;
        int at = find(b, l, path, &g);

        return at >= 0 && (size_t) at < l->n_kept;
}

START_TEST(the_tree_is_walked_and_each_cgroup_known_with_its_facts_and_amounts) {
        const RosterListing *l;
        GroupSample g;
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/system.slice", 300 * TREE_MIB);
        put_group(&b, "/system.slice/ssh.service", 200 * TREE_MIB);
        put(&b, "/system.slice/ssh.service", "memory.oom.group", "1\n");
        put(&b, "/user.slice", "cgroup.procs", "\n");
        put(&b, "/user.slice/user-1000.slice", "cgroup.procs", "\n");
        put(&b, "/user.slice/user-1000.slice/session-2.scope", "cgroup.procs", "7\n");

        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert_uint_eq(l->n, 5);
        ck_assert_uint_eq(l->n_seen, 5);
        ck_assert_int_ge(find(&b, l, "/system.slice/ssh.service", &g), 0);
        ck_assert(g.facts->is_unit && !g.facts->is_slice && g.facts->oom_group);
        ck_assert_str_eq(g.facts->unit, "ssh.service");
        ck_assert_str_eq(g.facts->slice, "system.slice");
        ck_assert(!g.facts->has_own_limit);
        ck_assert_uint_eq(g.facts->limit_bytes, UINT64_MAX);
        ck_assert(g.has_memory && g.populated && g.has_events);
        ck_assert_uint_eq(g.current, 200 * TREE_MIB);
        ck_assert_uint_eq(g.swap, 4096);
        ck_assert_uint_eq(g.events[GROUP_EVENT_MAX], 3);
        ck_assert_uint_eq(g.events[GROUP_EVENT_OOM_KILL], 5);
        ck_assert_uint_eq(g.anon, 100);
        ck_assert_uint_eq(g.kernel, 30);
        ck_assert_uint_eq(g.stat_at_usec, NOW);
        ck_assert_int_ge(find(&b, l, "/system.slice", &g), 0);
        ck_assert(g.facts->is_slice && !g.facts->is_unit);

        ck_assert_int_ge(find(&b, l, "/user.slice/user-1000.slice/session-2.scope", &g), 0);
        ck_assert_uint_eq(g.facts->uid, 1000);
        ck_assert(g.populated && !g.has_memory && !g.has_events);
        ck_assert_uint_eq(g.stat_at_usec, USEC_UNSET);
        bed_done(&b);
}
END_TEST

static const struct {
        const char *name;
        const char *max[3], *high[3]; /* of /a, /a/b, /a/b/c; NULL: no such file */
        uint64_t limit, high_limit;
        bool own;
} bounds[] = {
        { "limit at the parent", { "max", "100", "max" }, { "max", "max", "max" }, 100, UINT64_MAX,
                false },
        { "tighter above than below", { "50", "100", "200" }, { "max", "max", "max" }, 50,
                UINT64_MAX, true },
        { "its own", { "max", "max", "70" }, { "max", "60", "max" }, 70, 60, true },
        { "nobody limits", { "max", "max", "max" }, { "max", "max", "max" }, UINT64_MAX, UINT64_MAX,
                false },
        { "the controller ends above", { "80", NULL, NULL }, { "90", NULL, NULL }, 80, 90, false },
        { "zero is a limit", { "max", "0", "max" }, { "max", "max", "max" }, 0, UINT64_MAX, false },
        { "nonsense is none", { "80", "x", "max" }, { "max", "", "max" }, 80, UINT64_MAX, false },
};

START_TEST(the_tightest_ancestor_binds) {
        static const char *const dirs[3] = { "/a", "/a/b", "/a/b/c" };
        GroupSample g;
        Bed b;

        bed_init(&b, 64, 8);
        for (size_t i = 0; i < 3; i++) {
                put(&b, dirs[i], "cgroup.procs", "1\n");
                if (bounds[_i].max[i])
                        put(&b, dirs[i], "memory.max", "%s", bounds[_i].max[i]);
                if (bounds[_i].high[i])
                        put(&b, dirs[i], "memory.high", "%s", bounds[_i].high[i]);
        }
        ck_assert_int_ge(find(&b, pass(&b, SCOUT_GROUPS_CENSUS, 0), "/a/b/c", &g), 0);
        ck_assert_msg(g.facts->limit_bytes == bounds[_i].limit, "%s: %llu", bounds[_i].name,
                (unsigned long long) g.facts->limit_bytes);
        ck_assert_msg(g.facts->high_bytes == bounds[_i].high_limit, "%s: high", bounds[_i].name);
        ck_assert_msg(g.facts->has_own_limit == bounds[_i].own, "%s: own", bounds[_i].name);
        bed_done(&b);
}
END_TEST

START_TEST(a_limit_that_changes_above_is_new_facts_below) {
        GroupSample g;
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/a", 10);
        put_group(&b, "/a/b", 10);
        ck_assert_int_ge(find(&b, pass(&b, SCOUT_GROUPS_CENSUS, 0), "/a/b", &g), 0);
        ck_assert_uint_eq(g.facts->limit_bytes, UINT64_MAX);
        put(&b, "/a", "memory.max", "1000\n");
        ck_assert_int_ge(find(&b, pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC), "/a/b", &g), 0);
        ck_assert_uint_eq(g.facts->limit_bytes, 1000);
        ck_assert_uint_eq(g.generation, 1);
        bed_done(&b);
}
END_TEST

START_TEST(what_a_step_changed_is_read_again_before_the_next_census) {
        GroupSample g;
        Bed b;
        int at;

        for (int changed = 0; changed < 2; changed++) {
                bed_init(&b, 64, 8);
                put_group(&b, "/a", 10);
                at = find(&b, pass(&b, SCOUT_GROUPS_CENSUS, 0), "/a", &g);
                ck_assert_int_ge(at, 0);
                put(&b, "/a", "memory.high", "1000\n");
                atomic_store(&group_roster_slot(b.roster, g.slot)->was_changed, changed);
                (void) find(&b, pass(&b, SCOUT_GROUPS_NEWS, USEC_PER_MSEC), "/a", &g);
                ck_assert_uint_eq(g.facts->high_bytes, changed ? 1000 : UINT64_MAX);
                ck_assert(!atomic_load(&group_roster_slot(b.roster, g.slot)->was_changed));
                bed_done(&b);
        }
}
END_TEST

START_TEST(who_was_made_after_the_first_look_is_said_to_be_young) {
        GroupSample g;
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/old", 10);
        ck_assert_int_ge(find(&b, pass(&b, SCOUT_GROUPS_CENSUS, 0), "/old", &g), 0);
        ck_assert(!g.facts->born_watched);
        put_group(&b, "/young", 10);
        ck_assert_int_ge(find(&b, pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC), "/young", &g), 0);
        ck_assert(g.facts->born_watched);
        put(&b, "/old", "memory.max", "1000\n"); /* new facts, no new cgroup */
        ck_assert_int_ge(find(&b, pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC), "/old", &g), 0);
        ck_assert_uint_eq(g.facts->limit_bytes, 1000);
        ck_assert(!g.facts->born_watched);
        bed_done(&b);
}
END_TEST

START_TEST(cgroups_that_come_and_go_keep_the_others_in_their_slots) {
        GroupSample before, after, none;
        const RosterListing *l;
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/a.service", 10);
        put_group(&b, "/b.service", 10);
        ck_assert_int_ge(find(&b, pass(&b, SCOUT_GROUPS_CENSUS, 0), "/b.service", &before), 0);
        drop_group(&b, "/a.service");
        put_group(&b, "/c.service", 10);
        l = pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC);
        ck_assert_int_ge(find(&b, l, "/b.service", &after), 0);
        ck_assert_uint_eq(after.slot, before.slot);
        ck_assert_uint_eq(after.generation, before.generation);
        ck_assert_int_lt(find(&b, l, "/a.service", &none), 0);
        ck_assert_int_ge(find(&b, l, "/c.service", &none), 0);
        bed_done(&b);
}
END_TEST

START_TEST(a_cgroup_that_loses_its_files_midway_is_out_of_the_way) {
        const RosterListing *l;
        GroupSample g;
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/a.service", 10);
        fixture_file(&b.tree, "sys/fs/cgroup/gone.service/memory.current", "5\n"); /* half gone */
        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert_int_lt(find(&b, l, "/gone.service", &g), 0);
        ck_assert_int_ge(find(&b, l, "/a.service", &g), 0);
        put(&b, "/a.service", "memory.current", "x\n");
        put(&b, "/a.service", "memory.stat", "\n");
        l = pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC);
        ck_assert_int_ge(find(&b, l, "/a.service", &g), 0);
        ck_assert(!g.has_memory);
        bed_done(&b);
}
END_TEST

START_TEST(beyond_the_bound_the_rest_is_counted) {
        ScoutGroupsStats stats;
        char path[32];
        const RosterListing *l;
        Bed b;

        bed_init(&b, 3, 2);
        for (int i = 0; i < 5; i++) {
                (void) snprintf(path, sizeof(path), "/g%d.service", i);
                put_group(&b, path, 10);
        }
        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert_uint_eq(l->n, 3);
        ck_assert_uint_eq(l->n_seen, 5);
        scout_groups_stats(b.groups, &stats);
        ck_assert_uint_eq(stats.seen, 5);
        ck_assert_uint_eq(stats.known, 3);
        ck_assert_uint_eq(stats.dropped, 2);
        ck_assert_uint_eq(stats.kept, 2);
        bed_done(&b);
}
END_TEST

/* A policy as the config layer would make it. */
static Config *policy_for(WatchKind watch, MatchKey key, const char *pattern, MetricId metric) {
        static const char *patterns[1];
        static MatchSpec spec;
        static CondNode node;
        static Policy policy;
        static Config config;

        patterns[0] = pattern;
        spec = (MatchSpec){ .key_mask = 1U << key };
        spec.patterns[key].patterns = patterns;
        spec.patterns[key].n = 1;
        node = (CondNode){ .kind = COND_ATOM,
                .first_child = COND_NONE,
                .next_sibling = COND_NONE,
                .atom = { .metric = metric, .threshold = 2000 } };
        policy = (Policy){ .watch = watch,
                .watch_match = { .specs = &spec, .n = 1 },
                .when = { .nodes = &node, .n_nodes = 1 } };
        config = (Config){ .policies = &policy, .n_policies = 1 };
        return &config;
}

START_TEST(who_is_named_or_limited_is_kept_and_the_rest_by_size) {
        const RosterListing *l;
        Bed b;

        bed_init(&b, 64, 4);
        put_group(&b, "/system.slice", 900 * TREE_MIB);
        put_group(&b, "/system.slice/big.service", 500 * TREE_MIB);
        put_group(&b, "/system.slice/middle.service", 100 * TREE_MIB);
        put_group(&b, "/system.slice/small.service", 50 * TREE_MIB);
        put_group(&b, "/system.slice/named.service", 1 * TREE_MIB);
        put_group(&b, "/system.slice/limited.service", 2 * TREE_MIB);
        put(&b, "/system.slice/limited.service", "memory.max", "1073741824\n");
        put_group(&b, "/system.slice/empty.service", 800 * TREE_MIB);
        put(&b, "/system.slice/empty.service", "cgroup.events", "populated 0\n");
        scout_groups_take_config(
                b.groups, policy_for(WATCH_UNIT, MATCH_UNIT, "named.*", METRIC_CGROUP_USAGE));

        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert_uint_eq(l->n_kept, 4);
        ck_assert(is_kept(&b, l, "/system.slice/named.service"));
        ck_assert(is_kept(&b, l, "/system.slice/limited.service"));
        ck_assert(is_kept(&b, l, "/system.slice/big.service"));
        ck_assert(!is_kept(&b, l, "/system.slice/empty.service"));
        ck_assert(!is_kept(&b, l, "/system.slice")); /* nobody named it */

        scout_groups_take_config(b.groups,
                policy_for(WATCH_CGROUP, MATCH_CGROUP, "/system.slice", METRIC_CGROUP_USAGE));
        l = pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC);
        ck_assert(is_kept(&b, l, "/system.slice"));
        ck_assert(!is_kept(&b, l, "/system.slice/named.service"));
        bed_done(&b);
}
END_TEST

START_TEST(some_places_go_to_those_that_gain) {
        const RosterListing *l;
        char path[64];
        Bed b;

        bed_init(&b, 64, 4);
        for (int i = 0; i < 8; i++) {
                (void) snprintf(path, sizeof(path), "/large-%d.service", i);
                put_group(&b, path, 100 * TREE_MIB);
        }
        put_group(&b, "/leak.service", 2 * TREE_MIB);
        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert(!is_kept(&b, l, "/leak.service"));
        put_group(&b, "/leak.service", 40 * TREE_MIB);
        l = pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC);
        ck_assert(is_kept(&b, l, "/leak.service"));
        ck_assert(scout_groups_gained(b.groups, fact_strings_ref(b.strings, "/leak.service", 13)));
        ck_assert(!scout_groups_gained(
                b.groups, fact_strings_ref(b.strings, "/large-1.service", 16)));
        ck_assert(!scout_groups_gained(b.groups, fact_strings_ref(b.strings, "/none", 5)));
        bed_done(&b);
}
END_TEST

START_TEST(pressure_is_opened_where_a_policy_asks_for_it_and_only_there) {
        const RosterListing *l;
        GroupSample g;
        Bed b;

        bed_init(&b, 64, 4);
        put_group(&b, "/a.service", 10);
        put_group(&b, "/b.service", 10);
        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert_int_ge(find(&b, l, "/a.service", &g), 0);
        ck_assert_int_lt(group_roster_slot(b.roster, g.slot)->psi_fds[PSI_MEMORY], 0);

        scout_groups_take_config(b.groups,
                policy_for(WATCH_CGROUP, MATCH_CGROUP, "/a.*",
                        metric_cgroup_psi(PSI_MEMORY, PSI_FULL, PSI_10S)));
        for (int i = 0; i < 4; i++) /* descriptors of a kept one change when readers look away */
                l = pass(&b, SCOUT_GROUPS_BUSY, USEC_PER_SEC);
        ck_assert(is_kept(&b, l, "/a.service"));
        ck_assert_int_ge(find(&b, l, "/a.service", &g), 0);
        ck_assert_int_ge(group_roster_slot(b.roster, g.slot)->psi_fds[PSI_MEMORY], 0);
        ck_assert_int_lt(group_roster_slot(b.roster, g.slot)->psi_fds[PSI_IO], 0);
        ck_assert_int_ge(find(&b, l, "/b.service", &g), 0);
        ck_assert_int_lt(group_roster_slot(b.roster, g.slot)->psi_fds[PSI_MEMORY], 0);
        bed_done(&b);
}
END_TEST

/* While a reader does not move on, what waits for it fills up. */
START_TEST(who_could_not_be_dropped_is_dropped_later_and_kept_again) {
        const RosterListing *l;
        GroupSample g;
        Bed b;

        bed_init(&b, 4, 4);
        put_group(&b, "/a.service", 10);
        (void) pass(&b, SCOUT_GROUPS_CENSUS, 0);
        for (int i = 0; i < 200; i++) {
                put(&b, "/a.service", "memory.max", "%d\n", 100 + i);
                scout_groups_pass(b.groups, SCOUT_GROUPS_CENSUS, b.now_usec += USEC_PER_SEC);
        }
        scout_groups_take_config(b.groups,
                policy_for(WATCH_CGROUP, MATCH_CGROUP, "/a.*",
                        metric_cgroup_psi(PSI_MEMORY, PSI_FULL, PSI_10S)));
        scout_groups_pass(b.groups, SCOUT_GROUPS_BUSY, b.now_usec += USEC_PER_SEC);

        for (int i = 0; i < 4; i++) /* the reader moves on */
                l = pass(&b, SCOUT_GROUPS_BUSY, USEC_PER_SEC);
        ck_assert(is_kept(&b, l, "/a.service"));
        ck_assert_int_ge(find(&b, l, "/a.service", &g), 0);
        ck_assert_int_ge(group_roster_slot(b.roster, g.slot)->psi_fds[PSI_MEMORY], 0);
        bed_done(&b);
}
END_TEST

START_TEST(nothing_of_a_recorded_tree_can_be_acted_upon) {
        const RosterListing *l;
        GroupSample g;
        Bed b;

        bed_init(&b, 64, 4);
        put_group(&b, "/a.service", 10);
        put(&b, "/a.service", "cgroup.kill", "\n");
        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert_int_eq(find(&b, l, "/a.service", &g), 0);
        ck_assert_int_ge(group_roster_slot(b.roster, g.slot)->current_fd, 0);
        ck_assert_int_lt(group_roster_slot(b.roster, g.slot)->kill_fd, 0);
        ck_assert_int_lt(group_roster_slot(b.roster, g.slot)->procs_fd, 0);
        bed_done(&b);
}
END_TEST

static void put_kills(const Bed *b, const char *path, unsigned below, unsigned local) {
        put(b, path, "memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill %u\n", below);
        put(b, path, "memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\noom_kill %u\n", local);
}

START_TEST(a_kill_in_a_cgroup_that_is_gone_is_told_of_it_once) {
        const RosterListing *l;
        GroupSample g;
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/system.slice", 20);
        put_group(&b, "/system.slice/dead.service", 10);
        put_group(&b, "/system.slice/live.service", 10);
        put_kills(&b, "/system.slice", 7, 0); /* of former times */
        put_kills(&b, "/system.slice/dead.service", 1, 1);
        put_kills(&b, "/system.slice/live.service", 2, 2);
        (void) pass(&b, SCOUT_GROUPS_CENSUS, 0);

        drop_group(&b, "/system.slice/dead.service");
        put_kills(&b, "/system.slice", 11, 0); /* 1 of the one that lives, 3 of the other */
        put_kills(&b, "/system.slice/live.service", 3, 3);
        l = pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC);
        ck_assert_int_ge(find(&b, l, "/system.slice/dead.service", &g), 0);
        ck_assert_uint_eq(g.events[GROUP_EVENT_OOM_KILL], 4); /* the one known, and 3 */
        ck_assert(!g.populated);
        ck_assert(!is_kept(&b, l, "/system.slice/dead.service"));
        ck_assert_int_ge(find(&b, l, "/system.slice/live.service", &g), 0);
        ck_assert_uint_eq(g.events[GROUP_EVENT_OOM_KILL], 3);

        /* It is started anew and ends in peace: its ghost tells nothing twice. */
        put_group(&b, "/system.slice/dead.service", 10);
        put_kills(&b, "/system.slice/dead.service", 0, 0);
        l = pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC);
        ck_assert_uint_eq(l->n, 4); /* and the ghost */
        drop_group(&b, "/system.slice/dead.service");
        l = pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC);
        ck_assert_uint_eq(l->n, 3);
        l = pass(&b, SCOUT_GROUPS_CENSUS, 20 * USEC_PER_SEC);
        ck_assert_uint_eq(l->n, 2);
        bed_done(&b);
}
END_TEST

START_TEST(a_kill_that_was_noted_just_before_its_cgroup_went_is_still_there_to_see) {
        const RosterListing *l;
        GroupSample g;
        Bed b;

        for (int late = 0; late < 2; late++) {
                bed_init(&b, 64, 8);
                put_group(&b, "/system.slice", 20);
                put_group(&b, "/system.slice/dead.service", 10);
                put_kills(&b, "/system.slice", 0, 0);
                put_kills(&b, "/system.slice/dead.service", 0, 0);
                (void) pass(&b, SCOUT_GROUPS_CENSUS, 0);
                put_kills(&b, "/system.slice", 1, 0);
                put_kills(&b, "/system.slice/dead.service", 1, 1);
                (void) pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC); /* nobody looks */

                drop_group(&b, "/system.slice/dead.service");
                l = pass(&b, SCOUT_GROUPS_CENSUS, (late ? 60 : 1) * USEC_PER_SEC);
                if (late)
                        ck_assert_int_lt(find(&b, l, "/system.slice/dead.service", &g), 0);
                else {
                        ck_assert_int_ge(find(&b, l, "/system.slice/dead.service", &g), 0);
                        ck_assert_uint_eq(g.events[GROUP_EVENT_OOM_KILL], 1); /* once */
                        ck_assert(!g.populated);
                }
                bed_done(&b);
        }
}
END_TEST

START_TEST(the_next_tree_keeps_the_slots_of_the_same_paths) {
        GroupSample before, after;
        SysRoot next = SYSROOT_INIT, last;
        Fixture other;
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/x.service", 10);
        put_group(&b, "/a.service", 10 * TREE_MIB);
        ck_assert_int_ge(find(&b, pass(&b, SCOUT_GROUPS_FULL, 0), "/a.service", &before), 0);

        other = b.tree;
        fixture_init(&b.tree);
        fixture_file(&b.tree, "proc/uptime", "1 1\n");
        put_group(&b, "/a.service", 30 * TREE_MIB);
        ck_assert_int_eq(sysroot_open(b.tree.path, &next), 0);
        publication_release(group_roster_publication(b.roster), ROSTER_SENTINEL);
        scout_groups_set_root(b.groups, &next);
        last = b.root;
        b.root = next;
        sysroot_done(&last);
        fixture_done(&other);
        scout_groups_set_root(b.groups, &b.root);
        ck_assert_int_eq(
                find(&b, pass(&b, SCOUT_GROUPS_FULL, USEC_PER_SEC), "/a.service", &after), 0);
        ck_assert_uint_eq(after.slot, before.slot);
        ck_assert_uint_eq(after.generation, before.generation);
        ck_assert_uint_eq(after.current, 30 * TREE_MIB);
        bed_done(&b);
}
END_TEST

/* ---- the kernel's own
 * ------------------------------------------------------------------------------ */

static void await_news(Bed *b) {
        struct pollfd fds[SCOUT_GROUPS_FDS];
        size_t n = scout_groups_poll_fds(b->groups, fds);

        ck_assert_int_gt(poll(fds, (nfds_t) n, HARNESS_PATIENCE_MSEC), 0);
        (void) scout_groups_polled(b->groups, fds, n);
}

START_TEST(real_cgroups_are_heard_of_as_they_come_fill_and_go) {
        const RosterListing *l = NULL;
        GroupSample g;
        int dir, inner;
        pid_t pid;
        Bed b;

        if (!bed_init_real(&b, 64, 8))
                return;
        (void) pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert(!scout_groups_has_news(b.groups));
        dir = cgroup_fixture_make(&b.real, b.real.fd, "a.service");
        inner = cgroup_fixture_make(&b.real, dir, "inner");
        await_news(&b);
        ck_assert(scout_groups_has_news(b.groups));
        l = pass(&b, SCOUT_GROUPS_NEWS, USEC_PER_SEC);
        ck_assert(!scout_groups_has_news(b.groups));
        ck_assert_int_ge(find(&b, l, "/a.service", &g), 0);
        ck_assert(!g.populated);
        ck_assert_int_ge(find(&b, l, "/a.service/inner", &g), 0);
        ck_assert_uint_gt(g.facts->inode, 0);

        pid = cgroup_fixture_member(inner, false);
        for (int i = 0; i < 100 && !(find(&b, l, "/a.service/inner", &g) >= 0 && g.populated);
                i++) {
                await_news(&b);
                l = pass(&b, SCOUT_GROUPS_NEWS, USEC_PER_SEC);
        }
        ck_assert(g.populated);
        ck_assert(is_kept(&b, l, "/a.service/inner"));
        ck_assert_int_ge(group_roster_slot(b.roster, g.slot)->procs_fd, 0);

        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(cgroup_fixture_reap(pid, HARNESS_PATIENCE_MSEC), SIGKILL);
        cgroup_fixture_await_empty(dir);
        close_fd(inner);
        cgroup_fixture_remove(dir, "inner");
        close_fd(dir);
        cgroup_fixture_remove(b.real.fd, "a.service");
        for (int i = 0; i < 100 && find(&b, l, "/a.service", &g) >= 0; i++) {
                await_news(&b);
                l = pass(&b, SCOUT_GROUPS_NEWS, USEC_PER_SEC);
        }
        ck_assert_uint_eq(l->n, 0);
        bed_done(&b);
}
END_TEST

static int freeze_fd(Bed *b, const RosterListing *l) {
        GroupSample g;

        ck_assert_int_ge(find(b, l, "/a.service", &g), 0);
        return group_roster_slot(b->roster, g.slot)->lease_fds[LEASE_FREEZE];
}

START_TEST(what_a_step_writes_to_is_opened_where_a_policy_has_one) {
        static Policy kills = { .name = "kills", .n_steps = 1, .steps = { { .kind = STEP_KILL } } };
        static Policy freezes = {
                .name = "freezes", .n_steps = 1, .steps = { { .kind = STEP_FREEZE } }
        };
        static const Config without = { .policies = &kills, .n_policies = 1 };
        static const Config with = { .policies = &freezes, .n_policies = 1 };
        const RosterListing *l;
        GroupSample g;
        atomic_uint *uses;
        int dir;
        Bed b;

        if (!bed_init_real(&b, 64, 8))
                return;
        dir = cgroup_fixture_make(&b.real, b.real.fd, "a.service");
        (void) cgroup_fixture_member(dir, false);
        scout_groups_take_config(b.groups, &without);
        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert(is_kept(&b, l, "/a.service"));
        ck_assert_int_lt(freeze_fd(&b, l), 0);

        /* in use: what is open must stay, so nothing is opened anew */
        ck_assert_int_ge(find(&b, l, "/a.service", &g), 0);
        uses = &group_roster_slot(b.roster, g.slot)->reaping;
        atomic_store(uses, 1);
        scout_groups_take_config(b.groups, &with);
        l = pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC);
        ck_assert(is_kept(&b, l, "/a.service"));
        ck_assert_int_lt(freeze_fd(&b, l), 0);

        atomic_store(uses, 0);
        for (usec_t i = 2; i < 10 && freeze_fd(&b, l) < 0; i++)
                l = pass(&b, SCOUT_GROUPS_CENSUS, i * USEC_PER_SEC);
        ck_assert(is_kept(&b, l, "/a.service"));
        ck_assert_int_ge(freeze_fd(&b, l), 0);
        close_fd(dir);
        bed_done(&b);
}
END_TEST

START_TEST(what_is_in_use_is_kept_however_small_it_is) {
        const RosterListing *l;
        GroupSample g;
        Bed b;

        bed_init(&b, 64, 1);
        put_group(&b, "/small.service", 1);
        put_group(&b, "/large.service", UINT64_C(1) << 30);
        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert(!is_kept(&b, l, "/small.service"));
        ck_assert_int_ge(find(&b, l, "/small.service", &g), 0);
        atomic_store(&group_roster_slot(b.roster, g.slot)->reaping, 1);
        for (usec_t i = 1; i < 5; i++)
                l = pass(&b, SCOUT_GROUPS_CENSUS, i * USEC_PER_SEC);
        ck_assert(is_kept(&b, l, "/small.service"));
        atomic_store(&group_roster_slot(b.roster, g.slot)->reaping, 0);
        bed_done(&b);
}
END_TEST

START_TEST(a_real_cgroup_that_is_made_again_is_another_one) {
        GroupSample before, after;
        int dir;
        Bed b;

        if (!bed_init_real(&b, 64, 8))
                return;
        dir = cgroup_fixture_make(&b.real, b.real.fd, "a.service");
        ck_assert_int_ge(find(&b, pass(&b, SCOUT_GROUPS_CENSUS, 0), "/a.service", &before), 0);
        close_fd(dir);
        cgroup_fixture_remove(b.real.fd, "a.service");
        dir = cgroup_fixture_make(&b.real, b.real.fd, "a.service");
        ck_assert_int_ge(
                find(&b, pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC), "/a.service", &after), 0);
        ck_assert(after.slot != before.slot || after.generation != before.generation);
        ck_assert_uint_ne(after.facts->inode, 0);
        close_fd(dir);
        bed_done(&b);
}
END_TEST

/* Made again without what was below it, before anybody looked. */
START_TEST(with_a_real_cgroup_that_is_made_again_goes_all_that_was_below_it) {
        GroupSample g;
        int dir, below;
        Bed b;

        if (!bed_init_real(&b, 64, 8))
                return;
        dir = cgroup_fixture_make(&b.real, b.real.fd, "a.service");
        below = cgroup_fixture_make(&b.real, dir, "worker");
        ck_assert_int_ge(find(&b, pass(&b, SCOUT_GROUPS_CENSUS, 0), "/a.service/worker", &g), 0);
        close_fd(below);
        cgroup_fixture_remove(dir, "worker");
        close_fd(dir);
        cgroup_fixture_remove(b.real.fd, "a.service");
        dir = cgroup_fixture_make(&b.real, b.real.fd, "a.service");
        ck_assert_int_ge(
                find(&b, pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC), "/a.service", &g), 0);
        ck_assert(g.facts->born_watched);
        ck_assert_int_lt(
                find(&b, pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC), "/a.service/worker", &g), 0);
        close_fd(dir);
        bed_done(&b);
}
END_TEST

/* Who found no room was there all the same, and is no newborn when he finds some. */
START_TEST(who_found_no_room_at_first_is_not_young) {
        const RosterListing *l;
        bool was_known[80];
        GroupSample g;
        char path[32];
        int newcomers = 0;
        Bed b;

        bed_init(&b, 64, 8);
        for (int i = 0; i < 80; i++) {
                snprintf(path, sizeof(path), "/g%02d", i);
                put_group(&b, path, 10);
        }
        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        for (int i = 0; i < 80; i++) {
                snprintf(path, sizeof(path), "/g%02d", i);
                was_known[i] = find(&b, l, path, &g) >= 0;
        }
        for (int i = 0; i < 80; i++) {
                snprintf(path, sizeof(path), "/g%02d", i);
                if (was_known[i])
                        drop_group(&b, path);
        }
        for (int i = 0; i < 3; i++)
                l = pass(&b, SCOUT_GROUPS_CENSUS, 20 * USEC_PER_SEC);
        for (int i = 0; i < 80; i++) {
                snprintf(path, sizeof(path), "/g%02d", i);
                if (was_known[i] || find(&b, l, path, &g) < 0)
                        continue;
                newcomers++;
                ck_assert_msg(!g.facts->born_watched, "%s", path);
        }
        ck_assert_int_eq(newcomers, 16);
        bed_done(&b);
}
END_TEST

static size_t count_fds(void) {
        size_t n = 0;

        for (int fd = 0; fd < 1024; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

START_TEST(a_hundred_real_cgroups_leave_no_trace) {
        ScoutGroupsStats stats;
        size_t before;
        char name[32];
        Bed b;

        if (!bed_init_real(&b, 256, 16))
                return;
        (void) pass(&b, SCOUT_GROUPS_CENSUS, 0);
        before = count_fds();
        scout_groups_take_config(b.groups,
                policy_for(WATCH_CGROUP, MATCH_CGROUP, "/**",
                        metric_cgroup_psi(PSI_MEMORY, PSI_SOME, PSI_1S)));
        for (int i = 0; i < 100; i++) {
                (void) snprintf(name, sizeof(name), "g%d.service", i);
                close_fd(cgroup_fixture_make(&b.real, b.real.fd, name));
                if (i < 3) {
                        int dir = fdio_open_dir_at(b.real.fd, name);

                        (void) cgroup_fixture_member(dir, false);
                        close_fd(dir);
                }
        }
        ck_assert_uint_eq(pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC)->n, 100);
        scout_groups_stats(b.groups, &stats);
        ck_assert_uint_eq(stats.kept, 3);
        ck_assert_uint_eq(stats.triggers, 3);
        ck_assert_uint_eq(stats.watches, 101); /* there are enough for leaves */
        ck_assert(!stats.unheard);

        for (int i = 0; i < 100; i++) {
                int dir;

                (void) snprintf(name, sizeof(name), "g%d.service", i);
                dir = fdio_open_dir_at(b.real.fd, name);
                if (i < 3) {
                        ck_assert_int_eq(fdio_write_at(dir, "cgroup.kill", "1"), 0);
                        cgroup_fixture_await_empty(dir);
                }
                close_fd(dir);
                cgroup_fixture_remove(b.real.fd, name);
        }
        for (int i = 0; i < 3; i++)
                ck_assert_uint_eq(pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC)->n, 0);
        scout_groups_stats(b.groups, &stats);
        ck_assert_uint_eq(stats.triggers, 0);
        ck_assert_uint_eq(stats.watches, 1);
        ck_assert_uint_le(count_fds(), before + 3); /* the leashes of the members */
        bed_done(&b);
}
END_TEST

START_TEST(ourselves_and_all_above_are_marked) {
        GroupSample g;
        const RosterListing *l;
        char text[32], inner_path[256], above_path[128];
        int dir, inner;
        Bed b;

        if (!bed_init_real(&b, 64, 8))
                return;
        dir = cgroup_fixture_make(&b.real, b.real.fd, "above");
        inner = cgroup_fixture_make(&b.real, dir, "own");
        close_fd(cgroup_fixture_make(&b.real, dir, "other"));
        (void) snprintf(text, sizeof(text), "%d", getpid());
        ck_assert_int_eq(fdio_write_at(inner, "cgroup.procs", text), 0);

        /* The tree as it is, so that the path of /proc/self/cgroup is right. */
        b.root.cgroup_fd = b.real.root.cgroup_fd;
        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        (void) snprintf(above_path, sizeof(above_path), "/%s/above", b.real.name);
        (void) snprintf(inner_path, sizeof(inner_path), "%s/own", above_path);
        ck_assert_int_ge(find(&b, l, above_path, &g), 0);
        ck_assert(g.facts->self);
        ck_assert_int_ge(find(&b, l, inner_path, &g), 0);
        ck_assert(g.facts->self);
        (void) snprintf(inner_path, sizeof(inner_path), "%s/other", above_path);
        ck_assert_int_ge(find(&b, l, inner_path, &g), 0);
        ck_assert(!g.facts->self);

        ck_assert_int_eq(fdio_write_at(b.real.root.cgroup_fd, "cgroup.procs", text), 0);
        close_fd(inner);
        close_fd(dir);
        bed_done(&b);
}
END_TEST

static const char policy_text[] =
        "version: 1\npolicies:\n  - name: p\n    watch: system\n    when: mem.available < 1%\n"
        "    steps: [ notify: warning ]\n";

/* The census is every 30 s: it is news that makes it look. */
START_TEST(the_thread_looks_when_it_hears_of_a_cgroup) {
        static ConfigErrors errors;
        CgroupFixture real;
        Config *config = NULL;
        Roster *roster = NULL;
        GroupRoster *groups = NULL;
        Scout *scout = NULL;
        bool found = false;
        char path[128];

        if (!cgroup_fixture_init(&real))
                return;
        ck_assert_int_eq(
                config_load_text("t.yaml", policy_text, strlen(policy_text), &config, &errors), 0);
        ck_assert_int_eq(roster_new(&config->limits, &roster), 0);
        ck_assert_int_eq(group_roster_new(&config->limits, &groups), 0);
        ck_assert_int_eq(scout_new(&(ScoutOptions){ .root = &real.root,
                                           .roster = roster,
                                           .groups = groups,
                                           .open_pids = true },
                                 config, &scout),
                0);
        ck_assert_int_eq(scout_pass(scout, clock_monotonic_usec(), clock_boottime_usec(), true), 0);
        ck_assert_int_eq(scout_start(scout), 0);
        close_fd(cgroup_fixture_make(&real, real.fd, "new.service"));
        (void) snprintf(path, sizeof(path), "/%s/new.service", real.name);
        for (int i = 0; i < 2000 && !found; i++) {
                const RosterListing *l =
                        publication_acquire(group_roster_publication(groups), ROSTER_SENTINEL);
                GroupSample g;

                for (size_t k = 0; k < l->n && !found; k++) {
                        group_roster_read(groups, l->slots[k], &g);
                        found = strcmp(g.facts->path, path) == 0;
                }
                (void) poll(NULL, 0, 5);
        }
        ck_assert(found);
        ck_assert(scout_stop(scout));
        publication_release(group_roster_publication(groups), ROSTER_SENTINEL);
        scout_free(scout);
        group_roster_free(groups);
        roster_free(roster);
        config_unref(config);
        cgroup_fixture_done(&real);
}
END_TEST

/* As the kernel would tell of an event: the file changes under the watch. */
START_TEST(an_event_in_a_cgroup_is_read_and_is_an_alarm) {
        struct pollfd fds[SCOUT_GROUPS_FDS];
        const RosterListing *l;
        GroupSample g;
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/a.service", 10);
        start_live(&b, 64, 8);
        (void) pass(&b, SCOUT_GROUPS_CENSUS, 0);
        ck_assert_uint_ge(scout_groups_poll_fds(b.groups, fds), 1);
        ck_assert_int_eq(poll(fds, 1, 0), 0);
        put(&b, "/a.service", "memory.current", "11\n"); /* nobody asks for that */
        ck_assert_int_eq(poll(fds, 1, HARNESS_PATIENCE_MSEC), 1);
        ck_assert(!scout_groups_polled(b.groups, fds, 1));
        ck_assert(!scout_groups_has_news(b.groups));

        put(&b, "/a.service", "memory.events.local", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 6\n");
        ck_assert_int_eq(poll(fds, 1, HARNESS_PATIENCE_MSEC), 1);
        ck_assert(!scout_groups_polled(b.groups, fds, 1)); /* nobody named it */
        ck_assert(scout_groups_can_wait(b.groups));
        ck_assert(scout_groups_has_news(b.groups));
        l = pass(&b, SCOUT_GROUPS_NEWS, USEC_PER_SEC);
        ck_assert_int_ge(find(&b, l, "/a.service", &g), 0);
        ck_assert_uint_eq(g.events[GROUP_EVENT_OOM_KILL], 6);
        ck_assert(!scout_groups_has_news(b.groups));

        scout_groups_take_config(
                b.groups, policy_for(WATCH_UNIT, MATCH_UNIT, "a.*", METRIC_CGROUP_USAGE));
        put(&b, "/a.service", "memory.events", "low 1\nhigh 2\nmax 9\noom 4\noom_kill 6\n");
        ck_assert_int_eq(poll(fds, 1, HARNESS_PATIENCE_MSEC), 1);
        ck_assert(scout_groups_polled(b.groups, fds, 1));
        put(&b, "/b.service", "cgroup.procs", "\n");
        ck_assert_int_eq(poll(fds, 1, HARNESS_PATIENCE_MSEC), 1);
        ck_assert(!scout_groups_polled(b.groups, fds, 1));
        ck_assert(!scout_groups_can_wait(b.groups)); /* a newcomer */
        bed_done(&b);
}
END_TEST

/* Of the watched directories, the one whose name has this in it: what happens just before it is
 * watched. */
static const char *watched_name;
static void (*before_watch)(const Bed *b, const char *path);
static const Bed *watching_bed;

static int n_refused; /* of the watches of that one, the first so many */

int inotify_add_watch(int fd, const char *name, uint32_t mask) {
        void (*happens)(const Bed *b, const char *path) = before_watch;
        char path[PATH_MAX];
        ssize_t n = readlink(name, path, sizeof(path) - 1);

        path[MAX(n, 0)] = '\0';
        if (happens && strstr(path, watched_name)) {
                if (n_refused > 0) {
                        n_refused--;
                        errno = ENOSPC;
                        return -1;
                }
                before_watch = NULL;
                happens(watching_bed, strstr(path, watched_name));
        }
        return (int) syscall(SYS_inotify_add_watch, fd, name, mask);
}

static void a_kill_happens(const Bed *b, const char *path) {
        put(b, path, "memory.events.local", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 6\n");
}

static void a_child_is_made(const Bed *b, const char *path) {
        char inner[300];

        (void) snprintf(inner, sizeof(inner), "%s/inner", path);
        put_group(b, inner, 10);
}

static void expect_it(Bed *b, const RosterListing *l, bool killed) {
        GroupSample g;
        bool found = false;

        ck_assert_ptr_null(before_watch); /* it has happened */
        for (size_t i = 0; i < l->n && !found; i++) {
                group_roster_read(b->roster, l->slots[i], &g);
                found = killed ? g.events[GROUP_EVENT_OOM_KILL] == 6
                               : strstr(g.facts->path, "/inner") != NULL;
        }
        ck_assert(found);
}

START_TEST(what_changes_just_before_a_newcomer_is_watched_is_not_missed) {
        static void (*const happens[])(
                const Bed *b, const char *path) = { a_kill_happens, a_child_is_made };
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/a.service", 10);
        start_live(&b, 64, 8);
        watched_name = "/a.service";
        watching_bed = &b;
        before_watch = happens[_i];
        expect_it(&b, pass(&b, SCOUT_GROUPS_CENSUS, 0), _i == 0);
        bed_done(&b);
}
END_TEST

static void a_real_child_is_made(const Bed *b, const char *path) {
        int dir = fdio_open_dir_at(b->real.fd, "a.service");

        (void) path;
        close_fd(cgroup_fixture_make(&b->real, dir, "inner"));
        close_fd(dir);
}

START_TEST(a_real_newcomer_that_becomes_a_parent_just_before_it_is_watched_is_listed) {
        Bed b;

        if (!bed_init_real(&b, 64, 8))
                return;
        close_fd(cgroup_fixture_make(&b.real, b.real.fd, "a.service"));
        watched_name = "/a.service";
        watching_bed = &b;
        before_watch = a_real_child_is_made;
        expect_it(&b, pass(&b, SCOUT_GROUPS_CENSUS, 0), false);
        bed_done(&b);
}
END_TEST

/* A watch may not be had at first: in the pass that takes it in, it is tried again when it is kept
 * open, and then whenever it is looked at. */
START_TEST(what_changes_just_before_a_known_one_is_watched_is_not_missed) {
        static const struct {
                int n_refused;
                void (*happens)(const Bed *b, const char *path);
        } cases[] = {
                { 1, a_kill_happens },
                { 1, a_child_is_made },
                { 2, a_kill_happens },
                { 2, a_child_is_made },
        };
        const RosterListing *l;
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/a.service", 10);
        start_live(&b, 64, 8);
        watched_name = "/a.service";
        watching_bed = &b;
        before_watch = cases[_i].happens;
        n_refused = cases[_i].n_refused;
        l = pass(&b, SCOUT_GROUPS_CENSUS, 0);
        if (n_refused == 0 && before_watch)
                l = pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC);
        expect_it(&b, l, cases[_i].happens == a_kill_happens);
        bed_done(&b);
}
END_TEST

/* Two policies that ask of the same pressure: permyriad of the time. 0: no such policy. */
static const Config *policies_of_pressure(int64_t first, int64_t second, PsiKind second_kind) {
        static Policy policies[2];
        static CondNode nodes[2];
        static Config config;
        const int64_t thresholds[2] = { first, second };

        config.policies = policies;
        config.n_policies = 0;
        for (size_t i = 0; i < 2; i++) {
                const Config *one = policy_for(WATCH_CGROUP, MATCH_CGROUP, "/a.service",
                        metric_cgroup_psi(PSI_MEMORY, i == 0 ? PSI_SOME : second_kind, PSI_10S));

                if (thresholds[i] == 0)
                        continue;
                nodes[i] = one->policies[0].when.nodes[0];
                nodes[i].atom.threshold = thresholds[i];
                policies[config.n_policies] = one->policies[0];
                policies[config.n_policies++].when.nodes = &nodes[i];
        }
        return &config;
}

static const char pressure_text[] = "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
                                    "full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n";

/* In a directory that only looks like a cgroup, what is asked for stays written in the file. */
START_TEST(of_the_thresholds_of_a_pressure_the_least_is_armed_after_a_reload_as_well) {
        static const struct {
                const char *name;
                int64_t first, second;
                PsiKind second_kind;
                size_t n;
                const char *armed; /* "": nothing anew */
        } turns[] = {
                { "the second is lower", 3000, 2000, PSI_SOME, 1, "some 100000 1000000" },
                { "nothing new", 3000, 2000, PSI_SOME, 1, "" },
                { "lower after a reload", 3000, 1600, PSI_SOME, 1, "some 80000 1000000" },
                { "the lower is gone", 3000, 0, PSI_SOME, 1, "some 150000 1000000" },
                { "another kind instead", 0, 4000, PSI_FULL, 1, "full 200000 1000000" },
                { "nobody asks", 0, 0, PSI_SOME, 0, "" },
        };
        ScoutGroupsStats stats;
        char name[512];
        Bed b;

        bed_init(&b, 64, 8);
        put_group(&b, "/a.service", 10);
        start_live(&b, 64, 8);
        (void) snprintf(
                name, sizeof(name), "%s/sys/fs/cgroup/a.service/memory.pressure", b.tree.path);
        for (size_t i = 0; i < ELEMENTS(turns); i++) {
                char text[128] = "";
                int fd;

                put(&b, "/a.service", "memory.pressure", "%s", pressure_text);
                scout_groups_take_config(b.groups,
                        policies_of_pressure(
                                turns[i].first, turns[i].second, turns[i].second_kind));
                for (int k = 0; k < 4; k++) /* as descriptors change when readers look away */
                        (void) pass(&b, SCOUT_GROUPS_CENSUS, USEC_PER_SEC);
                fd = open(name, O_RDONLY | O_CLOEXEC);
                ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
                close_fd(fd);
                ck_assert_msg(strcmp(text, turns[i].armed[0] ? turns[i].armed : pressure_text) == 0,
                        "%s: %s", turns[i].name, text);
                scout_groups_stats(b.groups, &stats);
                ck_assert_msg(
                        stats.triggers == turns[i].n, "%s: %zu", turns[i].name, stats.triggers);
        }
        bed_done(&b);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("scout-groups");
        TCase *tc = tcase_create("scout-groups");
        const TTest *const tests[] = {
                the_tree_is_walked_and_each_cgroup_known_with_its_facts_and_amounts,
                a_limit_that_changes_above_is_new_facts_below,
                what_a_step_changed_is_read_again_before_the_next_census,
                who_was_made_after_the_first_look_is_said_to_be_young,
                cgroups_that_come_and_go_keep_the_others_in_their_slots,
                a_cgroup_that_loses_its_files_midway_is_out_of_the_way,
                beyond_the_bound_the_rest_is_counted,
                who_is_named_or_limited_is_kept_and_the_rest_by_size,
                some_places_go_to_those_that_gain,
                pressure_is_opened_where_a_policy_asks_for_it_and_only_there,
                who_could_not_be_dropped_is_dropped_later_and_kept_again,
                nothing_of_a_recorded_tree_can_be_acted_upon,
                a_kill_that_was_noted_just_before_its_cgroup_went_is_still_there_to_see,
                a_kill_in_a_cgroup_that_is_gone_is_told_of_it_once,
                the_next_tree_keeps_the_slots_of_the_same_paths,
                real_cgroups_are_heard_of_as_they_come_fill_and_go,
                with_a_real_cgroup_that_is_made_again_goes_all_that_was_below_it,
                who_found_no_room_at_first_is_not_young,
                a_real_cgroup_that_is_made_again_is_another_one,
                what_a_step_writes_to_is_opened_where_a_policy_has_one,
                what_is_in_use_is_kept_however_small_it_is,
                a_hundred_real_cgroups_leave_no_trace,
                ourselves_and_all_above_are_marked,
                the_thread_looks_when_it_hears_of_a_cgroup,
                an_event_in_a_cgroup_is_read_and_is_an_alarm,
                a_real_newcomer_that_becomes_a_parent_just_before_it_is_watched_is_listed,
                of_the_thresholds_of_a_pressure_the_least_is_armed_after_a_reload_as_well,
        };

        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_loop_test(tc, what_changes_just_before_a_newcomer_is_watched_is_not_missed, 0, 2);
        tcase_add_loop_test(
                tc, what_changes_just_before_a_known_one_is_watched_is_not_missed, 0, 4);
        tcase_add_loop_test(tc, the_tightest_ancestor_binds, 0, ELEMENTS(bounds));
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(suite, tc);
        return harness_run(suite);
}
