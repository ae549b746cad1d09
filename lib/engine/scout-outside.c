/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Beyond limits.processes: a full table must not hide the one that matters. */

#include "engine/scout-private.h"
#include "kernel/proc.h"

/* Beyond limits.processes: who is large enough to take another's place, and in how many passes all
 * outsiders have been looked at. */
#define EVICT_FOR_BYTES (UINT64_C(16) * 1024 * 1024)
#define OUTSIDE_TURNS 16

static bool is_wanted(const Scout *s, int32_t pid) {
        for (size_t i = 0; i < s->n_wanted; i++)
                if (s->wanted[i] == pid)
                        return true;
        return false;
}

void scout_forget_wanted(Scout *s, int32_t pid) {
        for (size_t i = 0; i < s->n_wanted; i++)
                if (s->wanted[i] == pid)
                        s->wanted[i--] = s->wanted[--s->n_wanted];
}

void scout_consider_outsider(Scout *s, const ScoutFresh *f) {
        uint32_t smallest = SCOUT_TABLE_NONE;
        uint64_t size;

        s->n_outside++;
        if ((!s->is_census && (uint32_t) f->pid % OUTSIDE_TURNS != s->pass % OUTSIDE_TURNS) ||
                s->n_wanted == SCOUT_WANTED_MAX || is_wanted(s, f->pid) ||
                scout_read_outsider(s, f->pid, &size) != PROC_OK || size < EVICT_FOR_BYTES)
                return;

        for (uint32_t slot = 0; slot < s->n_slots; slot++) {
                const ScoutEntry *e = &s->entries[slot];

                if (e->used && !e->kept && !e->self && e->pid != SCOUT_INIT_PID &&
                        (smallest == SCOUT_TABLE_NONE || e->size < s->entries[smallest].size))
                        smallest = slot;
        }
        if (smallest == SCOUT_TABLE_NONE || s->entries[smallest].size >= size / 2)
                return;
        scout_retire(s, smallest);
        s->wanted[s->n_wanted++] = f->pid;
        s->stats.evicted++;
}

static bool is_listed_fresh(const Scout *s, int32_t pid) {
        for (size_t i = 0; i < s->n_fresh; i++)
                if (s->fresh[i].pid == pid)
                        return true;
        return false;
}

void scout_take_wanted(Scout *s) {
        for (size_t i = 0; i < s->n_wanted; i++)
                if (!is_listed_fresh(s, s->wanted[i]))
                        s->wanted[i--] = s->wanted[--s->n_wanted]; /* it ended meanwhile */
        for (size_t i = 0; s->n_wanted > 0 && i < s->n_fresh; i++)
                if (is_wanted(s, s->fresh[i].pid) &&
                        scout_table_find(s->table, s->fresh[i].pid) == SCOUT_TABLE_NONE &&
                        !scout_admit(s, &s->fresh[i]))
                        break; /* the place is not free yet */
}
