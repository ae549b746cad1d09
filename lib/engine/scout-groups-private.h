/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts of ScoutGroups among themselves.
 *
 * (1) An entry has the number of its roster slot. It is used from when
 * groups_walk() takes its cgroup in to groups_retire(). (2) A cgroup is the same while its
 * directory has the same inode number, which cgroup2 never gives twice; in a recorded tree, while
 * it has the same path. (3) The parent of an entry is used as long as the entry. (4) A ghost is a
 * cgroup that is gone and has something left to tell: it is in the listing for a while, and nowhere
 * else. */

#include "engine/group-facts.h"
#include "engine/scout-groups.h"
#include "engine/scout-table.h"
#include "kernel/cgroup-watch.h"
#include "kernel/psi.h"

#define GROUPS_ROOT (UINT32_MAX - 1) /* as a parent: the root of the tree, which is no entry */
#define GROUPS_NONE UINT32_MAX

#define STEPS_RECLAIM (1U << _LEASE_FILE_MAX)

#define GROUPS_LIST_BUFFER 8192

typedef struct GroupEntry {
        bool used;
        bool ghost; /* (4) */
        bool kept;
        bool is_leaf;                  /* no cgroups below it, as of the last walk */
        bool watched;                  /* a policy names it */
        bool chosen, favoured, in_use; /* while choosing */
        bool gained;
        bool news_children, news_state, news_events;
        bool opened; /* all its descriptors that it can have: for this pressure */
        uint8_t psi; /* 1 << PsiResource: of which pressure is asked for by a policy */
        uint8_t psi_opened;
        uint8_t steps_opened; /* as ScoutGroups.steps when its files were opened */
        uint32_t parent;      /* or GROUPS_ROOT */
        uint32_t next;        /* in the chain of its bucket, or GROUPS_NONE */
        uint32_t pass;        /* the last one that listed it */
        uint32_t first_pass;
        bool born_watched; /* made after all that was there had been taken in */
        uint32_t listed;   /* the last one that listed its children */
        int32_t watch;     /* 0: none */
        bool knows_kills;  /* tree_kills was read */
        const char *path;  /* a reference to the text of the table */
        GroupSettings settings;
        uint64_t current;   /* bytes, as of read_usec */
        uint64_t gain_base; /* what it had when it last counted as grown, or less since */
        uint64_t census_current;
        usec_t killed_usec;  /* when the last one in it was noted; 0: none */
        uint64_t tree_kills; /* oom_kill of memory.events, below it included, as far as told */
        usec_t read_usec, stat_usec; /* 0: never */
        usec_t ghost_until_usec;
} GroupEntry;

/* Refused ones have no descriptor. */
typedef struct GroupTrigger {
        uint32_t slot, generation;
        PsiResource resource;
        PsiStall stall;
        usec_t threshold_usec; /* it was opened with, or refused; 0: not tried yet */
        usec_t wanted_usec;    /* the least that policies ask for; USEC_UNSET: nothing */
        PsiTrigger psi;
} GroupTrigger;

struct ScoutGroups {
        ScoutGroupsOptions options;
        const SysRoot *root;
        GroupRoster *roster;
        Publication *publication;
        FactStrings *strings;
        const Config *config;
        uint8_t steps; /* 1 << LeaseFile, and STEPS_RECLAIM: what a policy's step may write to */
        ScoutGroupsNotice on_listing;
        void *on_listing_ctx;

        GroupEntry *entries; /* by slot */
        uint32_t size;
        uint32_t n_slots;  /* entries ever used */
        uint32_t *buckets; /* by path: the first slot of the chain, plus 1; 0: none */
        uint32_t n_buckets;
        uint32_t *queue; /* slots whose children are to be listed */
        size_t n_queue;
        uint32_t *order; /* slots, while choosing */
        char *list_buf;

        uint32_t pass;
        ScoutGroupsPass kind;
        usec_t now_usec;
        bool was_walked;
        bool missed;          /* in this walk somebody could not be taken in */
        bool unlisted;        /* likewise in the walks before: who comes now may have been there */
        uint32_t root_listed; /* as GroupEntry.listed, for the root */
        bool root_news;
        bool settings_changed; /* of one, in this pass */
        bool walk_all;         /* notice was lost */
        bool heard_alarm;      /* since scout_groups_polled(): events of one that a policy names */
        bool heard_change;     /* and anything but events of the others */
        size_t n_seen, n_dropped;
        uint32_t cursor, glance_cursor; /* of the rotating slices */
        char own_path[4096];            /* our own cgroup; "" unknown or in a recorded tree */

        CgroupWatch watch;    /* closed: there is no notice */
        ScoutTable *by_watch; /* number of a watch to slot */
        int root_watch;       /* 0: none */
        size_t n_watches;
        bool unheard;
        bool watched_late; /* in this pass one is watched that was looked at before */

        GroupTrigger triggers[GROUP_TRIGGERS_MAX];
        size_t n_triggers;

        uint32_t kept_max, kept_cap, n_kept;
        int last_error;
};

/* ---- scout-groups-walk.c ---- */

/* Lists what this pass should: the whole tree, or the directories of which there is news; admits
 * and retires accordingly. */
void groups_walk(ScoutGroups *g);

/* The entry of a path, or GROUPS_NONE. */
uint32_t groups_find(const ScoutGroups *g, const char *path);

/* Takes it out of the listings; its number is used again when readers have moved on. */
void groups_retire(ScoutGroups *g, uint32_t slot);

/* Opens its directory, and makes sure that it is still the same cgroup (2). CGROUP_OK, CGROUP_GONE
 * or negative errno. */
int groups_open_dir(ScoutGroups *g, uint32_t slot, int *ret);

const GroupFacts *groups_facts(const ScoutGroups *g, uint32_t slot);

void groups_note_error(ScoutGroups *g, int r);

/* ---- scout-groups-amounts.c ---- */

/* Reads one: its state, amounts and events; memory.stat and settings as asked for. CGROUP_OK,
 * CGROUP_GONE or negative errno. */
int groups_read(ScoutGroups *g, uint32_t slot, int dir_fd, bool with_stat);

/* Reads all whose turn it is. */
void groups_read_known(ScoutGroups *g);

/* Reads its settings, and publishes the facts anew if they have changed. CGROUP_OK, CGROUP_GONE or
 * negative errno. */
int groups_refresh_facts(ScoutGroups *g, uint32_t slot, int dir_fd);

/* ---- scout-groups-keep.c ---- */

/* Chooses who is kept, and opens and gives up descriptors accordingly. */
void groups_keep(ScoutGroups *g);
void groups_keep_nobody(ScoutGroups *g);
void groups_sort_kept(ScoutGroups *g, RosterListing *listing);

/* ---- scout-groups-kills.c ---- */

/* Takes in what memory.events of an entry says of kernel kills, below it included. */
void groups_note_kills(ScoutGroups *g, uint32_t slot, int dir_fd);

/* An entry's cgroup is gone: kills that its parent counted since the last look and that nobody who
 * lives has are its own. True when it becomes a ghost to tell of them, instead of being retired. */
bool groups_leave_ghost(ScoutGroups *g, uint32_t slot);

/* Retires ghosts that were there long enough. */
void groups_lay_ghosts(ScoutGroups *g);

/* ---- scout-groups-config.c ---- */

/* Whether a policy names it, and of which pressure its condition asks. */
void groups_match_policies(ScoutGroups *g, uint32_t slot);

/* Which files the steps of all policies may write to, as ScoutGroups.steps. */
uint8_t groups_steps_of(const Config *config);

bool groups_policy_names(const ScoutGroups *g, const Policy *p, uint32_t slot);

/* ---- scout-groups-watch.c ---- */

void groups_watch_open(ScoutGroups *g);
void groups_watch_close(ScoutGroups *g);
void groups_watch_root(ScoutGroups *g);

/* Watches a directory, if there is a watch left for such a one. True when it was not watched
 * before. */
bool groups_watch_entry(ScoutGroups *g, uint32_t slot, int dir_fd);

/* Likewise one that was looked at before: what changed since is news, and watched_late is set. */
void groups_watch_known(ScoutGroups *g, uint32_t slot, int dir_fd);

void groups_unwatch(ScoutGroups *g, uint32_t slot);

/* Takes in what was heard. */
void groups_hear(ScoutGroups *g);

/* ---- scout-groups-triggers.c ---- */

/* Arms and closes triggers as policies and the kept ones ask for. */
void groups_arm_triggers(ScoutGroups *g);
void groups_disarm_triggers(ScoutGroups *g);

/* Of a metric in the cgroup PSI block. */
PsiResource groups_psi_resource(MetricId metric);
