/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/choice.h"

#include <string.h>

#include "base/macro.h"
#include "base/number.h"
#include "core/candidates.h"
#include "core/group-target.h"
#include "core/hidden-gain.h"

/* ---- the target that the incident has already, if it may still be taken */

static const Candidate *current_process(const Choosing *c) {
        const Incident *i = c->incident;
        size_t n = MIN(c->s->n_procs, c->scratch->size);

        if (!i || !i->has_target || i->target_is_group)
                return NULL;
        for (size_t k = 0; k < n; k++)
                if (c->s->procs[k].slot == i->slot && c->s->procs[k].generation == i->generation &&
                        c->scratch->candidates[k].refusal == REFUSAL_NONE)
                        return &c->scratch->candidates[k];
        return NULL;
}

static const GroupCandidate *current_group(const Choosing *c, const GroupRanking *r) {
        const Incident *i = c->incident;

        if (!i || !i->has_target || !i->target_is_group)
                return NULL;
        for (size_t k = 0; k < r->n; k++)
                if (c->s->groups[k].slot == i->slot &&
                        c->s->groups[k].generation == i->generation &&
                        r->table[k].refusal == REFUSAL_NONE)
                        return &r->table[k];
        return NULL;
}

/* ---- taking */

static GroupRanking ranking_of(const Choosing *c) {
        return (GroupRanking){ .config = c->config,
                .policy = c->policy,
                .v = c->v,
                .s = c->s,
                .veto = c->veto,
                .procs = c->scratch->candidates,
                .n_procs = MIN(c->s->n_procs, c->scratch->size),
                .table = c->scratch->groups,
                .size = c->scratch->groups_size };
}

static void take_process(const Choosing *c, const Candidate *winner, TargetKind kind, Choice *ret) {
        ret->winner = winner;
        rank_target(c->policy, c->v, c->s, c->scratch->candidates, winner, kind, &ret->target);
}

/* Of many that are all small: as many as may be taken, the worst first. */
static void take_some(const Choosing *c, const Candidate *winner, Choice *ret) {
        size_t most = MIN((size_t) c->policy->targets.max_victims, (size_t) TARGET_MEMBERS_MAX);
        Target *t = &ret->target;

        take_process(c, winner, TARGET_TREE, ret);
        if (t->n_members <= most)
                return;
        t->promised = t->promised / t->n_members * most;
        t->n_unreached += t->n_members - most;
        t->n_members = most;
}

/* All of a cgroup, or its worst member when that would be too many; or as many as may be, when one
 * of them would help nothing. */
static void take_group(
        const Choosing *c, const GroupRanking *r, const GroupCandidate *group, Choice *ret) {
        ret->group = group;
        ret->winner = group->culprit == GROUP_NONE ? NULL : &c->scratch->candidates[group->culprit];
        ret->too_many = !group_rank_is_few(c->policy, group);
        if (!ret->too_many)
                group_target_take(r, group->group, &ret->target);
        else if (ret->winner) {
                take_process(c, ret->winner, TARGET_PROCESS, ret);
                if (ret->target.promised < rank_at_least(c->policy, c->s))
                        take_some(c, ret->winner, ret);
        }
}

static void choose_group(const Choosing *c, const GroupRanking *r, Choice *ret) {
        const GroupCandidate *group = current_group(c, r);
        const Candidate *process = current_process(c);

        if (process) {
                ret->kept = true;
                take_process(c, process, TARGET_PROCESS, ret);
                return;
        }
        ret->kept = group != NULL;
        if (!group && c->scratch->n_best_groups > 0 &&
                c->scratch->best_groups[0].refusal == REFUSAL_NONE)
                group = &r->table[c->scratch->best_groups[0].group];
        if (group)
                take_group(c, r, group, ret);
}

/* The whole cgroup of a process whose work is spread over many, or is one for the kernel. */
static const GroupCandidate *group_around(
        const Choosing *c, const GroupRanking *r, const Candidate *winner) {
        uint32_t one = group_target_of_oom_group(r, winner->proc), work;
        const GroupCandidate *g;

        if (one != GROUP_NONE && r->table[one].refusal == REFUSAL_NONE)
                return &r->table[one];
        work = group_target_of_work(r, winner->proc);
        if (work == GROUP_NONE || r->table[work].refusal != REFUSAL_NONE ||
                winner->preference > 0 || !group_rank_is_meant(r, &r->table[work]))
                return NULL;
        g = &r->table[work];
        return candidate_takes_group(c->policy, winner) ||
                        g->largest < sub_sat_u64(g->gained, g->largest)
                ? g
                : NULL;
}

/* No process shows what was gained: the cgroup that did, or nobody. */
static void choose_hidden(
        const Choosing *c, const GroupRanking *r, HiddenGain hidden, Choice *ret) {
        uint32_t entry = hidden == HIDDEN_SHARED ? hidden_gain_group(r) : GROUP_NONE;

        if (entry == GROUP_NONE || !group_rank_is_few(c->policy, &r->table[entry]) ||
                !group_rank_is_meant(r, &r->table[entry]))
                return;
        take_group(c, r, &r->table[entry], ret);
        ret->target.promised = MAX(ret->target.promised, c->s->groups[entry].shmem_gained);
}

static void choose_process(const Choosing *c, const GroupRanking *r, Choice *ret) {
        const GroupCandidate *group = current_group(c, r);
        const Candidate *winner = current_process(c);
        TargetKind kind = c->policy->targets.kind;
        HiddenGain hidden = kind == TARGET_AUTO ? hidden_gain_kind(c->policy, c->s) : HIDDEN_NONE;

        ret->kept = group || winner;
        if (group) {
                take_group(c, r, group, ret);
                return;
        }
        if (!winner && hidden != HIDDEN_NONE) {
                choose_hidden(c, r, hidden, ret);
                return;
        }
        if (!winner && c->scratch->n_best > 0 && c->scratch->best[0].refusal == REFUSAL_NONE)
                winner = &c->scratch->candidates[c->scratch->best[0].proc];
        if (!winner)
                return;
        group = kind == TARGET_AUTO && !ret->kept ? group_around(c, r, winner) : NULL;
        if (group)
                take_group(c, r, group, ret);
        else
                take_process(c, winner, kind, ret);
}

/* A user has no slice where there is no logind; and where there is one, his manager is in it, which
 * is spared: then it is his processes one by one. */
static bool has_groups(const Choosing *c) {
        return c->policy->targets.kind != TARGET_USER ||
                (c->scratch->n_best_groups > 0 &&
                        c->scratch->best_groups[0].refusal == REFUSAL_NONE);
}

void choice_make(const Choosing *c, Choice *ret) {
        TargetKind kind = c->policy->targets.kind;
        GroupRanking r = ranking_of(c);

        *ret = (Choice){ .target.group = -1 };
        c->scratch->n_best_groups = 0;
        if (target_is_group(kind) || kind == TARGET_AUTO)
                c->scratch->n_best_groups = group_rank(
                        &r, kind, c->scratch->best_groups, ELEMENTS(c->scratch->best_groups));

        if (target_is_group(kind) && has_groups(c))
                choose_group(c, &r, ret);
        else
                choose_process(c, &r, ret);
}

void choice_list_works(const Choosing *c) {
        GroupRanking r = ranking_of(c);

        if (c->policy->targets.kind != TARGET_AUTO)
                return;
        (void) group_rank(&r, TARGET_AUTO, NULL, 0);
        c->scratch->n_best_groups =
                group_rank_works(&r, c->scratch->best_groups, ELEMENTS(c->scratch->best_groups));
}

bool choice_widen(const Choosing *c, const Choice *from, TargetKind kind, Target *ret) {
        GroupRanking r = ranking_of(c);
        uint32_t unit;

        if (!from->winner)
                return false;
        if (kind == TARGET_TREE)
                return rank_target_widen(c->s, c->scratch->candidates, from->winner, ret);

        (void) group_rank(&r, TARGET_AUTO, NULL, 0);
        unit = group_target_of_unit(&r, from->winner->proc);
        if (unit == GROUP_NONE || r.table[unit].refusal != REFUSAL_NONE ||
                !group_rank_is_few(c->policy, &r.table[unit]))
                return false;
        group_target_take(&r, unit, ret);
        return true;
}

static uint32_t system_unit_of(const Choosing *c, const GroupRanking *r, const Choice *from) {
        const GroupFacts *f;
        uint32_t unit = GROUP_NONE;

        if (from->target.group >= 0)
                unit = (uint32_t) from->target.group;
        else if (from->winner && !*c->s->procs[from->winner->proc].facts->container)
                unit = group_target_of_unit(r, from->winner->proc);
        if (unit == GROUP_NONE)
                return unit;
        f = c->s->groups[unit].facts;
        return f->is_unit && !f->is_user_unit && !f->is_slice && *f->unit ? unit : GROUP_NONE;
}

bool choice_unit(const Choosing *c, const Choice *from, Target *ret) {
        GroupRanking r = ranking_of(c);
        uint32_t unit;

        (void) group_rank(&r, TARGET_AUTO, NULL, 0);
        unit = system_unit_of(c, &r, from);
        if (unit == GROUP_NONE || r.table[unit].refusal != REFUSAL_NONE ||
                !group_rank_is_few(c->policy, &r.table[unit]))
                return false;
        group_target_take(&r, unit, ret);
        return true;
}
