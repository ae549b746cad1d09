/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/match-tally.h"

#include "base/macro.h"
#include "core/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void match_tally_done(MatchTally *t) {
        free(t->most);
        free(t->now);
        *t = (MatchTally){ 0 };
}

int match_tally_reset(MatchTally *t, const Config *config) {
        size_t n = config->n_matches;

        match_tally_done(t);
        t->most = calloc(MAX(n, (size_t) 1), sizeof(*t->most));
        t->now = calloc(MAX(n, (size_t) 1), sizeof(*t->now));
        if (!t->most || !t->now) {
                match_tally_done(t);
                return -ENOMEM;
        }
        t->n = n;
        return 0;
}

void match_tally_begin(MatchTally *t) {
        if (t->n > 0)
                memset(t->now, 0, t->n * sizeof(*t->now));
}

void match_tally_add(
        MatchTally *t, const Config *config, const ProcSample *proc, usec_t boottime_usec) {
        for (size_t i = 0; i < t->n && i < config->n_matches; i++)
                if (match_spec(config->matches[i], proc, boottime_usec))
                        t->now[config->matches[i]->id]++;
}

void match_tally_end(MatchTally *t) {
        for (size_t i = 0; i < t->n; i++)
                t->most[i] = MAX(t->most[i], t->now[i]);
}
