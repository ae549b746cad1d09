/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who a cgroup is: made from its path, the owner of its directory and a few of its files. Opens
 * files; for the scout's thread. Knows nothing of amounts. */

#include <stdbool.h>
#include <stdint.h>

#include "core/sample.h"
#include "engine/facts-strings.h"

/* What its directory and files say. */
typedef struct GroupSettings {
        uint64_t inode;
        uint32_t owner_uid;
        bool is_threaded;
        bool oom_group;
        bool avoid, omit;               /* what its owner wants, whoever that is */
        bool has_limit_files;           /* the memory controller is enabled for it */
        uint64_t max_bytes, high_bytes; /* its own; UINT64_MAX: none */
} GroupSettings;

/* Reads them through a descriptor of the directory. CGROUP_OK, CGROUP_GONE (kernel/cgroup.h) or
 * negative errno; a file that says nonsense counts as one that says nothing. */
int group_settings_read(int dir_fd, GroupSettings *ret);

/* What binds it, from itself up: the tightest of each. */
typedef struct GroupBounds {
        uint64_t max_bytes, high_bytes; /* UINT64_MAX: none */
} GroupBounds;

/* The facts of the cgroup at `path` ("/a/b", a text of the table). own_cgroup: the path that we
 * live in ourselves, NULL for nowhere. The caller owns them: group_facts_free(). NULL without
 * memory. */
GroupFacts *group_facts_new(FactStrings *strings, const char *path, const GroupSettings *settings,
        const GroupBounds *bounds, const char *own_cgroup);

GroupFacts *group_facts_free(FactStrings *strings, GroupFacts *facts);

/* Whether two of the same path say the same: no need to publish. */
bool group_facts_equal(const GroupFacts *a, const GroupFacts *b);
