/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Memory that was gained lately and that no process shows: a memfd that is written to, files in a
 * tmpfs. Ending whoever gained most among the processes would harm an innocent one, and free
 * little. Pure. */

#include "base/text.h"
#include "core/group-rank.h"

typedef enum HiddenGain {
        HIDDEN_NONE,   /* what the processes gained explains it, or there is little of it */
        HIDDEN_SHARED, /* memfd, System V, shared anonymous memory: comes back with its last holder
                        */
        HIDDEN_FILES,  /* of a tmpfs: comes back only when they are removed */
} HiddenGain;

/* What most of the gain is, when that is more than a twentieth of memory, more than at_least, and
 * more than twice what all processes gained. For policies of the system only. */
HiddenGain hidden_gain_kind(const Policy *policy, const Sample *s);

/* For HIDDEN_SHARED: the smallest cgroup in which more than half of it was gained, even if all the
 * files were in there too, if it may be taken whole, as an index into r->table; else GROUP_NONE.
 * After group_rank(). */
uint32_t hidden_gain_group(const GroupRanking *r);

/* In words, for the alert: "files in /dev/shm hold 310 MiB, ..."; nothing for HIDDEN_NONE. */
void hidden_gain_print(const Policy *policy, const Sample *s, TextBuf *out);
