/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/flight-watch.h"

#include "base/macro.h"

#include <errno.h>

enum { POLL_BATCH = 30 }; /* as many as the kernel keeps on its stack: no allocation */

void flight_watch_init(FlightWatch *w, Roster *roster) {
        *w = (FlightWatch){ .roster = roster };
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

void flight_watch_follow(FlightWatch *w, const Flight *flight) {
        FlightMember old[TARGET_MEMBERS_MAX];
        size_t n_old = w->n;

        if (!flight->active && w->n == 0)
                return;
        if (flight->active && flight->action == w->action)
                return;

        for (size_t i = 0; i < n_old; i++)
                old[i] = w->members[i];
        w->n = 0;
        w->action = flight->active ? flight->action : 0;

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

size_t flight_watch_poll_fds(const FlightWatch *w, struct pollfd *fds) {
        size_t n = 0;

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

size_t flight_watch_collect(FlightWatch *w, usec_t now_usec, Outcome *ret, size_t cap) {
        size_t n_ret = 0;
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
