/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The leases of the book (lease.h), from the order over its outcome to the return. Knows when a
 * lease ends; whoever takes one knows why it was taken. */

#include "core/judge.h"

/* What is wanted of a cgroup. */
typedef struct LeaseWish {
        const GroupSample *group;
        LeaseFile file;
        uint64_t value, goal; /* goal: the last value on the way; they are the same but for
                               * memory.high */
        usec_t deadline_usec; /* USEC_UNSET: as long as the incident is open */
} LeaseWish;

typedef enum LeaseAnswer {
        LEASE_ORDERED,
        LEASE_WAIT,  /* it is being returned, or there is no room in this tick: ask again */
        LEASE_TAKEN, /* another incident has it */
        LEASE_FULL,  /* LEASES_MAX */
} LeaseAnswer;

/* Orders it for the incident's step at `index`. What the incident has already gets the new value,
 * goal and deadline. */
LeaseAnswer lease_take(Judge *j, const Incident *i, uint16_t index, const LeaseWish *wish);

/* The incident's lease of a file of that cgroup, or NULL. */
Lease *lease_find(Judge *j, const Incident *i, LeaseFile file, const GroupRef *group);

/* True when room is left for another lease and for an order in this tick. */
bool lease_has_room(const Judge *j, size_t n);

/* Who has the file, 0: nobody. */
uint64_t lease_holder(const Judge *j, LeaseFile file, const GroupRef *group);

/* Orders the return, as soon as it is known what the last order did; after a while in any case.
 * why: a literal. */
void lease_return(Judge *j, Lease *l, const char *why);

/* All of an incident. */
void leases_return_of(Judge *j, uint64_t incident, const char *why);

/* Those that hinder a signal to the target: a frozen process takes no SIGTERM, and before 6.8 one
 * that reclaims for its memory.high may not die of SIGKILL. Whoever took them. */
void leases_return_around(Judge *j, const Target *target, bool lethal);

/* Takes in what the actuator reported. */
void leases_take_outcomes(Judge *j, const Outcome *outcomes, size_t n);

/* Returns what has come to its end, and takes a look at what holds. */
void leases_advance(Judge *j);

/* Whether an order is under way, and when the next look is due (USEC_UNSET: none). */
bool leases_are_moving(const LeaseBook *book);
usec_t leases_within_usec(const LeaseBook *book, usec_t now_usec);

/* Moves them to a new config: those of policies that are gone are to be returned. */
void leases_rebase(LeaseBook *book, const Config *from, const Config *to);
