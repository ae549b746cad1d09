/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-target.h"

#include <string.h>

#include "base/macro.h"

/* Deeper trees are built to be climbed. */
#define DEPTH_MAX 32

static TargetKind kind_of(const GroupFacts *f) {
        return f->is_slice   ? (strstr(f->path, "/user-") ? TARGET_USER : TARGET_CGROUP)
                : f->is_unit ? TARGET_UNIT
                             : TARGET_CGROUP;
}

static void add_member(const GroupRanking *r, uint32_t proc, Target *ret) {
        if (r->s->procs[proc].kept && ret->n_members < TARGET_MEMBERS_MAX)
                ret->members[ret->n_members++] = proc;
}

void group_target_take(const GroupRanking *r, uint32_t entry, Target *ret) {
        const GroupCandidate *c = &r->table[entry];
        const GroupSample *g = &r->s->groups[entry];

        *ret = (Target){ .kind = kind_of(g->facts),
                .groups = { { g->slot, g->generation } },
                .n_groups = 1,
                .group = (int32_t) entry,
                .promised = c->freeable,
                .class_hash = g->facts->class_hash };
        for (uint32_t i = 0; i < r->n && ret->n_groups < TARGET_GROUPS_MAX; i++) {
                const GroupSample *below = &r->s->groups[i];

                if (i != entry && below->populated && group_holds(g->facts, below->facts->path))
                        ret->groups[ret->n_groups++] = (GroupRef){ below->slot, below->generation };
        }

        if (c->culprit != GROUP_NONE)
                add_member(r, c->culprit, ret);
        for (uint32_t i = 0; i < r->n_procs; i++)
                if (i != c->culprit && sample_holds(r->s, g, i))
                        add_member(r, i, ret);
}

/* An instance bounds what is chosen: inside of it. */
static bool is_inside(const GroupRanking *r, uint32_t entry) {
        const Verdict *v = r->v;

        if (!v || !watch_is_group(v->key.watch) || v->group < 0)
                return true;
        return group_holds(r->s->groups[v->group].facts, r->s->groups[entry].facts->path);
}

typedef bool (*Trait)(const GroupFacts *group, const ProcFacts *proc);

/* The outermost entry around a process that has the trait, or the innermost. */
static uint32_t find_around(const GroupRanking *r, uint32_t proc, Trait has, bool outermost) {
        uint32_t found = GROUP_NONE, at = group_rank_leaf(r, proc);

        for (int depth = 0; at != GROUP_NONE && depth < DEPTH_MAX; depth++) {
                if (is_inside(r, at) && has(r->s->groups[at].facts, r->s->procs[proc].facts)) {
                        found = at;
                        if (!outermost)
                                return found;
                }
                at = r->table[at].link.parent;
        }
        return found;
}

static bool is_oom_group(const GroupFacts *group, const ProcFacts *proc) {
        (void) proc;
        return group->oom_group && !group->is_slice;
}

static bool is_same(const char *a, const char *b) {
        return a && b && *a && strcmp(a, b) == 0;
}

static bool is_container(const GroupFacts *group, const ProcFacts *proc) {
        return is_same(proc->container, group->container);
}

static bool is_unit(const GroupFacts *group, const ProcFacts *proc) {
        if (group->is_slice)
                return false;
        return (group->is_user_unit && is_same(proc->user_unit, group->user_unit)) ||
                (group->is_unit && is_same(proc->unit, group->unit));
}

uint32_t group_target_of_oom_group(const GroupRanking *r, uint32_t proc) {
        return find_around(r, proc, is_oom_group, true);
}

uint32_t group_target_of_work(const GroupRanking *r, uint32_t proc) {
        uint32_t container = find_around(r, proc, is_container, true);

        return container != GROUP_NONE ? container : group_target_of_unit(r, proc);
}

uint32_t group_target_of_unit(const GroupRanking *r, uint32_t proc) {
        return find_around(r, proc, is_unit, false);
}
