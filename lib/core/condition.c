/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/condition.h"

#include "base/macro.h"
#include "base/number.h"

static bool wants_less(CompareOp op) {
        return op == COMPARE_LT || op == COMPARE_LE;
}

static bool compare(int64_t a, CompareOp op, int64_t b) {
        switch (op) {
        case COMPARE_LT:
                return a < b;
        case COMPARE_LE:
                return a <= b;
        case COMPARE_GT:
                return a > b;
        case COMPARE_GE:
                return a >= b;
        case _COMPARE_MAX:
                break;
        }
        return false;
}

bool condition_compare(const Reading *r, CompareOp op, int64_t threshold, bool percent) {
        int64_t part, share;

        if (!percent)
                return compare(r->value, op, threshold);
        if (r->total <= 0)
                return compare(0, op, threshold); /* a percentage of nothing is 0 % */

        /* Multiplied out, so that nothing is lost to rounding; beyond 800 TiB permyriad are exact
         * enough. */
        if (!__builtin_mul_overflow(r->value, INT64_C(10000), &part) &&
                !__builtin_mul_overflow(r->total, threshold, &share))
                return compare(part, op, share);
        return compare(
                (int64_t) permyriad_of((uint64_t) MAX(r->value, INT64_C(0)), (uint64_t) r->total),
                op, threshold);
}

int64_t condition_amount(const Reading *r, int64_t permyriad) {
        uint64_t amount;

        if (r->total <= 0 || permyriad <= 0)
                return 0;
        amount = mul_div_u64((uint64_t) r->total, (uint64_t) permyriad, 10000);
        return (int64_t) MIN(amount, (uint64_t) INT64_MAX);
}

static int64_t add_capped(int64_t a, int64_t b) {
        int64_t sum;

        if (!__builtin_add_overflow(a, b, &sum))
                return sum;
        return a > 0 ? INT64_MAX : INT64_MIN;
}

static int64_t magnitude(int64_t v) {
        return v == INT64_MIN ? INT64_MAX : v < 0 ? -v : v;
}

/* A quarter of its value toward calm. A percentage goes at most half of what is left to 100 %:
 * beyond that the condition could never become false again. */
static int64_t relaxed(const Atom *a, bool upward) {
        int64_t step = magnitude(a->threshold) / 4;

        if (!upward)
                return add_capped(a->threshold, -step);
        if (a->percent || a->unit == METRIC_UNIT_PERMYRIAD) {
                int64_t left = 10000 - a->threshold;

                if (left > 0)
                        step = MIN(step, (left + 1) / 2);
        }
        return add_capped(a->threshold, step);
}

/* How far the amount may move toward the threshold in tick.max at the measured rate. */
static int64_t drift(const Atom *a, const ConditionContext *x) {
        const Reading *fill = &x->s->system[METRIC_FILL_RATE];
        uint64_t bytes;

        if (a->metric == METRIC_MEM_EXHAUSTION)
                return (int64_t) MIN(x->tick_max_usec, (usec_t) INT64_MAX);
        if (a->unit != METRIC_UNIT_BYTES || !metric_is_system(a->metric) || !fill->known ||
                fill->value <= 0)
                return 0;

        bytes = mul_div_u64((uint64_t) fill->value, x->tick_max_usec, USEC_PER_SEC);
        return (int64_t) MIN(bytes, (uint64_t) INT64_MAX);
}

static bool armed(const Reading *r, const Atom *a, const ConditionContext *x, bool upward) {
        int64_t threshold = a->threshold, moved;

        threshold = upward ? add_capped(threshold, magnitude(threshold)) : threshold / 2;
        moved = drift(a, x);
        if (moved == 0)
                return condition_compare(r, a->op, threshold, a->percent);

        if (a->percent)
                threshold = condition_amount(r, threshold);
        threshold = add_capped(threshold, upward ? moved : -moved);
        return compare(r->value, a->op, threshold);
}

static Truth truth_of(bool b) {
        return b ? TRUTH_TRUE : TRUTH_FALSE;
}

static Truth judge_atom(const Atom *a, const ConditionContext *x, bool negated) {
        bool arming = x->view == CONDITION_ARMED || x->view == CONDITION_ARMED_SYSTEM;
        bool upward = wants_less(a->op) != negated;
        Reading r;

        /* Granted means: whatever makes the whole more likely. */
        if (arming && a->is_pressure_or_rate)
                return truth_of(!negated);
        if (x->view == CONDITION_ARMED_SYSTEM && !metric_is_system(a->metric))
                return truth_of(!negated);

        r = evaluate_metric(x->s, a->metric, &x->instance);
        if (!r.known || r.since_usec < x->not_before_usec)
                return TRUTH_UNKNOWN;

        if (arming)
                return truth_of(armed(&r, a, x, upward));
        return truth_of(condition_compare(&r, a->op,
                x->view == CONDITION_RELAXED ? relaxed(a, upward) : a->threshold, a->percent));
}

static Truth negate(Truth t) {
        return t == TRUTH_UNKNOWN ? t : truth_of(t == TRUTH_FALSE);
}

static Truth judge_node(const Condition *c, uint16_t at, const ConditionContext *x, bool negated) {
        const CondNode *node = &c->nodes[at];
        Truth decisive = node->kind == COND_ANY ? TRUTH_TRUE : TRUTH_FALSE;
        Truth result = negate(decisive);

        if (node->kind == COND_ATOM)
                return judge_atom(&node->atom, x, negated);
        if (node->kind == COND_NOT)
                return negate(judge_node(c, node->first_child, x, !negated));

        for (uint16_t child = node->first_child; child != COND_NONE;
                child = c->nodes[child].next_sibling) {
                Truth t = judge_node(c, child, x, negated);

                if (t == decisive)
                        return t;
                if (t == TRUTH_UNKNOWN)
                        result = t;
        }
        return result;
}

Truth condition_judge(const Condition *c, const ConditionContext *x) {
        return c->n_nodes == 0 ? TRUTH_FALSE : judge_node(c, 0, x, false);
}

typedef struct AtomReader {
        const Condition *c;
        const ConditionContext *x;
        AtomReading *ret;
        size_t n;
} AtomReader;

/* Of an `any` that is true the first true branch is enough, of an `all` that is false the first
 * false one; else every branch has its part. */
static void read_node(AtomReader *r, uint16_t at, bool negated, bool decisive) {
        const CondNode *node = &r->c->nodes[at];
        Truth enough = node->kind == COND_ANY ? TRUTH_TRUE : TRUTH_FALSE;
        bool one_is_enough = node->kind != COND_NOT && node->kind != COND_ATOM &&
                judge_node(r->c, at, r->x, negated) == enough;

        if (node->kind == COND_ATOM) {
                if (r->n < VERDICT_ATOMS_MAX)
                        r->ret[r->n++] = (AtomReading){
                                .atom = &node->atom,
                                .reading = evaluate_metric(
                                        r->x->s, node->atom.metric, &r->x->instance),
                                .truth = judge_atom(&node->atom, r->x, false),
                                .decisive = decisive,
                        };
                return;
        }
        for (uint16_t child = node->first_child; child != COND_NONE;
                child = r->c->nodes[child].next_sibling) {
                bool below = node->kind == COND_NOT ? !negated : negated;
                bool is_it = !one_is_enough || judge_node(r->c, child, r->x, below) == enough;

                read_node(r, child, below, decisive && is_it);
                if (one_is_enough && is_it)
                        decisive = false;
        }
}

size_t condition_read_atoms(const Condition *c, const ConditionContext *x, AtomReading *ret) {
        AtomReader reader = { c, x, ret, 0 };

        if (c->n_nodes > 0)
                read_node(&reader, 0, false, true);
        return reader.n;
}
