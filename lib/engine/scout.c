/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/scout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "config/config-load.h"
#include "engine/reserve.h"
#include "engine/scout-private.h"
#include "kernel/proc-list.h"

/* Between two censuses passes are asked for while something is short: who was born since then and
 * shares his memory must be known before one of them is chosen. */
#define SHARED_AGE_USEC USEC_PER_SEC

/* Newcomers that one pass lists, beyond the processes that can be known. */
#define FRESH_SPARE 1024

static void free_facts(void *ctx, ProcFacts *facts) {
        facts_free(ctx, facts);
}

int scout_new(const ScoutOptions *options, const Config *config, Scout **ret) {
        uint32_t size = MAX(config->limits.processes, 1);
        ScoutGroupsOptions groups = { .root = options->root,
                .roster = options->groups,
                .may_act = options->open_pids && options->root->mounts.cgroup2_whole };
        long ticks = sysconf(_SC_CLK_TCK);
        Scout *s;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->options = *options;
        s->root = options->root;
        s->roster = options->roster;
        s->size = size;
        s->fresh_size = (size_t) size + FRESH_SPARE;
        s->census_usec = USEC_UNSET;
        s->list_fd = s->wake_fd = s->stop_fd = FD_NONE;
        s->kept_max = s->kept_cap = scout_places(&config->limits, &groups.kept_max);
        s->detailed_max = MIN(config->limits.detailed, s->kept_max);

        s->entries = reserve_new(size, sizeof(*s->entries));
        s->order = reserve_new(size, sizeof(*s->order));
        s->fresh = reserve_new(s->fresh_size, sizeof(*s->fresh));
        s->list_buf = reserve_new(1, SCOUT_LIST_BUFFER);
        s->board = reserve_new(1, sizeof(*s->board));
        if (!s->entries || !s->order || !s->fresh || !s->list_buf || !s->board ||
                scout_table_new(size, &s->table) < 0 || fact_strings_new(&s->strings) < 0 ||
                slow_sources_new(s->root, &s->slow_sources) < 0) {
                scout_free(s);
                return -ENOMEM;
        }
        groups.strings = s->strings;
        if (options->groups && scout_groups_new(&groups, &config->limits, &s->groups) < 0) {
                scout_free(s);
                return -ENOMEM;
        }
        if (s->groups)
                scout_groups_on_listing(s->groups, options->on_groups, options->on_listing_ctx);
        s->reader = (FactsReader){
                .root = s->root,
                .strings = s->strings,
                .ticks_per_sec = ticks > 0 ? (uint64_t) ticks : 100,
        };
        roster_set_free_facts(s->roster, free_facts, s->strings);
        scout_set_config(s, config);
        *ret = s;
        return 0;
}

Scout *scout_free(Scout *s) {
        if (!s || !scout_stop(s))
                return NULL;

        (void) scout_groups_free(s->groups);
        if (s->strings)
                roster_forget(s->roster); /* facts point to our strings */
        close_fd(s->list_fd);
        close_fd(s->wake_fd);
        close_fd(s->stop_fd);
        (void) slow_sources_free(s->slow_sources);
        (void) fact_strings_free(s->strings);
        (void) scout_table_free(s->table);
        (void) config_unref(s->config);
        (void) config_unref(atomic_exchange(&s->next_config, NULL));
        (void) reserve_free(s->entries, s->size, sizeof(*s->entries));
        (void) reserve_free(s->order, s->size, sizeof(*s->order));
        (void) reserve_free(s->fresh, s->fresh_size, sizeof(*s->fresh));
        (void) reserve_free(s->list_buf, 1, SCOUT_LIST_BUFFER);
        (void) reserve_free(s->board, 1, sizeof(*s->board));
        free(s);
        return NULL;
}

void scout_set_root(Scout *s, const SysRoot *root) {
        SlowSources *sources = NULL;
        RosterListing *empty;

        scout_keep_nobody(s);
        empty = roster_begin(s->roster);
        if (empty)
                roster_publish(s->roster, empty);
        roster_collect(s->roster);

        if (s->groups)
                scout_groups_set_root(s->groups, root);
        s->root = s->options.root = root;
        s->reader.root = root;
        s->list_fd = close_fd(s->list_fd);
        if (slow_sources_new(root, &sources) == 0) {
                (void) slow_sources_free(s->slow_sources);
                s->slow_sources = sources;
        }
}

/* ---- listing
 * -------------------------------------------------------------------------------------- */

static void note_listed(Scout *s, pid_t pid, ino_t ino) {
        uint32_t slot = scout_table_find(s->table, pid);

        s->n_seen++;
        if (slot != SCOUT_TABLE_NONE) {
                s->entries[slot].pass = s->pass;
                if (s->entries[slot].ino == ino)
                        return;
        }
        if (s->n_fresh < s->fresh_size)
                s->fresh[s->n_fresh++] = (ScoutFresh){ .pid = pid, .ino = ino };
        else
                s->n_outside++;
}

static int list_processes(Scout *s) {
        ProcList list;
        pid_t pid;
        int r;

        s->n_seen = s->n_fresh = s->n_outside = 0;
        if (s->list_fd < 0)
                s->list_fd = proc_list_open(s->root->proc_fd, ".");
        if (s->list_fd < 0)
                return s->list_fd;

        r = proc_list_init(&list, s->list_fd, s->list_buf, SCOUT_LIST_BUFFER);
        if (r < 0)
                return r;
        while ((r = proc_list_next(&list, &pid)) > 0)
                note_listed(s, pid, list.ino);
        return r;
}

/* ---- taking in
 * ------------------------------------------------------------------------------------ */

static void retire_unlisted(Scout *s) {
        for (uint32_t slot = 0; slot < s->n_slots; slot++)
                if (s->entries[slot].used && s->entries[slot].pass != s->pass) {
                        s->stats.vanished++;
                        scout_retire(s, slot);
                }
}

static void take_fresh(Scout *s) {
        scout_take_wanted(s);
        for (size_t i = 0; i < s->n_fresh; i++) {
                uint32_t slot = scout_table_find(s->table, s->fresh[i].pid);

                if (slot == SCOUT_TABLE_NONE) {
                        (void) scout_admit(s, &s->fresh[i]);
                        continue;
                }
                if (s->entries[slot].ino == s->fresh[i].ino)
                        continue; /* just now */
                s->entries[slot].ino = s->fresh[i].ino;
                scout_revisit(s, slot); /* (2) */
        }
}

/* ---- publishing
 * ----------------------------------------------------------------------------------- */

static void add_slots(const Scout *s, RosterListing *l, bool kept, bool detailed) {
        for (uint32_t slot = 0; slot < s->n_slots; slot++) {
                const ScoutEntry *e = &s->entries[slot];

                if (e->used && e->kept == kept && e->detailed == detailed)
                        l->slots[l->n++] = slot;
        }
}

static void publish_listing(Scout *s) {
        RosterListing *l = roster_begin(s->roster);

        if (!l)
                return; /* readers hold all the others: at the next pass */

        add_slots(s, l, true, true);
        l->n_detailed = l->n;
        add_slots(s, l, true, false);
        l->n_kept = l->n;
        scout_sort_kept(s, l);
        add_slots(s, l, false, false);
        l->census_usec = s->now_usec;
        l->n_seen = s->n_seen;
        roster_publish(s->roster, l);

        s->stats.seen = s->n_seen;
        s->stats.known = l->n;
        s->stats.kept = l->n_kept;
}

static void write_stats(Scout *s) {
        snapshot_write(
                &s->board->stats_sequence, s->board->stats, SNAPSHOT_WORDS(ScoutStats), &s->stats);
}

static void add_group_stats(Scout *s) {
        ScoutGroupsStats groups;

        if (!s->groups)
                return;
        scout_groups_stats(s->groups, &groups);
        s->stats.groups_seen = groups.seen;
        s->stats.groups_known = groups.known;
        s->stats.groups_kept = groups.kept;
        s->stats.groups_dropped = groups.dropped;
        s->stats.groups_watches = groups.watches;
        s->stats.groups_unheard = groups.unheard;
        s->stats.groups_triggers = groups.triggers;
        s->stats.short_of_fds = s->stats.short_of_fds || groups.short_of_fds;
}

static void publish_stats(Scout *s, usec_t began_usec) {
        usec_t now = s->options.open_pids ? clock_monotonic_usec() : began_usec;

        s->stats.passes++;
        s->stats.dropped = s->n_outside;
        s->stats.censuses += s->is_census;
        s->stats.last_pass_usec = usec_since(now, began_usec);
        s->stats.longest_pass_usec = MAX(s->stats.longest_pass_usec, s->stats.last_pass_usec);
        s->stats.heartbeat_usec = now;
        s->stats.hidden = s->options.open_pids && scout_table_find(s->table, 1) == SCOUT_TABLE_NONE;
        add_group_stats(s);
        write_stats(s);
}

static void publish_slow(Scout *s) {
        SlowValues v;

        slow_sources_read(s->slow_sources, s->now_usec, &v);
        snapshot_write(&s->board->slow_sequence, s->board->slow, SNAPSHOT_WORDS(SlowValues), &v);
}

static void begin_pass(Scout *s, usec_t now_usec, usec_t boottime_usec, bool force_census) {
        scout_take_config(s);
        s->pass++;
        s->now_usec = now_usec;
        s->boottime_usec = boottime_usec;
        s->is_first = s->census_usec == USEC_UNSET;
        s->is_census = force_census || s->is_first ||
                usec_since(now_usec, s->census_usec) >= s->config->tick.census_usec;
        s->is_full = force_census || s->root->foreign;
        roster_collect(s->roster);
}

static void end_census(Scout *s) {
        for (uint32_t slot = 0; slot < s->n_slots; slot++)
                s->entries[slot].census_size = s->entries[slot].size;
        s->census_usec = s->now_usec;
}

void scout_pass_groups(Scout *s, usec_t now_usec) {
        scout_take_config(s);
        scout_groups_pass(s->groups, SCOUT_GROUPS_NEWS, now_usec);
        add_group_stats(s);
        write_stats(s);
}

int scout_pass(Scout *s, usec_t now_usec, usec_t boottime_usec, bool force_census) {
        usec_t began_usec = s->options.open_pids ? clock_monotonic_usec() : now_usec;
        int r;

        begin_pass(s, now_usec, boottime_usec, force_census);
        publish_slow(s);
        if (s->groups)
                scout_groups_pass(s->groups,
                        s->is_full             ? SCOUT_GROUPS_FULL
                                : s->is_census ? SCOUT_GROUPS_CENSUS
                                               : SCOUT_GROUPS_BUSY,
                        now_usec);
        r = list_processes(s);
        if (r < 0) {
                scout_note_error(s, r);
                publish_stats(s, began_usec);
                return r;
        }

        scout_take_texts(s);
        retire_unlisted(s);
        take_fresh(s);
        scout_read_known(s);
        scout_keep(s);
        if (s->is_census || usec_since(now_usec, s->shared_usec) >= SHARED_AGE_USEC)
                scout_find_shared(s);
        scout_ask_texts(s);
        if (s->options.on_listing)
                s->options.on_listing(s->options.on_listing_ctx, s->n_slots);
        publish_listing(s);
        roster_collect(s->roster);
        if (s->is_census)
                end_census(s);
        publish_stats(s, began_usec);
        return 0;
}

void scout_fill_raw(const Scout *s, SystemRaw *raw) {
        SlowValues v;

        if (!snapshot_read(
                    &s->board->slow_sequence, s->board->slow, SNAPSHOT_WORDS(SlowValues), &v))
                return; /* being written just now: the next tick has them */

        raw->have |= (uint32_t) v.have;
        raw->suspect |= (uint32_t) v.suspect;
        raw->vmstat_at_usec = v.at_usec;
        raw->refault_anon = v.refault_anon;
        raw->refault_file = v.refault_file;
        raw->restore_file = v.restore_file;
        raw->major_faults = v.major_faults;
        raw->scan = v.scan;
        raw->steal = v.steal;
        raw->oom_kills = v.oom_kills;
        raw->zram_original = v.zram_original;
        raw->zram_physical = v.zram_physical;
        raw->zram_limit = v.zram_limit;
        raw->arc_size = v.arc_size;
        raw->arc_min = v.arc_min;
        raw->tmpfs_at_usec = v.tmpfs_at_usec;
        raw->tmpfs_used = v.tmpfs_used;
        raw->tmpfs_largest = v.tmpfs_largest;
        memcpy(raw->tmpfs_mount, v.tmpfs_mount, sizeof(raw->tmpfs_mount));
        raw->watermark_min = v.watermark_min;
        raw->watermark_low = v.watermark_low;
        raw->watermark_high = v.watermark_high;
}

int scout_source_error(const Scout *s, SourceId id) {
        SlowValues v;

        (void) snapshot_read(
                &s->board->slow_sequence, s->board->slow, SNAPSHOT_WORDS(SlowValues), &v);
        return (int) v.errors[id];
}

void scout_stats(const Scout *s, ScoutStats *ret) {
        (void) snapshot_read(
                &s->board->stats_sequence, s->board->stats, SNAPSHOT_WORDS(ScoutStats), ret);
}
