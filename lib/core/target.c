/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/macro.h"
#include "core/candidates.h"

/* How far up a chain of parents is looked: deeper trees are built to be climbed. */
#define DEPTH_MAX 64

/* A tree under construction. */
typedef struct Tree {
        const Sample *s;
        Candidate *table;
        Target *target;
} Tree;

static bool shares_memory(const Tree *t, uint32_t a, uint32_t b) {
        return t->s->procs[a].facts->mm_group != 0 &&
                t->table[a].link.mm_leader == t->table[b].link.mm_leader;
}

static void add_member(Tree *t, uint32_t i) {
        Candidate *c = &t->table[i], *mm = &t->table[c->link.mm_leader];
        Target *target = t->target;

        if (c->link.flags & CANDIDATE_MEMBER)
                return;
        if (!t->s->procs[i].kept || target->n_members == TARGET_MEMBERS_MAX) {
                target->n_unreached++;
                return;
        }

        c->link.flags |= CANDIDATE_MEMBER;
        target->members[target->n_members++] = i;
        if (!(mm->link.flags & CANDIDATE_COUNTED)) {
                mm->link.flags |= CANDIDATE_COUNTED;
                target->promised += t->s->procs[i].freeable;
        }
}

/* A member, and who else holds its memory: nothing comes back as long as one of them lives. */
static void add_with_sharers(Tree *t, uint32_t i) {
        add_member(t, i);
        if (t->s->procs[i].facts->mm_group == 0)
                return;
        for (uint32_t j = 0; j < t->s->n_procs; j++)
                if (j != i && shares_memory(t, i, j) && t->table[j].refusal != REFUSAL_DEAD)
                        add_member(t, j);
}

static bool is_below(const Candidate *table, uint32_t i, uint32_t root) {
        for (int depth = 0; i != CANDIDATE_NONE && depth < DEPTH_MAX; depth++) {
                if (i == root)
                        return true;
                i = table[i].link.parent;
        }
        return false;
}

static void clear_marks(Tree *t) {
        for (size_t i = 0; i < t->s->n_procs; i++)
                t->table[i].link.flags &= ~(uint32_t) (CANDIDATE_MEMBER | CANDIDATE_COUNTED);
}

/* All that may be touched below root (CANDIDATE_NONE: in the group), first first. */
static void take_subtree(Tree *t, uint32_t root, uint32_t first) {
        uint32_t group = t->table[first].link.leader;

        t->target->kind = TARGET_TREE;
        add_with_sharers(t, first);
        for (uint32_t i = 0; i < t->s->n_procs; i++)
                if (t->table[i].link.leader == group && candidate_is_touchable(&t->table[i]) &&
                        (root == CANDIDATE_NONE || is_below(t->table, i, root)))
                        add_with_sharers(t, i);
}

static uint64_t weight_of(const Tree *t, uint32_t i, bool by_gain) {
        const Candidate *c = &t->table[i];

        if (!candidate_is_touchable(c) ||
                (c->link.mm_leader != i && shares_memory(t, i, c->link.mm_leader) &&
                        candidate_is_touchable(&t->table[c->link.mm_leader])))
                return 0;
        return by_gain ? t->s->procs[i].gained : t->s->procs[i].freeable;
}

/* Adds up, for every member of the group, what hangs below it. */
static uint64_t weigh_subtrees(Tree *t, uint32_t group, bool by_gain) {
        uint64_t total = 0;

        for (uint32_t i = 0; i < t->s->n_procs; i++)
                t->table[i].link.subtree = 0;

        for (uint32_t i = 0; i < t->s->n_procs; i++) {
                uint64_t weight;
                uint32_t up = i;

                if (t->table[i].link.leader != group)
                        continue;
                weight = weight_of(t, i, by_gain);
                total += weight;
                for (int depth = 0; up != CANDIDATE_NONE && depth < DEPTH_MAX; depth++) {
                        t->table[up].link.subtree += weight;
                        up = t->table[up].link.parent;
                }
        }
        return total;
}

/* Between two roots with the same weight below: the lower one. */
static bool is_smaller(const Tree *t, uint32_t a, uint32_t b) {
        const Candidate *table = t->table;

        if (table[a].link.subtree != table[b].link.subtree)
                return table[a].link.subtree < table[b].link.subtree;
        return is_below(table, a, b);
}

/* The smallest subtree that holds most of the weight; CANDIDATE_NONE when there is none. */
static uint32_t find_most(const Tree *t, uint32_t group, uint64_t total) {
        uint32_t best = CANDIDATE_NONE;

        for (uint32_t i = 0; i < t->s->n_procs; i++) {
                if (t->table[i].link.leader != group || t->table[i].link.subtree <= total / 2)
                        continue;
                if (best == CANDIDATE_NONE || is_smaller(t, i, best))
                        best = i;
        }
        return best;
}

/* Of a forest without such a tree: the heaviest one. */
static uint32_t find_heaviest(const Tree *t, uint32_t group) {
        uint32_t best = CANDIDATE_NONE;

        for (uint32_t i = 0; i < t->s->n_procs; i++)
                if (t->table[i].link.leader == group &&
                        (best == CANDIDATE_NONE ||
                                t->table[i].link.subtree > t->table[best].link.subtree))
                        best = i;
        return best;
}

/* Who stands for the subtree: its root, else the winner, else whoever gained most. */
static uint32_t first_of(const Tree *t, uint32_t root, uint32_t winner) {
        uint32_t best = CANDIDATE_NONE;

        if (candidate_is_touchable(&t->table[root]))
                return root;
        if (is_below(t->table, winner, root))
                return winner;

        for (uint32_t i = 0; i < t->s->n_procs; i++)
                if (candidate_is_touchable(&t->table[i]) && is_below(t->table, i, root) &&
                        (best == CANDIDATE_NONE ||
                                t->s->procs[i].gained > t->s->procs[best].gained))
                        best = i;
        return best == CANDIDATE_NONE ? winner : best;
}

static void take_most(const Policy *policy, Tree *t, uint32_t winner) {
        uint32_t group = t->table[winner].link.leader, root;
        uint64_t total = weigh_subtrees(t, group, true);

        if (total == 0)
                total = weigh_subtrees(t, group, false);

        root = find_most(t, group, total);
        if (root != CANDIDATE_NONE) {
                take_subtree(t, root, first_of(t, root, winner));
                return;
        }

        root = find_heaviest(t, group);
        take_subtree(t, root, first_of(t, root, winner));
        if (t->target->promised >= rank_at_least(policy, t->s))
                return;

        /* Many small ones side by side: only together are they worth it. */
        clear_marks(t);
        *t->target = (Target){ .group = -1 };
        take_subtree(t, CANDIDATE_NONE, winner);
}

/* All that the user of the winner runs, where no slice holds it together. */
static void take_user(Tree *t, uint32_t winner) {
        uint32_t uid = t->s->procs[winner].facts->uid;

        add_with_sharers(t, winner);
        for (uint32_t i = 0; i < t->s->n_procs; i++)
                if (t->s->procs[i].facts->uid == uid && candidate_is_touchable(&t->table[i]))
                        add_with_sharers(t, i);
        t->target->kind = TARGET_USER;
}

/* The instance of a process policy is the root itself, and what hangs below it is in reach too;
 * auto takes its children along when most of the gain is theirs. */
static bool takes_children(const Policy *policy, Tree *t, uint32_t winner) {
        for (uint32_t i = 0; i < t->s->n_procs; i++)
                if ((t->table[i].link.flags & CANDIDATE_BESIDE) && is_below(t->table, i, winner))
                        t->table[i].refusal =
                                t->s->procs[i].kept ? REFUSAL_NONE : REFUSAL_UNREACHABLE;
        if (policy->targets.kind == TARGET_TREE)
                return true;

        (void) weigh_subtrees(t, t->table[winner].link.leader, true);
        return t->s->procs[winner].gained <
                t->table[winner].link.subtree - t->s->procs[winner].gained;
}

void rank_target(const Policy *policy, const Verdict *v, const Sample *s, Candidate *scratch,
        const Candidate *winner, TargetKind kind, Target *ret) {
        Tree t = { s, scratch, ret };
        bool of_instance = v && v->key.watch == WATCH_PROCESS;

        *ret = (Target){ .kind = TARGET_PROCESS,
                .group = -1,
                .class_hash = s->procs[winner->proc].facts->class_hash };
        clear_marks(&t);

        if (of_instance && kind != TARGET_PROCESS && takes_children(policy, &t, winner->proc))
                take_subtree(&t, winner->proc, winner->proc);
        else if (!of_instance && kind == TARGET_TREE)
                take_most(policy, &t, winner->proc);
        else if (!of_instance && kind == TARGET_AUTO && candidate_takes_group(policy, winner))
                take_most(policy, &t, winner->proc);
        else if (kind == TARGET_USER)
                take_user(&t, winner->proc);
        else
                add_with_sharers(&t, winner->proc);

        if (ret->n_members > 0)
                ret->class_hash = s->procs[ret->members[0]].facts->class_hash;
        if (ret->n_members == 1 && ret->n_unreached == 0)
                ret->kind = TARGET_PROCESS;
}

bool rank_target_widen(const Sample *s, Candidate *scratch, const Candidate *winner, Target *ret) {
        Tree t = { s, scratch, ret };
        uint32_t parent = scratch[winner->proc].link.parent;

        if (parent == CANDIDATE_NONE || !candidate_is_touchable(&scratch[parent]) ||
                !s->procs[parent].kept)
                return false;

        *ret = (Target){ .group = -1 };
        clear_marks(&t);
        take_subtree(&t, parent, parent);
        ret->class_hash = s->procs[parent].facts->class_hash;
        return ret->n_members > 0;
}
