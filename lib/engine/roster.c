/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/roster.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/reserve.h"
#include "engine/snapshot.h"

struct Roster {
        uint32_t size;
        RosterSlot *slots;
        Publication *publication;
        RosterFreeFacts free_facts;
        void *free_facts_ctx;
};

_Static_assert(sizeof(CensusValues) % sizeof(uint64_t) == 0, "copied by words");

static void free_facts_plainly(void *ctx, ProcFacts *facts) {
        (void) ctx;
        free(facts);
}

static void close_detail(RosterSlot *s) {
        s->status_fd = close_fd(s->status_fd);
        s->score_fd = close_fd(s->score_fd);
}

static void close_slot(void *ctx, uint32_t slot, bool only_detail) {
        RosterSlot *s = &((Roster *) ctx)->slots[slot];

        close_detail(s);
        if (only_detail)
                return;
        s->statm_fd = close_fd(s->statm_fd);
        s->pidfd = close_fd(s->pidfd);
        s->reap_pidfd = close_fd(s->reap_pidfd);
}

static bool is_slot_used(void *ctx, uint32_t slot) {
        return atomic_load(&((Roster *) ctx)->slots[slot].reaping) != 0;
}

static void drop_facts(void *ctx, void *facts) {
        Roster *r = ctx;

        r->free_facts(r->free_facts_ctx, facts);
}

static void free_slot(void *ctx, uint32_t slot) {
        Roster *r = ctx;
        const ProcFacts *facts = atomic_exchange(&r->slots[slot].facts, NULL);

        if (facts)
                drop_facts(r, (ProcFacts *) (uintptr_t) facts);
}

static const PublicationOps publication_ops = {
        .close = close_slot,
        .is_used = is_slot_used,
        .free_slot = free_slot,
        .free_facts = drop_facts,
};

int roster_new(const LimitsConfig *limits, Roster **ret) {
        Roster *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->size = MAX(limits->processes, 1);
        r->free_facts = free_facts_plainly;
        r->slots = reserve_new(r->size, sizeof(*r->slots));
        if (!r->slots || publication_new(r->size, &publication_ops, r, &r->publication) < 0) {
                roster_free(r);
                return -ENOMEM;
        }

        *ret = r;
        return 0;
}

void roster_forget(Roster *r) {
        publication_forget(r->publication);
}

Roster *roster_free(Roster *r) {
        if (!r)
                return NULL;

        (void) publication_free(r->publication);
        (void) reserve_free(r->slots, r->size, sizeof(*r->slots));
        free(r);
        return NULL;
}

/* ---- readers
 * -------------------------------------------------------------------------------------- */

const RosterListing *roster_acquire(Roster *r, RosterReader who) {
        return publication_acquire(r->publication, who);
}

void roster_release(Roster *r, RosterReader who) {
        publication_release(r->publication, who);
}

RosterSlot *roster_slot(Roster *r, uint32_t slot) {
        assert(slot < r->size);
        return &r->slots[slot];
}

/* (4) */
static bool copy_census(RosterSlot *s, CensusValues *ret) {
        return snapshot_read(&s->sequence, s->census, CENSUS_WORDS, ret);
}

void roster_read(Roster *r, uint32_t slot, ProcSample *ret) {
        RosterSlot *s = roster_slot(r, slot);
        CensusValues v;

        *ret = (ProcSample){
                .facts = atomic_load_explicit(&s->facts, memory_order_acquire),
                .slot = slot,
                .generation = atomic_load_explicit(&s->generation, memory_order_relaxed),
                .has_status = copy_census(s, &v),
        };
        ret->at_usec = v.at_usec;
        ret->rss = v.rss;
        ret->anon = v.anon;
        ret->file = v.file;
        ret->shmem = v.shmem;
        ret->swap = v.swap;
        ret->page_tables = v.page_tables;
        ret->stack = v.stack;
        ret->stack_limit = v.stack_limit;
        ret->threads = v.threads;
        ret->oom_score = v.oom_score;
        ret->state = v.state;
        ret->exiting = v.exiting;
        ret->core_dumping = v.core_dumping;
        ret->zombie_leader = v.zombie_leader;
}

/* ---- the scout
 * ------------------------------------------------------------------------------------ */

void roster_set_free_facts(Roster *r, RosterFreeFacts free_facts, void *ctx) {
        r->free_facts = free_facts;
        r->free_facts_ctx = ctx;
}

uint32_t roster_claim(Roster *r) {
        uint32_t slot = publication_claim(r->publication);
        RosterSlot *s;

        if (slot == PUBLICATION_NO_SLOT)
                return slot;

        s = &r->slots[slot];
        s->statm_fd = s->status_fd = s->score_fd = s->pidfd = s->reap_pidfd = FD_NONE;
        roster_set_census(r, slot, &(CensusValues){ 0 });
        atomic_store_explicit(&s->read_bytes, 0, memory_order_relaxed);
        atomic_store_explicit(&s->read_at_usec, 0, memory_order_relaxed);
        atomic_store_explicit(&s->generation,
                atomic_load_explicit(&s->generation, memory_order_relaxed) + 1,
                memory_order_relaxed);
        return slot;
}

void roster_retire(Roster *r, uint32_t slot) {
        publication_retire(r->publication, slot);
}

bool roster_set_facts(Roster *r, uint32_t slot, ProcFacts *facts) {
        RosterSlot *s = roster_slot(r, slot);
        const ProcFacts *old = atomic_load_explicit(&s->facts, memory_order_relaxed);

        if (old && !publication_may_defer_facts(r->publication))
                return false;

        atomic_store_explicit(&s->facts, facts, memory_order_release);
        if (old)
                publication_defer_facts(r->publication, slot, (ProcFacts *) (uintptr_t) old);
        return true;
}

void roster_set_census(Roster *r, uint32_t slot, const CensusValues *v) {
        RosterSlot *s = roster_slot(r, slot);

        snapshot_write(&s->sequence, s->census, CENSUS_WORDS, v);
}

void roster_get_census(Roster *r, uint32_t slot, CensusValues *ret) {
        (void) copy_census(roster_slot(r, slot), ret);
}

bool roster_drop_fds(Roster *r, uint32_t slot, bool only_detail) {
        return publication_drop_fds(r->publication, slot, only_detail);
}

void roster_keep_fds(Roster *r, uint32_t slot) {
        publication_keep_fds(r->publication, slot);
}

RosterListing *roster_begin(Roster *r) {
        return publication_begin(r->publication);
}

void roster_publish(Roster *r, RosterListing *listing) {
        publication_publish(r->publication, listing);
}

void roster_collect(Roster *r) {
        publication_collect(r->publication);
}

size_t roster_waiting(const Roster *r) {
        return publication_waiting(r->publication);
}

size_t roster_used(const Roster *r) {
        return publication_used(r->publication);
}
