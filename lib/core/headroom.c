/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/macro.h"
#include "base/number.h"
#include "core/condition.h"

/* Without a measured ceiling: a machine that can fill its memory in four seconds. */
#define CEILING_ASSUMED_SHARE 4

/* A threshold is expected to be reached at the measured rate or at this part of what the machine
 * can, whatever is more; that it may be all of it is provided for by never sleeping through half of
 * what is left. */
#define CEILING_CAUTIOUS_SHARE 4

/* While nothing but pressures and rates is missing, or something is true that nobody acts on. */
#define WAITING_TICK_USEC (250 * USEC_PER_MSEC)

static uint64_t ceiling(const Sample *s) {
        uint64_t assumed = s->raw.mem_total / CEILING_ASSUMED_SHARE;

        return MAX(s->raw.fill_ceiling > 0 ? s->raw.fill_ceiling : assumed, UINT64_C(1));
}

/* Bytes per second at which the nearest threshold is approached. */
static uint64_t expected_rate(const Sample *s) {
        const Reading *fill = &s->system[METRIC_FILL_RATE];
        uint64_t rate = ceiling(s) / CEILING_CAUTIOUS_SHARE;

        if (fill->known && fill->value > 0)
                rate = MAX(rate, (uint64_t) fill->value);
        return MAX(rate, UINT64_C(1));
}

static usec_t time_for(uint64_t bytes, uint64_t rate) {
        return mul_div_u64(bytes, USEC_PER_SEC, rate);
}

/* Time until an atom or a condition may hold; USEC_UNSET when it says nothing about that. */
static usec_t until_exhaustion(const Sample *s, const Atom *a, uint64_t rate) {
        const Reading *available = &s->system[METRIC_MEM_AVAILABLE];

        if (!available->known)
                return USEC_UNSET;
        return usec_since(time_for((uint64_t) available->value + s->swap_free_effective, rate),
                (usec_t) MAX(a->threshold, INT64_C(0)));
}

/* Pressure and rates are announced by triggers, not by a distance; near their threshold they are
 * watched. */
static usec_t until_rate(const Reading *r, const Atom *a) {
        bool near = r->known && a->threshold > 0 && (a->op == COMPARE_GT || a->op == COMPARE_GE) &&
                r->value >= a->threshold / 2;

        return near ? WAITING_TICK_USEC : USEC_UNSET;
}

static usec_t until_atom(const Sample *s, const Atom *a, bool negated, uint64_t rate) {
        bool downward = (a->op == COMPARE_LT || a->op == COMPARE_LE) != negated;
        const Reading *r;
        int64_t threshold, distance;

        if (!metric_is_system(a->metric))
                return 0; /* may hold already: the other atoms decide */

        r = &s->system[a->metric];
        if (a->is_pressure_or_rate)
                return until_rate(r, a);
        if (a->metric == METRIC_MEM_EXHAUSTION && downward)
                return until_exhaustion(s, a, rate);
        if (!r->known || a->unit != METRIC_UNIT_BYTES)
                return USEC_UNSET;

        threshold = a->percent ? condition_amount(r, a->threshold) : a->threshold;
        distance = downward ? r->value - threshold : threshold - r->value;
        return distance <= 0 ? 0 : time_for((uint64_t) distance, rate);
}

/* All of several come true with the last of them, any of them with the first; under a `not` it is
 * the other way round. What says nothing is left out. */
static usec_t until_node(
        const Condition *c, uint16_t at, const Sample *s, bool negated, uint64_t rate) {
        const CondNode *node = &c->nodes[at];
        bool last = (node->kind == COND_ALL) != negated;
        usec_t result = USEC_UNSET;

        if (node->kind == COND_ATOM)
                return until_atom(s, &node->atom, negated, rate);
        if (node->kind == COND_NOT)
                return until_node(c, node->first_child, s, !negated, rate);

        for (uint16_t child = node->first_child; child != COND_NONE;
                child = c->nodes[child].next_sibling) {
                usec_t t = until_node(c, child, s, negated, rate);

                if (t == USEC_UNSET)
                        continue;
                if (result == USEC_UNSET)
                        result = t;
                else
                        result = last ? MAX(result, t) : MIN(result, t);
        }
        return result;
}

static bool watches_processes_alone(const Policy *p) {
        if (p->watch == WATCH_SYSTEM)
                return false;
        for (size_t i = 0; i < p->when.n_nodes; i++)
                if (p->when.nodes[i].kind == COND_ATOM &&
                        metric_is_system(p->when.nodes[i].atom.metric))
                        return false;
        return true;
}

/* Half of what is left, filled as fast as this machine can. */
static usec_t until_half_gone(const Sample *s) {
        const Reading *available = &s->system[METRIC_MEM_AVAILABLE];

        if (!available->known)
                return USEC_UNSET;
        return time_for((uint64_t) available->value + s->swap_free_effective, ceiling(s)) / 2;
}

static bool is_true(const Verdict *verdicts, size_t n, size_t policy) {
        for (size_t i = 0; i < n; i++)
                if (verdicts[i].policy == policy && verdicts[i].when == TRUTH_TRUE)
                        return true;
        return false;
}

usec_t evaluate_next_tick(
        const Config *config, const Sample *s, const Verdict *verdicts, size_t n, bool busy) {
        const TickConfig *tick = &config->tick;
        uint64_t rate = expected_rate(s);
        usec_t next = MIN(tick->max_usec, until_half_gone(s));

        if (busy)
                return tick->min_usec;

        for (size_t i = 0; i < config->n_policies; i++) {
                const Policy *p = &config->policies[i];
                usec_t t;

                if (p->when.n_nodes == 0)
                        continue;
                if (watches_processes_alone(p)) {
                        next = MIN(next, tick->process_usec);
                        continue;
                }
                t = is_true(verdicts, n, i) ? 0 : until_node(&p->when, 0, s, false, rate);
                next = MIN(next, t == 0 ? WAITING_TICK_USEC : t);
        }
        return MAX(MIN(next, tick->max_usec), tick->min_usec);
}
