/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/hidden-gain.h"

#include <string.h>

#include "base/macro.h"
#include "base/number.h"

/* Of all memory: less is nothing to leave everybody alone for. */
#define PART_OF_MEMORY 20

static uint64_t gained_by_processes(const Sample *s) {
        uint64_t sum = 0;

        for (size_t i = 0; i < s->n_procs; i++)
                if (!s->procs[i].facts->kthread)
                        sum += s->procs[i].gained;
        return sum;
}

HiddenGain hidden_gain_kind(const Policy *policy, const Sample *s) {
        uint64_t most = MAX(s->tmpfs_gained, s->shmem_gained);

        if (policy->watch != WATCH_SYSTEM || most < s->raw.mem_total / PART_OF_MEMORY ||
                most < rank_at_least(policy, s) || most / 2 <= gained_by_processes(s))
                return HIDDEN_NONE;
        return s->tmpfs_gained >= s->shmem_gained ? HIDDEN_FILES : HIDDEN_SHARED;
}

uint32_t hidden_gain_group(const GroupRanking *r) {
        uint32_t best = GROUP_NONE;
        size_t deepest = 0;

        for (uint32_t i = 0; i < r->n; i++) {
                const GroupSample *g = &r->s->groups[i];
                size_t depth = strlen(g->facts->path);

                /* What memory.stat calls shmem has the files of a tmpfs in it. Two of which each
                 * has more than half lie one in the other: the longer path is the smaller one. */
                if (g->shmem_gained <= add_sat_u64(r->s->tmpfs_gained, r->s->shmem_gained / 2) ||
                        depth <= deepest)
                        continue;
                deepest = depth;
                best = i;
        }
        return best != GROUP_NONE && r->table[best].refusal == REFUSAL_NONE ? best : GROUP_NONE;
}

void hidden_gain_print(const Policy *policy, const Sample *s, TextBuf *out) {
        switch (hidden_gain_kind(policy, s)) {
        case HIDDEN_FILES:
                textbuf_add(out, "files in ");
                textbuf_add_escaped(out, s->raw.tmpfs_mount,
                        strnlen(s->raw.tmpfs_mount, sizeof(s->raw.tmpfs_mount)));
                textbuf_add(out, " hold ");
                textbuf_add_bytes(out, s->raw.tmpfs_largest);
                textbuf_add(out, ", in all tmpfs ");
                textbuf_add_bytes(out, s->tmpfs_gained);
                textbuf_add(out, " came lately: only removing them gives it back");
                return;
        case HIDDEN_SHARED:
                textbuf_add_bytes(out, s->shmem_gained);
                textbuf_add(out,
                        " came lately as shared memory (memfd, System V) that no process shows, "
                        "and "
                        "no cgroup that may be ended whole holds most of it");
                return;
        case HIDDEN_NONE:
                return;
        }
}
