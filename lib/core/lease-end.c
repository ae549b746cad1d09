/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/lease-end.h"

#include <string.h>

#include "base/macro.h"
#include "core/incident.h"

#define RENEWED_AGAIN_USEC (10 * USEC_PER_MIN)

void lease_describe(Lease *l, const GroupFacts *facts) {
        text_copy(l->path, sizeof(l->path), facts->path);
        text_copy(l->unit, sizeof(l->unit),
                facts->is_user_unit      ? facts->user_unit
                        : facts->is_unit ? facts->unit
                                         : "");
}

Event *lease_tell(Judge *j, const Lease *l, EventKind kind, const char *text) {
        Event *e = judge_add_event(j, kind, NULL);

        if (!e)
                return NULL;
        e->incident = l->incident;
        if (l->policy < j->config->n_policies)
                text_copy(e->policy, sizeof(e->policy), j->config->policies[l->policy].name);
        e->has_step = true;
        e->step = l->step;
        e->has_file = true;
        e->file = l->file;
        e->value = l->value;
        e->took_usec = usec_since(j->now_usec, l->taken_usec);
        text_copy(e->group.path, sizeof(e->group.path), l->path);
        text_copy(e->group.unit, sizeof(e->group.unit), l->unit);
        text = text ? text : l->why;
        if (text)
                text_copy(e->text, sizeof(e->text), text);
        return e;
}

static void end(Judge *j, Lease *l, EventKind kind) {
        if (l->was_held)
                (void) lease_tell(j, l, kind, NULL);
        memset(l, 0, sizeof(*l));
}

/* The incident's step did not come to be, or did no good any more. */
static void fail_step(Judge *j, const Lease *l, const char *why, int error) {
        Incident *i = incident_by_id(j->book, l->incident);

        if (!i || !i->relief.pending || i->relief.index != l->index)
                return;
        i->relief.failed = why;
        i->relief.error = error;
}

static void note_held(Judge *j, Lease *l) {
        if (!l->was_held)
                j->book->leases.taken_total++;
        l->was_held = true;
        l->phase = LEASE_HELD;
}

/* Whoever writes the old value again and again is told of now and then. */
static void note_renewed(Judge *j, Lease *l) {
        note_held(j, l);
        if (l->renewed_usec != 0 && usec_since(j->now_usec, l->renewed_usec) < RENEWED_AGAIN_USEC)
                return;
        l->renewed_usec = j->now_usec;
        (void) lease_tell(j, l, EVENT_LEASE_RENEWED, NULL);
}

/* One that is on its way back may have been taken, whatever was heard of it. */
static void note_refused(Judge *j, Lease *l, int error) {
        if (!l->was_held && l->phase == LEASE_TAKING) {
                fail_step(j, l, "the kernel refused it", error);
                memset(l, 0, sizeof(*l));
                return;
        }
        if (l->phase == LEASE_RETURNING && !l->told_refused) {
                Event *e = lease_tell(j, l, EVENT_STEP_FAILED,
                        "the old value could not be given back; trying again");

                if (e)
                        e->error = error;
                l->told_refused = true;
        }
        l->phase = LEASE_HELD;
        l->wants_return = true;
        if (!l->why)
                l->why = "another value was refused";
}

void lease_take_outcome(Judge *j, Lease *l, const Outcome *o) {
        switch (o->kind) {
        case OUTCOME_DONE:
                if (l->phase == LEASE_RETURNING) {
                        j->book->leases.returned_total += l->was_held;
                        end(j, l, EVENT_LEASE_RETURNED);
                } else
                        note_held(j, l);
                return;
        case OUTCOME_RENEWED:
                note_renewed(j, l);
                return;
        case OUTCOME_FOREIGN:
                fail_step(j, l, "somebody else wants another value", 0);
                j->book->leases.foreign_total++;
                end(j, l, EVENT_LEASE_FOREIGN);
                return;
        case OUTCOME_GONE:
        case OUTCOME_STALE:
                fail_step(j, l, "the cgroup is gone", 0);
                end(j, l, EVENT_LEASE_DROPPED);
                return;
        case OUTCOME_REFUSED:
        case OUTCOME_BUSY:
                note_refused(j, l, o->error);
                return;
        case OUTCOME_DRY:
                memset(l, 0, sizeof(*l)); /* nothing was written */
                return;
        case OUTCOME_SENT:
        case OUTCOME_SKIPPED:
        case OUTCOME_LATE:
                return; /* of no lease */
        }
}

const char *lease_why_over(const Judge *j, const Lease *l, const GroupSample *g) {
        const Incident *i = incident_by_id(j->book, l->incident);
        const Policy *p =
                l->policy < j->config->n_policies ? &j->config->policies[l->policy] : NULL;

        if (!p)
                return "its policy is gone after a reload";
        if (l->index >= p->n_steps || p->steps[l->index].kind != l->step)
                return "its step is gone after a reload";
        if (!i || i->phase != INCIDENT_OPEN)
                return i && i->ends_why ? i->ends_why : "the trouble is over";
        if (j->now_usec >= l->deadline_usec)
                return "its time is over";
        if (g && steering_find_inside(&j->book->steering, j->s, g, j->now_usec))
                return "somebody protects it now";
        if (j->s->groups_fresh && (!g || !g->populated))
                return "nobody lives there any more";
        return NULL;
}
