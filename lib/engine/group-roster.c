/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/group-roster.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/reserve.h"

struct GroupRoster {
        uint32_t size;
        GroupSlot *slots;
        Publication *publication;
        GroupRosterFreeFacts free_facts;
        void *free_facts_ctx;
};

_Static_assert(sizeof(GroupValues) % sizeof(uint64_t) == 0, "copied by words");
_Static_assert(GROUP_WORDS <= SNAPSHOT_WORDS_MAX, "one snapshot");

static void free_facts_plainly(void *ctx, GroupFacts *facts) {
        (void) ctx;
        free(facts);
}

static void close_slot(void *ctx, uint32_t slot, bool only_detail) {
        GroupSlot *s = &((GroupRoster *) ctx)->slots[slot];

        for (int i = 0; i < _PSI_RESOURCE_MAX; i++)
                s->psi_fds[i] = close_fd(s->psi_fds[i]);
        if (only_detail)
                return;
        s->current_fd = close_fd(s->current_fd);
        s->swap_fd = close_fd(s->swap_fd);
        s->events_fd = close_fd(s->events_fd);
        s->state_fd = close_fd(s->state_fd);
        s->kill_fd = close_fd(s->kill_fd);
        s->procs_fd = close_fd(s->procs_fd);
        s->reclaim_fd = close_fd(s->reclaim_fd);
        s->charged_fd = close_fd(s->charged_fd);
        for (int i = 0; i < _LEASE_FILE_MAX; i++)
                s->lease_fds[i] = close_fd(s->lease_fds[i]);
}

static bool is_slot_used(void *ctx, uint32_t slot) {
        return atomic_load(&((GroupRoster *) ctx)->slots[slot].reaping) != 0;
}

static void drop_facts(void *ctx, void *facts) {
        GroupRoster *r = ctx;

        r->free_facts(r->free_facts_ctx, facts);
}

static void free_slot(void *ctx, uint32_t slot) {
        GroupRoster *r = ctx;
        const GroupFacts *facts = atomic_exchange(&r->slots[slot].facts, NULL);

        if (facts)
                drop_facts(r, (GroupFacts *) (uintptr_t) facts);
}

static const PublicationOps publication_ops = {
        .close = close_slot,
        .is_used = is_slot_used,
        .free_slot = free_slot,
        .free_facts = drop_facts,
};

int group_roster_new(const LimitsConfig *limits, GroupRoster **ret) {
        GroupRoster *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->size = MAX(limits->cgroups, 1);
        r->free_facts = free_facts_plainly;
        r->slots = reserve_new(r->size, sizeof(*r->slots));
        if (!r->slots || publication_new(r->size, &publication_ops, r, &r->publication) < 0) {
                group_roster_free(r);
                return -ENOMEM;
        }

        *ret = r;
        return 0;
}

GroupRoster *group_roster_free(GroupRoster *r) {
        if (!r)
                return NULL;

        (void) publication_free(r->publication);
        (void) reserve_free(r->slots, r->size, sizeof(*r->slots));
        free(r);
        return NULL;
}

Publication *group_roster_publication(GroupRoster *r) {
        return r->publication;
}

GroupSlot *group_roster_slot(GroupRoster *r, uint32_t slot) {
        assert(slot < r->size);
        return &r->slots[slot];
}

void group_roster_read(GroupRoster *r, uint32_t slot, GroupSample *ret) {
        GroupSlot *s = group_roster_slot(r, slot);
        GroupValues v;
        bool whole = snapshot_read(&s->sequence, s->values, GROUP_WORDS, &v);

        memset(ret, 0, sizeof(*ret));
        ret->facts = atomic_load_explicit(&s->facts, memory_order_acquire);
        ret->slot = slot;
        ret->generation = atomic_load_explicit(&s->generation, memory_order_relaxed);
        ret->has_memory = whole && v.has_memory != 0;
        ret->has_events = whole && v.has_events != 0;
        ret->populated = v.populated != 0;
        ret->at_usec = v.at_usec;
        ret->current = v.current;
        ret->swap = v.swap;
        memcpy(ret->events, v.events, sizeof(ret->events));
        ret->stat_at_usec = whole ? v.stat_at_usec : USEC_UNSET;
        ret->anon = v.anon;
        ret->file = v.file;
        ret->shmem = v.shmem;
        ret->kernel = v.kernel;
        ret->active_file = v.active_file;
        ret->inactive_file = v.inactive_file;
        ret->dirty = v.dirty;
        ret->writeback = v.writeback;
        ret->slab_reclaimable = v.slab_reclaimable;
        ret->refault_anon = v.refault_anon;
        ret->refault_file = v.refault_file;
}

void group_roster_set_free_facts(GroupRoster *r, GroupRosterFreeFacts f, void *ctx) {
        r->free_facts = f;
        r->free_facts_ctx = ctx;
}

uint32_t group_roster_claim(GroupRoster *r) {
        uint32_t slot = publication_claim(r->publication);
        GroupSlot *s;

        if (slot == PUBLICATION_NO_SLOT)
                return slot;

        s = &r->slots[slot];
        s->current_fd = s->swap_fd = s->events_fd = s->state_fd = FD_NONE;
        s->kill_fd = s->procs_fd = s->reclaim_fd = s->charged_fd = FD_NONE;
        for (int i = 0; i < _LEASE_FILE_MAX; i++)
                s->lease_fds[i] = FD_NONE;
        for (int i = 0; i < _PSI_RESOURCE_MAX; i++)
                s->psi_fds[i] = FD_NONE;
        group_roster_set_values(r, slot, &(GroupValues){ .stat_at_usec = USEC_UNSET });
        atomic_store_explicit(&s->read_current, 0, memory_order_relaxed);
        atomic_store_explicit(&s->read_at_usec, 0, memory_order_relaxed);
        atomic_store_explicit(&s->was_changed, false, memory_order_relaxed);
        atomic_store_explicit(&s->generation,
                atomic_load_explicit(&s->generation, memory_order_relaxed) + 1,
                memory_order_relaxed);
        return slot;
}

bool group_roster_set_facts(GroupRoster *r, uint32_t slot, GroupFacts *facts) {
        GroupSlot *s = group_roster_slot(r, slot);
        const GroupFacts *old = atomic_load_explicit(&s->facts, memory_order_relaxed);

        if (old && !publication_may_defer_facts(r->publication))
                return false;

        atomic_store_explicit(&s->facts, facts, memory_order_release);
        if (old)
                publication_defer_facts(r->publication, slot, (GroupFacts *) (uintptr_t) old);
        return true;
}

void group_roster_set_values(GroupRoster *r, uint32_t slot, const GroupValues *v) {
        GroupSlot *s = group_roster_slot(r, slot);

        snapshot_write(&s->sequence, s->values, GROUP_WORDS, v);
}

void group_roster_get_values(GroupRoster *r, uint32_t slot, GroupValues *ret) {
        GroupSlot *s = group_roster_slot(r, slot);

        (void) snapshot_read(&s->sequence, s->values, GROUP_WORDS, ret);
}
