/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/flight-watch.h"

#include "base/macro.h"
#include "kernel/cgroup-state.h"

#include <errno.h>

enum { POLL_BATCH = 30 }; /* as many as the kernel keeps on its stack: no allocation */

void flight_watch_init(FlightWatch *w, Roster *roster, GroupRoster *groups) {
        *w = (FlightWatch){ .roster = roster, .groups = groups };
}

static RosterSlot *slot_of(const FlightWatch *w, const FlightMember *m) {
        return roster_slot(w->roster, m->slot);
}

/* (1) */
static void hold(const FlightWatch *w, const FlightMember *m) {
        atomic_fetch_add_explicit(&slot_of(w, m)->reaping, 1, memory_order_relaxed);
}

static void let_go(const FlightWatch *w, const FlightMember *m) {
        atomic_fetch_sub_explicit(&slot_of(w, m)->reaping, 1, memory_order_release);
}

static bool was_told(const FlightMember *members, size_t n, uint32_t slot, uint32_t generation) {
        for (size_t i = 0; i < n; i++)
                if (members[i].slot == slot && members[i].generation == generation)
                        return members[i].told;
        return false;
}

static GroupSlot *group_slot(const FlightWatch *w) {
        return group_roster_slot(w->groups, w->group.slot);
}

static void let_group_go(FlightWatch *w) {
        if (w->has_group)
                atomic_fetch_sub_explicit(&group_slot(w)->reaping, 1, memory_order_release);
        w->has_group = false;
}

/* The next action of a step that goes on (SIGTERM, then SIGKILL) names the same cgroup: it is held
 * anew before it is let go. */
static void follow_group(FlightWatch *w, const Flight *flight, const Plan *plan) {
        const FlightMember old = w->group;
        bool had = w->has_group;

        w->has_group = false;
        for (size_t i = 0; w->groups && flight->active && i < plan->n_actions; i++) {
                const Action *a = &plan->actions[i];

                if (a->id != flight->action || a->n_groups == 0)
                        continue;
                w->has_group = true;
                w->group = (FlightMember){ .slot = a->groups[0].slot,
                        .generation = a->groups[0].generation };
                w->group.told = had && old.told && old.slot == w->group.slot &&
                        old.generation == w->group.generation;
                atomic_fetch_add_explicit(&group_slot(w)->reaping, 1, memory_order_relaxed);
        }
        if (had) {
                FlightWatch before = { .groups = w->groups, .has_group = true, .group = old };

                let_group_go(&before);
        }
}

void flight_watch_follow(FlightWatch *w, const Flight *flight, const Plan *plan) {
        FlightMember old[TARGET_MEMBERS_MAX];
        size_t n_old = w->n;

        if (!flight->active && w->n == 0 && !w->has_group)
                return;
        if (flight->active && flight->action == w->action)
                return;

        for (size_t i = 0; i < n_old; i++)
                old[i] = w->members[i];
        w->n = 0;
        w->action = flight->active ? flight->action : 0;
        follow_group(w, flight, plan);

        /* The new ones first: a member that stays (SIGTERM, then SIGKILL) must not be let go in
         * between. */
        for (size_t i = 0; flight->active && i < flight->n_members; i++) {
                FlightMember *m = &w->members[w->n++];

                *m = (FlightMember){
                        .slot = flight->slots[i],
                        .generation = flight->generations[i],
                        .told = flight->member_gone[i] ||
                                was_told(old, n_old, flight->slots[i], flight->generations[i]),
                };
                hold(w, m);
        }
        for (size_t i = 0; i < n_old; i++)
                let_go(w, &old[i]);
}

/* A slot that is another process now, or has no pidfd, has nothing to wait for. */
static int pidfd_of(const FlightWatch *w, const FlightMember *m) {
        const RosterSlot *s = slot_of(w, m);

        return atomic_load_explicit(&s->generation, memory_order_relaxed) == m->generation
                ? s->pidfd
                : -1;
}

/* A slot that is another cgroup now has nothing to wait for; one whose files were never open tells
 * nothing. */
static int state_fd_of(const FlightWatch *w) {
        const GroupSlot *s = group_slot(w);

        return atomic_load_explicit(&s->generation, memory_order_relaxed) == w->group.generation
                ? s->state_fd
                : -1;
}

size_t flight_watch_poll_fds(const FlightWatch *w, struct pollfd *fds) {
        size_t n = 0;

        if (w->has_group && !w->group.told && state_fd_of(w) >= 0)
                fds[n++] = (struct pollfd){ .fd = state_fd_of(w), .events = POLLPRI };
        for (size_t i = 0; i < w->n && n < FLIGHT_WAITED; i++)
                if (!w->members[i].told && pidfd_of(w, &w->members[i]) >= 0)
                        fds[n++] = (struct pollfd){ .fd = pidfd_of(w, &w->members[i]),
                                .events = POLLIN };
        return n;
}

static size_t collect_batch(
        FlightWatch *w, const size_t *which, size_t n, usec_t now_usec, Outcome *ret) {
        struct pollfd fds[POLL_BATCH];
        size_t n_ret = 0;

        for (size_t i = 0; i < n; i++)
                fds[i] = (struct pollfd){ .fd = pidfd_of(w, &w->members[which[i]]),
                        .events = POLLIN };
        if (poll(fds, (nfds_t) n, 0) < 0)
                return 0; /* the next tick asks again */

        for (size_t i = 0; i < n; i++) {
                FlightMember *m = &w->members[which[i]];
                bool lost = pidfd_of(w, m) < 0 && slot_of(w, m)->generation != m->generation;

                if (!lost && (fds[i].revents & (POLLIN | POLLHUP)) == 0)
                        continue;
                m->told = true; /* (2) */
                ret[n_ret++] = (Outcome){
                        .kind = OUTCOME_GONE,
                        .action = w->action,
                        .slot = m->slot,
                        .generation = m->generation,
                        .at_usec = now_usec,
                };
        }
        return n_ret;
}

/* Reading is what takes the notice back, and what tells a removed cgroup from a changed one. */
static bool has_group_ended(const FlightWatch *w) {
        const GroupSlot *s = group_slot(w);
        CgroupState state;
        int r;

        if (atomic_load_explicit(&s->generation, memory_order_relaxed) != w->group.generation)
                return true;
        if (s->state_fd < 0)
                return false;
        r = cgroup_state_read_fd(s->state_fd, &state);
        return r == CGROUP_GONE || (r == CGROUP_OK && !state.populated);
}

static size_t collect_group(FlightWatch *w, usec_t now_usec, Outcome *ret, size_t cap) {
        if (!w->has_group || w->group.told || cap == 0 || !has_group_ended(w))
                return 0;
        w->group.told = true; /* (2) */
        *ret = (Outcome){
                .kind = OUTCOME_GONE,
                .action = w->action,
                .slot = w->group.slot,
                .generation = w->group.generation,
                .at_usec = now_usec,
                .is_group = true,
        };
        return 1;
}

size_t flight_watch_collect(FlightWatch *w, usec_t now_usec, Outcome *ret, size_t cap) {
        size_t n_ret = collect_group(w, now_usec, ret, cap);
        size_t i = 0;

        while (i < w->n) {
                size_t which[POLL_BATCH];
                size_t n = 0;

                for (; i < w->n && n < POLL_BATCH && n_ret + n < cap; i++)
                        if (!w->members[i].told)
                                which[n++] = i;
                if (n == 0)
                        break;
                n_ret += collect_batch(w, which, n, now_usec, ret + n_ret);
        }
        return n_ret;
}
