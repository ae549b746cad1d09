/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The working table of group-rank.h: entries linked by path and to the cgroup above, with the sums
 * of the processes in them. */

#include "core/group-rank.h"

enum {
        GROUP_HAS_CHILDREN = 1 << 0,  /* populated cgroups below it */
        GROUP_IN_OOM_GROUP = 1 << 1,  /* an ancestor goes as a whole: memory.oom.group */
        GROUP_HAS_MATCHED = 1 << 2,   /* a member that the policy's match takes */
        GROUP_HAS_UNMATCHED = 1 << 3, /* a member that it does not take */
};

/* Makes the table: links and sums, and for each entry the first reason among its processes not to
 * touch it. */
void group_table_make(GroupRanking *r);
