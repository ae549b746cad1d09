/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whatever leaves the listings is put on a list with the version of the first listing that lacks
 * it, and is given back once no reader looks at anything older (readership.h). */

#include "engine/roster.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/readership.h"
#include "engine/reserve.h"
#include "engine/snapshot.h"

/* The newest, one under each reader, one under construction, and one to spare. */
#define LISTINGS_MAX (_ROSTER_READER_MAX + 3)

#define NO_SLOT UINT32_MAX

typedef enum DeferredKind {
        DEFERRED_FACTS,
        DEFERRED_FDS,
        DEFERRED_SLOT,
} DeferredKind;

typedef struct Deferred {
        uint64_t until; /* version of the first listing without it */
        DeferredKind kind;
        uint32_t slot;
        ProcFacts *facts;
} Deferred;

typedef enum DropKind {
        DROP_NOTHING,
        DROP_DETAIL,
        DROP_ALL,
} DropKind;

/* What only the scout knows about a slot. */
typedef struct SlotBook {
        uint64_t drop_until; /* of the DEFERRED_FDS that counts; others were called off */
        uint32_t next_free;
        DropKind drop;
} SlotBook;

struct Roster {
        uint32_t size;
        RosterSlot *slots;
        SlotBook *book;
        Deferred *deferred;
        size_t deferred_size;
        size_t n_deferred;
        uint32_t n_touched; /* slots that were ever used */
        uint32_t first_free;
        uint32_t n_used;
        RosterFreeFacts free_facts;
        void *free_facts_ctx;
        RosterListing listings[LISTINGS_MAX];
        RosterListing *building;
        _Atomic(RosterListing *) latest;
        Readership readership;
};

_Static_assert(sizeof(CensusValues) % sizeof(uint64_t) == 0, "copied by words");
_Static_assert((int) _ROSTER_READER_MAX <= READERSHIP_MAX, "each reader has a state");

static void free_facts_plainly(void *ctx, ProcFacts *facts) {
        (void) ctx;
        free(facts);
}

int roster_new(const LimitsConfig *limits, Roster **ret) {
        Roster *r;
        bool complete = true;

        r = reserve_new(1, sizeof(*r)); /* aligned as the readership wants it */
        if (!r)
                return -ENOMEM;
        r->size = MAX(limits->processes, 1);
        r->first_free = NO_SLOT;
        r->free_facts = free_facts_plainly;
        readership_init(&r->readership);

        /* Every slot can wait for its end, and besides that three things for each. */
        r->deferred_size = (size_t) r->size * 4 + 64;
        r->slots = reserve_new(r->size, sizeof(*r->slots));
        r->book = reserve_new(r->size, sizeof(*r->book));
        r->deferred = reserve_new(r->deferred_size, sizeof(*r->deferred));
        for (size_t i = 0; i < ELEMENTS(r->listings); i++) {
                r->listings[i].slots = reserve_new(r->size, sizeof(uint32_t));
                complete = complete && r->listings[i].slots;
        }
        if (!complete || !r->slots || !r->book || !r->deferred) {
                roster_free(r);
                return -ENOMEM;
        }

        *ret = r;
        return 0;
}

static void close_detail(RosterSlot *s) {
        s->status_fd = close_fd(s->status_fd);
        s->score_fd = close_fd(s->score_fd);
}

static void close_slot(RosterSlot *s) {
        close_detail(s);
        s->statm_fd = close_fd(s->statm_fd);
        s->pidfd = close_fd(s->pidfd);
        s->reap_pidfd = close_fd(s->reap_pidfd);
}

static void free_slot_facts(Roster *r, RosterSlot *s) {
        const ProcFacts *facts = atomic_exchange(&s->facts, NULL);

        if (facts)
                r->free_facts(r->free_facts_ctx, (ProcFacts *) (uintptr_t) facts);
}

void roster_forget(Roster *r) {
        size_t n = 0;

        for (size_t i = 0; i < r->n_deferred; i++)
                if (r->deferred[i].kind == DEFERRED_FACTS)
                        r->free_facts(r->free_facts_ctx, r->deferred[i].facts);
                else
                        r->deferred[n++] = r->deferred[i];
        r->n_deferred = n;
        for (uint32_t i = 0; i < r->n_touched; i++)
                free_slot_facts(r, &r->slots[i]);
        atomic_store(&r->latest, NULL);
}

Roster *roster_free(Roster *r) {
        if (!r)
                return NULL;

        if (r->slots && r->deferred)
                roster_forget(r);
        for (uint32_t i = 0; r->slots && i < r->n_touched; i++)
                close_slot(&r->slots[i]);

        (void) reserve_free(r->slots, r->size, sizeof(*r->slots));
        (void) reserve_free(r->book, r->size, sizeof(*r->book));
        (void) reserve_free(r->deferred, r->deferred_size, sizeof(*r->deferred));
        for (size_t i = 0; i < ELEMENTS(r->listings); i++)
                (void) reserve_free(r->listings[i].slots, r->size, sizeof(uint32_t));
        (void) reserve_free(r, 1, sizeof(*r));
        return NULL;
}

/* ---- readers
 * -------------------------------------------------------------------------------------- */

const RosterListing *roster_acquire(Roster *r, RosterReader who) {
        RosterListing *listing;

        readership_enter(&r->readership, who);
        listing = atomic_load(&r->latest);
        readership_settle(&r->readership, who, listing ? listing->version : 0);
        return listing;
}

void roster_release(Roster *r, RosterReader who) {
        readership_leave(&r->readership, who);
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
        uint32_t slot = r->first_free;
        RosterSlot *s;

        if (slot != NO_SLOT)
                r->first_free = r->book[slot].next_free;
        else if (r->n_touched < r->size)
                slot = r->n_touched++;
        else
                return NO_SLOT;

        r->n_used++;
        r->book[slot] = (SlotBook){ .next_free = NO_SLOT };
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

/* Room is kept so that every slot can always be retired. */
static bool may_defer(const Roster *r, DeferredKind kind) {
        return r->n_deferred < r->deferred_size - (kind == DEFERRED_SLOT ? 0 : r->size);
}

static void defer(Roster *r, DeferredKind kind, uint32_t slot, ProcFacts *facts) {
        assert(r->n_deferred < r->deferred_size);
        r->deferred[r->n_deferred++] = (Deferred){
                .until = readership_next(&r->readership), .kind = kind, .slot = slot, .facts = facts
        };
}

void roster_retire(Roster *r, uint32_t slot) {
        defer(r, DEFERRED_SLOT, slot, NULL);
}

bool roster_set_facts(Roster *r, uint32_t slot, ProcFacts *facts) {
        RosterSlot *s = roster_slot(r, slot);
        const ProcFacts *old = atomic_load_explicit(&s->facts, memory_order_relaxed);

        if (old && !may_defer(r, DEFERRED_FACTS))
                return false;

        atomic_store_explicit(&s->facts, facts, memory_order_release);
        if (old)
                defer(r, DEFERRED_FACTS, slot, (ProcFacts *) (uintptr_t) old);
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
        SlotBook *b = &r->book[slot];

        if (b->drop == DROP_ALL || (only_detail && b->drop == DROP_DETAIL))
                return true;
        if (!may_defer(r, DEFERRED_FDS))
                return false;

        b->drop = only_detail ? DROP_DETAIL : DROP_ALL;
        b->drop_until = readership_next(&r->readership);
        defer(r, DEFERRED_FDS, slot, NULL);
        return true;
}

void roster_keep_fds(Roster *r, uint32_t slot) {
        r->book[slot].drop = DROP_NOTHING;
}

RosterListing *roster_begin(Roster *r) {
        if (r->building)
                return r->building;

        for (size_t i = 0; i < ELEMENTS(r->listings); i++) {
                RosterListing *l = &r->listings[i];

                if (l == atomic_load(&r->latest) ||
                        (l->version != 0 && readership_has(&r->readership, l->version)))
                        continue;
                *l = (RosterListing){ .slots = l->slots };
                r->building = l;
                return l;
        }
        return NULL;
}

void roster_publish(Roster *r, RosterListing *listing) {
        assert(listing == r->building);
        r->building = NULL;
        listing->version = readership_next(&r->readership);
        atomic_store(&r->latest, listing);
        readership_publish(&r->readership, listing->version);
}

/* Returns false when somebody still uses it. */
static bool settle(Roster *r, const Deferred *d) {
        RosterSlot *s = &r->slots[d->slot];
        SlotBook *b = &r->book[d->slot];

        switch (d->kind) {
        case DEFERRED_FACTS:
                r->free_facts(r->free_facts_ctx, d->facts);
                return true;
        case DEFERRED_FDS:
                if (b->drop == DROP_NOTHING || b->drop_until != d->until)
                        return true;
                if (b->drop == DROP_ALL && atomic_load(&s->reaping) != 0) /* (5) */
                        return false;
                if (b->drop == DROP_ALL)
                        close_slot(s);
                else
                        close_detail(s);
                b->drop = DROP_NOTHING;
                return true;
        case DEFERRED_SLOT:
                if (atomic_load(&s->reaping) != 0) /* (5) */
                        return false;
                close_slot(s);
                free_slot_facts(r, s);
                b->drop = DROP_NOTHING;
                b->next_free = r->first_free;
                r->first_free = d->slot;
                r->n_used--;
                return true;
        }
        return true;
}

void roster_collect(Roster *r) {
        uint64_t oldest = readership_oldest(&r->readership);
        size_t n = 0;

        for (size_t i = 0; i < r->n_deferred; i++) {
                Deferred d = r->deferred[i];

                if (d.until > oldest || !settle(r, &d))
                        r->deferred[n++] = d;
        }
        r->n_deferred = n;
}

size_t roster_waiting(const Roster *r) {
        return r->n_deferred;
}

size_t roster_used(const Roster *r) {
        return r->n_used;
}
