/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/scout-groups.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/reserve.h"
#include "engine/scout-groups-private.h"
#include "kernel/proc-cgroup.h"
#include "kernel/proc.h"

static void free_facts(void *ctx, GroupFacts *facts) {
        (void) group_facts_free(ctx, facts);
}

int scout_groups_new(
        const ScoutGroupsOptions *options, const LimitsConfig *limits, ScoutGroups **ret) {
        ScoutGroups *g = calloc(1, sizeof(*g));

        if (!g)
                return -ENOMEM;
        g->options = *options;
        g->root = options->root;
        g->roster = options->roster;
        g->publication = group_roster_publication(options->roster);
        g->strings = options->strings;
        g->size = MAX(limits->cgroups, 1);
        g->kept_max = g->kept_cap = options->kept_max;
        g->watch = CGROUP_WATCH_INIT;
        for (g->n_buckets = 64; g->n_buckets < g->size && g->n_buckets < UINT32_MAX / 2;)
                g->n_buckets *= 2;

        g->entries = reserve_new(g->size, sizeof(*g->entries));
        g->buckets = reserve_new(g->n_buckets, sizeof(*g->buckets));
        g->queue = reserve_new(g->size, sizeof(*g->queue));
        g->order = reserve_new(g->size, sizeof(*g->order));
        g->list_buf = reserve_new(1, GROUPS_LIST_BUFFER);
        if (!g->entries || !g->buckets || !g->queue || !g->order || !g->list_buf ||
                scout_table_new(g->size, &g->by_watch) < 0) {
                scout_groups_free(g);
                return -ENOMEM;
        }
        group_roster_set_free_facts(g->roster, free_facts, g->strings);
        if (options->may_act)
                groups_watch_open(g);
        *ret = g;
        return 0;
}

ScoutGroups *scout_groups_free(ScoutGroups *g) {
        if (!g)
                return NULL;

        groups_disarm_triggers(g);
        groups_watch_close(g);
        publication_forget(g->publication); /* facts point to the strings */
        for (uint32_t slot = 0; g->entries && slot < g->n_slots; slot++)
                fact_strings_unref(g->strings, g->entries[slot].path);
        (void) scout_table_free(g->by_watch);
        (void) reserve_free(g->entries, g->size, sizeof(*g->entries));
        (void) reserve_free(g->buckets, g->n_buckets, sizeof(*g->buckets));
        (void) reserve_free(g->queue, g->size, sizeof(*g->queue));
        (void) reserve_free(g->order, g->size, sizeof(*g->order));
        (void) reserve_free(g->list_buf, 1, GROUPS_LIST_BUFFER);
        free(g);
        return NULL;
}

void scout_groups_set_root(ScoutGroups *g, const SysRoot *root) {
        RosterListing *empty;

        groups_keep_nobody(g);
        empty = publication_begin(g->publication);
        if (empty)
                publication_publish(g->publication, empty);
        publication_collect(g->publication);
        g->root = g->options.root = root;
}

void scout_groups_take_config(ScoutGroups *g, const Config *config) {
        g->config = config;
        g->steps = groups_steps_of(config);
        for (uint32_t slot = 0; slot < g->n_slots; slot++)
                if (g->entries[slot].used && !g->entries[slot].ghost)
                        groups_match_policies(g, slot);
}

void scout_groups_on_listing(ScoutGroups *g, ScoutGroupsNotice notice, void *ctx) {
        g->on_listing = notice;
        g->on_listing_ctx = ctx;
}

void groups_note_error(ScoutGroups *g, int r) {
        if (r < 0)
                g->last_error = r;
}

/* We may be moved. */
static void find_ourselves(ScoutGroups *g) {
        _cleanup_close_ int fd = FD_NONE;
        char path[PROC_CGROUP_PATH_MAX];
        bool deleted;

        if (!g->options.may_act)
                return;
        fd = fdio_open_dir_at(g->root->proc_fd, "self");
        if (fd >= 0 && proc_cgroup_read_at(fd, path, sizeof(path), &deleted) == PROC_OK)
                (void) text_copy(g->own_path, sizeof(g->own_path), path);
}

static void publish(ScoutGroups *g) {
        RosterListing *l = publication_begin(g->publication);

        if (!l)
                return; /* readers hold all the others: at the next pass */

        for (int kept = 1; kept >= 0; kept--) {
                for (uint32_t slot = 0; slot < g->n_slots; slot++)
                        if (g->entries[slot].used && g->entries[slot].kept == (kept != 0))
                                l->slots[l->n++] = slot;
                if (kept)
                        l->n_kept = l->n;
        }
        groups_sort_kept(g, l);
        l->census_usec = g->now_usec;
        l->n_seen = g->n_seen;
        publication_publish(g->publication, l);
}

static void pass(ScoutGroups *g, ScoutGroupsPass kind, usec_t now_usec) {
        publication_collect(g->publication);
        g->pass++;
        g->watched_late = false;
        g->kind = g->was_walked ? kind : SCOUT_GROUPS_FULL;
        g->now_usec = now_usec;
        if (g->kind >= SCOUT_GROUPS_CENSUS)
                find_ourselves(g);

        groups_hear(g);
        groups_walk(g);
        groups_read_known(g);
        groups_lay_ghosts(g);
        groups_keep(g);
        groups_arm_triggers(g);
        if (g->on_listing)
                g->on_listing(g->on_listing_ctx, g->n_slots);
        publish(g);
        publication_collect(g->publication);

        for (uint32_t slot = 0; g->kind >= SCOUT_GROUPS_CENSUS && slot < g->n_slots; slot++)
                g->entries[slot].census_current = g->entries[slot].current;
}

/* What changed before a watch was there is heard of by nobody: it is looked for at once. */
void scout_groups_pass(ScoutGroups *g, ScoutGroupsPass kind, usec_t now_usec) {
        if (g->root->cgroup_fd < 0)
                return;
        pass(g, kind, now_usec);
        if (g->watched_late)
                pass(g, SCOUT_GROUPS_NEWS, now_usec);
}

bool scout_groups_gained(const ScoutGroups *g, const char *path) {
        uint32_t slot = groups_find(g, path);

        return slot != GROUPS_NONE && g->entries[slot].gained;
}

bool scout_groups_can_wait(const ScoutGroups *g) {
        return !g->heard_change;
}

bool scout_groups_has_news(const ScoutGroups *g) {
        if (g->root_news || g->walk_all)
                return true;
        for (uint32_t slot = 0; slot < g->n_slots; slot++) {
                const GroupEntry *e = &g->entries[slot];

                if (e->used && (e->news_children || e->news_state || e->news_events))
                        return true;
        }
        return false;
}

void scout_groups_stats(const ScoutGroups *g, ScoutGroupsStats *ret) {
        *ret = (ScoutGroupsStats){
                .seen = g->n_seen,
                .kept = g->n_kept,
                .dropped = g->n_dropped,
                .watches = g->n_watches,
                .triggers = g->n_triggers,
                .unheard = g->unheard,
                .short_of_fds = g->kept_cap < g->kept_max,
                .last_error = g->last_error,
        };
        for (uint32_t slot = 0; slot < g->n_slots; slot++)
                ret->known += g->entries[slot].used && !g->entries[slot].ghost;
}
