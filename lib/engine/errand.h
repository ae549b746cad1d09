/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Carries errands from the sentinel to main, and the answers back. It knows neither what they are
 * nor how long they may take.
 *
 * (1) A fixed number of places, each of which goes round free, ordered, taken, answered, free; only
 * who is named by its state touches it: the sentinel a free and an answered one, main an ordered
 * and a taken one. (2) So neither side waits, and no answer is ever lost for want of room: an
 * errand that finds no place is refused at once. (3) Whatever an errand points to - its config -
 * must stay until it is answered. */

#include <stdbool.h>
#include <stddef.h>

#include "core/decide.h"

enum { ERRANDS_OPEN_MAX = 16 };

typedef struct ErrandBox ErrandBox;

/* 0 or negative errno; memory is touched. */
int errand_box_new(ErrandBox **ret);
ErrandBox *errand_box_free(ErrandBox *b);

/* Sentinel: orders all errands of the plan. Immediate outcomes are appended to ret[cap]: with dry,
 * OUTCOME_DRY for each, and none reaches main; OUTCOME_BUSY with EAGAIN without a free place and
 * OUTCOME_REFUSED with ENOSYS when b is NULL. Returns how many. */
size_t errand_box_order(
        ErrandBox *b, const Plan *plan, bool dry, usec_t now_usec, Outcome *ret, size_t cap);

/* Sentinel: takes answers in; what has no room stays for the next time. Returns how many. */
size_t errand_box_collect(ErrandBox *b, Outcome *ret, size_t cap);

/* Main: readable until errand_box_next() has said that there is nothing more. */
int errand_box_fd(const ErrandBox *b);

/* Main: the oldest errand that was not taken yet, or NULL. It stays where it is until it is
 * answered. */
const Errand *errand_box_next(ErrandBox *b);

/* Main: answers the taken errand that `action` names. False: there is none (any more), and the
 * answer is forgotten. */
bool errand_box_answer(ErrandBox *b, const Outcome *answer);

/* Main: whether an errand of this config is on its way or taken. Only once the sentinel has let go
 * of the config is a "no" the last word. */
bool errand_box_has_config(const ErrandBox *b, const Config *config);
