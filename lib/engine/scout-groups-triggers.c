/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pressure triggers of the cgroups whose pressure policies ask for: each atom's own kind, at half
 * of the least that is asked of it, so that the look comes before it is true. */

#include <stdlib.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "base/number.h"
#include "engine/scout-groups-private.h"
#include "kernel/cgroup.h"

#define WINDOW_USEC USEC_PER_SEC
#define THRESHOLD_MIN_USEC (50 * USEC_PER_MSEC)

PsiResource groups_psi_resource(MetricId metric) {
        return (PsiResource) (((int) metric - (int) METRIC_CGROUP_PSI_FIRST) /
                ((int) _PSI_KIND_MAX * (int) _PSI_WINDOW_MAX));
}

static PsiStall stall_of(MetricId metric) {
        int at = ((int) metric - (int) METRIC_CGROUP_PSI_FIRST) % (_PSI_KIND_MAX * _PSI_WINDOW_MAX);

        return at / _PSI_WINDOW_MAX == PSI_FULL ? PSI_STALL_FULL : PSI_STALL_SOME;
}

static usec_t threshold_of(const Atom *atom) {
        usec_t threshold = mul_div_u64(WINDOW_USEC,
                (uint64_t) MIN(MAX(atom->threshold, INT64_C(0)), INT64_C(10000)), 20000);

        return MAX(threshold, THRESHOLD_MIN_USEC);
}

/* What is refused stays on the list, so that it is not tried again at each pass. */
static void open_trigger(ScoutGroups *g, GroupTrigger *t) {
        static const char *const names[_PSI_RESOURCE_MAX] = {
                [PSI_MEMORY] = "memory.pressure",
                [PSI_IO] = "io.pressure",
                [PSI_CPU] = "cpu.pressure",
        };
        _cleanup_close_ int dir_fd = FD_NONE;

        psi_trigger_done(&t->psi);
        t->threshold_usec = t->wanted_usec;
        if (groups_open_dir(g, t->slot, &dir_fd) == CGROUP_OK)
                (void) psi_trigger_open(dir_fd, names[t->resource], t->stall, t->threshold_usec,
                        WINDOW_USEC, &t->psi);
}

static GroupTrigger *find(ScoutGroups *g, const GroupTrigger *t) {
        for (size_t i = 0; i < g->n_triggers; i++) {
                GroupTrigger *have = &g->triggers[i];

                if (have->slot == t->slot && have->generation == t->generation &&
                        have->resource == t->resource && have->stall == t->stall)
                        return have;
        }
        return NULL;
}

/* Of several that ask for the same, the first to be true counts. */
static void want(ScoutGroups *g, uint32_t slot, const Atom *atom, bool may_add) {
        GroupTrigger t = {
                .slot = slot,
                .generation = atomic_load_explicit(
                        &group_roster_slot(g->roster, slot)->generation, memory_order_relaxed),
                .resource = groups_psi_resource(atom->metric),
                .stall = stall_of(atom->metric),
                .psi = PSI_TRIGGER_INIT,
                .wanted_usec = threshold_of(atom),
        };
        GroupTrigger *have = find(g, &t);

        if (have)
                have->wanted_usec = MIN(have->wanted_usec, t.wanted_usec);
        else if (may_add && g->n_triggers < ELEMENTS(g->triggers))
                g->triggers[g->n_triggers++] = t;
}

static void want_all(ScoutGroups *g, uint32_t slot, const Condition *c, bool may_add) {
        for (size_t i = 0; i < c->n_nodes; i++)
                if (c->nodes[i].kind == COND_ATOM && metric_is_cgroup_psi(c->nodes[i].atom.metric))
                        want(g, slot, &c->nodes[i].atom, may_add);
}

static void mark(ScoutGroups *g, bool may_add) {
        for (uint32_t slot = 0; slot < g->n_slots; slot++) {
                const GroupEntry *e = &g->entries[slot];

                if (!e->used || !e->kept || e->psi == 0)
                        continue;
                for (size_t i = 0; i < g->config->n_policies; i++)
                        if (groups_policy_names(g, &g->config->policies[i], slot))
                                want_all(g, slot, &g->config->policies[i].when, may_add);
        }
}

static void want_none(ScoutGroups *g) {
        for (size_t i = 0; i < g->n_triggers; i++)
                g->triggers[i].wanted_usec = USEC_UNSET;
}

static void close_unwanted(ScoutGroups *g) {
        size_t n = 0;

        for (size_t i = 0; i < g->n_triggers; i++)
                if (g->triggers[i].wanted_usec != USEC_UNSET)
                        g->triggers[n++] = g->triggers[i];
                else
                        psi_trigger_done(&g->triggers[i].psi);
        g->n_triggers = n;
}

/* Those that are not wanted any more make room first. */
void groups_arm_triggers(ScoutGroups *g) {
        if (!g->options.may_act || !g->config)
                return;
        want_none(g);
        mark(g, false);
        close_unwanted(g);
        mark(g, true);
        for (size_t i = 0; i < g->n_triggers; i++)
                if (g->triggers[i].threshold_usec != g->triggers[i].wanted_usec)
                        open_trigger(g, &g->triggers[i]);
}

void groups_disarm_triggers(ScoutGroups *g) {
        want_none(g);
        close_unwanted(g);
}

size_t scout_groups_poll_fds(const ScoutGroups *g, struct pollfd *fds) {
        size_t n = 0;

        fds[n++] = (struct pollfd){ .fd = g->watch.fd, .events = POLLIN };
        for (size_t i = 0; i < g->n_triggers; i++)
                fds[n++] = (struct pollfd){ .fd = g->triggers[i].psi.fd, .events = POLLPRI };
        return n;
}

bool scout_groups_polled(ScoutGroups *g, const struct pollfd *fds, size_t n) {
        bool fired;

        g->heard_alarm = g->heard_change = false;
        if (n > 0 && fds[0].revents != 0)
                groups_hear(g);
        fired = g->heard_alarm;
        for (size_t i = 1; i < n && i <= g->n_triggers; i++) {
                GroupTrigger *t = &g->triggers[i - 1];

                if (fds[i].fd != t->psi.fd || fds[i].revents == 0)
                        continue;
                if ((fds[i].revents & (POLLERR | POLLNVAL)) != 0)
                        psi_trigger_done(
                                &t->psi); /* its cgroup is gone: it would wake us for ever */
                else
                        fired = true;
        }
        g->heard_change = g->heard_change || fired;
        return fired;
}
