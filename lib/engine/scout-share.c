/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Processes that live in one address space (CLONE_VM, the window of a vfork): counted twice and
 * freed only together. They show the same size and are relatives, which leaves few pairs to ask the
 * kernel about. */

#include <stdlib.h>

#include "engine/scout-private.h"
#include "kernel/proc-share.h"
#include "kernel/proc.h"

#define SIZE_MIN_BYTES (UINT64_C(16) * 1024 * 1024)
#define SLACK_BYTES (UINT64_C(1024) * 1024)
#define NEIGHBOURS 8
#define COMPARES_MAX 256

static bool may_share(Scout *s, uint32_t a, uint32_t b) {
        const ProcFacts *fa = scout_facts(s, a), *fb = scout_facts(s, b);
        uint64_t sa = s->entries[a].size, sb = s->entries[b].size;

        return fa->uid == fb->uid &&
                (fa->ppid == fb->ppid || fa->ppid == fb->pid || fb->ppid == fa->pid) &&
                (sa > sb ? sa - sb : sb - sa) <= SLACK_BYTES + sa / 64;
}

static void set_group(Scout *s, uint32_t slot, uint32_t group) {
        const ProcFacts *old = scout_facts(s, slot);
        ProcFacts *facts;

        if (old->mm_group == group)
                return;
        facts = facts_copy(s->strings, old);
        if (!facts)
                return;
        facts->mm_group = group;
        (void) scout_set_facts(s, slot, facts);
}

static int by_size(const void *a, const void *b, void *ctx) {
        const ScoutEntry *entries = ctx;
        uint32_t i = *(const uint32_t *) a, j = *(const uint32_t *) b;

        if (entries[i].size != entries[j].size)
                return entries[i].size > entries[j].size ? -1 : 1;
        return i < j ? -1 : i > j;
}

/* The number of the first member names the group. Returns false when enough has been asked. */
static bool compare_neighbours(Scout *s, size_t i, size_t n, size_t *compares) {
        ScoutEntry *a = &s->entries[s->order[i]];

        for (size_t j = i + 1; j < n && j <= i + NEIGHBOURS; j++) {
                ScoutEntry *b = &s->entries[s->order[j]];
                bool same;

                if (!may_share(s, s->order[i], s->order[j]))
                        continue;
                if (++*compares > COMPARES_MAX)
                        return false;
                if (proc_share_compare(a->pid, b->pid, &same) != PROC_OK || !same)
                        continue;
                if (a->mm_group == 0)
                        a->mm_group = (uint32_t) a->pid;
                b->mm_group = a->mm_group;
        }
        return true;
}

void scout_find_shared(Scout *s) {
        size_t n = 0, compares = 0;

        if (!s->options.open_pids)
                return;

        s->shared_usec = s->now_usec;
        for (uint32_t slot = 0; slot < s->n_slots; slot++) {
                ScoutEntry *e = &s->entries[slot];

                e->mm_group = 0;
                if (e->kept && e->size >= SIZE_MIN_BYTES)
                        s->order[n++] = slot;
        }
        qsort_r(s->order, n, sizeof(*s->order), by_size, s->entries);

        for (size_t i = 0; i < n; i++)
                if (!compare_neighbours(s, i, n, &compares))
                        return; /* the old answers stand */
        for (size_t i = 0; i < n; i++)
                set_group(s, s->order[i], s->entries[s->order[i]].mm_group);
}
