/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/pipeline.h"

#include <errno.h>

#include "base/macro.h"
#include "engine/reserve.h"

/* More users than this with memory worth a policy are summed up in no reading. */
#define USERS_MIN 256

int pipeline_init(Pipeline *p, const Config *config, bool dry) {
        int r;

        *p = (Pipeline){
                .config = config,
                .verdicts_size = MAX(config->limits.instances, config->limits.policies),
                .users_size = MAX(config->limits.instances, (uint32_t) USERS_MIN),
                .scratch.size = config->limits.processes,
                .scratch.groups_size = config->limits.cgroups,
                .procs_usec = USEC_UNSET,
                .groups_usec = USEC_UNSET,
                .dry = dry,
                .plan.within_usec = USEC_UNSET,
        };

        r = history_new(config->limits.processes, config->limits.cgroups, &p->history);
        if (r < 0)
                return r;

        p->book = reserve_new(1, sizeof(*p->book));
        p->scratch.candidates = reserve_new(p->scratch.size, sizeof(*p->scratch.candidates));
        p->verdicts = reserve_new(p->verdicts_size, sizeof(*p->verdicts));
        p->users = reserve_new(p->users_size, sizeof(*p->users));
        p->scratch.groups = reserve_new(p->scratch.groups_size, sizeof(*p->scratch.groups));
        if (!p->book || !p->scratch.candidates || !p->scratch.groups || !p->verdicts || !p->users) {
                pipeline_done(p);
                return -ENOMEM;
        }

        incident_book_init(p->book);
        p->next_usec = config->tick.min_usec; /* two samples make the first rate */
        return 0;
}

void pipeline_done(Pipeline *p) {
        p->history = history_free(p->history);
        p->book = reserve_free(p->book, 1, sizeof(*p->book));
        p->scratch.candidates = reserve_free(
                p->scratch.candidates, p->scratch.size, sizeof(*p->scratch.candidates));
        p->scratch.groups =
                reserve_free(p->scratch.groups, p->scratch.groups_size, sizeof(*p->scratch.groups));
        p->verdicts = reserve_free(p->verdicts, p->verdicts_size, sizeof(*p->verdicts));
        p->users = reserve_free(p->users, p->users_size, sizeof(*p->users));
}

void pipeline_begin(Pipeline *p, Sample *s) {
        s->procs = NULL;
        s->n_procs = 0;
        s->procs_fresh = false;
        s->procs_version = 0;
        s->procs_at_usec = p->procs_usec;
        s->groups = NULL;
        s->n_groups = 0;
        s->groups_fresh = false;
        s->groups_version = 0;
        s->groups_at_usec = p->groups_usec;
        s->users = p->users;
        s->users_size = p->users_size;
        s->n_users = 0;

        history_advance(p->history, s, p->planned_usec);
}

/* What is open or in flight is judged by its target, and what is leased is watched, whatever the
 * readings say by now. */
bool pipeline_needs_groups(const Pipeline *p, const Sample *s) {
        return p->plan.busy || p->plan.within_usec != USEC_UNSET ||
                evaluate_needs_groups(p->config, s, p->groups_usec);
}

bool pipeline_needs_scout(const Pipeline *p, const Sample *s) {
        return s->groups_fresh &&
                (p->plan.within_usec != USEC_UNSET || evaluate_needs_stat(p->config, s));
}

static bool is_known(uint64_t version, uint64_t known) {
        return version != 0 && version == known;
}

/* Calm ticks mostly bring no news of processes and cgroups; there may be thousands of them. */
static void take_news(Pipeline *p, Sample *s) {
        if ((s->n_procs == 0 || is_known(s->procs_version, p->procs_version)) &&
                (s->n_groups == 0 || is_known(s->groups_version, p->groups_version))) {
                s->n_users = s->n_procs == 0 ? 0 : p->n_users;
                return;
        }
        history_advance(p->history, s, p->planned_usec);
        if (s->n_procs > 0) {
                p->procs_version = s->procs_version;
                p->n_users = s->n_users;
        }
        if (s->n_groups > 0)
                p->groups_version = s->groups_version;
}

bool pipeline_needs_processes(Pipeline *p, Sample *s) {
        take_news(p, s);
        return p->plan.busy || evaluate_needs_processes(p->config, s, p->procs_usec);
}

void pipeline_judge(Pipeline *p, Sample *s, const Outcome *outcomes, size_t n_outcomes) {
        take_news(p, s);
        if (s->procs_fresh)
                p->procs_usec = s->procs_at_usec;
        if (s->groups_fresh)
                p->groups_usec = s->groups_at_usec;

        p->n_verdicts = evaluate(p->config, s, incident_not_before, p->book, p->verdicts,
                p->verdicts_size, &p->n_dropped);
        decide(p->config, s, p->verdicts, p->n_verdicts, outcomes, n_outcomes, p->dry, p->book,
                &p->scratch, &p->plan);

        p->next_usec = evaluate_next_tick(p->config, s, p->verdicts, p->n_verdicts, p->plan.busy);
        p->next_usec = MIN(p->next_usec, MAX(p->plan.within_usec, p->config->tick.min_usec));
        p->planned_usec = p->next_usec;
        p->last_usec = s->raw.at_usec;
}

void pipeline_set_config(Pipeline *p, const Config *config) {
        incident_book_rebase(p->book, p->config, config, p->last_usec, &p->plan);
        p->config = config;
        p->n_verdicts = 0; /* they point into the old one */
}
