/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cgroups as the sentinel reads them. */

#include <string.h>

#include "base/macro.h"
#include "engine/sampler-private.h"
#include "kernel/cgroup-memory.h"
#include "kernel/psi.h"

static void read_swap(const GroupSlot *slot, const SystemRaw *raw, GroupSample *p) {
        uint64_t swap;

        if ((raw->have & source_bit(SOURCE_MEMINFO)) != 0 && raw->swap_total == 0)
                p->swap = 0; /* one read less where there is no swap */
        else if (slot->swap_fd >= 0 && cgroup_value_read_fd(slot->swap_fd, &swap) == CGROUP_OK)
                p->swap = swap;
}

static void read_events(const GroupSlot *slot, GroupSample *p) {
        CgroupEvents e;

        if (slot->events_fd < 0 || cgroup_events_read_fd(slot->events_fd, &e) != CGROUP_OK)
                return; /* as the census left them */
        p->has_events = true;
        p->events[GROUP_EVENT_LOW] = e.low;
        p->events[GROUP_EVENT_HIGH] = e.high;
        p->events[GROUP_EVENT_MAX] = e.max;
        p->events[GROUP_EVENT_OOM] = e.oom;
        p->events[GROUP_EVENT_OOM_KILL] = e.oom_kill;
}

static void read_pressure(const GroupSlot *slot, usec_t now_usec, GroupPressure *p) {
        if (p->at_usec != 0 && usec_since(now_usec, p->at_usec) < SAMPLER_PSI_DISTANCE_USEC)
                return;
        for (int i = 0; i < _PSI_RESOURCE_MAX; i++) {
                PsiStats stats;

                if (slot->psi_fds[i] < 0)
                        continue;
                if (psi_read_fd(slot->psi_fds[i], &stats) == PSI_OK) {
                        sampler_fill_psi(&stats, &p->psi[i]);
                        p->have |= 1U << i;
                } else
                        p->have &= ~(1U << i);
                p->at_usec = now_usec;
        }
}

/* One that is gone says so at every read: it is empty from now on. A file that it never had leaves
 * the census values. */
static void read_kept(
        Sampler *s, GroupSlot *slot, const SystemRaw *raw, usec_t now_usec, GroupSample *p) {
        uint64_t current;
        int r = CGROUP_UNSUPPORTED;

        if (slot->current_fd >= 0)
                r = cgroup_value_read_fd(slot->current_fd, &current);
        if (r == CGROUP_GONE) {
                p->populated = false;
                p->current = p->swap = 0;
                p->at_usec = now_usec;
                return;
        }
        if (r == CGROUP_OK) {
                p->has_memory = true;
                p->current = current;
                p->at_usec = now_usec;
                read_swap(slot, raw, p);
                read_events(slot, p);
                atomic_store_explicit(&slot->read_current, current, memory_order_relaxed);
                atomic_store_explicit(&slot->read_at_usec, now_usec, memory_order_release);
        }
        read_pressure(slot, now_usec, &s->pressure[p->slot]);
}

static void take_pressure(Sampler *s, GroupSample *p) {
        GroupPressure *kept = &s->pressure[p->slot];

        if (kept->generation != p->generation)
                *kept = (GroupPressure){ .generation = p->generation };
        p->psi_have = kept->have;
        p->psi_at_usec = kept->at_usec;
        memcpy(p->psi, kept->psi, sizeof(p->psi));
}

static void fill_groups(Sampler *s, GroupRoster *roster, const RosterListing *listing) {
        size_t n = MIN(listing->n, (size_t) s->groups_max);

        for (size_t i = 0; i < n; i++) {
                group_roster_read(roster, listing->slots[i], &s->groups[i]);
                s->groups[i].kept = i < listing->n_kept;
                if (s->groups[i].kept)
                        take_pressure(s, &s->groups[i]);
        }
        s->n_groups = n;
        s->groups_listing_version = listing->version;
}

void sampler_read_groups(Sampler *s, GroupRoster *roster, const RosterListing *listing,
        bool with_reads, usec_t now_usec, Sample *ret) {
        bool is_new = listing->version != s->groups_listing_version;

        if (is_new)
                fill_groups(s, roster, listing);
        for (size_t i = 0; with_reads && i < listing->n_kept && i < s->n_groups; i++) {
                GroupSample *p = &s->groups[i];

                read_kept(s, group_roster_slot(roster, p->slot), &ret->raw, now_usec, p);
                take_pressure(s, p);
        }
        s->groups_version += is_new || with_reads;

        ret->groups = s->groups;
        ret->n_groups = s->n_groups;
        ret->groups_version = s->groups_version;
        ret->groups_fresh = with_reads;
        if (with_reads)
                ret->groups_at_usec = now_usec;
}
