/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whatever leaves the listings is put on a list with the version of the first listing that lacks
 * it, and is given back once no reader looks at anything older (readership.h). */

#include "engine/publication.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>

#include "base/macro.h"
#include "engine/readership.h"
#include "engine/reserve.h"

/* The newest, one under each reader, one under construction, and one to spare. */
#define LISTINGS_MAX (_ROSTER_READER_MAX + 3)

typedef enum DeferredKind {
        DEFERRED_FACTS,
        DEFERRED_FDS,
        DEFERRED_SLOT,
} DeferredKind;

typedef struct Deferred {
        uint64_t until; /* version of the first listing without it */
        DeferredKind kind;
        uint32_t slot;
        void *facts;
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

struct Publication {
        uint32_t size;
        const PublicationOps *ops;
        void *ctx;
        SlotBook *book;
        Deferred *deferred;
        size_t deferred_size;
        size_t n_deferred;
        uint32_t n_touched; /* slots that were ever used */
        uint32_t first_free;
        uint32_t n_used;
        RosterListing listings[LISTINGS_MAX];
        RosterListing *building;
        _Atomic(RosterListing *) latest;
        Readership readership;
};

_Static_assert((int) _ROSTER_READER_MAX <= READERSHIP_MAX, "each reader has a state");

int publication_new(uint32_t size, const PublicationOps *ops, void *ctx, Publication **ret) {
        Publication *p;
        bool complete = true;

        p = reserve_new(1, sizeof(*p)); /* aligned as the readership wants it */
        if (!p)
                return -ENOMEM;
        p->size = MAX(size, 1);
        p->ops = ops;
        p->ctx = ctx;
        p->first_free = PUBLICATION_NO_SLOT;
        readership_init(&p->readership);

        /* Every slot can wait for its end, and besides that three things for each. */
        p->deferred_size = (size_t) p->size * 4 + 64;
        p->book = reserve_new(p->size, sizeof(*p->book));
        p->deferred = reserve_new(p->deferred_size, sizeof(*p->deferred));
        for (size_t i = 0; i < ELEMENTS(p->listings); i++) {
                p->listings[i].slots = reserve_new(p->size, sizeof(uint32_t));
                complete = complete && p->listings[i].slots;
        }
        if (!complete || !p->book || !p->deferred) {
                publication_free(p);
                return -ENOMEM;
        }

        *ret = p;
        return 0;
}

void publication_forget(Publication *p) {
        size_t n = 0;

        for (size_t i = 0; i < p->n_deferred; i++)
                if (p->deferred[i].kind == DEFERRED_FACTS)
                        p->ops->free_facts(p->ctx, p->deferred[i].facts);
                else
                        p->deferred[n++] = p->deferred[i];
        p->n_deferred = n;
        for (uint32_t i = 0; i < p->n_touched; i++)
                p->ops->free_slot(p->ctx, i);
        atomic_store(&p->latest, NULL);
}

Publication *publication_free(Publication *p) {
        if (!p)
                return NULL;

        if (p->deferred)
                publication_forget(p);
        for (uint32_t i = 0; i < p->n_touched; i++)
                p->ops->close(p->ctx, i, false);

        (void) reserve_free(p->book, p->size, sizeof(*p->book));
        (void) reserve_free(p->deferred, p->deferred_size, sizeof(*p->deferred));
        for (size_t i = 0; i < ELEMENTS(p->listings); i++)
                (void) reserve_free(p->listings[i].slots, p->size, sizeof(uint32_t));
        (void) reserve_free(p, 1, sizeof(*p));
        return NULL;
}

/* ---- readers
 * -------------------------------------------------------------------------------------- */

const RosterListing *publication_acquire(Publication *p, RosterReader who) {
        RosterListing *listing;

        readership_enter(&p->readership, who);
        listing = atomic_load(&p->latest);
        readership_settle(&p->readership, who, listing ? listing->version : 0);
        return listing;
}

void publication_release(Publication *p, RosterReader who) {
        readership_leave(&p->readership, who);
}

/* ---- the scout
 * ------------------------------------------------------------------------------------ */

uint32_t publication_claim(Publication *p) {
        uint32_t slot = p->first_free;

        if (slot != PUBLICATION_NO_SLOT)
                p->first_free = p->book[slot].next_free;
        else if (p->n_touched < p->size)
                slot = p->n_touched++;
        else
                return PUBLICATION_NO_SLOT;

        p->n_used++;
        p->book[slot] = (SlotBook){ .next_free = PUBLICATION_NO_SLOT };
        return slot;
}

/* Room is kept so that every slot can always be retired. */
static bool may_defer(const Publication *p, DeferredKind kind) {
        return p->n_deferred < p->deferred_size - (kind == DEFERRED_SLOT ? 0 : p->size);
}

static void defer(Publication *p, DeferredKind kind, uint32_t slot, void *facts) {
        assert(p->n_deferred < p->deferred_size);
        p->deferred[p->n_deferred++] = (Deferred){
                .until = readership_next(&p->readership), .kind = kind, .slot = slot, .facts = facts
        };
}

void publication_retire(Publication *p, uint32_t slot) {
        defer(p, DEFERRED_SLOT, slot, NULL);
}

bool publication_may_defer_facts(const Publication *p) {
        return may_defer(p, DEFERRED_FACTS);
}

void publication_defer_facts(Publication *p, uint32_t slot, void *facts) {
        defer(p, DEFERRED_FACTS, slot, facts);
}

bool publication_drop_fds(Publication *p, uint32_t slot, bool only_detail) {
        SlotBook *b = &p->book[slot];

        if (b->drop == DROP_ALL || (only_detail && b->drop == DROP_DETAIL))
                return true;
        if (!may_defer(p, DEFERRED_FDS))
                return false;

        b->drop = only_detail ? DROP_DETAIL : DROP_ALL;
        b->drop_until = readership_next(&p->readership);
        defer(p, DEFERRED_FDS, slot, NULL);
        return true;
}

void publication_keep_fds(Publication *p, uint32_t slot) {
        p->book[slot].drop = DROP_NOTHING;
}

RosterListing *publication_begin(Publication *p) {
        if (p->building)
                return p->building;

        for (size_t i = 0; i < ELEMENTS(p->listings); i++) {
                RosterListing *l = &p->listings[i];

                if (l == atomic_load(&p->latest) ||
                        (l->version != 0 && readership_has(&p->readership, l->version)))
                        continue;
                *l = (RosterListing){ .slots = l->slots };
                p->building = l;
                return l;
        }
        return NULL;
}

void publication_publish(Publication *p, RosterListing *listing) {
        assert(listing == p->building);
        p->building = NULL;
        listing->version = readership_next(&p->readership);
        atomic_store(&p->latest, listing);
        readership_publish(&p->readership, listing->version);
}

static bool settle_fds(Publication *p, const Deferred *d) {
        SlotBook *b = &p->book[d->slot];

        if (b->drop == DROP_NOTHING || b->drop_until != d->until)
                return true;
        if (b->drop == DROP_ALL && p->ops->is_used(p->ctx, d->slot)) /* (5) */
                return false;
        p->ops->close(p->ctx, d->slot, b->drop == DROP_DETAIL);
        b->drop = DROP_NOTHING;
        return true;
}

static bool settle_slot(Publication *p, const Deferred *d) {
        SlotBook *b = &p->book[d->slot];

        if (p->ops->is_used(p->ctx, d->slot)) /* (5) */
                return false;
        p->ops->close(p->ctx, d->slot, false);
        p->ops->free_slot(p->ctx, d->slot);
        b->drop = DROP_NOTHING;
        b->next_free = p->first_free;
        p->first_free = d->slot;
        p->n_used--;
        return true;
}

/* Returns false when somebody still uses it. */
static bool settle(Publication *p, const Deferred *d) {
        switch (d->kind) {
        case DEFERRED_FACTS:
                p->ops->free_facts(p->ctx, d->facts);
                return true;
        case DEFERRED_FDS:
                return settle_fds(p, d);
        case DEFERRED_SLOT:
                return settle_slot(p, d);
        }
        return true;
}

void publication_collect(Publication *p) {
        uint64_t oldest = readership_oldest(&p->readership);
        size_t n = 0;

        for (size_t i = 0; i < p->n_deferred; i++) {
                Deferred d = p->deferred[i];

                if (d.until > oldest || !settle(p, &d))
                        p->deferred[n++] = d;
        }
        p->n_deferred = n;
}

size_t publication_waiting(const Publication *p) {
        return p->n_deferred;
}

size_t publication_used(const Publication *p) {
        return p->n_used;
}
