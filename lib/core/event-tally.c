/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/event-tally.h"

#include <assert.h>
#include <string.h>

_Static_assert(EVENT_TALLY_RESERVED < EVENT_TALLY_MAX / 2, "most of the room is for policies");

static EventCount *find(EventTally *t, const char *policy, EventKind kind, StepKind step) {
        for (size_t i = 0; i < t->n; i++) {
                EventCount *c = &t->counts[i];

                if (c->kind == kind && c->step == step && strcmp(c->policy, policy) == 0)
                        return c;
        }
        return NULL;
}

static EventCount *find_or_begin(EventTally *t, const Event *e, const char *policy) {
        StepKind step = e->has_step ? e->step : _STEP_MAX;
        size_t room = EVENT_TALLY_MAX - (*policy ? (size_t) EVENT_TALLY_RESERVED : 0);
        EventCount *c = find(t, policy, e->kind, step);

        if (c || t->n >= room)
                return c;
        c = &t->counts[t->n++];
        *c = (EventCount){ .kind = e->kind, .step = step };
        (void) text_copy(c->policy, sizeof(c->policy), policy);
        return c;
}

void event_tally_add(EventTally *t, const Event *e) {
        EventCount *c = find_or_begin(t, e, e->policy);

        if (!c)
                c = find_or_begin(t, e, "");
        assert(c);
        c->n += e->kind == EVENT_LOST ? e->count : 1;
        c->freed_bytes += e->freed;
}
