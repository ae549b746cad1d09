/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/hint-pace.h"

#include <stdbool.h>
#include <string.h>

#include "base/macro.h"

/* A level that stays is told again after an eighth of the time that it has stayed. */
enum { RARER = 8 };

void hint_pace_init(HintPace *p) {
        *p = (HintPace){ .below_usec = USEC_UNSET };
}

static void forget_at(HintPace *p, size_t i) {
        p->n_open--;
        memmove(p->open + i, p->open + i + 1, (p->n_open - i) * sizeof(p->open[0]));
}

static void put(HintPace *p, uint64_t incident, HintLevel level) {
        for (size_t i = 0; i < p->n_open; i++)
                if (p->open[i].incident == incident) {
                        forget_at(p, i);
                        break;
                }
        if (level == HINT_NONE)
                return;
        if (p->n_open == ELEMENTS(p->open))
                forget_at(p, 0);
        p->open[p->n_open].incident = incident;
        p->open[p->n_open++].level = level;
}

static HintLevel highest(const HintPace *p) {
        HintLevel level = HINT_NONE;

        for (size_t i = 0; i < p->n_open; i++)
                level = MAX(level, p->open[i].level);
        return level;
}

/* What was told before a fall is held for a while only. */
static void release_hold(HintPace *p, usec_t now_usec) {
        if (p->below_usec == USEC_UNSET || usec_since(now_usec, p->below_usec) < HINT_HOLD_USEC)
                return;
        p->told = p->level;
        p->below_usec = USEC_UNSET;
}

void hint_pace_set(HintPace *p, uint64_t incident, HintLevel level, usec_t now_usec) {
        release_hold(p, now_usec);
        put(p, incident, level);
        p->level = highest(p);
        if (p->level >= p->told)
                p->below_usec = USEC_UNSET;
        else if (p->below_usec == USEC_UNSET)
                p->below_usec = now_usec;
}

usec_t hint_pace_next(const HintPace *p) {
        usec_t stayed = usec_since(p->told_usec, p->rose_usec) / RARER;

        if (p->level == HINT_NONE)
                return USEC_UNSET;
        if (p->level > p->told)
                return 0;
        return usec_add(p->told_usec, MIN(MAX(stayed, HINT_REPEAT_MIN_USEC), HINT_REPEAT_MAX_USEC));
}

HintLevel hint_pace_take(HintPace *p, usec_t now_usec) {
        release_hold(p, now_usec);
        if (hint_pace_next(p) > now_usec)
                return HINT_NONE;

        if (p->level > p->told) {
                p->told = p->level;
                p->rose_usec = now_usec;
        }
        p->told_usec = now_usec;
        return p->level;
}
