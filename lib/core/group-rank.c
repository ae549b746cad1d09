/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-rank.h"

#include <string.h>

#include "base/macro.h"
#include "base/number.h"
#include "core/corrections.h"
#include "core/group-table.h"
#include "core/group-target.h"
#include "core/match.h"

/* Deeper trees are built to be climbed. */
#define DEPTH_MAX 32

static bool is_user_slice(const GroupFacts *f) {
        static const char head[] = "user-";
        const char *name = strrchr(f->path, '/');

        return f->is_slice && name && strncmp(name + 1, head, sizeof(head) - 1) == 0;
}

/* True when the instance of the policy is, or has, or lies in this cgroup, as the kind has it. */
static bool is_in_scope(const GroupRanking *r, uint32_t i, TargetKind kind) {
        const Verdict *v = r->v;
        const GroupSample *g = &r->s->groups[i], *instance;

        if (!v || v->key.watch == WATCH_SYSTEM)
                return true;
        if (v->key.watch == WATCH_USER)
                return g->facts->uid == v->key.uid;
        if (v->key.watch == WATCH_PROCESS)
                return v->proc >= 0 && sample_holds(r->s, g, (size_t) v->proc);

        if (v->group < 0)
                return false;
        instance = &r->s->groups[v->group];
        if (kind == TARGET_CGROUP || (kind == TARGET_UNIT && instance->facts->is_unit))
                return i == (uint32_t) v->group;
        return group_holds(instance->facts, g->facts->path);
}

/* What competes: units, user slices, or what holds processes and nothing smaller that does. A
 * cgroup that the policy watches is what it is. */
static bool is_of_kind(const GroupRanking *r, uint32_t i, TargetKind kind) {
        const GroupFacts *f = r->s->groups[i].facts;
        uint32_t flags = r->table[i].link.flags;

        if (kind == TARGET_UNIT)
                return f->is_unit;
        if (kind == TARGET_USER)
                return is_user_slice(f);
        if (kind != TARGET_CGROUP)
                return false;
        if (r->v && watch_is_group(r->v->key.watch))
                return true;
        return f->oom_group || !(flags & (GROUP_HAS_CHILDREN | GROUP_IN_OOM_GROUP));
}

/* Keys that a cgroup has are asked of the cgroup: a match that names a part of it does not mean the
 * whole. Else it is matched by whom it holds. */
static bool is_matched(const GroupRanking *r, const GroupCandidate *c) {
        const uint32_t of_groups = UINT32_C(1) << MATCH_CGROUP | UINT32_C(1) << MATCH_UNIT |
                UINT32_C(1) << MATCH_USER_UNIT | UINT32_C(1) << MATCH_SLICE |
                UINT32_C(1) << MATCH_CONTAINER | UINT32_C(1) << MATCH_UID;
        const MatchList *list = &r->policy->targets.match;
        bool by_members = false;

        for (size_t i = 0; i < list->n; i++) {
                if (match_spec_group(&list->specs[i], r->s->groups[c->group].facts))
                        return true;
                by_members = by_members || (list->specs[i].key_mask & ~of_groups) != 0;
        }
        return list->n == 0 || (by_members && (c->link.flags & GROUP_HAS_MATCHED));
}

/* A slice is taken only by who names it: by watching it, by kind, or by a match. */
static bool slice_is_named(const GroupRanking *r, const GroupCandidate *c, TargetKind kind) {
        if (kind == TARGET_USER)
                return true;
        if (r->v && watch_is_group(r->v->key.watch) && (int32_t) c->group == r->v->group)
                return true;
        return match_list_names_slice(&r->policy->targets.match, r->s->groups[c->group].facts);
}

/* What the owner of the cgroup, or of one around it, wants. */
static bool is_wanted(const GroupRanking *r, uint32_t at, bool omit) {
        for (int depth = 0; at != GROUP_NONE && depth < DEPTH_MAX; depth++) {
                const GroupFacts *f = r->s->groups[at].facts;

                if (omit ? f->omit : f->avoid)
                        return true;
                at = r->table[at].link.parent;
        }
        return false;
}

static Refusal refuse(const GroupRanking *r, GroupCandidate *c, TargetKind kind) {
        const GroupSample *g = &r->s->groups[c->group];
        const MatchSpec *spec = match_list_group(&r->config->protect, g->facts);

        if (g->facts->self)
                return REFUSAL_SELF;
        if (spec) {
                c->spec = spec;
                return REFUSAL_PROTECTED;
        }
        if (r->veto && r->veto->steering &&
                steering_find_group(r->veto->steering, g->facts, r->veto->now_usec))
                return REFUSAL_WARD;
        if (is_wanted(r, c->group, true))
                return REFUSAL_OMIT;
        if (c->refusal != REFUSAL_NONE) /* (3) */
                return c->refusal;
        if (!g->populated)
                return REFUSAL_EMPTY;
        if (g->facts->is_threaded)
                return REFUSAL_THREADED;
        if (g->facts->is_slice && !slice_is_named(r, c, kind))
                return REFUSAL_SLICE;
        if (!g->kept)
                return REFUSAL_UNREACHABLE;
        return r->veto && r->veto->ask_group ? r->veto->ask_group(r->veto->ctx, g) : REFUSAL_NONE;
}

/* What its end would free: what memory.stat says if that is of now, else what is known of its
 * members. */
static void weigh(const GroupRanking *r, GroupCandidate *c) {
        const GroupSample *g = &r->s->groups[c->group];

        c->freeable = c->link.freeable;
        if (g->unreclaimable_known)
                c->freeable =
                        MIN(MAX(c->freeable, g->anon + corrections_swap_cost(&r->s->raw, g->swap)),
                                add_sat_u64(g->current, g->swap));
        c->gained = g->gained_known ? g->gained : c->link.gained;
        c->history_missing = !g->gained_known && r->policy->targets.weight_milli[RANK_GAINED] != 0;
}

static int64_t term_value(const GroupRanking *r, const GroupCandidate *c, RankTerm term) {
        const GroupSample *g = &r->s->groups[c->group];
        uint64_t growth = g->growth_known && g->growth > 0 ? (uint64_t) g->growth : c->link.growth;
        const uint64_t values[_RANK_MAX] = {
                [RANK_GAINED] = c->gained,
                [RANK_FREEABLE] = c->freeable,
                [RANK_GROWTH] =
                        mul_div_u64(growth, r->policy->targets.growth_horizon_usec, USEC_PER_SEC),
                [RANK_SWAP] = g->has_memory ? g->swap : c->link.swap,
                [RANK_OOM_SCORE] = c->link.oom_bytes,
                [RANK_YOUNGEST] = c->link.age_sec,
                [RANK_OLDEST] = c->link.age_sec,
        };
        int64_t value = (int64_t) MIN(values[term], (uint64_t) INT64_MAX);

        return term == RANK_YOUNGEST ? -value : value;
}

static void score(const GroupRanking *r, GroupCandidate *c) {
        const Targets *targets = &r->policy->targets;
        const GroupFacts *f = r->s->groups[c->group].facts;
        const MatchSpec *preferred = match_list_group(&targets->prefer, f);
        const MatchSpec *avoided = match_list_group(&targets->avoid, f);
        bool all_preferred = c->n_processes > 0 && c->link.n_preferred == c->n_processes;
        bool all_avoided = c->n_processes > 0 && c->link.n_avoided == c->n_processes;

        c->score = 0;
        for (int t = 0; t < _RANK_MAX; t++)
                if (targets->weight_milli[t] != 0)
                        c->score += rank_weigh(
                                term_value(r, c, (RankTerm) t), targets->weight_milli[t]);

        c->preference = (int8_t) ((preferred || all_preferred) - (avoided || all_avoided));
        if (c->preference != 0 && c->refusal != REFUSAL_PROTECTED)
                c->spec = c->preference > 0 ? preferred : avoided;
        c->score = rank_prefer(c->score, c->preference);
        c->owner_avoids = is_wanted(r, c->group, false);
        if (c->owner_avoids)
                c->score = rank_prefer(c->score, -1);
}

static bool goes_before(const GroupCandidate *a, const GroupCandidate *b) {
        if ((a->refusal == REFUSAL_NONE) != (b->refusal == REFUSAL_NONE))
                return a->refusal == REFUSAL_NONE;
        if (a->refusal != REFUSAL_NONE)
                return a->gained > b->gained;
        return a->score > b->score;
}

/* Into the list of the best that has room for cap, more than none. */
static size_t insert(const GroupCandidate *c, GroupCandidate *list, size_t count, size_t cap) {
        size_t at;

        if (count == cap && !goes_before(c, &list[count - 1]))
                return count;
        count = MIN(count + 1, cap);
        for (at = count - 1; at > 0 && goes_before(c, &list[at - 1]); at--)
                list[at] = list[at - 1];
        list[at] = *c;
        return count;
}

static size_t select_best(const GroupRanking *r, GroupCandidate *ret, size_t cap) {
        size_t count = 0;

        for (uint32_t i = 0; i < r->n && cap > 0; i++)
                if (r->table[i].refusal != REFUSAL_NOT_MATCHED)
                        count = insert(&r->table[i], ret, count, cap);
        return count;
}

static bool is_in(const GroupCandidate *list, size_t count, uint32_t group) {
        for (size_t i = 0; i < count; i++)
                if (list[i].group == group)
                        return true;
        return false;
}

size_t group_rank_works(const GroupRanking *r, GroupCandidate *ret, size_t cap) {
        uint64_t at_least = rank_at_least(r->policy, r->s);
        size_t count = 0;

        for (uint32_t i = 0; i < r->n_procs && cap > 0; i++) {
                uint32_t at = group_target_of_oom_group(r, i);
                GroupCandidate c;

                if (at == GROUP_NONE)
                        at = group_target_of_work(r, i);
                if (at == GROUP_NONE || is_in(ret, count, r->table[at].group) ||
                        !is_in_scope(r, at, TARGET_AUTO) || !is_matched(r, &r->table[at]))
                        continue;
                c = r->table[at];
                score(r, &c);
                if (c.refusal == REFUSAL_NONE && c.freeable < at_least)
                        c.refusal = REFUSAL_TOO_SMALL;
                count = insert(&c, ret, count, cap);
        }
        return count;
}

size_t group_rank(GroupRanking *r, TargetKind kind, GroupCandidate *ret, size_t cap) {
        uint64_t at_least = rank_at_least(r->policy, r->s);

        group_table_make(r);
        for (uint32_t i = 0; i < r->n; i++) {
                GroupCandidate *c = &r->table[i];

                weigh(r, c);
                c->refusal = refuse(r, c, kind);
                if (!target_is_group(kind))
                        continue;
                if (!is_of_kind(r, i, kind) || !is_in_scope(r, i, kind) || !is_matched(r, c)) {
                        c->refusal = REFUSAL_NOT_MATCHED;
                        continue;
                }
                score(r, c);
                if (c->refusal == REFUSAL_NONE && c->freeable < at_least)
                        c->refusal = REFUSAL_TOO_SMALL;
        }
        return target_is_group(kind) ? select_best(r, ret, cap) : 0;
}

bool group_rank_is_meant(const GroupRanking *r, const GroupCandidate *c) {
        return is_matched(r, c) && !(c->link.flags & GROUP_HAS_UNMATCHED);
}

bool group_rank_is_few(const Policy *policy, const GroupCandidate *c) {
        uint32_t most = policy->targets.max_victims;

        /* Nobody known in a cgroup that is not empty: nobody knows how many. */
        return most == 0 || (c->n_processes > 0 && c->n_processes <= most);
}
