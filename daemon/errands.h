/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hands the errands that the engine gives out to who can run them, by their kind, and keeps their
 * deadlines. Knows nothing of how one is run. Main only; waits for nobody.
 *
 * (1) Each errand is answered exactly once: by its owner, by its deadline with OUTCOME_LATE, or at
 * once with OUTCOME_REFUSED when nobody owns such a step (ENOSYS) or the owner cannot begin. (2) An
 * errand is there from begin until it is answered; after cancel its owner hears no more of it. */

#include <stdbool.h>
#include <stddef.h>

#include "core/decide.h"
#include "engine/errand.h"

/* Where errands come from and answers go: the engine, or a test. next is NULL when none waits. */
typedef struct ErrandSource {
        const Errand *(*next)(void *ctx);
        void (*done)(void *ctx, const Outcome *answer);
        void *ctx;
} ErrandSource;

/* Who runs a kind of step. */
typedef struct ErrandOwner {
        /* 0: it is under way, and errands_answer() follows; 1: it is done already; negative errno:
         * it cannot be. The errand and its step (of another kind when a stop is what a spent budget
         * ends in) are there until it is answered or cancelled. */
        int (*begin)(void *ctx, const Errand *errand, const Step *step);

        /* Its deadline is over and it was answered: end it. NULL: it never is, or ends by
         * itself. */
        void (*cancel)(void *ctx, uint64_t id);
        void *ctx;
} ErrandOwner;

typedef struct ErrandUnderWay {
        const Errand *errand; /* NULL: a free entry */
        const ErrandOwner *owner;
} ErrandUnderWay;

typedef struct Errands {
        ErrandSource source;
        ErrandOwner owners[_STEP_MAX]; /* begin NULL: nobody */
        ErrandUnderWay open[ERRANDS_OPEN_MAX];
} Errands;

void errands_init(Errands *e, ErrandSource source);

/* Cancels what is under way; nothing is answered any more. */
void errands_done(Errands *e);

/* From now on errands of this kind are the owner's. */
void errands_set_owner(Errands *e, StepKind kind, ErrandOwner owner);

/* Takes and begins all that wait, and ends those whose deadline is over. */
void errands_dispatch(Errands *e, usec_t now_usec);

/* When the next deadline is over; USEC_UNSET: never. */
usec_t errands_next_usec(const Errands *e);

/* For owners: the answer to an errand under way; answer->action is its id. To another one it is
 * forgotten. */
void errands_answer(Errands *e, const Outcome *answer);
