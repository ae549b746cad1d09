/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which cgroups are read by the sentinel each tick, and can be ended at once. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/number.h"
#include "engine/scout-groups-private.h"
#include "kernel/cgroup-memory.h"
#include "kernel/cgroup-state.h"

/* Of the places, how many go to those that policies name or that have limits; the others go to the
 * largest, and a quarter of those to who gained most. */
#define SHARE_FAVOURED(n) ((n) - (n) / 4)
#define SHARE_BY_SIZE(n) ((n) - (n) / 4)

/* Who is in stays in until another is clearly larger. */
#define STAY_BONUS_BYTES (1024 * 1024)

/* When descriptors run out: how many places are given up at once, and won back at each census. */
#define CAP_STEP 8

static uint64_t size_key(const GroupEntry *e) {
        return e->kept ? add_sat_u64(e->current, e->current / 8 + STAY_BONUS_BYTES) : e->current;
}

static int compare(uint64_t key_a, uint64_t key_b, uint32_t a, uint32_t b) {
        if (key_a != key_b)
                return key_a > key_b ? -1 : 1;
        return a < b ? -1 : a > b;
}

static int by_size(const void *a, const void *b, void *ctx) {
        const GroupEntry *entries = ctx;
        uint32_t i = *(const uint32_t *) a, j = *(const uint32_t *) b;

        if (entries[i].in_use != entries[j].in_use)
                return entries[i].in_use ? -1 : 1;
        if (entries[i].favoured != entries[j].favoured)
                return entries[i].favoured ? -1 : 1;
        if (entries[i].favoured && entries[i].watched != entries[j].watched)
                return entries[i].watched ? -1 : 1;
        return compare(size_key(&entries[i]), size_key(&entries[j]), i, j);
}

static int by_gain(const void *a, const void *b, void *ctx) {
        const GroupEntry *entries = ctx;
        uint32_t i = *(const uint32_t *) a, j = *(const uint32_t *) b;

        return compare(sub_sat_u64(entries[i].current, entries[i].census_current),
                sub_sat_u64(entries[j].current, entries[j].census_current), i, j);
}

/* What can be a target as a whole: where processes live, and what somebody made as one piece though
 * there are cgroups in it. Slices only when a policy names them. */
static bool is_piece(const GroupEntry *e, const GroupFacts *f) {
        return e->is_leaf || f->is_unit || f->is_user_unit || f->oom_group;
}

static bool is_populated(ScoutGroups *g, uint32_t slot) {
        GroupValues v;

        group_roster_get_values(g->roster, slot, &v);
        return v.populated != 0;
}

/* A victim that is waited for, or a lease that is watched: publication.h (5). */
static bool is_in_use(ScoutGroups *g, uint32_t slot) {
        return atomic_load(&group_roster_slot(g->roster, slot)->reaping) != 0;
}

static size_t choose(ScoutGroups *g) {
        size_t n = 0, places, favoured, large;

        for (uint32_t slot = 0; slot < g->n_slots; slot++) {
                GroupEntry *e = &g->entries[slot];
                const GroupFacts *f;

                e->chosen = e->favoured = e->in_use = false;
                if (!e->used || e->ghost || !is_populated(g, slot))
                        continue;
                f = groups_facts(g, slot);
                e->in_use = is_in_use(g, slot);
                e->favoured = e->in_use || e->watched || f->has_own_limit;
                if (e->favoured || is_piece(e, f))
                        g->order[n++] = slot;
        }

        places = MIN(n, (size_t) g->kept_cap);
        favoured = places < n ? SHARE_FAVOURED(places) : places;
        qsort_r(g->order, n, sizeof(*g->order), by_size, g->entries);
        for (size_t i = favoured; i < n; i++)
                g->entries[g->order[i]].favoured = false;
        qsort_r(g->order, n, sizeof(*g->order), by_size, g->entries);
        for (favoured = 0; favoured < n && g->entries[g->order[favoured]].favoured;)
                favoured++;
        large = places - MIN(favoured, places);
        large = MIN(favoured, places) + (places < n ? SHARE_BY_SIZE(large) : large);
        qsort_r(g->order + large, n - large, sizeof(*g->order), by_gain, g->entries);
        for (size_t i = 0; i < places; i++)
                g->entries[g->order[i]].chosen = true;
        return places;
}

static int prime_value(int fd) {
        uint64_t value;

        return cgroup_value_read_fd(fd, &value);
}

static int prime_events(int fd) {
        CgroupEvents events;

        return cgroup_events_read_fd(fd, &events);
}

static int prime_state(int fd) {
        CgroupState state;

        return cgroup_state_read_fd(fd, &state);
}

static int prime_pressure(int fd) {
        PsiStats stats;

        return psi_read_fd(fd, &stats) == PSI_OK ? CGROUP_OK : CGROUP_UNSUPPORTED;
}

/* A file that is not there, or cannot be read, is no reason to go without the others. The kernel
 * allocates a buffer at the first read of a descriptor: here, not on the sentinel. */
static int open_file(int dir_fd, const char *name, int (*prime)(int fd), int *ret) {
        _cleanup_close_ int fd = FD_NONE;
        int r;

        if (*ret >= 0)
                return CGROUP_OK;
        r = cgroup_file_open_at(dir_fd, name, &fd);
        if (r == CGROUP_OK && prime)
                r = prime(fd);
        if (r == CGROUP_OK)
                *ret = TAKE_FD(fd);
        return r == CGROUP_UNSUPPORTED || r == -EBADMSG ? CGROUP_OK : r;
}

static int open_pressure(ScoutGroups *g, uint32_t slot, int dir_fd) {
        static const char *const names[_PSI_RESOURCE_MAX] = {
                [PSI_MEMORY] = "memory.pressure",
                [PSI_IO] = "io.pressure",
                [PSI_CPU] = "cpu.pressure",
        };
        GroupSlot *s = group_roster_slot(g->roster, slot);
        int r = CGROUP_OK;

        for (int i = 0; i < _PSI_RESOURCE_MAX && r == CGROUP_OK; i++)
                if ((g->entries[slot].psi & (1U << i)) != 0)
                        r = open_file(dir_fd, names[i], prime_pressure, &s->psi_fds[i]);
        return r;
}

static bool is_shortage(int r) {
        return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

static int open_for_acting(int dir_fd, GroupSlot *s) {
        _cleanup_close_ int kill_fd = FD_NONE;
        int r = cgroup_file_open_write_at(dir_fd, "cgroup.kill", &kill_fd);

        if (r == CGROUP_OK && s->kill_fd < 0)
                s->kill_fd = TAKE_FD(kill_fd);
        if (r == CGROUP_GONE || is_shortage(r))
                return r; /* what else stands against it: process by process, then */
        return open_file(dir_fd, "cgroup.procs", NULL, &s->procs_fd);
}

static int open_leased(int dir_fd, LeaseFile file, int *ret) {
        _cleanup_close_ int fd = FD_NONE;
        int r = cgroup_file_open_both_at(dir_fd, lease_file_name(file), &fd);

        if (r == CGROUP_OK)
                r = prime_value(fd);
        if (r == CGROUP_OK && *ret < 0)
                *ret = TAKE_FD(fd);
        return r;
}

/* What cannot be opened cannot be leased; the step says so. */
static int open_for_steps(ScoutGroups *g, int dir_fd, GroupSlot *s) {
        int r = CGROUP_OK;

        if ((g->steps & STEPS_RECLAIM) != 0) {
                _cleanup_close_ int fd = FD_NONE;

                r = cgroup_file_open_write_at(dir_fd, "memory.reclaim", &fd);
                if (r == CGROUP_OK && s->reclaim_fd < 0)
                        s->reclaim_fd = TAKE_FD(fd);
                if (r == CGROUP_OK)
                        r = open_file(dir_fd, "memory.current", prime_value, &s->charged_fd);
        }
        for (int file = 0; file < _LEASE_FILE_MAX && !is_shortage(r); file++)
                if ((g->steps & (1U << file)) != 0 && s->lease_fds[file] < 0)
                        r = open_leased(dir_fd, (LeaseFile) file, &s->lease_fds[file]);
        return is_shortage(r) ? r : CGROUP_OK;
}

static int open_member(ScoutGroups *g, uint32_t slot) {
        _cleanup_close_ int dir_fd = FD_NONE;
        GroupSlot *s = group_roster_slot(g->roster, slot);
        int r = groups_open_dir(g, slot, &dir_fd);

        if (r == CGROUP_OK)
                r = open_file(dir_fd, "cgroup.events", prime_state, &s->state_fd);
        if (r == CGROUP_OK)
                r = open_file(dir_fd, "memory.current", prime_value, &s->current_fd);
        if (r == CGROUP_OK)
                r = open_file(dir_fd, "memory.swap.current", prime_value, &s->swap_fd);
        if (r == CGROUP_OK)
                r = open_file(dir_fd, "memory.events.local", prime_events, &s->events_fd);
        if (r == CGROUP_OK)
                r = open_file(dir_fd, "memory.events", prime_events, &s->events_fd);
        if (r == CGROUP_OK)
                r = open_pressure(g, slot, dir_fd);
        if (r == CGROUP_OK && g->options.may_act)
                r = open_for_acting(dir_fd, s);
        if (r == CGROUP_OK && g->options.may_act)
                r = open_for_steps(g, dir_fd, s);
        if (r == CGROUP_OK)
                groups_watch_known(g, slot, dir_fd);
        return r;
}

/* Files that are asked for since the others were opened. While it is in use they have to wait: what
 * is done to it is undone through those that are open. */
static bool lacks_files(ScoutGroups *g, uint32_t slot) {
        const GroupEntry *e = &g->entries[slot];

        return ((e->psi & ~e->psi_opened) != 0 || (g->steps & ~e->steps_opened) != 0) &&
                !is_in_use(g, slot);
}

static bool has_fds(const GroupSlot *s) {
        return s->state_fd >= 0 || s->current_fd >= 0 || s->procs_fd >= 0;
}

/* Returns false when there is nothing left to open with. */
static bool enter(ScoutGroups *g, uint32_t slot) {
        GroupEntry *e = &g->entries[slot];
        const GroupSlot *s = group_roster_slot(g->roster, slot);
        int r = CGROUP_OK;

        if (e->kept)
                return true;
        if (has_fds(s)) {
                if (!e->opened)
                        return true; /* again when they are closed: readers may look at them */
                publication_keep_fds(g->publication, slot); /* the drop is called off */
                e->kept = true;
                return true;
        }

        publication_keep_fds(g->publication, slot);
        e->psi_opened = e->psi;
        e->steps_opened = g->steps;
        r = open_member(g, slot);
        e->opened = e->kept = r == CGROUP_OK;
        if (!e->kept)
                (void) publication_drop_fds(g->publication, slot, false);
        groups_note_error(g, r);
        return !is_shortage(r);
}

static void leave(ScoutGroups *g, uint32_t slot) {
        g->entries[slot].kept = false;
        (void) publication_drop_fds(g->publication, slot, false); /* refused: see drop_left() */
}

/* What waits for readers is bounded: who could not be dropped is dropped at a later pass. */
static void drop_left(ScoutGroups *g) {
        for (uint32_t slot = 0; slot < g->n_slots; slot++) {
                const GroupEntry *e = &g->entries[slot];

                if (e->used && !e->kept && has_fds(group_roster_slot(g->roster, slot)))
                        (void) publication_drop_fds(g->publication, slot, false);
        }
}

void groups_keep(ScoutGroups *g) {
        size_t n;

        if (g->kind >= SCOUT_GROUPS_CENSUS && g->kept_cap < g->kept_max)
                g->kept_cap = MIN(g->kept_cap + CAP_STEP, g->kept_max);

        n = choose(g);
        for (uint32_t slot = 0; slot < g->n_slots; slot++) {
                GroupEntry *e = &g->entries[slot];

                if (!e->kept || (e->chosen && !lacks_files(g, slot)))
                        continue;
                e->opened = e->opened && !lacks_files(g, slot);
                leave(g, slot);
        }
        drop_left(g);
        for (size_t i = 0; i < n; i++)
                if (!enter(g, g->order[i])) {
                        g->kept_cap = g->n_kept > 2 * CAP_STEP ? g->n_kept - CAP_STEP : CAP_STEP;
                        break;
                }
        g->n_kept = 0;
        for (uint32_t slot = 0; slot < g->n_slots; slot++)
                g->n_kept += g->entries[slot].kept;
}

void groups_keep_nobody(ScoutGroups *g) {
        for (uint32_t slot = 0; slot < g->n_slots; slot++)
                if (g->entries[slot].used)
                        leave(g, slot);
}

static int by_plain_size(const void *a, const void *b, void *ctx) {
        const GroupEntry *entries = ctx;
        uint32_t i = *(const uint32_t *) a, j = *(const uint32_t *) b;

        return compare(entries[i].current, entries[j].current, i, j);
}

void groups_sort_kept(ScoutGroups *g, RosterListing *l) {
        qsort_r(l->slots, l->n_kept, sizeof(*l->slots), by_plain_size, g->entries);
}
