/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/flight-outcome.h"

#include "base/macro.h"
#include "core/flight.h"

/* Whom SIGKILL found in a cgroup is gone by then; who lives there still was started again. */
#define COMES_BACK_USEC (300 * USEC_PER_MSEC)

size_t flight_n_pending(const Flight *f) {
        bool group = f->n_groups > 0 && !f->group_gone && !f->group_out;

        return f->n_members - f->n_gone - f->n_out + group;
}

bool flight_is_pending(const Flight *f, size_t m) {
        return !f->member_gone[m] && !f->member_out[m];
}

static void note_gone(Flight *f, usec_t at_usec) {
        f->gone_usec = f->gone_usec == USEC_UNSET ? at_usec : MAX(f->gone_usec, at_usec);
}

/* Nobody lives in it any more: its members, known or not, are gone. */
static void note_group_gone(Flight *f, usec_t at_usec) {
        f->group_gone = true;
        for (size_t m = 0; m < f->n_members; m++)
                if (flight_is_pending(f, m)) {
                        f->member_gone[m] = true;
                        f->n_gone++;
                }
        note_gone(f, at_usec);
}

static void take_group_outcome(Flight *f, const Outcome *o) {
        if (f->n_groups == 0 || f->groups[0].slot != o->slot ||
                f->groups[0].generation != o->generation || f->group_gone)
                return;

        switch (o->kind) {
        case OUTCOME_GONE:
                note_group_gone(f, o->at_usec);
                return;
        case OUTCOME_REFUSED:
                f->error = f->error ? f->error : o->error;
                f->n_refused++;
                f->group_out = true;
                return;
        case OUTCOME_STALE:
                f->group_out = true;
                return;
        case OUTCOME_BUSY:
                f->again = true;
                return;
        case OUTCOME_DRY:
                f->dry = true;
                return;
        case OUTCOME_SENT:
                if (f->step == STEP_SIGNAL && f->gone_usec == USEC_UNSET)
                        f->gone_usec = o->at_usec; /* (1) */
                return;
        case OUTCOME_DONE:
        case OUTCOME_FOREIGN:
        case OUTCOME_RENEWED:
        case OUTCOME_SKIPPED:
        case OUTCOME_LATE:
                return; /* of no signal */
        }
}

static void take_outcome(Flight *f, const Outcome *o) {
        if (o->is_group) {
                take_group_outcome(f, o);
                return;
        }
        for (size_t m = 0; m < f->n_members; m++) {
                if (f->slots[m] != o->slot || f->generations[m] != o->generation ||
                        !flight_is_pending(f, m))
                        continue;

                switch (o->kind) {
                case OUTCOME_GONE:
                        f->member_gone[m] = true;
                        f->n_gone++;
                        note_gone(f, o->at_usec);
                        return;
                case OUTCOME_REFUSED:
                        f->error = f->error ? f->error : o->error;
                        f->n_refused++;
                        f->member_out[m] = true;
                        f->n_out++;
                        return;
                case OUTCOME_STALE:
                        f->member_out[m] = true;
                        f->n_out++;
                        return;
                case OUTCOME_BUSY:
                        f->again = true;
                        return;
                case OUTCOME_DRY:
                        f->dry = true;
                        return;
                case OUTCOME_SENT:
                        if (f->step == STEP_SIGNAL && f->gone_usec == USEC_UNSET)
                                f->gone_usec = o->at_usec; /* (1) */
                        return;
                case OUTCOME_DONE:
                case OUTCOME_FOREIGN:
                case OUTCOME_RENEWED:
                case OUTCOME_SKIPPED:
                case OUTCOME_LATE:
                        return; /* of no signal */
                }
        }
}

/* The service manager has done it, or will not. */
static void take_answer(Flight *f, const Outcome *o) {
        switch (o->kind) {
        case OUTCOME_DONE:
                f->answered = true;
                note_gone(f, o->at_usec);
                return;
        case OUTCOME_REFUSED:
        case OUTCOME_BUSY:
        case OUTCOME_STALE:
        case OUTCOME_LATE:
                f->error = o->error;
                f->errand_failed = true;
                return;
        case OUTCOME_DRY:
                f->dry = true;
                return;
        case OUTCOME_GONE:
        case OUTCOME_SENT:
        case OUTCOME_FOREIGN:
        case OUTCOME_RENEWED:
        case OUTCOME_SKIPPED:
                return; /* of no errand of this kind */
        }
}

void flight_take_outcomes(Judge *j, const Outcome *outcomes, size_t n) {
        Flight *f = &j->book->flight;

        for (size_t i = 0; i < n; i++) {
                if (!f->active ||
                        (outcomes[i].action != f->first_action && outcomes[i].action != f->action))
                        continue;
                /* that a member ended is seen while the service manager is still at it */
                if (f->is_errand && outcomes[i].kind != OUTCOME_GONE)
                        take_answer(f, &outcomes[i]);
                else
                        take_outcome(f, &outcomes[i]);
        }
}

/* Members that a fresh sample does not have any more are gone, whether or not anybody saw them go.
 */
static void notice_members(const Judge *j, Flight *f) {
        if (!j->s->procs_fresh || j->s->procs_at_usec == USEC_UNSET ||
                j->s->procs_at_usec <= f->sent_usec)
                return;

        for (size_t m = 0; m < f->n_members; m++) {
                const ProcSample *p;

                if (!flight_is_pending(f, m))
                        continue;
                p = sample_find(j->s, f->slots[m], f->generations[m]);
                if (p && p->state != 'X' && (p->state != 'Z' || p->zombie_leader))
                        continue;
                f->member_gone[m] = true;
                f->n_gone++;
                note_gone(f, j->now_usec);
        }
}

/* A cgroup that a fresh sample does not have any more, or has empty. When all known members are
 * gone a while after SIGKILL, whoever lives there came later: a unit that is started again. */
static void notice_empty_group(const Judge *j, Flight *f) {
        const GroupSample *g;

        if (f->n_groups == 0 || f->group_gone || f->group_out)
                return;
        if (f->killed && !f->again && f->n_members > 0 && f->n_gone + f->n_out == f->n_members &&
                f->n_gone > 0 &&
                usec_since(j->now_usec, MAX(f->gone_usec, f->signal_usec)) >= COMES_BACK_USEC)
                f->group_out = true;
        if (!j->s->groups_fresh || j->s->groups_at_usec == USEC_UNSET ||
                j->s->groups_at_usec <= f->sent_usec)
                return;
        g = sample_find_group(j->s, f->groups[0].slot, f->groups[0].generation);
        if (!g || !g->populated)
                note_group_gone(f, j->now_usec);
}

void flight_notice_absence(const Judge *j, Flight *f) {
        notice_members(j, f);
        notice_empty_group(j, f);
}
