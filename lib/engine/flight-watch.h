/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The members of the step in flight, and the cgroup that it is about as a whole, held and watched
 * until they end. The sentinel's alone.
 *
 * (1) A member's slot is counted as in use while we watch it, so that its pidfd stays open though
 * the process may fall out of the kept set (it shrinks, after all) or end. (2) Each end is told
 * once. */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/decide.h"
#include "engine/group-roster.h"
#include "engine/roster.h"

/* poll(2) waits on nine descriptors without allocating in the kernel; five are taken by others. */
#define FLIGHT_WAITED 4

typedef struct FlightMember {
        uint32_t slot;
        uint32_t generation;
        bool told;
} FlightMember;

typedef struct FlightWatch {
        Roster *roster;
        uint64_t action;
        FlightMember members[TARGET_MEMBERS_MAX];
        size_t n;
        GroupRoster *groups;
        bool has_group; /* the step is about a whole cgroup */
        FlightMember group;
} FlightWatch;

/* groups: NULL where there are none. */
void flight_watch_init(FlightWatch *w, Roster *roster, GroupRoster *groups);

/* Takes over what is in flight now, and lets go of what was before; which cgroup it is about, the
 * plan says. Called before the plan is carried out, while the listings that it was made from are
 * still held. */
void flight_watch_follow(FlightWatch *w, const Flight *flight, const Plan *plan);

/* Fills fds[FLIGHT_WAITED] with the cgroup and the first members that have not ended; returns how
 * many. */
size_t flight_watch_poll_fds(const FlightWatch *w, struct pollfd *fds);

/* Asks for all whether they have ended, without waiting: a process by its pidfd, a cgroup when
 * nobody lives in it or below. Outcomes go to ret[cap]. Returns how many. */
size_t flight_watch_collect(FlightWatch *w, usec_t now_usec, Outcome *ret, size_t cap);
