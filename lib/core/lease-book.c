/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/lease-book.h"

#include "base/macro.h"
#include "core/incident.h"
#include "core/lease-end.h"
#include "core/throttle.h"

/* After this a return does not wait for the outcome of the order before it any more. */
#define OUTCOME_PATIENCE_USEC (500 * USEC_PER_MSEC)

/* What holds is ordered again, which tells whether it still does: others write these files too. In
 * a tick that comes anyway: none is brought forward for it. One in a tick, and none where something
 * else is ordered: what is to be given back or taken is not to wait for looks. */
#define CHECK_USEC (10 * USEC_PER_SEC)

/* A return that nobody answered is ordered again, and so is one that was refused. */
#define RETURN_AGAIN_USEC (5 * USEC_PER_SEC)

static bool is_of(const Lease *l, LeaseFile file, const GroupRef *group) {
        return l->phase != LEASE_NONE && l->file == file && l->slot == group->slot &&
                l->generation == group->generation;
}

static bool order(Judge *j, Lease *l, ActionKind kind) {
        Action *a;

        if (!judge_has_room(j, 1))
                return false;
        a = judge_add_action(j, kind, l->incident, l->policy, l->step);
        a->groups[0] = (GroupRef){ l->slot, l->generation };
        a->n_groups = 1;
        a->file = l->file;
        a->lease = (uint32_t) (l - j->book->leases.leases);
        a->value = l->value;
        a->deadline_usec = l->deadline_usec;
        l->action = a->id;
        l->ordered_usec = j->now_usec;
        return true;
}

static void write_value(Judge *j, Lease *l, uint64_t value) {
        uint64_t before = l->value;

        l->value = value;
        if (order(j, l, ACTION_LEASE))
                l->phase = LEASE_TAKING;
        else
                l->value = before;
}

static Lease *find_any(LeaseBook *book, LeaseFile file, const GroupRef *group) {
        for (size_t k = 0; k < LEASES_MAX; k++)
                if (is_of(&book->leases[k], file, group))
                        return &book->leases[k];
        return NULL;
}

Lease *lease_find(Judge *j, const Incident *i, LeaseFile file, const GroupRef *group) {
        Lease *l = find_any(&j->book->leases, file, group);

        return l && l->incident == i->id ? l : NULL;
}

uint64_t lease_holder(const Judge *j, LeaseFile file, const GroupRef *group) {
        const Lease *l = find_any(&j->book->leases, file, group);

        return l ? l->incident : 0;
}

static size_t n_free(const LeaseBook *book) {
        size_t n = 0;

        for (size_t k = 0; k < LEASES_MAX; k++)
                n += book->leases[k].phase == LEASE_NONE;
        return n;
}

bool lease_has_room(const Judge *j, size_t n) {
        return judge_has_room(j, n) && n_free(&j->book->leases) >= n;
}

static Lease *find_free(LeaseBook *book) {
        for (size_t k = 0; k < LEASES_MAX; k++)
                if (book->leases[k].phase == LEASE_NONE)
                        return &book->leases[k];
        return NULL;
}

static LeaseAnswer renew(Judge *j, Lease *l, uint16_t index, const LeaseWish *wish) {
        if (l->phase != LEASE_HELD || l->wants_return || !judge_has_room(j, 1))
                return LEASE_WAIT;
        l->index = index;
        l->goal = wish->goal;
        l->deadline_usec = wish->deadline_usec;
        write_value(j, l, wish->value);
        return LEASE_ORDERED;
}

LeaseAnswer lease_take(Judge *j, const Incident *i, uint16_t index, const LeaseWish *wish) {
        const GroupSample *g = wish->group;
        const GroupRef group = { g->slot, g->generation };
        Lease *l = find_any(&j->book->leases, wish->file, &group);

        if (l)
                return l->phase == LEASE_RETURNING ? LEASE_WAIT
                        : l->incident != i->id     ? LEASE_TAKEN
                                                   : renew(j, l, index, wish);
        l = find_free(&j->book->leases);
        if (!l)
                return LEASE_FULL;
        if (!judge_has_room(j, 1))
                return LEASE_WAIT;

        *l = (Lease){ .phase = LEASE_TAKING,
                .file = wish->file,
                .incident = i->id,
                .policy = i->policy,
                .index = index,
                .step = judge_policy(j, i)->steps[index].kind,
                .slot = g->slot,
                .generation = g->generation,
                .value = wish->value,
                .goal = wish->goal,
                .before = g->current,
                .taken_usec = j->now_usec,
                .deadline_usec = wish->deadline_usec };
        lease_describe(l, g->facts);
        (void) order(j, l, ACTION_LEASE); /* there is room */
        return LEASE_ORDERED;
}

void lease_return(Judge *j, Lease *l, const char *why) {
        bool moving = l->phase == LEASE_TAKING &&
                usec_since(j->now_usec, l->ordered_usec) < OUTCOME_PATIENCE_USEC;

        if (l->phase == LEASE_NONE || l->phase == LEASE_RETURNING)
                return;
        if (!l->why)
                l->why = why;
        l->wants_return = true;
        if (!moving && order(j, l, ACTION_RETURN))
                l->phase = LEASE_RETURNING;
}

void leases_return_of(Judge *j, uint64_t incident, const char *why) {
        for (size_t k = 0; k < LEASES_MAX; k++)
                if (j->book->leases.leases[k].incident == incident)
                        lease_return(j, &j->book->leases.leases[k], why);
}

/* True when the lease's cgroup holds what is taken, or lies in it. */
static bool hinders(const Judge *j, const Lease *l, const Target *target) {
        const GroupSample *g = sample_find_group(j->s, l->slot, l->generation);

        if (!g)
                return false;
        if (target->group >= 0) {
                const GroupFacts *taken = j->s->groups[target->group].facts;

                return group_holds(g->facts, taken->path) || group_holds(taken, g->facts->path);
        }
        for (size_t m = 0; m < target->n_members; m++)
                if (sample_holds(j->s, g, target->members[m]))
                        return true;
        return false;
}

void leases_return_around(Judge *j, const Target *target, bool lethal) {
        for (size_t k = 0; k < LEASES_MAX; k++) {
                Lease *l = &j->book->leases.leases[k];

                if ((l->file == LEASE_HIGH || (l->file == LEASE_FREEZE && !lethal)) &&
                        l->phase != LEASE_NONE && hinders(j, l, target))
                        lease_return(j, l, "its cgroup is ended instead");
        }
}

void leases_take_outcomes(Judge *j, const Outcome *outcomes, size_t n) {
        for (size_t o = 0; o < n; o++)
                for (size_t k = 0; k < LEASES_MAX; k++) {
                        Lease *l = &j->book->leases.leases[k];

                        if (l->phase != LEASE_NONE && l->action == outcomes[o].action)
                                lease_take_outcome(j, l, &outcomes[o]);
                }
}

/* Then what is held is given back when that is due, and nobody is held tighter. */
static bool is_paused(const Judge *j) {
        return steering_is_paused(&j->book->steering, j->now_usec);
}

/* What helped nobody has nothing to settle: on to the next step. */
static void give_up(Judge *j, Lease *l) {
        Incident *i = incident_by_id(j->book, l->incident);

        (void) lease_tell(j, l, EVENT_LIVELOCK, NULL);
        lease_return(j, l, "it helped nobody");
        if (i && i->relief.index == l->index)
                incident_drop_relief(j, i);
}

static void look(Judge *j, Lease *l, const GroupSample *g) {
        if (usec_since(g->at_usec, l->watched_usec) < THROTTLE_LOOK_USEC)
                return;
        if (l->watched_usec == 0) { /* the first look has nothing to compare with */
                l->watched_usec = g->at_usec;
                l->watched_events = l->first_events = g->events[GROUP_EVENT_HIGH];
                l->watched_current = g->current;
                return;
        }
        if (throttle_look(j->s, g, l))
                give_up(j, l);
        else if (l->n_stuck == 0 && l->value > l->goal && !is_paused(j))
                write_value(j, l, throttle_next_value(j->s, g, l->value, l->goal));
}

static void advance_one(Judge *j, Lease *l) {
        const GroupSample *g = sample_find_group(j->s, l->slot, l->generation);
        const char *why = lease_why_over(j, l, g);
        usec_t age = usec_since(j->now_usec, l->ordered_usec);

        if (l->phase == LEASE_RETURNING) {
                if (age >= RETURN_AGAIN_USEC)
                        (void) order(j, l, ACTION_RETURN);
        } else if (l->wants_return || why) {
                if (l->told_refused && age < RETURN_AGAIN_USEC)
                        return;
                lease_return(j, l, why);
        } else if (l->phase == LEASE_HELD && age >= CHECK_USEC && j->plan->n_actions == 0 &&
                !is_paused(j))
                write_value(j, l, l->value);
        else if (l->file == LEASE_HIGH && l->phase == LEASE_HELD && g && g->kept)
                look(j, l, g);
}

void leases_advance(Judge *j) {
        for (size_t k = 0; k < LEASES_MAX; k++)
                if (j->book->leases.leases[k].phase != LEASE_NONE)
                        advance_one(j, &j->book->leases.leases[k]);
}

bool leases_are_moving(const LeaseBook *book) {
        for (size_t k = 0; k < LEASES_MAX; k++)
                if (book->leases[k].phase == LEASE_TAKING ||
                        book->leases[k].phase == LEASE_RETURNING)
                        return true;
        return false;
}

usec_t leases_within_usec(const LeaseBook *book, usec_t now_usec) {
        usec_t within = USEC_UNSET;

        for (size_t k = 0; k < LEASES_MAX; k++) {
                const Lease *l = &book->leases[k];

                if (l->phase != LEASE_HELD)
                        continue;
                if (l->file == LEASE_HIGH || l->wants_return)
                        within = MIN(within,
                                usec_since(
                                        THROTTLE_LOOK_USEC, usec_since(now_usec, l->watched_usec)));
                if (l->deadline_usec != USEC_UNSET)
                        within = MIN(within, usec_since(l->deadline_usec, now_usec));
        }
        return within;
}

void leases_rebase(LeaseBook *book, const Config *from, const Config *to) {
        for (size_t k = 0; k < LEASES_MAX; k++) {
                Lease *l = &book->leases[k];
                int index = l->policy < from->n_policies
                        ? config_find_policy(to, from->policies[l->policy].name)
                        : -1;

                if (l->phase != LEASE_NONE)
                        l->policy = index < 0 ? UINT16_MAX : (uint16_t) index;
        }
}
