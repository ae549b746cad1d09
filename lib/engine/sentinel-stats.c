/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/sentinel-stats.h"

static void note(Histogram *h, usec_t *longest_usec, usec_t usec) {
        histogram_add(h, usec);
        *longest_usec = MAX(*longest_usec, usec);
}

void sentinel_stats_tick(SentinelStats *s, const TickTimes *t) {
        note(&s->read, &s->longest_read_usec, usec_since(t->read_usec, t->begin_usec));
        note(&s->judge, &s->longest_judge_usec, usec_since(t->judged_usec, t->read_usec));
        note(&s->pass, &s->longest_pass_usec, usec_since(t->done_usec, t->begin_usec));
}

void sentinel_stats_late(SentinelStats *s, usec_t late_usec) {
        note(&s->late, &s->longest_late_usec, late_usec);
}

void sentinel_stats_outcomes(SentinelStats *s, const Outcome *outcomes, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (outcomes[i].kind == OUTCOME_SENT)
                        s->signals_sent++;
                else if (outcomes[i].kind == OUTCOME_REFUSED)
                        s->signals_refused++;
        }
}
