/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Processes that live in one address space (CLONE_VM, the window of a vfork): counted twice and
 * freed only together. They show the same size and are relatives, which leaves few pairs to ask the
 * kernel about; but a crowd, as the workers of a server are, is asked about in several turns. */

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

/* The number of the first member names the group. Returns false when enough has been asked: 32
 * members at least are done by then, more than the next turn begins with once more. */
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

/* Those at the beginning were asked about in the last turn, and whose neighbours before them were
 * as well: they keep that answer. */
static void forget_answers(Scout *s, size_t first, size_t n) {
        for (size_t i = 0; i < n; i++) {
                bool was_asked = i >= first && i < first + NEIGHBOURS && first > 0;

                s->entries[s->order[i]].mm_group =
                        was_asked ? scout_facts(s, s->order[i])->mm_group : 0;
        }
}

void scout_find_shared(Scout *s) {
        size_t n = 0, compares = 0, first, end;

        if (!s->options.open_pids)
                return;

        s->shared_usec = s->now_usec;
        for (uint32_t slot = 0; slot < s->n_slots; slot++)
                if (s->entries[slot].kept && s->entries[slot].size >= SIZE_MIN_BYTES)
                        s->order[n++] = slot;
        qsort_r(s->order, n, sizeof(*s->order), by_size, s->entries);

        first = s->share_first < n ? s->share_first : 0;
        forget_answers(s, first, n);
        for (end = first; end < n && compare_neighbours(s, end, n, &compares); end++)
                ;
        for (size_t i = first; i < end; i++)
                set_group(s, s->order[i], s->entries[s->order[i]].mm_group);
        s->share_first = end < n && end > NEIGHBOURS ? end - NEIGHBOURS : 0;
}
