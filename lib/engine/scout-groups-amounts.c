/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What cgroups hold, as the scout reads it, and whose turn it is. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/fdio.h"
#include "base/number.h"
#include "engine/scout-groups-private.h"
#include "kernel/cgroup-memory.h"
#include "kernel/cgroup-stat.h"
#include "kernel/cgroup-state.h"

/* What counts as a gain: 4 MiB and a sixteenth. Less is noise of the page cache, which counts here
 * too. */
#define GAIN_MIN_BYTES (UINT64_C(4) * 1024 * 1024)
#define GAIN_SHARE 16

/* How old memory.stat of a kept one may become while something is going on: near its limit, or not.
 */
#define STAT_TIGHT_USEC USEC_PER_SEC
#define STAT_BUSY_USEC (10 * USEC_PER_SEC)

/* Of its limit, or of twice its size without one: what may be charged to a kept one beyond its
 * memory.stat until that is read again. */
#define UNEXPLAINED_PART 32

/* Of an other one, only from this size on: reading it may cost the kernel a walk over the tree. */
#define STAT_MIN_BYTES (UINT64_C(16) * 1024 * 1024)

/* Of those that are not kept, how many are looked at in turn: at memory.current alone, and fully.
 */
#define SLICE_GLANCE 1024
#define SLICE_CENSUS 128
#define SLICE_BUSY 64

static void fill_stat(const CgroupStat *s, usec_t now_usec, GroupValues *v) {
        v->stat_at_usec = now_usec;
        v->anon = s->anon;
        v->file = s->file;
        v->shmem = s->shmem;
        v->kernel = s->kernel;
        v->active_file = s->active_file;
        v->inactive_file = s->inactive_file;
        v->dirty = s->file_dirty;
        v->writeback = s->file_writeback;
        v->slab_reclaimable = s->slab_reclaimable;
        v->refault_anon = s->refault_anon;
        v->refault_file = s->refault_file;
}

/* Each file by itself: one that is missing or says nonsense is no reason to go without the others.
 */
static int read_amounts(ScoutGroups *g, int dir_fd, GroupValues *v) {
        uint64_t value;
        int r = cgroup_value_read_at(dir_fd, "memory.current", &value);

        if (r == CGROUP_GONE)
                return r;
        groups_note_error(g, r);
        v->has_memory = r == CGROUP_OK;
        if (r != CGROUP_OK)
                return CGROUP_OK;

        v->current = value;
        r = cgroup_value_read_at(dir_fd, "memory.swap.current", &value);
        v->swap = r == CGROUP_OK ? value : 0;
        v->at_usec = g->now_usec;
        return r == CGROUP_GONE ? r : CGROUP_OK;
}

static int read_events(int dir_fd, GroupValues *v) {
        CgroupEvents e;
        int r = cgroup_events_read_at(dir_fd, "memory.events.local", &e);

        if (r == CGROUP_UNSUPPORTED)
                r = cgroup_events_read_at(dir_fd, "memory.events", &e);
        v->has_events = r == CGROUP_OK;
        if (r == CGROUP_OK) {
                v->events[GROUP_EVENT_LOW] = e.low;
                v->events[GROUP_EVENT_HIGH] = e.high;
                v->events[GROUP_EVENT_MAX] = e.max;
                v->events[GROUP_EVENT_OOM] = e.oom;
                v->events[GROUP_EVENT_OOM_KILL] = e.oom_kill;
        }
        return r;
}

static void note_gain(GroupEntry *e) {
        e->gained = e->current > e->gain_base &&
                e->current - e->gain_base >= MAX(GAIN_MIN_BYTES, e->gain_base / GAIN_SHARE);
        if (e->gained || e->current < e->gain_base)
                e->gain_base = e->current;
}

int groups_read(ScoutGroups *g, uint32_t slot, int dir_fd, bool with_stat) {
        GroupEntry *e = &g->entries[slot];
        CgroupState state;
        GroupValues v;
        CgroupStat stat;
        int r;

        group_roster_get_values(g->roster, slot, &v);
        r = cgroup_state_read_at(dir_fd, &state);
        if (r == CGROUP_OK) {
                v.populated = state.populated;
                r = read_amounts(g, dir_fd, &v);
        }
        if (r != CGROUP_OK)
                return r;
        if (v.has_memory && read_events(dir_fd, &v) == CGROUP_GONE)
                return CGROUP_GONE;
        if (v.has_memory && (with_stat || (e->stat_usec == 0 && v.current >= STAT_MIN_BYTES))) {
                r = cgroup_stat_read_at(dir_fd, &stat);
                if (r == CGROUP_OK)
                        fill_stat(&stat, g->now_usec, &v);
                groups_note_error(g, r);
                e->stat_usec = g->now_usec;
        }

        e->current = v.current;
        e->read_usec = g->now_usec;
        note_gain(e);
        group_roster_set_values(g->roster, slot, &v);
        return CGROUP_OK;
}

static GroupBounds bounds_of(const ScoutGroups *g, uint32_t slot) {
        GroupBounds b = { CGROUP_NO_LIMIT, CGROUP_NO_LIMIT };

        for (; slot != GROUPS_ROOT; slot = g->entries[slot].parent) {
                const GroupSettings *settings = &g->entries[slot].settings;

                if (!settings->has_limit_files)
                        continue;
                b.max_bytes = MIN(b.max_bytes, settings->max_bytes);
                b.high_bytes = MIN(b.high_bytes, settings->high_bytes);
        }
        return b;
}

static int set_facts(ScoutGroups *g, uint32_t slot) {
        const GroupEntry *e = &g->entries[slot];
        const GroupFacts *old = groups_facts(g, slot);
        const GroupBounds bounds = bounds_of(g, slot);
        GroupFacts *facts = group_facts_new(g->strings, e->path, &e->settings, &bounds,
                g->options.may_act ? g->own_path : NULL);

        if (!facts)
                return -ENOMEM;
        facts->born_watched = e->born_watched;
        if ((old && group_facts_equal(facts, old)) ||
                !group_roster_set_facts(g->roster, slot, facts))
                (void) group_facts_free(g->strings, facts); /* refused: at the next look again */
        return CGROUP_OK;
}

int groups_refresh_facts(ScoutGroups *g, uint32_t slot, int dir_fd) {
        GroupSettings *settings = &g->entries[slot].settings, before = *settings;
        int r = group_settings_read(dir_fd, settings);

        if (r != CGROUP_OK)
                return r;
        if (settings->max_bytes != before.max_bytes || settings->high_bytes != before.high_bytes ||
                settings->has_limit_files != before.has_limit_files)
                g->settings_changed = true;
        return set_facts(g, slot);
}

/* A limit binds all below it as well. */
static void spread_limits(ScoutGroups *g) {
        for (uint32_t slot = 0; g->settings_changed && slot < g->n_slots; slot++) {
                GroupBounds b;

                if (!g->entries[slot].used || g->entries[slot].ghost)
                        continue;
                b = bounds_of(g, slot);
                if (b.max_bytes != groups_facts(g, slot)->limit_bytes ||
                        b.high_bytes != groups_facts(g, slot)->high_bytes)
                        groups_note_error(g, set_facts(g, slot));
        }
        g->settings_changed = false;
}

/* Its own size, or how much of what binds it is in use: the limit of a slice is shared. */
static bool is_tight(const ScoutGroups *g, const GroupEntry *e, const GroupFacts *facts) {
        const uint64_t limit = MIN(facts->limit_bytes, facts->high_bytes);

        if (e->current > add_sat_u64(e->census_current, e->census_current / GAIN_SHARE))
                return true;
        for (;;) {
                if (e->settings.has_limit_files &&
                        MIN(e->settings.max_bytes, e->settings.high_bytes) == limit &&
                        limit != UINT64_MAX)
                        return e->current >= limit - limit / 4;
                if (e->parent == GROUPS_ROOT)
                        return false;
                e = &g->entries[e->parent];
        }
}

static bool was_changed(const ScoutGroups *g, uint32_t slot) {
        GroupSlot *s = group_roster_slot(g->roster, slot);

        return atomic_load_explicit(&s->was_changed, memory_order_relaxed) &&
                atomic_exchange_explicit(&s->was_changed, false, memory_order_acquire);
}

/* Takes over what the sentinel read meanwhile. */
static void take_reading(ScoutGroups *g, uint32_t slot) {
        GroupSlot *s = group_roster_slot(g->roster, slot);
        usec_t at = atomic_load_explicit(&s->read_at_usec, memory_order_acquire);

        if (at == 0 || at <= g->entries[slot].read_usec)
                return;
        g->entries[slot].current = atomic_load_explicit(&s->read_current, memory_order_relaxed);
}

/* Much was charged since memory.stat was read: is it page cache, or memory that stays? */
static bool is_unexplained(const ScoutGroups *g, uint32_t slot) {
        uint64_t limit = MIN(groups_facts(g, slot)->limit_bytes, g->entries[slot].current * 2);
        GroupValues v;

        group_roster_get_values(g->roster, slot, &v);
        return v.has_memory &&
                sub_sat_u64(g->entries[slot].current,
                        add_sat_u64(add_sat_u64(v.anon, v.file), v.kernel)) >
                limit / UNEXPLAINED_PART;
}

static bool is_stat_due(const ScoutGroups *g, uint32_t slot) {
        const GroupEntry *e = &g->entries[slot];
        usec_t age = usec_since(g->now_usec, e->stat_usec);

        if (g->kind >= SCOUT_GROUPS_FULL)
                return true;
        if (g->kind >= SCOUT_GROUPS_CENSUS)
                return e->kept || e->current >= STAT_MIN_BYTES;
        if (!e->kept)
                return false;
        if (is_unexplained(g, slot))
                return true;
        return age >= (is_tight(g, e, groups_facts(g, slot)) ? STAT_TIGHT_USEC : STAT_BUSY_USEC);
}

static void visit(ScoutGroups *g, uint32_t slot, bool with_stat) {
        _cleanup_close_ int fd = FD_NONE;
        GroupEntry *e = &g->entries[slot];
        int r = groups_open_dir(g, slot, &fd);

        if (r == CGROUP_OK)
                r = groups_refresh_facts(g, slot, fd);
        if (r == CGROUP_OK) {
                groups_watch_known(g, slot, fd);
                r = groups_read(g, slot, fd, with_stat);
        }
        if (r != CGROUP_OK) {
                groups_note_error(g, r); /* the listing will tell when it is gone */
                return;
        }
        if (e->news_events || g->kind >= SCOUT_GROUPS_CENSUS)
                groups_note_kills(g, slot, fd);
        e->news_state = e->news_events = false;
}

/* One open instead of ten: whether it has gained. By its path: should another one have taken its
 * place, the listing tells. */
static void glance(ScoutGroups *g, uint32_t slot) {
        GroupEntry *e = &g->entries[slot];
        char name[PATH_MAX];
        GroupValues v;
        uint64_t current;
        int n = snprintf(name, sizeof(name), "%s/memory.current", e->path + 1);

        if (!e->settings.has_limit_files || n < 0 || (size_t) n >= sizeof(name) ||
                cgroup_value_read_at(g->root->cgroup_fd, name, &current) != CGROUP_OK)
                return;
        group_roster_get_values(g->roster, slot, &v);
        v.current = e->current = current;
        v.at_usec = g->now_usec;
        group_roster_set_values(g->roster, slot, &v);
        note_gain(e);
        if (e->gained)
                visit(g, slot, true);
}

/* The others, the next few in turn. */
static void look_around(ScoutGroups *g, uint32_t *cursor, size_t n, bool fully) {
        for (uint32_t i = 0; i < g->n_slots && n > 0; i++) {
                uint32_t slot = *cursor = (*cursor + 1) % g->n_slots;
                const GroupEntry *e = &g->entries[slot];

                if (!e->used || e->ghost || e->kept || e->read_usec == g->now_usec)
                        continue;
                if (fully)
                        visit(g, slot, is_stat_due(g, slot));
                else
                        glance(g, slot);
                n--;
        }
}

static bool is_due(const ScoutGroups *g, const GroupEntry *e, bool stat_due) {
        if (!e->used || e->ghost || e->read_usec == g->now_usec)
                return false;
        if (e->news_state || e->news_events || g->kind >= SCOUT_GROUPS_FULL)
                return true;
        if (!e->kept)
                return false;
        return g->kind >= SCOUT_GROUPS_CENSUS || (g->kind == SCOUT_GROUPS_BUSY && stat_due);
}

void groups_read_known(ScoutGroups *g) {
        for (uint32_t slot = 0; slot < g->n_slots; slot++) {
                GroupEntry *e = &g->entries[slot];
                bool stat_due;

                if (!e->used || e->ghost)
                        continue;
                if (e->kept)
                        take_reading(g, slot);
                e->news_state = was_changed(g, slot) || e->news_state;
                stat_due = is_stat_due(g, slot);
                if (is_due(g, e, stat_due))
                        visit(g, slot, stat_due);
        }
        if (g->kind >= SCOUT_GROUPS_CENSUS) {
                look_around(g, &g->cursor, SLICE_CENSUS, true);
                look_around(g, &g->glance_cursor, SLICE_GLANCE, false);
        } else if (g->kind == SCOUT_GROUPS_BUSY)
                look_around(g, &g->cursor, SLICE_BUSY, true);
        spread_limits(g);
}
