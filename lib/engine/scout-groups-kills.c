/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Kernel OOM kills, each counted once and told of the cgroup where it happened, also when that is
 * gone a moment later: memory.events of the parent still has it (it counts what is below), and what
 * nobody who lives accounts for was in the one that went. */

#include "base/fdio.h"
#include "base/macro.h"
#include "base/number.h"
#include "engine/scout-groups-private.h"
#include "kernel/cgroup-memory.h"
#include "kernel/cgroup-path.h"

/* As long as cgroup.events.* looks back, so that a policy can see it. */
#define GHOST_USEC (10 * USEC_PER_SEC)

/* What was noted so shortly before may have been seen by nobody yet: the sentinel reads now and
 * then. */
#define UNSEEN_USEC (6 * USEC_PER_SEC)

static bool read_tree_kills(int dir_fd, uint64_t *ret) {
        CgroupEvents e;

        if (cgroup_events_read_at(dir_fd, "memory.events", &e) != CGROUP_OK)
                return false;
        *ret = e.oom_kill;
        return true;
}

/* What was told of one was told of all above it. */
static void tell_ancestors(ScoutGroups *g, uint32_t slot, uint64_t n) {
        while (g->entries[slot].parent != GROUPS_ROOT) {
                slot = g->entries[slot].parent;
                g->entries[slot].tree_kills = add_sat_u64(g->entries[slot].tree_kills, n);
        }
}

/* Of a cgroup that came while we looked, all kills are news; but those that the one above it
 * counted before it was looked at first are in its own count. */
static uint64_t news_of(const ScoutGroups *g, const GroupEntry *e, uint64_t kills) {
        if (e->knows_kills)
                return sub_sat_u64(kills, e->tree_kills);
        if (!g->was_walked || e->parent == GROUPS_ROOT ||
                g->entries[e->parent].first_pass == g->pass)
                return 0;
        return kills;
}

/* Of one that has children they are told one by one, as those are read. */
void groups_note_kills(ScoutGroups *g, uint32_t slot, int dir_fd) {
        GroupEntry *e = &g->entries[slot];
        uint64_t kills, news;

        if ((e->knows_kills && !e->is_leaf) || !read_tree_kills(dir_fd, &kills))
                return;
        news = news_of(g, e, kills);
        tell_ancestors(g, slot, news);
        if (news > 0)
                e->killed_usec = g->now_usec;
        e->tree_kills = kills;
        e->knows_kills = true;
}

/* Looks at all that live below one and may have counted kills that were not told yet. */
static void note_below(ScoutGroups *g, uint32_t above) {
        for (uint32_t slot = 0; slot < g->n_slots; slot++) {
                _cleanup_close_ int fd = FD_NONE;
                const GroupEntry *e = &g->entries[slot];

                if (e->used && !e->ghost && e->is_leaf &&
                        cgroup_path_is_below(e->path, g->entries[above].path) &&
                        groups_open_dir(g, slot, &fd) == CGROUP_OK)
                        groups_note_kills(g, slot, fd);
        }
}

/* The kills that the nearest one above that still lives has counted and that were not told. */
static uint64_t unexplained(ScoutGroups *g, uint32_t slot) {
        _cleanup_close_ int fd = FD_NONE;
        uint32_t above = g->entries[slot].parent;
        uint64_t kills;

        while (above != GROUPS_ROOT && groups_open_dir(g, above, &fd) != CGROUP_OK)
                above = g->entries[above].parent;
        if (above == GROUPS_ROOT || !g->entries[above].knows_kills ||
                !read_tree_kills(fd, &kills) || kills <= g->entries[above].tree_kills)
                return 0;
        note_below(g, above);
        return sub_sat_u64(kills, g->entries[above].tree_kills);
}

bool groups_leave_ghost(ScoutGroups *g, uint32_t slot) {
        GroupEntry *e = &g->entries[slot];
        uint64_t n = e->is_leaf && e->knows_kills ? unexplained(g, slot) : 0;
        bool noted = e->killed_usec != 0 && usec_since(g->now_usec, e->killed_usec) < UNSEEN_USEC;
        GroupValues v;

        if (n == 0 && !noted)
                return false;
        tell_ancestors(g, slot, n);
        group_roster_get_values(g->roster, slot, &v);
        v.events[GROUP_EVENT_OOM_KILL] = add_sat_u64(v.events[GROUP_EVENT_OOM_KILL], n);
        v.has_events = 1;
        v.populated = 0;
        v.current = v.swap = 0;
        v.at_usec = g->now_usec;
        group_roster_set_values(g->roster, slot, &v);

        if (e->kept)
                (void) publication_drop_fds(g->publication, slot, false);
        e->kept = false;
        e->ghost = true;
        e->news_children = e->news_state = e->news_events = false;
        e->ghost_until_usec = usec_add(g->now_usec, GHOST_USEC);
        return true;
}

void groups_lay_ghosts(ScoutGroups *g) {
        for (uint32_t slot = 0; slot < g->n_slots; slot++)
                if (g->entries[slot].used && g->entries[slot].ghost &&
                        g->now_usec >= g->entries[slot].ghost_until_usec)
                        groups_retire(g, slot);
}
