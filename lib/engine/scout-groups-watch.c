/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hearing of changes: directories that have children are watched first of all, and those that are
 * kept, named or limited. Another leaf may fill or become a parent as well, so it is watched while
 * there are enough left; what nobody hears of is seen at the next census. */

#include <errno.h>

#include "base/fdio.h"
#include "engine/scout-groups-private.h"

#define WATCHES_MAX 1024
#define WATCHES_LEAVES_MAX (WATCHES_MAX / 2)

void groups_watch_open(ScoutGroups *g) {
        int r = cgroup_watch_open(&g->watch);

        g->unheard = r < 0;
        groups_note_error(g, r);
}

void groups_watch_close(ScoutGroups *g) {
        cgroup_watch_done(&g->watch);
        g->n_watches = 0;
        g->root_watch = 0;
}

/* Returns the number of the watch, or 0. */
static int add(ScoutGroups *g, int dir_fd) {
        int r = cgroup_watch_add(&g->watch, dir_fd);

        if (r > 0)
                return r;
        g->unheard = true;
        if (r != -ENOSPC)
                groups_note_error(g, r);
        return 0;
}

void groups_watch_root(ScoutGroups *g) {
        _cleanup_close_ int fd = FD_NONE;

        g->unheard = g->watch.fd < 0;
        if (g->watch.fd < 0 || g->root_watch != 0)
                return;
        fd = fdio_open_dir_at(g->root->cgroup_fd, ".");
        if (fd < 0)
                return;
        g->root_watch = add(g, fd);
        g->n_watches += g->root_watch != 0;
}

bool groups_watch_entry(ScoutGroups *g, uint32_t slot, int dir_fd) {
        GroupEntry *e = &g->entries[slot];
        bool matters = !e->is_leaf || e->kept || e->watched || groups_facts(g, slot)->has_own_limit;

        if (g->watch.fd < 0 || e->watch != 0)
                return false;
        if (g->n_watches >= (matters ? WATCHES_MAX : WATCHES_LEAVES_MAX)) {
                g->unheard = g->unheard || matters;
                return false;
        }
        e->watch = add(g, dir_fd);
        if (e->watch == 0)
                return false;
        g->n_watches++;
        scout_table_add(g->by_watch, e->watch, slot);
        return true;
}

void groups_watch_known(ScoutGroups *g, uint32_t slot, int dir_fd) {
        GroupEntry *e = &g->entries[slot];

        if (!groups_watch_entry(g, slot, dir_fd))
                return;
        e->news_children = e->news_state = e->news_events = true;
        e->read_usec = 0;
        g->watched_late = true;
}

void groups_unwatch(ScoutGroups *g, uint32_t slot) {
        GroupEntry *e = &g->entries[slot];

        if (e->watch == 0)
                return;
        cgroup_watch_remove(&g->watch, e->watch);
        scout_table_remove(g->by_watch, e->watch);
        e->watch = 0;
        g->n_watches--;
}

static void note_entry(ScoutGroups *g, uint32_t slot, CgroupNoticeKind kind) {
        GroupEntry *e = &g->entries[slot];

        switch (kind) {
        case CGROUP_NOTICE_CHILDREN:
                e->news_children = g->heard_change = true;
                break;
        case CGROUP_NOTICE_STATE:
                e->news_state = g->heard_change = true;
                break;
        case CGROUP_NOTICE_EVENTS:
                e->news_events = true;
                g->heard_alarm = g->heard_alarm || e->watched;
                break;
        case CGROUP_NOTICE_ENDED:
        case CGROUP_NOTICE_LOST:
                break;
        }
}

void groups_hear(ScoutGroups *g) {
        CgroupNotice notice;

        while (g->watch.fd >= 0 && cgroup_watch_next(&g->watch, &notice)) {
                uint32_t slot = SCOUT_TABLE_NONE;

                if (notice.kind == CGROUP_NOTICE_LOST)
                        g->walk_all = g->heard_change = true;
                else if (notice.watch == g->root_watch)
                        g->root_news = g->heard_change = true;
                else
                        slot = scout_table_find(g->by_watch, notice.watch);
                if (slot != SCOUT_TABLE_NONE)
                        note_entry(g, slot, notice.kind);
        }
}
