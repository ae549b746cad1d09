/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the loads and the judge of a guest agree on. */

#include <stdint.h>
#include <time.h>

#define GUEST_DIR "/run/guest"
#define GUEST_BEAT_USEC 50000

/* The page of one load, NAME.page in GUEST_DIR, which outlives it: the load writes and the judge
 * reads, except longest_usec and missed, which the judge sets to 0 when the trial begins. Single
 * numbers, so nobody sees half of one. */
typedef struct GuestPage {
        volatile uint64_t pid;          /* as the whole guest sees it */
        volatile uint64_t starts;       /* of the load, under whatever pid */
        volatile uint64_t asked;        /* SIGTERMs that it got and ignored */
        volatile uint64_t child_ends;   /* a parent's: how often its child ended, */
        volatile uint64_t child_status; /* and the wait status of the last end */
        volatile uint64_t beats;        /* the heartbeat's; of a set of files, each use of one */
        volatile uint64_t last_usec;
        volatile uint64_t longest_usec;
        volatile uint64_t missed;     /* beats that were due while it stood */
        volatile uint64_t hints;      /* that a shed heard, */
        volatile uint64_t shed_bytes; /* and what it gave back */
} GuestPage;

static inline uint64_t guest_now_usec(void) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

/* Maps the page of `name`, made when it is not there; NULL with errno when that fails. It stays
 * mapped. Any user may write it. */
GuestPage *guest_page_map(const char *name);
