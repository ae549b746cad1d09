/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How often which event came of which policy and step since the start, and what it freed: counters
 * for who looks now and then and must not miss what happened in between. Plain memory of a fixed
 * size; a policy that a reload took away keeps its counts.
 *
 * (1) A count never goes down. (2) The sum over all policies is right for ever: a policy that finds
 * no room any more is counted under the name "". */

#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

enum {
        EVENT_TALLY_MAX = 1024,
        /* Of these, for counts without the name of a policy: there are no more of them. */
        EVENT_TALLY_RESERVED = (int) _EVENT_MAX * ((int) _STEP_MAX + 1),
};

typedef struct EventCount {
        char policy[POLICY_NAME_MAX]; /* "": of none, or of one beyond the bound */
        EventKind kind;
        StepKind step; /* _STEP_MAX: of none */
        uint64_t n;
        uint64_t freed_bytes;
} EventCount;

/* All zeros: empty. */
typedef struct EventTally {
        EventCount counts[EVENT_TALLY_MAX];
        size_t n;
} EventTally;

void event_tally_add(EventTally *t, const Event *e);
