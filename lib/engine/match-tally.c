/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/match-tally.h"

#include "base/macro.h"
#include "core/instance.h"
#include "core/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void match_tally_done(MatchTally *t) {
        free(t->most);
        free(t->now);
        free(t->named);
        free(t->of_groups);
        *t = (MatchTally){ 0 };
}

int match_tally_reset(MatchTally *t, const Config *config) {
        size_t n = config->n_matches;

        match_tally_done(t);
        t->most = calloc(MAX(n, (size_t) 1), sizeof(*t->most));
        t->now = calloc(MAX(n, (size_t) 1), sizeof(*t->now));
        t->named = calloc(MAX(n, (size_t) 1), sizeof(*t->named));
        t->of_groups = calloc(MAX(n, (size_t) 1), sizeof(*t->of_groups));
        if (!t->most || !t->now || !t->named || !t->of_groups) {
                match_tally_done(t);
                return -ENOMEM;
        }
        t->n = n;
        for (size_t i = 0; i < config->n_policies; i++) {
                const Policy *p = &config->policies[i];

                for (size_t k = 0; watch_is_group(p->watch) && k < p->watch_match.n; k++)
                        t->of_groups[p->watch_match.specs[k].id] = true;
        }
        return 0;
}

void match_tally_begin(MatchTally *t) {
        if (t->n == 0)
                return;
        memset(t->now, 0, t->n * sizeof(*t->now));
        memset(t->named, 0, t->n * sizeof(*t->named));
}

void match_tally_add(
        MatchTally *t, const Config *config, const ProcSample *proc, usec_t boottime_usec) {
        for (size_t i = 0; i < t->n && i < config->n_matches; i++)
                if (!t->of_groups[config->matches[i]->id] &&
                        match_spec(config->matches[i], proc, boottime_usec))
                        t->now[config->matches[i]->id]++;
}

void match_tally_add_group(MatchTally *t, const Config *config, const GroupSample *group) {
        for (size_t i = 0; t->n > 0 && i < config->n_policies; i++) {
                const Policy *p = &config->policies[i];

                if (watch_is_group(p->watch) && instance_is_group(p, group))
                        t->now[p->watch_match.specs[0].id]++;
        }
        for (size_t i = 0; i < t->n && i < config->n_matches; i++)
                if (group->populated && match_spec_group(config->matches[i], group->facts))
                        t->named[config->matches[i]->id]++;
}

void match_tally_end(MatchTally *t) {
        for (size_t i = 0; i < t->n; i++) {
                if (t->now[i] == 0 && !t->of_groups[i])
                        t->now[i] = t->named[i];
                t->most[i] = MAX(t->most[i], t->now[i]);
        }
}

void match_tally_look(MatchTally *t, const Config *config, const Sample *s) {
        match_tally_begin(t);
        for (size_t i = 0; i < s->n_procs; i++)
                match_tally_add(t, config, &s->procs[i], s->raw.boottime_usec);
        for (size_t i = 0; i < s->n_groups; i++)
                match_tally_add_group(t, config, &s->groups[i]);
        match_tally_end(t);
}
