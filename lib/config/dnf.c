/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/dnf.h"

#include <assert.h>
#include <string.h>

#include "base/macro.h"
#include "config/metric.h"

static uint16_t atom_bit(const Dnf *dnf, const CondNode *node) {
        for (size_t i = 0; i < dnf->n_atoms; i++)
                if (dnf->atoms[i] == node)
                        return (uint16_t) (1u << i);
        assert(false); /* an atom that is not of this condition */
        return 0;
}

static void add_branch(Dnf *dnf, DnfBranch branch) {
        assert(dnf->n < DNF_BRANCHES_MAX);
        dnf->branches[dnf->n++] = branch;
}

/* Adds the branches of one node to dnf, which holds those of its elder siblings under an "or". */
static void expand(const Condition *c, uint16_t index, bool negated, Dnf *dnf);

/* The branches of an "and": every combination of one branch of each child. */
static void multiply(const Condition *c, uint16_t first, bool negated, Dnf *dnf) {
        Dnf product = *dnf, factor = *dnf;

        product.n = 0;
        add_branch(&product, (DnfBranch){ 0 });
        for (uint16_t child = first; child != COND_NONE; child = c->nodes[child].next_sibling) {
                Dnf next = product;

                next.n = 0;
                factor.n = 0;
                expand(c, child, negated, &factor);
                for (size_t i = 0; i < product.n; i++)
                        for (size_t k = 0; k < factor.n; k++)
                                add_branch(&next,
                                        (DnfBranch){
                                                product.branches[i].yes | factor.branches[k].yes,
                                                product.branches[i].no | factor.branches[k].no });
                product = next;
        }
        for (size_t i = 0; i < product.n; i++)
                add_branch(dnf, product.branches[i]);
}

static void expand(const Condition *c, uint16_t index, bool negated, Dnf *dnf) {
        const CondNode *node = &c->nodes[index];
        bool is_and = (node->kind == COND_ALL) != negated;
        uint16_t bit;

        switch (node->kind) {
        case COND_ATOM:
                bit = atom_bit(dnf, node);
                add_branch(dnf, negated ? (DnfBranch){ .no = bit } : (DnfBranch){ .yes = bit });
                return;
        case COND_NOT:
                expand(c, node->first_child, !negated, dnf);
                return;
        case COND_ALL:
        case COND_ANY:
        default:
                if (is_and) {
                        multiply(c, node->first_child, negated, dnf);
                        return;
                }
                for (uint16_t child = node->first_child; child != COND_NONE;
                        child = c->nodes[child].next_sibling)
                        expand(c, child, negated, dnf);
        }
}

void dnf_expand(const Condition *condition, bool negated, Dnf *ret) {
        memset(ret, 0, sizeof(*ret));
        for (size_t i = 0; i < condition->n_nodes; i++)
                if (condition->nodes[i].kind == COND_ATOM) {
                        assert(ret->n_atoms < CONDITION_ATOMS_MAX);
                        ret->atoms[ret->n_atoms++] = &condition->nodes[i];
                }
        if (condition->n_nodes > 0)
                expand(condition, 0, negated, ret);
}

Range dnf_domain(const Atom *atom) {
        const MetricInfo *metric = metric_info(atom->metric);
        bool is_share = atom->percent || atom->unit == METRIC_UNIT_PERMYRIAD;
        bool can_shrink = atom->unit == METRIC_UNIT_BYTES_PER_SEC;

        return (Range){
                .min = can_shrink ? INT64_MIN : 0,
                .max = is_share && metric->max_permyriad > 0 ? metric->max_permyriad : INT64_MAX,
        };
}

static CompareOp opposite(CompareOp op) {
        static const CompareOp opposites[_COMPARE_MAX] = {
                [COMPARE_LT] = COMPARE_GE,
                [COMPARE_LE] = COMPARE_GT,
                [COMPARE_GT] = COMPARE_LE,
                [COMPARE_GE] = COMPARE_LT,
        };

        return opposites[op];
}

Range dnf_atom_range(const Atom *atom, bool negated) {
        static const Range empty = { 1, 0 };
        CompareOp op = negated ? opposite(atom->op) : atom->op;
        Range range = dnf_domain(atom);
        int64_t t = atom->threshold;

        switch (op) {
        case COMPARE_LT:
                if (t == INT64_MIN)
                        return empty;
                range.max = MIN(range.max, t - 1);
                return range;
        case COMPARE_LE:
                range.max = MIN(range.max, t);
                return range;
        case COMPARE_GT:
                if (t == INT64_MAX)
                        return empty;
                range.min = MAX(range.min, t + 1);
                return range;
        case COMPARE_GE:
                range.min = MAX(range.min, t);
                return range;
        case _COMPARE_MAX:
        default:
                assert(false); /* there are no more operators */
                return empty;
        }
}

bool dnf_is_comparable(const Atom *a, const Atom *b) {
        return a->metric == b->metric && a->percent == b->percent;
}

static bool is_in(DnfBranch branch, size_t i) {
        return ((branch.yes | branch.no) >> i) & 1;
}

bool dnf_find_conflict(const Dnf *a, DnfBranch in_a, const Dnf *b, DnfBranch in_b,
        const Atom **ret_a, const Atom **ret_b) {
        for (size_t i = 0; i < a->n_atoms; i++)
                for (size_t k = 0; k < b->n_atoms; k++) {
                        const Atom *x = &a->atoms[i]->atom, *y = &b->atoms[k]->atom;
                        Range first, second;

                        if (!is_in(in_a, i) || !is_in(in_b, k) || !dnf_is_comparable(x, y))
                                continue;
                        first = dnf_atom_range(x, (in_a.no >> i) & 1);
                        second = dnf_atom_range(y, (in_b.no >> k) & 1);
                        if (MAX(first.min, second.min) <= MIN(first.max, second.max))
                                continue;
                        *ret_a = x;
                        *ret_b = y;
                        return true;
                }
        return false;
}
