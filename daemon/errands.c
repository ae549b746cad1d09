/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/errands.h"

#include <assert.h>
#include <errno.h>

void errands_init(Errands *e, ErrandSource source) {
        *e = (Errands){ .source = source };
}

static void cancel(ErrandUnderWay *u) {
        const ErrandOwner *owner = u->owner;
        uint64_t id = u->errand->id;

        *u = (ErrandUnderWay){};
        if (owner->cancel)
                owner->cancel(owner->ctx, id);
}

void errands_done(Errands *e) {
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                if (e->open[i].errand)
                        cancel(&e->open[i]);
}

void errands_set_owner(Errands *e, StepKind kind, ErrandOwner owner) {
        assert(kind < _STEP_MAX);
        e->owners[kind] = owner;
}

static void answer_with(Errands *e, uint64_t id, OutcomeKind kind, int error) {
        e->source.done(e->source.ctx,
                &(Outcome){ .kind = kind, .action = id, .error = error < 0 ? -error : 0 });
}

/* There is always one: the engine gives out no more at a time. */
static ErrandUnderWay *free_entry(Errands *e) {
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                if (!e->open[i].errand)
                        return &e->open[i];
        assert(false);
        return NULL;
}

static void begin(Errands *e, const Errand *errand) {
        const Config *config = errand->config;
        const Step *step = config ? &config->policies[errand->policy].steps[errand->step] : NULL;
        const ErrandOwner *owner = &e->owners[errand->kind];
        ErrandUnderWay *u = free_entry(e);
        uint64_t id = errand->id;
        int r;

        if (!owner->begin) {
                answer_with(e, id, OUTCOME_REFUSED, -ENOSYS);
                return;
        }

        /* Entered first: an owner may answer from within. */
        *u = (ErrandUnderWay){ errand, owner };
        r = owner->begin(owner->ctx, errand, step);
        if (r == 0)
                return;
        errands_answer(e,
                &(Outcome){ .kind = r < 0 ? OUTCOME_REFUSED : OUTCOME_DONE,
                        .action = id,
                        .error = r < 0 ? -r : 0 });
}

static void end_late(Errands *e, usec_t now_usec) {
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++) {
                ErrandUnderWay *u = &e->open[i];
                uint64_t id;

                if (!u->errand || now_usec < u->errand->deadline_usec)
                        continue;
                id = u->errand->id;
                cancel(u);
                answer_with(e, id, OUTCOME_LATE, 0);
        }
}

void errands_dispatch(Errands *e, usec_t now_usec) {
        const Errand *errand;

        end_late(e, now_usec);
        while ((errand = e->source.next(e->source.ctx))) {
                if (now_usec >= errand->deadline_usec)
                        answer_with(e, errand->id, OUTCOME_LATE, 0); /* we were */
                else
                        begin(e, errand);
        }
}

usec_t errands_next_usec(const Errands *e) {
        usec_t next = USEC_UNSET;

        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                if (e->open[i].errand && e->open[i].errand->deadline_usec < next)
                        next = e->open[i].errand->deadline_usec;
        return next;
}

void errands_answer(Errands *e, const Outcome *outcome) {
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++) {
                ErrandUnderWay *u = &e->open[i];

                if (!u->errand || u->errand->id != outcome->action)
                        continue;
                *u = (ErrandUnderWay){};
                e->source.done(e->source.ctx, outcome);
                return;
        }
}
