/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A condition as the list of ways in which it can be true (disjunctive normal form), and what the
 * thresholds of one way leave possible. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* No condition has more branches: n atoms in groups give at most 3^(n/3) products, 3^4 for 12. */
#define DNF_BRANCHES_MAX 81

/* One way to be true: atoms (by their number in the condition) that must be true and that must be
 * false. */
typedef struct DnfBranch {
        uint16_t yes;
        uint16_t no;
} DnfBranch;

typedef struct Dnf {
        const CondNode *atoms[CONDITION_ATOMS_MAX]; /* in the order of the nodes */
        size_t n_atoms;
        DnfBranch branches[DNF_BRANCHES_MAX];
        size_t n;
} Dnf;

/* Expands a condition, or with `negated` its opposite. An empty condition has no branch. */
void dnf_expand(const Condition *condition, bool negated, Dnf *ret);

/* The values that an atom (or its opposite) lets through, within those that can occur at all. Empty
 * when min > max. */
Range dnf_atom_range(const Atom *atom, bool negated);

/* The values of the metric that can occur. */
Range dnf_domain(const Atom *atom);

/* True when the two are thresholds on the same metric in the same measure. */
bool dnf_is_comparable(const Atom *a, const Atom *b);

/* Two atoms of a branch that cannot hold together, or of two branches (b may be the same as a).
 * True when there are such; *ret_a and *ret_b are set then. */
bool dnf_find_conflict(const Dnf *a, DnfBranch in_a, const Dnf *b, DnfBranch in_b,
        const Atom **ret_a, const Atom **ret_b);
