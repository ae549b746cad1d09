/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-history.h"

#include <stdlib.h>

#include "base/macro.h"
#include "base/number.h"

#define ENOMEM_NEGATIVE (-12) /* errno.h belongs to those who do I/O */

/* A window bridges no longer gap than this: who was not read for longer has none to lose. */
#define WINDOW_KEPT_USEC (20 * USEC_PER_SEC)

int group_history_init(GroupHistory *h, uint32_t groups_max) {
        *h = (GroupHistory){ .n_tracks = groups_max };

        /* calloc() of these sizes maps fresh pages: what is never used costs nothing. */
        h->tracks = calloc(MAX(groups_max, UINT32_C(1)), sizeof(*h->tracks));
        h->windows = calloc(GROUP_WINDOWS_MAX, sizeof(*h->windows));
        if (h->tracks && h->windows)
                return 0;
        group_history_done(h);
        return ENOMEM_NEGATIVE;
}

void group_history_done(GroupHistory *h) {
        free(h->tracks);
        free(h->windows);
        *h = (GroupHistory){ 0 };
}

/* ---- pressure */

static bool is_owner(const GroupWindowOwner *o, const GroupSample *g) {
        return o->used && o->slot == g->slot && o->generation == g->generation;
}

/* The windows of a cgroup: its own, or free ones; NULL when all are in use. (1) */
static PsiWindows *windows_of(GroupHistory *h, const GroupSample *g) {
        int free_one = -1;

        for (int i = 0; i < GROUP_WINDOWS_MAX; i++) {
                const GroupWindowOwner *o = &h->owners[i];

                if (is_owner(o, g)) {
                        h->owners[i].last_usec = MAX(o->last_usec, g->psi_at_usec);
                        return &h->windows[i];
                }
                if (free_one < 0 &&
                        (!o->used || usec_since(g->psi_at_usec, o->last_usec) > WINDOW_KEPT_USEC))
                        free_one = i;
        }
        if (free_one < 0)
                return NULL;

        h->owners[free_one] = (GroupWindowOwner){ true, g->slot, g->generation, g->psi_at_usec };
        psi_windows_init(&h->windows[free_one]);
        return &h->windows[free_one];
}

static void read_pressure(const PsiWindows *w, GroupSample *g, PsiResource r, PsiKind kind) {
        uint16_t *to = &g->pressure[metric_psi(r, kind, PSI_1S) - METRIC_PSI_FIRST];

        for (int i = PSI_1S; i < PSI_AVG10; i++) {
                Reading own = psi_windows_read(w, r, kind, (PsiWindow) i);

                if (!own.known)
                        continue;
                to[i] = (uint16_t) own.value;
                g->pressure_usec[i] = MIN(g->pressure_usec[i], own.since_usec);
        }
        for (int i = PSI_AVG10; i < _PSI_WINDOW_MAX; i++)
                to[i] = (uint16_t) MIN(g->psi[r].avg_permyriad[kind][i - PSI_AVG10],
                        (uint32_t) PRESSURE_UNKNOWN - 1);
}

static void derive_pressure(GroupHistory *h, GroupSample *g, bool grace) {
        PsiWindows *w;

        for (int i = 0; i < _PSI_METRICS; i++)
                g->pressure[i] = PRESSURE_UNKNOWN;
        for (int i = 0; i < PSI_AVG10; i++)
                g->pressure_usec[i] = g->psi_at_usec;
        if (g->psi_have == 0 || !(w = windows_of(h, g)))
                return;

        psi_windows_add(w, g->psi_at_usec, g->psi_have, g->psi);
        for (int r = 0; !grace && r < _PSI_RESOURCE_MAX; r++) {
                if (!(g->psi_have & UINT32_C(1) << r) || !psi_windows_is_sane(w, (PsiResource) r))
                        continue;
                read_pressure(w, g, (PsiResource) r, PSI_SOME);
                if (g->psi[r].has_full)
                        read_pressure(w, g, (PsiResource) r, PSI_FULL);
        }
}

/* ---- amounts */

/* What of the file cache and the slab can be dropped at once is not in use; shmem is on the lists
 * of anonymous memory, so it counts as used. (Documentation/admin-guide/cgroup-v2.rst, memory.stat)
 */
static void derive_unreclaimable(GroupSample *g) {
        uint64_t clean;

        g->unreclaimable_known = false;
        g->unreclaimable = 0;
        if (!g->has_memory || g->stat_at_usec == USEC_UNSET)
                return;

        clean = sub_sat_u64(
                add_sat_u64(g->active_file, g->inactive_file), add_sat_u64(g->dirty, g->writeback));
        g->unreclaimable = sub_sat_u64(g->current, add_sat_u64(clean, g->slab_reclaimable));
        g->unreclaimable = MIN(MAX(g->unreclaimable, g->anon), g->current);
}

static void derive_group(GroupHistory *h, GroupSample *g, usec_t now_usec, bool grace) {
        g->gained_known = g->growth_known = false;
        g->gained = g->shmem_gained = 0;
        g->growth = 0;
        g->pace = g->last_pace = 0;
        g->pace_usec = USEC_UNSET;
        g->refaults[0] = g->refaults[1] = (Reading){ 0 };
        for (int e = 0; e < _GROUP_EVENT_MAX; e++)
                g->recent[e] = 0;
        g->recent_usec = g->at_usec;
        g->oom_kills = 0;
        g->oom_usec = USEC_UNSET;
        derive_unreclaimable(g);
        derive_pressure(h, g, grace);
        if (g->slot < h->n_tracks)
                group_track_advance(&h->tracks[g->slot], g, now_usec, grace);
}

void group_history_advance(GroupHistory *h, Sample *s) {
        if (s->n_groups == 0 ||
                (s->groups_version != 0 && s->groups_version == h->version && !s->grace))
                return;
        h->version = s->groups_version;
        for (size_t i = 0; i < s->n_groups; i++)
                derive_group(h, &s->groups[i], s->raw.at_usec, s->grace);
}

void group_history_pause(GroupHistory *h) {
        for (uint32_t i = 0; i < h->n_tracks; i++)
                if (h->tracks[i].usage.generation_plus_one != 0)
                        group_track_pause(&h->tracks[i]);
        for (int i = 0; i < GROUP_WINDOWS_MAX; i++)
                h->owners[i].used = false;
}
