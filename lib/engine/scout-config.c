/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the policies want the scout to know. */

#include <sys/resource.h>

#include "base/macro.h"
#include "config/config-load.h"
#include "core/match.h"
#include "engine/scout-private.h"

/* Descriptors of one kept process, and in addition of one with details. */
#define FDS_KEPT 3
#define FDS_DETAILED 2

/* What the rest of the daemon may need. */
#define FDS_RESERVED 224 /* 128 of them for cgroups */

uint32_t scout_places(uint32_t kept, uint32_t detailed) {
        struct rlimit limit;
        uint64_t room;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
                return kept;
        room = limit.rlim_cur > FDS_RESERVED ? limit.rlim_cur - FDS_RESERVED : 0;
        room = room > (uint64_t) detailed * FDS_DETAILED ? room - (uint64_t) detailed * FDS_DETAILED
                                                         : 0;
        return (uint32_t) MAX(MIN((uint64_t) kept, room / FDS_KEPT), (uint64_t) 8);
}

static bool uses_cmdline(const Config *c) {
        for (size_t i = 0; i < c->n_matches; i++)
                if ((c->matches[i]->key_mask & (UINT32_C(1) << MATCH_CMDLINE)) != 0)
                        return true;
        return false;
}

static bool condition_uses(const Condition *c, MetricId metric) {
        for (size_t i = 0; i < c->n_nodes; i++)
                if (c->nodes[i].kind == COND_ATOM && c->nodes[i].atom.metric == metric)
                        return true;
        return false;
}

static bool uses_stack_limit(const Config *c) {
        for (size_t i = 0; i < c->n_policies; i++)
                if (condition_uses(&c->policies[i].when, METRIC_PROC_STACK_USAGE) ||
                        condition_uses(&c->policies[i].clear, METRIC_PROC_STACK_USAGE))
                        return true;
        return false;
}

void scout_set_config(Scout *s, const Config *config) {
        Config *ours = config_ref((Config *) (uintptr_t) config);

        (void) config_unref(atomic_exchange(&s->next_config, ours));
}

void scout_take_config(Scout *s) {
        Config *next = atomic_exchange(&s->next_config, NULL);

        if (!next)
                return;
        (void) config_unref(s->config);
        s->config = next;
        s->needs_cmdline = uses_cmdline(next);
        s->needs_stack_limit = uses_stack_limit(next);
        for (uint32_t slot = 0; slot < s->n_slots; slot++)
                if (s->entries[slot].used)
                        s->entries[slot].watched = scout_is_watched(s, scout_facts(s, slot));
}

/* Matches with age or size are left out: they hold for other processes from tick to tick, and large
 * ones are kept anyway. */
bool scout_is_watched(const Scout *s, const ProcFacts *facts) {
        const ProcSample sample = { .facts = facts };

        for (size_t i = 0; i < s->config->n_policies; i++) {
                const Policy *p = &s->config->policies[i];

                if (p->watch == WATCH_PROCESS && match_is_static(&p->watch_match) &&
                        match_list(&p->watch_match, &sample, s->boottime_usec))
                        return true;
        }
        return false;
}
