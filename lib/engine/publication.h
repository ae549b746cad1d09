/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Numbered slots that one thread fills and two others look at without waiting: which of them are in
 * use, what is listed, and when what has left the listings may be closed, freed and used again. The
 * slots themselves belong to a roster (of processes, of cgroups).
 *
 * (1) A slot is one thing until it is retired; a retired slot is used again only when every reader
 * has acquired a newer listing. (2) The descriptors of a slot are opened and closed by the scout,
 * and read by their owner only, between the acquisition of the first listing that shows them and of
 * the first that does not. (3) Facts are immutable once published; changed facts are a new object,
 * the old one is freed like a slot. (4) Census values are written under a sequence lock: a reader
 * takes a torn copy at most as "not fresh". (5) Who needs the descriptors of a slot for longer than
 * its listing (a victim that is waited for, a job of a reaper) counts itself in `reaping` while the
 * listing still shows the slot as kept, and out when done: until then the slot is neither closed
 * nor reused. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define PUBLICATION_NO_SLOT UINT32_MAX

typedef enum RosterReader {
        ROSTER_SENTINEL,
        ROSTER_MAIN,
        _ROSTER_READER_MAX,
} RosterReader;

/* One published listing: slot numbers, the kept ones first (largest and fastest first). */
typedef struct RosterListing {
        uint64_t version;
        usec_t census_usec; /* when the listing was made */
        size_t n;
        size_t n_kept;
        size_t n_detailed; /* the first of the kept; processes only */
        size_t n_seen;     /* that exist, known or not: "sees n_seen, knows n" */
        uint32_t *slots;
} RosterListing;

/* What the roster does to its slots; ctx is the roster. */
typedef struct PublicationOps {
        void (*close)(void *ctx, uint32_t slot, bool only_detail); /* descriptors */
        bool (*is_used)(void *ctx, uint32_t slot);                 /* (5) */
        void (*free_slot)(void *ctx, uint32_t slot);               /* takes its facts out */
        void (*free_facts)(void *ctx, void *facts);                /* that were replaced */
} PublicationOps;

typedef struct Publication Publication;

/* For `size` slots; memory is touched as they are used. 0 or -ENOMEM. */
int publication_new(uint32_t size, const PublicationOps *ops, void *ctx, Publication **ret);

/* Frees and closes all slots that were ever used. Returns NULL. */
Publication *publication_free(Publication *p);

/* Reader: takes the newest listing and gives up the one it had. Wait-free; NULL before the first.
 */
const RosterListing *publication_acquire(Publication *p, RosterReader who);

/* Reader: gives up what it has (main, after a request is answered). */
void publication_release(Publication *p, RosterReader who);

/* The rest is the scout's. */

/* A free slot, or PUBLICATION_NO_SLOT. */
uint32_t publication_claim(Publication *p);

/* Takes a slot out: it is closed and reused once every reader has moved on. The listing under
 * construction must not show it. */
void publication_retire(Publication *p, uint32_t slot);

/* Whether facts that are replaced now could wait to be freed. False while too much waits already
 * (readers do not move on). publication_defer_facts() hands them over; they are no reader's any
 * more. */
bool publication_may_defer_facts(const Publication *p);
void publication_defer_facts(Publication *p, uint32_t slot, void *facts);

/* Descriptors to close once every reader has moved on: the slot leaves the kept set but stays
 * known. False as above: they stay open. */
bool publication_drop_fds(Publication *p, uint32_t slot, bool only_detail);

/* Calls off what is left of publication_drop_fds(). Which descriptors are still open is in the
 * slot. */
void publication_keep_fds(Publication *p, uint32_t slot);

/* The buffer for the next listing, or NULL while readers hold all the others (try again at the next
 * pass). Everything in it is 0 but `slots`, which has room for all. */
RosterListing *publication_begin(Publication *p);
void publication_publish(Publication *p, RosterListing *listing);

/* Closes and frees what no reader can see any more. */
void publication_collect(Publication *p);

/* Frees all facts at once, because their strings go. No reader may hold a listing, nor take one
 * after. */
void publication_forget(Publication *p);

/* How many things wait for a reader to move on. */
size_t publication_waiting(const Publication *p);

/* How many slots are in use or wait to be freed. */
size_t publication_used(const Publication *p);
