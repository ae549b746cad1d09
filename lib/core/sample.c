/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sample.h"

#include <string.h>

#include "base/hash.h"
#include "base/macro.h"

/* The NUL as well, so that ("ab", "c") and ("a", "bc") differ. */
static uint64_t hash_text(uint64_t h, const char *text) {
        return hash_bytes(h, text, strlen(text) + 1);
}

/* Spreads a number over all bits: uids and sessions are small and close together. */
static uint64_t hash_number(uint64_t h, uint64_t number) {
        h ^= number + UINT64_C(0x9e3779b97f4a7c15);
        h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
        return h ^ (h >> 31);
}

static uint64_t finish(uint64_t h) {
        return MAX(hash_number(h, 0), UINT64_C(1));
}

static bool has_text(const char *text) {
        return text && *text;
}

static bool ends_with(const char *text, const char *tail) {
        size_t len = strlen(text), tail_len = strlen(tail);

        return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

/* A unit that stands for one piece of work; slices and the manager's own scope hold everybody. */
static bool is_work_unit(const char *unit) {
        return has_text(unit) && strcmp(unit, "init.scope") != 0 && !ends_with(unit, ".slice");
}

static bool begins_with(const char *text, const char *head) {
        return strncmp(text, head, strlen(head)) == 0;
}

/* All that one user runs is in one unit of the system manager, his manager's or his session's: what
 * one of his programs did is no reason to spare or to suspect the others. */
static bool is_class_unit(const char *unit) {
        return is_work_unit(unit) && !begins_with(unit, "user@") &&
                !(begins_with(unit, "session-") && ends_with(unit, ".scope"));
}

uint64_t facts_class(const ProcFacts *facts) {
        if (is_class_unit(facts->unit))
                return finish(hash_text(hash_number(HASH_START, 1), facts->unit));

        /* What cannot be told from its exe (no right to read the link) is told from its name. */
        return finish(hash_number(hash_text(hash_number(HASH_START, 2),
                                          has_text(facts->exe) ? facts->exe : facts->comm),
                facts->uid));
}

uint64_t group_class(const GroupFacts *facts) {
        /* The same as its processes have: a unit is one class however it is taken. */
        if (facts->is_unit && is_class_unit(facts->unit))
                return finish(hash_text(hash_number(HASH_START, 1), facts->unit));
        return finish(hash_text(hash_number(HASH_START, 5), facts->path));
}

bool group_holds(const GroupFacts *group, const char *cgroup) {
        size_t len = strlen(group->path);

        return strncmp(cgroup, group->path, len) == 0 &&
                (cgroup[len] == '\0' || cgroup[len] == '/');
}

uint64_t facts_group(const ProcFacts *facts) {
        uint64_t h = HASH_START;

        if (has_text(facts->container))
                return finish(hash_text(hash_number(h, 3), facts->container));

        /* Units of a user's manager live inside one unit of the system's: the inner one is the
         * work. */
        if (is_work_unit(facts->user_unit)) {
                h = hash_text(hash_number(h, 4), has_text(facts->unit) ? facts->unit : "");
                return finish(hash_text(h, facts->user_unit));
        }
        if (is_work_unit(facts->unit))
                return finish(hash_text(hash_number(h, 5), facts->unit));

        h = hash_number(hash_number(h, 6), facts->uid);
        return finish(hash_number(h, (uint32_t) facts->session));
}

const ProcSample *sample_find(const Sample *s, uint32_t slot, uint32_t generation) {
        for (size_t i = 0; i < s->n_procs; i++)
                if (s->procs[i].slot == slot && s->procs[i].generation == generation)
                        return &s->procs[i];
        return NULL;
}

const GroupSample *sample_find_group(const Sample *s, uint32_t slot, uint32_t generation) {
        for (size_t i = 0; i < s->n_groups; i++)
                if (s->groups[i].slot == slot && s->groups[i].generation == generation)
                        return &s->groups[i];
        return NULL;
}

bool sample_holds(const Sample *s, const GroupSample *group, size_t proc) {
        const ProcSample *p = &s->procs[proc];

        return !p->facts->kthread && p->state != 'X' && (p->state != 'Z' || p->zombie_leader) &&
                p->facts->cgroup && group_holds(group->facts, p->facts->cgroup);
}
