/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How many processes - or cgroups, where a policy watches those, or where no process lives in one
 * that is named - each match of the policy selects, so that one which never did can be shown. For
 * main. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "core/sample.h"

typedef struct MatchTally {
        uint64_t *most;  /* by MatchSpec.id: the most at one look */
        uint64_t *now;   /* of the look under way */
        uint64_t *named; /* likewise: cgroups that a match names which is not of_groups */
        bool *of_groups; /* by MatchSpec.id: it says which cgroups are watched */
        size_t n;
} MatchTally;

/* Makes room for the config's matches and starts from zero. 0 or -ENOMEM (then it counts nothing).
 */
int match_tally_reset(MatchTally *t, const Config *config);
void match_tally_done(MatchTally *t);

/* One look: begin, each process, each cgroup, end. */
void match_tally_begin(MatchTally *t);
void match_tally_add(
        MatchTally *t, const Config *config, const ProcSample *proc, usec_t boottime_usec);
void match_tally_add_group(MatchTally *t, const Config *config, const GroupSample *group);
void match_tally_end(MatchTally *t);

/* The whole look at what is in a sample. */
void match_tally_look(MatchTally *t, const Config *config, const Sample *s);
