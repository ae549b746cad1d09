/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the policies want the scout to know. */

#include <sys/resource.h>

#include "base/macro.h"
#include "base/number.h"
#include "config/config-load.h"
#include "core/match.h"
#include "engine/scout-private.h"

/* Descriptors of one kept process, and in addition of one with details. */
#define FDS_KEPT 3
#define FDS_DETAILED 2

/* Of one kept cgroup: current, swap, events, state, kill, procs; and its pressure. */
#define FDS_GROUP (6 + _PSI_RESOURCE_MAX)

/* What the rest of the daemon may need: 96 besides the scout's own, and what reapers open. */
#define FDS_RESERVED (96 + SCOUT_GROUPS_FDS + 128)

uint32_t scout_places(const LimitsConfig *limits, uint32_t *ret_groups) {
        const uint64_t detail = (uint64_t) limits->detailed * FDS_DETAILED;
        struct rlimit limit;
        uint64_t room;

        *ret_groups = limits->kept_cgroups;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
                return limits->kept;
        room = sub_sat_u64(limit.rlim_cur, FDS_RESERVED);
        *ret_groups = (uint32_t) MIN((uint64_t) limits->kept_cgroups, room / 4 / FDS_GROUP);
        room = sub_sat_u64(room, (uint64_t) *ret_groups * FDS_GROUP + detail);
        return (uint32_t) MAX(MIN((uint64_t) limits->kept, room / FDS_KEPT), (uint64_t) 8);
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
        if (s->groups)
                scout_groups_take_config(s->groups, next);
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
