/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/hint-order.h"

#include <string.h>

#include "base/macro.h"
#include "core/errand.h"

/* (1) Its place, or a free one; without any the one that has waited longest is forgotten. */
static HintOrder *place_of(IncidentBook *book, uint64_t incident) {
        HintOrder *ret = &book->hints[0];

        for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                HintOrder *o = &book->hints[k];

                if (o->incident == incident)
                        return o;
                if (o->incident < ret->incident) /* a free one has none */
                        ret = o;
        }
        return ret;
}

static void set(Judge *j, const Incident *i, HintLevel level) {
        *place_of(j->book, i->id) = (HintOrder){ .incident = i->id, .level = level };
}

/* How strongly programs are asked by all that is open. */
static HintLevel strongest(const IncidentBook *book) {
        HintLevel level = HINT_NONE;

        for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                const Incident *i = &book->incidents[k];

                if (i->used && i->phase == INCIDENT_OPEN)
                        level = MAX(level, i->hint);
        }
        return level;
}

void hint_give(Judge *j, Incident *i, HintLevel level) {
        i->hint = MAX(i->hint, level);
        set(j, i, i->hint);
}

void hint_take_back(Judge *j, Incident *i) {
        HintLevel before = i->hint, left;
        Event *e;

        if (before == HINT_NONE)
                return;
        i->hint = HINT_NONE;
        set(j, i, HINT_NONE);

        left = strongest(j->book);
        if (before <= left)
                return;
        e = judge_add_event(j, EVENT_HINT, i);
        if (e) {
                e->has_step = true;
                e->step = STEP_HINT;
                e->hint = left;
        }
}

void hints_take_outcomes(Judge *j, const Outcome *outcomes, size_t n) {
        for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                HintOrder *o = &j->book->hints[k];

                for (size_t i = 0; o->errand != 0 && i < n; i++) {
                        const Outcome *answer = &outcomes[i];

                        if (answer->action != o->errand)
                                continue;
                        o->errand = 0;
                        if (answer->kind != OUTCOME_BUSY && answer->kind != OUTCOME_LATE)
                                memset(o, 0, sizeof(*o)); /* else nobody has it */
                }
        }
}

static HintOrder *next_waiting(IncidentBook *book) {
        HintOrder *next = NULL;

        for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                HintOrder *o = &book->hints[k];

                if (o->incident != 0 && o->errand == 0 && (!next || o->incident < next->incident))
                        next = o;
        }
        return next;
}

void hints_advance(Judge *j) {
        HintOrder *o;

        while ((o = next_waiting(j->book))) {
                Errand *errand = errand_add(j, o->incident, STEP_HINT, USEC_UNSET);

                if (!errand)
                        return;
                errand->hint = o->level;
                o->errand = errand->id;
        }
}

bool hints_are_waiting(const IncidentBook *book) {
        for (size_t k = 0; k < INCIDENTS_MAX; k++)
                if (book->hints[k].incident != 0 && book->hints[k].errand == 0)
                        return true;
        return false;
}
