/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tree of cgroups: who is there, who is new, who has gone. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/scout-groups-private.h"
#include "kernel/cgroup-list.h"
#include "kernel/cgroup-path.h"
#include "kernel/cgroup.h"

/* Texts of one table are the same when their addresses are. */
static uint32_t bucket_of(const ScoutGroups *g, const char *path) {
        uint64_t h = (uint64_t) (uintptr_t) path * UINT64_C(0x9e3779b97f4a7c15);

        return (uint32_t) (h >> 32) & (g->n_buckets - 1);
}

uint32_t groups_find(const ScoutGroups *g, const char *path) {
        uint32_t slot = g->buckets[bucket_of(g, path)];

        while (slot != 0 && g->entries[slot - 1].path != path)
                slot = g->entries[slot - 1].next;
        return slot == 0 ? GROUPS_NONE : slot - 1;
}

static void link_entry(ScoutGroups *g, uint32_t slot) {
        uint32_t *head = &g->buckets[bucket_of(g, g->entries[slot].path)];

        g->entries[slot].next = *head;
        *head = slot + 1;
}

static void unlink_entry(ScoutGroups *g, uint32_t slot) {
        uint32_t *at = &g->buckets[bucket_of(g, g->entries[slot].path)];

        while (*at != 0 && *at != slot + 1)
                at = &g->entries[*at - 1].next;
        if (*at != 0)
                *at = g->entries[slot].next;
}

const GroupFacts *groups_facts(const ScoutGroups *g, uint32_t slot) {
        return atomic_load_explicit(
                &group_roster_slot(g->roster, slot)->facts, memory_order_relaxed);
}

/* (2) */
int groups_open_dir(ScoutGroups *g, uint32_t slot, int *ret) {
        _cleanup_close_ int fd = fdio_open_dir_at(g->root->cgroup_fd, g->entries[slot].path + 1);
        struct stat st;

        if (fd < 0)
                return fd == -ENOTDIR ? CGROUP_GONE : cgroup_outcome(fd);
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!g->root->foreign && st.st_ino != g->entries[slot].settings.inode)
                return CGROUP_GONE;
        *ret = TAKE_FD(fd);
        return CGROUP_OK;
}

void groups_retire(ScoutGroups *g, uint32_t slot) {
        GroupEntry *e = &g->entries[slot];

        if (!e->ghost) {
                groups_unwatch(g, slot);
                unlink_entry(g, slot);
        }
        fact_strings_unref(g->strings, e->path);
        *e = (GroupEntry){ 0 };
        publication_retire(g->publication, slot);
}

static void lose(ScoutGroups *g, uint32_t slot) {
        if (groups_leave_ghost(g, slot)) {
                groups_unwatch(g, slot);
                unlink_entry(g, slot);
        } else
                groups_retire(g, slot);
}

static void enqueue(ScoutGroups *g, uint32_t slot) {
        if (g->n_queue < g->size)
                g->queue[g->n_queue++] = slot;
}

/* Watches first, then looks: what changes in between is heard of. */
static int look_at(ScoutGroups *g, uint32_t slot) {
        _cleanup_close_ int fd = FD_NONE;
        GroupEntry *e = &g->entries[slot];
        bool has_children = false;
        int r = groups_open_dir(g, slot, &fd);

        if (r == CGROUP_OK)
                r = groups_refresh_facts(g, slot, fd);
        if (r != CGROUP_OK)
                return r;
        groups_match_policies(g, slot);
        (void) groups_watch_entry(g, slot, fd);

        r = cgroup_has_children_at(fd, ".", !g->root->foreign, &has_children);
        e->is_leaf = !has_children;
        if (r == CGROUP_OK)
                r = groups_read(g, slot, fd, false);
        if (r == CGROUP_OK)
                groups_note_kills(g, slot, fd);
        return r;
}

/* Makes it known, as a reference to `path` goes over. False, and the reference is given up, when it
 * was not: gone again, no slot, no memory. */
static bool admit(ScoutGroups *g, uint32_t parent, const char *path, uint64_t inode, bool is_leaf) {
        uint32_t slot = group_roster_claim(g->roster);
        GroupEntry *e;
        int r;

        if (slot == PUBLICATION_NO_SLOT) {
                g->n_dropped++;
                g->missed = true;
                fact_strings_unref(g->strings, path);
                return false;
        }
        g->n_slots = MAX(g->n_slots, slot + 1);
        e = &g->entries[slot];
        *e = (GroupEntry){
                .used = true,
                .is_leaf = is_leaf,
                .parent = parent,
                .path = path,
                .pass = g->pass,
                .first_pass = g->pass,
                .born_watched = g->was_walked && !g->unlisted,
                .settings = { .inode = inode },
        };
        link_entry(g, slot);

        r = look_at(g, slot);
        if (r != CGROUP_OK) {
                g->missed = g->missed || r != CGROUP_GONE;
                groups_note_error(g, r);
                groups_retire(g, slot);
                return false;
        }
        /* What was there before we looked at all has not grown under our eyes. */
        e->gain_base = e->census_current = g->was_walked && !g->unlisted ? 0 : e->current;
        return true;
}

/* Children before their parents (3): `order` has the gone ones with the longest paths first. */
static int by_depth(const void *a, const void *b, void *ctx) {
        const GroupEntry *entries = ctx;
        size_t i = strlen(entries[*(const uint32_t *) a].path);
        size_t j = strlen(entries[*(const uint32_t *) b].path);

        return i > j ? -1 : i < j;
}

static void lose_all(ScoutGroups *g, size_t n) {
        qsort_r(g->order, n, sizeof(*g->order), by_depth, g->entries);
        for (size_t i = 0; i < n; i++)
                lose(g, g->order[i]);
}

/* Another cgroup has its path: it is gone with all that was below it. (3) */
static void lose_replaced(ScoutGroups *g, uint32_t slot) {
        const char *path = g->entries[slot].path;
        size_t n = 0;

        for (uint32_t i = 0; i < g->n_slots; i++)
                if (g->entries[i].used && !g->entries[i].ghost &&
                        cgroup_path_is_below(g->entries[i].path, path))
                        g->order[n++] = i;
        lose_all(g, n);
}

static void note_child(
        ScoutGroups *g, int dir_fd, uint32_t parent, const char *name, uint64_t inode) {
        const char *above = parent == GROUPS_ROOT ? "" : g->entries[parent].path;
        bool has_children = false, is_new = false;
        char text[PATH_MAX];
        const char *path;
        uint32_t slot;
        int n = snprintf(text, sizeof(text), "%s/%s", above, name);

        g->n_seen++;
        if (n < 0 || (size_t) n >= sizeof(text) ||
                cgroup_has_children_at(dir_fd, name, !g->root->foreign, &has_children) != CGROUP_OK)
                return;
        path = fact_strings_ref(g->strings, text, (size_t) n);
        if (!path) {
                g->missed = true;
                return;
        }

        slot = groups_find(g, path);
        if (slot != GROUPS_NONE && !g->root->foreign && g->entries[slot].settings.inode != inode) {
                lose_replaced(g, slot); /* (2) */
                slot = GROUPS_NONE;
        }
        if (slot != GROUPS_NONE)
                fact_strings_unref(g->strings, path);
        else if (admit(g, parent, path, inode, !has_children)) {
                slot = groups_find(g, path);
                has_children = !g->entries[slot].is_leaf;
                is_new = true;
        } else
                return;

        g->entries[slot].pass = g->pass;
        g->entries[slot].is_leaf = !has_children;
        if (has_children && (is_new || g->kind >= SCOUT_GROUPS_CENSUS || g->walk_all))
                enqueue(g, slot);
        else if (!has_children)
                g->entries[slot].listed = g->pass;
}

/* Lists the children of one. A recorded tree tells a leaf by its having none. */
static void list_children(ScoutGroups *g, uint32_t parent) {
        _cleanup_close_ int fd = FD_NONE;
        const char *name;
        size_t n = 0;
        CgroupList list;
        int r;

        if (parent == GROUPS_ROOT)
                r = fd = fdio_open_dir_at(g->root->cgroup_fd, ".");
        else
                r = groups_open_dir(g, parent, &fd);
        if (r >= 0 && fd >= 0)
                r = cgroup_list_init(&list, fd, g->list_buf, GROUPS_LIST_BUFFER);
        if (r != 0) {
                g->missed = g->missed || r != CGROUP_GONE;
                groups_note_error(g, r);
                return; /* gone: the list of those beside it tells */
        }

        while ((r = cgroup_list_next(&list, &name)) > 0) {
                note_child(g, fd, parent, name, list.inode);
                n++;
        }
        if (r < 0) {
                groups_note_error(g, r);
                return; /* who was not listed may be there all the same */
        }
        if (parent == GROUPS_ROOT)
                g->root_listed = g->pass;
        else {
                g->entries[parent].listed = g->pass;
                g->entries[parent].is_leaf = n == 0;
        }
}

static bool has_gone(const ScoutGroups *g, uint32_t slot) {
        for (;;) {
                const GroupEntry *e = &g->entries[slot];
                uint32_t listed =
                        e->parent == GROUPS_ROOT ? g->root_listed : g->entries[e->parent].listed;

                if (e->pass != g->pass && listed == g->pass)
                        return true;
                if (e->parent == GROUPS_ROOT)
                        return false;
                slot = e->parent;
        }
}

static void lose_gone(ScoutGroups *g) {
        size_t n = 0;

        for (uint32_t slot = 0; slot < g->n_slots; slot++)
                if (g->entries[slot].used && !g->entries[slot].ghost && has_gone(g, slot))
                        g->order[n++] = slot;
        lose_all(g, n);
}

void groups_walk(ScoutGroups *g) {
        bool whole = g->kind >= SCOUT_GROUPS_CENSUS || g->walk_all;
        size_t seen_before = g->n_seen;

        g->n_queue = 0;
        g->missed = false;
        if (whole) {
                g->n_seen = g->n_dropped = 0;
                groups_watch_root(g);
                list_children(g, GROUPS_ROOT);
        } else if (g->root_news)
                list_children(g, GROUPS_ROOT);
        for (uint32_t slot = 0; !whole && slot < g->n_slots; slot++)
                if (g->entries[slot].used && g->entries[slot].news_children)
                        enqueue(g, slot);
        for (size_t i = 0; i < g->n_queue; i++)
                if (g->entries[g->queue[i]].used) /* not replaced meanwhile */
                        list_children(g, g->queue[i]);
        lose_gone(g);

        for (uint32_t slot = 0; slot < g->n_slots; slot++)
                g->entries[slot].news_children = false;
        g->root_news = false;
        g->unlisted = g->missed || (!whole && g->unlisted);
        if (whole)
                g->was_walked = true;
        else
                g->n_seen = seen_before; /* a part was counted: the next walk counts all */
        g->walk_all = false;
}
