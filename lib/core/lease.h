/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What avert changed about cgroups and has to give back: which file, whose incident, until when. As
 * judging sees it; the old value, and what survives the daemon, are in engine/lease-ledger.h. Pure.
 *
 * (1) A lease has an end: a deadline, or the end of the incident that took it, whichever is first.
 * A limit has no deadline: its incident is open as long as its policy is in force. (2) One file of
 * one cgroup is leased once: who wants it again, waits or goes on to the next step. (3) While it
 * holds it is watched, a throttle for livelock. (4) What was returned is not taken again by the
 * same incident before it reopened. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "config/config.h"

/* The files of a cgroup that a lease may change. Numbers are written to /run: append only. */
typedef enum LeaseFile {
        LEASE_HIGH,     /* memory.high, bytes; UINT64_MAX is "max" */
        LEASE_MAX,      /* memory.max, likewise */
        LEASE_SWAP_MAX, /* memory.swap.max, likewise */
        LEASE_FREEZE,   /* cgroup.freeze, 0 or 1 */
        _LEASE_FILE_MAX,
} LeaseFile;

/* "memory.high" */
const char *lease_file_name(LeaseFile file);

typedef enum LeasePhase {
        LEASE_NONE,
        LEASE_TAKING, /* ordered; the outcome is not known */
        LEASE_HELD,
        LEASE_RETURNING,
} LeasePhase;

typedef struct Lease {
        LeasePhase phase;
        LeaseFile file;
        uint64_t incident;
        uint16_t policy; /* UINT16_MAX: gone with a reload */
        uint16_t index;  /* of the step in the policy */
        StepKind step;
        uint32_t slot, generation; /* of the cgroup */
        uint64_t action;           /* the latest order; its outcome moves the phase on */
        usec_t ordered_usec;       /* when that was */
        usec_t renewed_usec; /* when it was told last that it had to be written again; 0: never */
        uint64_t value;      /* what was written last, page aligned */
        uint64_t goal;       /* where a throttle is stepped to */
        uint64_t before;     /* charged when it was taken */
        usec_t taken_usec;
        usec_t deadline_usec;    /* USEC_UNSET: none */
        usec_t watched_usec;     /* when it was last looked at for livelock */
        uint64_t watched_events; /* memory.events high then */
        uint64_t first_events;   /* and at the first look */
        uint64_t watched_current;
        uint32_t n_stuck;  /* looks in a row that saw livelock */
        bool was_held;     /* the file has been written at least once */
        bool wants_return; /* while TAKING: to be returned as soon as it is known */
        bool told_refused; /* that giving it back was refused */
        const char *why;   /* literal: why it is returned */
        char path[128];    /* of the cgroup, for who is told of it when it is gone; cut */
        char unit[64];     /* that it is; "": none */
} Lease;

#define LEASES_MAX 64

typedef struct LeaseBook {
        Lease leases[LEASES_MAX];
        uint64_t taken_total, returned_total, foreign_total;
} LeaseBook;
