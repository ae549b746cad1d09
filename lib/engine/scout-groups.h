/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Discovery of cgroups, for the scout: walks the tree at a census and hears of changes in between,
 * reads what must allocate in the kernel (memory.stat), opens what the sentinel reads, and keeps
 * the roster of cgroups. All of it runs on the scout's thread. */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "engine/facts-strings.h"
#include "engine/group-roster.h"
#include "kernel/sysroot.h"

typedef struct ScoutGroups ScoutGroups;

/* Pressure triggers of cgroups that policies name; each has a kernel thread of its own. */
#define GROUP_TRIGGERS_MAX 32

/* The notice of changes, and the triggers. */
#define SCOUT_GROUPS_FDS (1 + GROUP_TRIGGERS_MAX)

typedef struct ScoutGroupsOptions {
        const SysRoot *root;
        GroupRoster *roster;
        FactStrings *strings;
        bool may_act; /* open what is needed to end cgroups, ask for notice and triggers: only where
                         the tree is the live one */
        uint32_t kept_max;
} ScoutGroupsOptions;

/* Roster and strings are borrowed; the facts in the roster point to the strings. 0 or -ENOMEM. */
int scout_groups_new(
        const ScoutGroupsOptions *options, const LimitsConfig *limits, ScoutGroups **ret);
ScoutGroups *scout_groups_free(ScoutGroups *g);

/* For replay: the next recorded tree. Identity is the path there; no reader may hold a listing. */
void scout_groups_set_root(ScoutGroups *g, const SysRoot *root);

/* Which cgroups do policies name? Borrowed until the next one. */
void scout_groups_take_config(ScoutGroups *g, const Config *config);

typedef enum ScoutGroupsPass {
        SCOUT_GROUPS_NEWS,   /* only what was heard of */
        SCOUT_GROUPS_BUSY,   /* and those that are kept, as they need it */
        SCOUT_GROUPS_CENSUS, /* the whole tree, a part of the others in turn */
        SCOUT_GROUPS_FULL,   /* and everybody is read */
} ScoutGroupsPass;

/* Called before a listing is published, if not NULL: readers will find slots below `slots` in it.
 */
typedef void (*ScoutGroupsNotice)(void *ctx, uint32_t slots);
void scout_groups_on_listing(ScoutGroups *g, ScoutGroupsNotice notice, void *ctx);

/* One pass; publishes a listing. The first is a full one whatever it is called. */
void scout_groups_pass(ScoutGroups *g, ScoutGroupsPass kind, usec_t now_usec);

/* Whether the cgroup of this path (a text of the table) holds more than when it last counted as
 * grown: 4 MiB and a sixteenth. As of the last pass that read it. */
bool scout_groups_gained(const ScoutGroups *g, const char *path);

/* What to wait for between passes: fills fds[SCOUT_GROUPS_FDS] and returns how many. */
size_t scout_groups_poll_fds(const ScoutGroups *g, struct pollfd *fds);

/* Takes the answer of poll(2). True when it is worth a tick now: a pressure trigger fired, or
 * memory.events of a cgroup that a policy names has changed. */
bool scout_groups_polled(ScoutGroups *g, const struct pollfd *fds, size_t n);

/* Whether what was taken in then can wait: only the event counters of cgroups that nobody named,
 * which in one that lives at its limit never stand still. */
bool scout_groups_can_wait(const ScoutGroups *g);

/* Whether something was heard that a pass should look at. */
bool scout_groups_has_news(const ScoutGroups *g);

typedef struct ScoutGroupsStats {
        uint64_t seen, known, kept;
        uint64_t dropped; /* beyond limits.cgroups, at the last walk */
        uint64_t watches, triggers;
        bool unheard; /* not all directories that should be are watched: what changes there is seen
                       * at the next census */
        bool short_of_fds;
        int last_error; /* negative errno, 0: none so far */
} ScoutGroupsStats;

void scout_groups_stats(const ScoutGroups *g, ScoutGroupsStats *ret);
