/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "engine/sampler.h"
#include "tests/cgroup-fixture.h"
#include "tests/tree-fixture.h"

#define NOW (1000 * USEC_PER_SEC)

static const LimitsConfig limits = {
        .processes = 4, .kept = 4, .detailed = 4, .cgroups = 8, .kept_cgroups = 4
};

typedef struct Bed {
        Fixture tree;
        SysRoot root;
        GroupRoster *roster;
        Sampler *sampler;
        Sample sample;
        uint32_t slots[2]; /* the first is kept */
} Bed;

static void publish(Bed *b, size_t n_kept) {
        RosterListing *l = publication_begin(group_roster_publication(b->roster));

        l->slots[l->n++] = b->slots[0];
        l->slots[l->n++] = b->slots[1];
        l->n_kept = n_kept;
        publication_publish(group_roster_publication(b->roster), l);
}

static int file(Bed *b, const char *name, const char *text) {
        int fd;

        fixture_file(&b->tree, name, text);
        fd = fdio_open_at(b->tree.fd, name);
        ck_assert_int_ge(fd, 0);
        return fd;
}

static void bed_init(Bed *b) {
        GroupSlot *s;

        *b = (Bed){ .root = SYSROOT_INIT };
        fixture_init(&b->tree);
        tree_meminfo(&b->tree, "", 1024 * TREE_MIB, 512 * TREE_MIB, 64 * TREE_MIB, 64 * TREE_MIB);
        ck_assert_int_eq(sysroot_open(b->tree.path, &b->root), 0);
        ck_assert_int_eq(group_roster_new(&limits, &b->roster), 0);
        ck_assert_int_eq(sampler_new(&b->root, &limits, &b->sampler), 0);
        for (int i = 0; i < 2; i++) {
                b->slots[i] = group_roster_claim(b->roster);
                group_roster_set_values(b->roster, b->slots[i],
                        &(GroupValues){ .has_memory = 1,
                                .populated = 1,
                                .at_usec = NOW - 5,
                                .current = 100,
                                .swap = 7,
                                .stat_at_usec = NOW - 5,
                                .anon = 60 });
        }
        s = group_roster_slot(b->roster, b->slots[0]);
        s->current_fd = file(b, "current", "200\n");
        s->swap_fd = file(b, "swap", "30\n");
        s->events_fd = file(b, "events", "low 0\nhigh 1\nmax 2\noom 0\noom_kill 3\n");
        s->psi_fds[PSI_MEMORY] = file(b, "pressure",
                "some avg10=1.00 avg60=0.00 avg300=0.00 total=10\n"
                "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n");
        publish(b, 1);
}

static void bed_done(Bed *b) {
        sampler_free(b->sampler);
        group_roster_free(b->roster);
        sysroot_done(&b->root);
        fixture_done(&b->tree);
}

static void look(Bed *b, bool with_reads, usec_t now_usec) {
        sampler_read_system(b->sampler, NULL, now_usec, now_usec, &b->sample);
        sampler_read_groups(b->sampler, b->roster,
                publication_acquire(group_roster_publication(b->roster), ROSTER_SENTINEL),
                with_reads, now_usec, &b->sample);
}

START_TEST(kept_cgroups_are_read_now_and_the_others_as_the_census_left_them) {
        const GroupSample *g;
        Bed b;

        bed_init(&b);
        look(&b, true, NOW);
        g = b.sample.groups;
        ck_assert_uint_eq(b.sample.n_groups, 2);
        ck_assert(b.sample.groups_fresh);
        ck_assert_uint_eq(b.sample.groups_at_usec, NOW);
        ck_assert(g[0].kept && !g[1].kept);
        ck_assert_uint_eq(g[0].current, 200);
        ck_assert_uint_eq(g[0].swap, 30);
        ck_assert_uint_eq(g[0].at_usec, NOW);
        ck_assert(g[0].has_events);
        ck_assert_uint_eq(g[0].events[GROUP_EVENT_OOM_KILL], 3);
        ck_assert_uint_eq(g[0].psi_have, 1U << PSI_MEMORY);
        ck_assert_uint_eq(g[0].psi[PSI_MEMORY].total_usec[PSI_FULL], 5);
        ck_assert_uint_eq(g[0].anon, 60); /* always the scout's */
        ck_assert_uint_eq(g[0].stat_at_usec, NOW - 5);
        ck_assert_uint_eq(g[1].current, 100);
        ck_assert_uint_eq(g[1].at_usec, NOW - 5);
        ck_assert_uint_eq(g[1].psi_have, 0);
        ck_assert_uint_eq(group_roster_slot(b.roster, b.slots[0])->read_current, 200);
        bed_done(&b);
}
END_TEST

START_TEST(without_news_the_sample_stays_and_so_does_its_version) {
        uint64_t version;
        Bed b;

        bed_init(&b);
        look(&b, false, NOW);
        ck_assert(!b.sample.groups_fresh);
        ck_assert_uint_eq(b.sample.groups[0].current, 100);
        version = b.sample.groups_version;
        ck_assert_uint_ne(version, 0);
        b.sample.groups[1].gained = 4711; /* as history would */
        look(&b, false, NOW + USEC_PER_SEC);
        ck_assert_uint_eq(b.sample.groups_version, version);
        ck_assert_uint_eq(b.sample.groups[1].gained, 4711);
        look(&b, true, NOW + 2 * USEC_PER_SEC);
        ck_assert_uint_ne(b.sample.groups_version, version);
        version = b.sample.groups_version;
        publish(&b, 1);
        look(&b, false, NOW + 3 * USEC_PER_SEC);
        ck_assert_uint_ne(b.sample.groups_version, version);
        bed_done(&b);
}
END_TEST

START_TEST(pressure_is_not_read_twice_in_a_moment_and_outlives_a_listing) {
        Bed b;

        bed_init(&b);
        look(&b, true, NOW);
        fixture_file(&b.tree, "pressure",
                "some avg10=1.00 avg60=0.00 avg300=0.00 total=20\n"
                "full avg10=0.00 avg60=0.00 avg300=0.00 total=6\n");
        look(&b, true, NOW + 10 * USEC_PER_MSEC);
        ck_assert_uint_eq(b.sample.groups[0].psi[PSI_MEMORY].total_usec[PSI_SOME], 10);
        ck_assert_uint_eq(b.sample.groups[0].psi_at_usec, NOW);
        publish(&b, 1);
        look(&b, false, NOW + 20 * USEC_PER_MSEC);
        ck_assert_uint_eq(b.sample.groups[0].psi_have, 1U << PSI_MEMORY);
        look(&b, true, NOW + 60 * USEC_PER_MSEC);
        ck_assert_uint_eq(b.sample.groups[0].psi[PSI_MEMORY].total_usec[PSI_SOME], 20);
        fixture_file(&b.tree, "pressure", "");
        look(&b, true, NOW + USEC_PER_SEC);
        ck_assert_uint_eq(b.sample.groups[0].psi_have, 0);
        bed_done(&b);
}
END_TEST

START_TEST(without_swap_there_is_none_and_a_bad_file_leaves_what_was_known) {
        Bed b;

        bed_init(&b);
        tree_meminfo(&b.tree, "", 1024 * TREE_MIB, 512 * TREE_MIB, 0, 0);
        fixture_file(&b.tree, "events", "");
        look(&b, true, NOW);
        ck_assert_uint_eq(b.sample.groups[0].swap, 0);
        ck_assert(!b.sample.groups[0].has_events);
        fixture_file(&b.tree, "current", "x");
        look(&b, true, NOW + USEC_PER_SEC);
        ck_assert_uint_eq(b.sample.groups[0].current, 200);
        ck_assert_uint_eq(b.sample.groups[0].at_usec, NOW);
        bed_done(&b);
}
END_TEST

START_TEST(a_cgroup_that_is_gone_is_empty_at_once) {
        CgroupFixture real;
        GroupSlot *s;
        Bed b;
        int dir;

        if (!cgroup_fixture_init(&real))
                return;
        dir = cgroup_fixture_make(&real, real.fd, "a");
        bed_init(&b);
        s = group_roster_slot(b.roster, b.slots[0]);
        close_fd(s->current_fd);
        s->current_fd = fdio_open_at(dir, "cgroup.freeze"); /* a number, whatever the controllers */
        look(&b, true, NOW);
        ck_assert(b.sample.groups[0].populated);
        close_fd(dir);
        cgroup_fixture_remove(real.fd, "a");
        look(&b, true, NOW + USEC_PER_SEC);
        ck_assert(!b.sample.groups[0].populated);
        ck_assert_uint_eq(b.sample.groups[0].current, 0);
        bed_done(&b);
        cgroup_fixture_done(&real);
}
END_TEST

HARNESS_MAIN("sampler-groups", kept_cgroups_are_read_now_and_the_others_as_the_census_left_them,
        without_news_the_sample_stays_and_so_does_its_version,
        pressure_is_not_read_twice_in_a_moment_and_outlives_a_listing,
        without_swap_there_is_none_and_a_bad_file_leaves_what_was_known,
        a_cgroup_that_is_gone_is_empty_at_once)
