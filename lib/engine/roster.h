/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The processes that avert knows, and how three threads share them without waiting for each other.
 * The scout writes, the sentinel and main read; publication.h has the five rules. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/sample.h"
#include "engine/publication.h"
#include "engine/snapshot.h"

/* What the last census read of a process; see ProcSample for the meaning. */
typedef struct CensusValues {
        usec_t at_usec;
        uint64_t rss, anon, file, shmem, swap, page_tables, stack, stack_limit;
        uint32_t threads;
        uint32_t oom_score;
        char state;
        bool exiting, core_dumping, zombie_leader;
} CensusValues;

#define CENSUS_WORDS SNAPSHOT_WORDS(CensusValues)

/* Which descriptors a reader may use follows from the position of the slot in its listing, not from
 * their values: the scout prepares them before the listing that shows them. */
typedef struct RosterSlot {
        _Atomic(const ProcFacts *) facts;
        _Atomic(uint32_t) generation;
        atomic_uint sequence;                   /* odd: the scout is writing `census` */
        _Atomic(uint64_t) census[CENSUS_WORDS]; /* a CensusValues; see roster_read() */
        _Atomic(uint64_t) read_bytes; /* anon + swap as the sentinel read them last, for the scout's
                                         ranking */
        _Atomic(uint64_t) read_at_usec; /* and when; 0: never */
        int statm_fd;                   /* owner: sentinel; FD_NONE: not kept */
        int status_fd;                  /* owner: sentinel; FD_NONE: not detailed */
        int score_fd;                   /* owner: sentinel */
        int pidfd;                      /* owner: sentinel: SIGKILL, poll */
        int reap_pidfd;                 /* owner: reapers: other signals, process_mrelease */
        atomic_uint reaping;            /* (5) */
} RosterSlot;

typedef struct Roster Roster;

/* Allocates for limits->processes slots; touched as used. 0 or -ENOMEM. */
int roster_new(const LimitsConfig *limits, Roster **ret);
Roster *roster_free(Roster *r);

/* Reader: takes the newest listing and gives up the one it had. Wait-free; NULL before the first.
 */
const RosterListing *roster_acquire(Roster *r, RosterReader who);

/* Reader: gives up what it has (main, after a request is answered). */
void roster_release(Roster *r, RosterReader who);

/* Any reader, for a slot of its acquired listing. */
RosterSlot *roster_slot(Roster *r, uint32_t slot);

/* Copies the census values of a slot into a ProcSample, with facts, slot and generation; has_status
 * is false when the copy may be torn. `kept` and what history derives are left at 0: the position
 * in the listing tells what is kept. */
void roster_read(Roster *r, uint32_t slot, ProcSample *ret);

/* The rest is the scout's. */

/* How facts are freed (default: free()), so that their strings can be given back. Before the first
 * facts. */
typedef void (*RosterFreeFacts)(void *ctx, ProcFacts *facts);
void roster_set_free_facts(Roster *r, RosterFreeFacts free_facts, void *ctx);

/* A free slot for a new process (generation already advanced, descriptors FD_NONE), or UINT32_MAX.
 */
uint32_t roster_claim(Roster *r);

/* Takes a slot out: it is closed and reused once every reader has moved on. The listing under
 * construction must not show it. */
void roster_retire(Roster *r, uint32_t slot);

/* Publishes new facts for a slot and owns them; the old object is freed once every reader has moved
 * on. False, and nothing is changed, while too much waits to be freed (readers do not move on). */
bool roster_set_facts(Roster *r, uint32_t slot, ProcFacts *facts);

void roster_set_census(Roster *r, uint32_t slot, const CensusValues *v);

/* What was last set; the scout's own copy. */
void roster_get_census(Roster *r, uint32_t slot, CensusValues *ret);

/* Descriptors to close once every reader has moved on: the slot leaves the kept set but stays
 * known. False as in roster_set_facts(): they stay open. */
bool roster_drop_fds(Roster *r, uint32_t slot, bool only_detail);

/* Calls off what is left of roster_drop_fds(). Which descriptors are still open is in the slot. */
void roster_keep_fds(Roster *r, uint32_t slot);

/* The buffer for the next listing, or NULL while readers hold all the others (try again at the next
 * pass). Everything in it is 0 but `slots`, which has room for limits->processes. */
RosterListing *roster_begin(Roster *r);
void roster_publish(Roster *r, RosterListing *listing);

/* Frees what no reader can see any more. */
void roster_collect(Roster *r);

/* Frees all facts at once, because their strings go. No reader may hold a listing, nor take one
 * after. */
void roster_forget(Roster *r);

/* How many things wait for a reader to move on. */
size_t roster_waiting(const Roster *r);

/* How many slots are in use or wait to be freed. */
size_t roster_used(const Roster *r);
