/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The cgroups that avert knows, shared by the rules of publication.h: the scout writes, the
 * sentinel and main read. Listings, readers and the giving back are used through the publication
 * itself. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lease.h"
#include "core/sample.h"
#include "engine/publication.h"
#include "engine/snapshot.h"

/* What the scout read of a cgroup last; see GroupSample for the meaning. Words only. */
typedef struct GroupValues {
        uint64_t has_memory, has_events, populated; /* 0 or 1 */
        usec_t at_usec;
        uint64_t current, swap;
        uint64_t events[_GROUP_EVENT_MAX];
        usec_t stat_at_usec;
        uint64_t anon, file, shmem, kernel;
        uint64_t active_file, inactive_file, dirty, writeback, slab_reclaimable;
        uint64_t refault_anon, refault_file;
} GroupValues;

#define GROUP_WORDS SNAPSHOT_WORDS(GroupValues)

/* Which descriptors a reader may use follows from the position of the slot in its listing; a file
 * that the cgroup does not have is FD_NONE there as well. */
typedef struct GroupSlot {
        _Atomic(const GroupFacts *) facts;
        _Atomic(uint32_t) generation;
        atomic_uint sequence;                  /* odd: the scout is writing `values` */
        _Atomic(uint64_t) values[GROUP_WORDS]; /* a GroupValues; see group_roster_read() */
        _Atomic(uint64_t) read_current;        /* bytes, as the sentinel read them last */
        _Atomic(uint64_t) read_at_usec;        /* and when; 0: never */
        atomic_bool was_changed;        /* by us: facts are to be read again; the scout clears it */
        int current_fd;                 /* owner: sentinel; memory.current */
        int swap_fd;                    /* owner: sentinel; memory.swap.current */
        int events_fd;                  /* owner: sentinel; memory.events.local, or memory.events */
        int state_fd;                   /* owner: sentinel; cgroup.events: poll, populated */
        int psi_fds[_PSI_RESOURCE_MAX]; /* owner: sentinel; where a policy asks for it */
        int kill_fd;                    /* owner: reapers; cgroup.kill */
        int procs_fd;                   /* owner: reapers; cgroup.procs */
        int reclaim_fd; /* owner: reapers; memory.reclaim; this and the next: where a step asks */
        int charged_fd; /* owner: reapers; memory.current */
        int lease_fds[_LEASE_FILE_MAX]; /* owner: reapers; by LeaseFile */
        atomic_uint reaping;            /* publication.h (5) */
} GroupSlot;

typedef struct GroupRoster GroupRoster;

/* For limits->cgroups slots; touched as used. 0 or -ENOMEM. */
int group_roster_new(const LimitsConfig *limits, GroupRoster **ret);
GroupRoster *group_roster_free(GroupRoster *r);

/* Listings: acquire, release, begin, publish, retire, drop, keep, collect. */
Publication *group_roster_publication(GroupRoster *r);

/* Any reader, for a slot of its acquired listing. */
GroupSlot *group_roster_slot(GroupRoster *r, uint32_t slot);

/* Copies the values of a slot into a GroupSample, with facts, slot and generation. `kept`, pressure
 * and what history derives are left at 0. A copy that may be torn has no memory. */
void group_roster_read(GroupRoster *r, uint32_t slot, GroupSample *ret);

/* The rest is the scout's. */

/* How facts are freed (default: free()). Before the first facts. */
typedef void (*GroupRosterFreeFacts)(void *ctx, GroupFacts *facts);
void group_roster_set_free_facts(GroupRoster *r, GroupRosterFreeFacts free_facts, void *ctx);

/* A free slot (generation advanced, descriptors FD_NONE), or PUBLICATION_NO_SLOT. */
uint32_t group_roster_claim(GroupRoster *r);

/* Publishes new facts for a slot and owns them; the old object is freed once every reader has moved
 * on. False, and nothing is changed, while too much waits to be freed. */
bool group_roster_set_facts(GroupRoster *r, uint32_t slot, GroupFacts *facts);

void group_roster_set_values(GroupRoster *r, uint32_t slot, const GroupValues *v);

/* What was last set. */
void group_roster_get_values(GroupRoster *r, uint32_t slot, GroupValues *ret);
