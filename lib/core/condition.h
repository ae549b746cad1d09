/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One condition against the readings of one instance, as written or seen from nearer to calm. Pure.
 * Under a `not` the side on which calm lies changes, and with it the direction in which a threshold
 * is moved. */

#include "core/evaluate.h"

typedef enum ConditionView {
        CONDITION_AS_WRITTEN,
        CONDITION_RELAXED, /* each threshold a quarter of its value nearer to calm: the default
                              clear */
        /* amounts doubled toward calm and by what fill.rate takes in tick.max, pressure and rates
           granted */
        CONDITION_ARMED,
        CONDITION_ARMED_SYSTEM, /* the same, with the atoms of processes and users granted */
} ConditionView;

typedef struct ConditionContext {
        const Sample *s;
        Instance instance;
        usec_t not_before_usec;
        usec_t tick_max_usec; /* for the armed views */
        ConditionView view;
} ConditionContext;

Truth condition_judge(const Condition *c, const ConditionContext *x);

/* Fills the readings of a condition's atoms, in the order written, VERDICT_ATOMS_MAX at most.
 * Returns their number. */
size_t condition_read_atoms(const Condition *c, const ConditionContext *x, AtomReading *ret);

/* True when the reading, moved to its threshold's unit, is on the firing side of it. The reading is
 * known. */
bool condition_compare(const Reading *r, CompareOp op, int64_t threshold, bool percent);

/* A percentage of a reading's base as an amount. */
int64_t condition_amount(const Reading *r, int64_t permyriad);
