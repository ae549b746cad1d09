/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When the programs that listen for hints are woken, and with which level. It takes a level for
 * each incident that gives one; what counts is the highest.
 *
 * (1) A rise is told at once. (2) While a level stays it is told again, at most once a second, and
 * ever more rarely the longer it stays: who frees in portions goes on. (3) A fall is not told. (4)
 * After a fall the level from before counts as told for HINT_HOLD_USEC; coming back up to it within
 * that time is no rise. So within any HINT_HOLD_USEC nobody is woken more than sixteen times: ten
 * repeats, and twice the three rises there can be. */

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "config/config.h"
#include "core/decide.h"

#define HINT_REPEAT_MIN_USEC USEC_PER_SEC
#define HINT_REPEAT_MAX_USEC (30 * USEC_PER_SEC)
#define HINT_HOLD_USEC (10 * USEC_PER_SEC)

typedef struct HintPace {
        struct {
                uint64_t incident;
                HintLevel level; /* never HINT_NONE */
        } open[INCIDENTS_MAX];
        size_t n_open;
        HintLevel level;   /* the highest of those open */
        HintLevel told;    /* what counts as told */
        usec_t rose_usec;  /* when `told` went up the last time */
        usec_t told_usec;  /* when somebody was woken the last time */
        usec_t below_usec; /* since when level < told; USEC_UNSET: it is not */
} HintPace;

void hint_pace_init(HintPace *p);

/* The level that an incident gives from now on; HINT_NONE: none any more. Without room the oldest
 * incident is forgotten: there are as many places as there can be incidents. */
void hint_pace_set(HintPace *p, uint64_t incident, HintLevel level, usec_t now_usec);

/* When hint_pace_take() has something, if nothing is set until then; 0: now; USEC_UNSET: never. */
usec_t hint_pace_next(const HintPace *p);

/* The level to wake everybody with now, which counts as told then; HINT_NONE: nobody is woken. */
HintLevel hint_pace_take(HintPace *p, usec_t now_usec);
