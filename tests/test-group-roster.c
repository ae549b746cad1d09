/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/group-roster.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/harness.h"

static GroupRoster *make(uint32_t cgroups) {
        const LimitsConfig limits = { .cgroups = cgroups };
        GroupRoster *r = NULL;

        ck_assert_int_eq(group_roster_new(&limits, &r), 0);
        return r;
}

static GroupFacts *facts_of(uint64_t inode) {
        GroupFacts *f = calloc(1, sizeof(*f));

        ck_assert_ptr_nonnull(f);
        f->inode = inode;
        return f;
}

static void publish(GroupRoster *r, const uint32_t *slots, size_t n) {
        RosterListing *l = publication_begin(group_roster_publication(r));

        ck_assert_ptr_nonnull(l);
        for (size_t i = 0; i < n; i++)
                l->slots[l->n++] = slots[i];
        publication_publish(group_roster_publication(r), l);
}

START_TEST(a_reader_sees_values_facts_and_generation) {
        GroupRoster *r = make(2);
        uint32_t slot = group_roster_claim(r);
        const GroupValues v = { .has_memory = 1,
                .has_events = 1,
                .populated = 1,
                .at_usec = 5,
                .current = 6,
                .swap = 7,
                .events = { 1, 2, 3, 4, 5 },
                .stat_at_usec = 4,
                .anon = 8,
                .slab_reclaimable = 9,
                .refault_file = 10 };
        GroupSample g;

        ck_assert(group_roster_set_facts(r, slot, facts_of(42)));
        group_roster_read(r, slot, &g);
        ck_assert(!g.has_memory && !g.populated);
        ck_assert_uint_eq(g.stat_at_usec, USEC_UNSET);

        group_roster_set_values(r, slot, &v);
        publish(r, &slot, 1);
        ck_assert_uint_eq(
                publication_acquire(group_roster_publication(r), ROSTER_MAIN)->slots[0], slot);
        group_roster_read(r, slot, &g);
        ck_assert_uint_eq(g.facts->inode, 42);
        ck_assert_uint_eq(g.slot, slot);
        ck_assert_uint_eq(g.generation, 1);
        ck_assert(g.has_memory && g.has_events && g.populated && !g.kept);
        ck_assert_uint_eq(g.current, 6);
        ck_assert_uint_eq(g.swap, 7);
        ck_assert_uint_eq(g.events[GROUP_EVENT_OOM_KILL], 5);
        ck_assert_uint_eq(g.stat_at_usec, 4);
        ck_assert_uint_eq(g.anon, 8);
        ck_assert_uint_eq(g.slab_reclaimable, 9);
        ck_assert_uint_eq(g.refault_file, 10);
        group_roster_free(r);
}
END_TEST

START_TEST(a_slot_that_is_used_again_is_another_generation_without_values) {
        GroupRoster *r = make(1);
        Publication *p = group_roster_publication(r);
        uint32_t slot = group_roster_claim(r);
        GroupSample g;

        ck_assert_uint_eq(group_roster_claim(r), PUBLICATION_NO_SLOT);
        group_roster_set_values(r, slot, &(GroupValues){ .current = 5, .has_memory = 1 });
        publish(r, &slot, 1);
        ck_assert_ptr_nonnull(publication_acquire(p, ROSTER_SENTINEL));
        publication_retire(p, slot);
        publish(r, NULL, 0);
        publication_collect(p);
        ck_assert_uint_eq(
                group_roster_claim(r), PUBLICATION_NO_SLOT); /* the sentinel looks at it */
        ck_assert_ptr_nonnull(publication_acquire(p, ROSTER_SENTINEL));
        publication_collect(p);
        ck_assert_uint_eq(group_roster_claim(r), slot);
        group_roster_read(r, slot, &g);
        ck_assert_uint_eq(g.generation, 2);
        ck_assert(!g.has_memory);
        ck_assert_uint_eq(g.current, 0);
        group_roster_free(r);
}
END_TEST

static bool is_open(int fd) {
        return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(descriptors_stay_open_while_a_reader_or_a_job_needs_them) {
        GroupRoster *r = make(1);
        Publication *p = group_roster_publication(r);
        uint32_t slot = group_roster_claim(r);
        GroupSlot *s = group_roster_slot(r, slot);
        int kill_fd, psi_fd;

        s->kill_fd = kill_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        s->psi_fds[PSI_IO] = psi_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        publish(r, &slot, 1);
        ck_assert_ptr_nonnull(publication_acquire(p, ROSTER_SENTINEL));
        ck_assert(publication_drop_fds(p, slot, true));
        publish(r, &slot, 1);
        publication_collect(p);
        ck_assert(is_open(psi_fd));
        ck_assert_ptr_nonnull(publication_acquire(p, ROSTER_SENTINEL));
        publication_collect(p);
        ck_assert(!is_open(psi_fd));
        ck_assert(is_open(kill_fd));

        atomic_store(&s->reaping, 1);
        publication_retire(p, slot);
        publish(r, NULL, 0);
        ck_assert_ptr_nonnull(publication_acquire(p, ROSTER_SENTINEL));
        publication_collect(p);
        ck_assert(is_open(kill_fd));
        atomic_store(&s->reaping, 0);
        publication_collect(p);
        ck_assert(!is_open(kill_fd));
        ck_assert_int_eq(s->kill_fd, FD_NONE);
        group_roster_free(r);
}
END_TEST

static unsigned n_freed;

static void count_free(void *ctx, GroupFacts *facts) {
        ck_assert_ptr_eq(ctx, &n_freed);
        n_freed++;
        free(facts);
}

START_TEST(facts_are_freed_once_each_when_nobody_can_look_at_them) {
        GroupRoster *r = make(1);
        Publication *p = group_roster_publication(r);
        uint32_t slot = group_roster_claim(r);

        group_roster_set_free_facts(r, count_free, &n_freed);
        ck_assert(group_roster_set_facts(r, slot, facts_of(1)));
        publish(r, &slot, 1);
        ck_assert_ptr_nonnull(publication_acquire(p, ROSTER_MAIN));
        ck_assert(group_roster_set_facts(r, slot, facts_of(2)));
        publish(r, &slot, 1);
        publication_collect(p);
        ck_assert_uint_eq(n_freed, 0);
        publication_release(p, ROSTER_MAIN);
        publication_collect(p);
        ck_assert_uint_eq(n_freed, 1);
        publication_forget(p);
        ck_assert_uint_eq(n_freed, 2);
        group_roster_free(r);
        ck_assert_uint_eq(n_freed, 2);
}
END_TEST

HARNESS_MAIN("group-roster", a_reader_sees_values_facts_and_generation,
        a_slot_that_is_used_again_is_another_generation_without_values,
        descriptors_stay_open_while_a_reader_or_a_job_needs_them,
        facts_are_freed_once_each_when_nobody_can_look_at_them)
