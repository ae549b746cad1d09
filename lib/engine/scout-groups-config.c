/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which cgroups policies name, what they ask about them and may do to them. */

#include <string.h>

#include "base/glob.h"
#include "engine/scout-groups-private.h"

static bool pattern_holds(const MatchSpec *spec, MatchKey key, const char *text, GlobMode mode) {
        for (size_t i = 0; i < spec->patterns[key].n; i++)
                if (glob_match(spec->patterns[key].patterns[i], text, mode))
                        return true;
        return false;
}

/* Too many rather than too few: these are places to keep, not verdicts. */
static bool is_named(const Policy *p, const GroupFacts *f) {
        for (size_t i = 0; i < p->watch_match.n; i++) {
                const MatchSpec *spec = &p->watch_match.specs[i];

                if (p->watch == WATCH_CGROUP &&
                        pattern_holds(spec, MATCH_CGROUP, f->path, GLOB_PATH))
                        return true;
                if (p->watch == WATCH_UNIT && f->is_unit &&
                        pattern_holds(spec, MATCH_UNIT, f->unit, GLOB_TEXT))
                        return true;
        }
        return false;
}

static uint8_t pressure_of(const Condition *c) {
        uint8_t mask = 0;

        for (size_t i = 0; i < c->n_nodes; i++) {
                const Atom *atom = &c->nodes[i].atom;

                if (c->nodes[i].kind == COND_ATOM && metric_is_cgroup_psi(atom->metric))
                        mask |= (uint8_t) (1U << groups_psi_resource(atom->metric));
        }
        return mask;
}

bool groups_policy_names(const ScoutGroups *g, const Policy *p, uint32_t slot) {
        return watch_is_group(p->watch) && is_named(p, groups_facts(g, slot));
}

uint8_t groups_steps_of(const Config *config) {
        static const unsigned files[_STEP_MAX] = {
                [STEP_RECLAIM] = STEPS_RECLAIM,
                [STEP_THROTTLE] = 1U << LEASE_HIGH,
                [STEP_FREEZE] = 1U << LEASE_FREEZE,
                [STEP_LIMIT] = 1U << LEASE_MAX | 1U << LEASE_SWAP_MAX,
        };
        unsigned mask = 0;

        for (size_t i = 0; i < config->n_policies; i++)
                for (size_t k = 0; k < config->policies[i].n_steps; k++)
                        mask |= files[config->policies[i].steps[k].kind];
        return (uint8_t) mask;
}

void groups_match_policies(ScoutGroups *g, uint32_t slot) {
        GroupEntry *e = &g->entries[slot];

        e->watched = false;
        e->psi = 0;
        for (size_t i = 0; g->config && i < g->config->n_policies; i++) {
                const Policy *p = &g->config->policies[i];

                if (!groups_policy_names(g, p, slot))
                        continue;
                e->watched = true;
                e->psi |= pressure_of(&p->when) | pressure_of(&p->clear);
        }
}
