/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose turn it is: few at a time, so that a pass is cheap, and first those who are likely to have
 * changed. */

#include "engine/scout-private.h"

/* In a calm census: how many of those that are known are looked at in turn. In a pass between two:
 * how many of those that are not kept, and of those that are young. */
#define SLICE_CENSUS 32
#define SLICE_PASS 256

/* Of how many the program, and of how many the other facts, because they are old. */
#define PROGRAMS_CENSUS 8 /* of those that are kept */
#define PROGRAMS_PASS 32
#define REVISITS 4
#define TARGET_LEAST_BYTES (UINT64_C(16) << 20) /* below it nobody is a target by himself */
#define YOUNG_USEC (10 * USEC_PER_SEC)

static void visit_all(Scout *s) {
        for (uint32_t slot = 0; slot < s->n_slots; slot++) {
                if (!s->entries[slot].used || s->entries[slot].read_usec == s->now_usec)
                        continue;
                if (s->root->foreign)
                        scout_revisit(s, slot); /* another tree, nothing in it need be the same */
                else
                        scout_visit(s, slot);
        }
}

/* Of those known the next few, in turn. */
static void visit_slice(Scout *s, size_t n, bool only_outside) {
        for (uint32_t i = 0; i < s->n_slots && n > 0; i++) {
                uint32_t slot = s->cursor = (s->cursor + 1) % s->n_slots;
                const ScoutEntry *e = &s->entries[slot];

                if (!e->used || e->kthread || e->read_usec == s->now_usec ||
                        (only_outside && e->kept))
                        continue;
                if (only_outside && !e->unsettled)
                        (void) scout_read_statm(s, slot);
                else
                        scout_visit(s, slot);
                n--;
        }
}

/* An exec is seen in seconds where it matters: who is kept is who may be chosen. */
static void check_programs(Scout *s) {
        size_t n = s->is_census ? PROGRAMS_CENSUS : PROGRAMS_PASS;

        for (uint32_t i = 0; i < s->n_slots && n > 0; i++) {
                uint32_t slot = s->kept_cursor = (s->kept_cursor + 1) % s->n_slots;

                if (!s->entries[slot].used || !s->entries[slot].kept ||
                        s->entries[slot].facts_usec == s->now_usec)
                        continue;
                scout_check_program(s, slot);
                if (s->entries[slot].used && s->entries[slot].facts_usec != s->now_usec)
                        scout_check_cgroup(s, slot);
                n--;
        }
}

/* A session or a scope may be entered at any time. At a census of all who are large enough to be a
 * target; of the others as their turn comes. */
static void check_cgroups(Scout *s) {
        for (uint32_t slot = 0; slot < s->n_slots; slot++) {
                const ScoutEntry *e = &s->entries[slot];

                if (e->used && e->kept && e->size >= TARGET_LEAST_BYTES &&
                        e->facts_usec != s->now_usec)
                        scout_check_cgroup(s, slot);
        }
}

/* Who was seen too young may be somebody else by now. */
static void revisit_unsettled(Scout *s) {
        for (uint32_t slot = 0; slot < s->n_slots; slot++)
                if (s->entries[slot].used && s->entries[slot].unsettled &&
                        s->entries[slot].facts_usec != s->now_usec)
                        scout_revisit(s, slot);
}

/* A hog is young more often than not. */
static void visit_young(Scout *s) {
        size_t n = SLICE_PASS;

        for (uint32_t slot = 0; slot < s->n_slots && n > 0; slot++) {
                const ScoutEntry *e = &s->entries[slot];

                if (!e->used || e->kept || e->kthread || e->read_usec == s->now_usec ||
                        usec_since(s->now_usec, e->born_usec) > YOUNG_USEC)
                        continue;
                (void) scout_read_statm(s, slot);
                n--;
        }
}

void scout_read_known(Scout *s) {
        s->revisits = REVISITS;
        for (uint32_t slot = 0; slot < s->n_slots; slot++)
                if (s->entries[slot].kept)
                        scout_take_readings(s, slot);

        if (s->is_full) {
                visit_all(s);
                return;
        }
        revisit_unsettled(s);
        visit_young(s);
        check_programs(s);
        if (s->is_census) {
                check_cgroups(s);
                scout_visit_gaining(s);
                visit_slice(s, SLICE_CENSUS, false);
        } else
                visit_slice(s, SLICE_PASS, true);
}
