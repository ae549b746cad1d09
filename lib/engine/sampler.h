/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The sentinel's eyes: reads system files and the kept processes through descriptors that were
 * opened before, without allocation, and fills the raw part of a Sample. */

#include "core/sample.h"
#include "engine/group-roster.h"
#include "engine/roster.h"
#include "engine/scout.h"
#include "kernel/sysroot.h"

typedef struct Sampler Sampler;

typedef struct SourceHealth {
        bool present;  /* found at start, or seen since */
        bool degraded; /* now; false for what is merely not there and need not be (ZFS, zram) */
        int error;     /* errno of the last failed read, positive; 0: none yet */
        uint64_t reads, failures;
        uint64_t suspects; /* reads whose text was repaired or contradicts itself */
        char why[96];      /* "" while it is well */
} SourceHealth;

/* Opens the system files of a root; what is missing is degraded, not an error. Reads each of them
 * once, so that the kernel's buffers are there. 0 or -ENOMEM. */
int sampler_new(const SysRoot *root, const LimitsConfig *limits, Sampler **ret);
Sampler *sampler_free(Sampler *s);

/* For replay: the same sampler over the next tree. */
void sampler_set_root(Sampler *s, const SysRoot *root);

/* Fills ret->raw: the system part (and the scout's slow values; scout may be NULL) at the given
 * times. A pressure file that was read less than 50 ms ago is not read again: its last values
 * stand. */
void sampler_read_system(
        Sampler *s, const Scout *scout, usec_t now_usec, usec_t boottime_usec, Sample *ret);

/* Fills ret->procs from the listing, its order kept: the kept ones read now (with_reads) or as the
 * census left them, the others from the census. ret->procs is the sampler's array of
 * limits.processes, valid until the next call; without reads and without a new listing it stays as
 * it is, and so does ret->procs_version. A process that is gone is left out. After
 * sampler_read_system(). */
void sampler_read_processes(Sampler *s, Roster *roster, const RosterListing *listing,
        bool with_reads, usec_t now_usec, Sample *ret);

/* The same for ret->groups: the kept ones first, the others as the scout left them. One that turns
 * out to be gone is there, and empty, until the scout takes it out of the listing. memory.stat is
 * always the scout's. A pressure file that was read less than 50 ms ago is not read again. */
void sampler_read_groups(Sampler *s, GroupRoster *roster, const RosterListing *listing,
        bool with_reads, usec_t now_usec, Sample *ret);

/* The memory that the sampler keeps about the first `slots` slots, for an owner who wants it
 * resident before they are used. */
void *sampler_memory(Sampler *s, uint32_t slots, size_t *ret_bytes);

void *sampler_group_memory(Sampler *s, uint32_t slots, size_t *ret_bytes);

const SourceHealth *sampler_health(const Sampler *s, SourceId id);
