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

/* Two readings of memory.stat are at least so far apart (group-track.c). */
#define STAT_TICK_USEC (150 * USEC_PER_MSEC)

/* Longer than anybody waits. */
#define NEVER_USEC (24 * USEC_PER_HOUR)

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

/* What is being looked at: the system, or one cgroup. */
typedef struct Outlook {
        const Sample *s;
        const GroupSample *group; /* NULL: the system's own */
        usec_t tick_usec;         /* tick.process: sooner than that only what was seen growing */
        uint64_t rate;            /* at which the system's thresholds are approached, bytes/s */
} Outlook;

/* Time until an atom or a condition may hold; USEC_UNSET when it says nothing about that. */
static usec_t until_exhaustion(const Outlook *o, const Atom *a) {
        const Reading *available = &o->s->system[METRIC_MEM_AVAILABLE];

        if (!available->known)
                return USEC_UNSET;
        return usec_since(
                time_for((uint64_t) available->value + o->s->swap_free_effective, o->rate),
                (usec_t) MAX(a->threshold, INT64_C(0)));
}

/* How fast a cgroup was seen growing, bytes/s; 0: not at all. */
static uint64_t seen_growing(const GroupSample *g) {
        uint64_t growth = g->growth_known && g->growth > 0 ? (uint64_t) g->growth : 0;

        return MAX(growth, MAX(g->pace, g->last_pace));
}

/* Half the time until a cgroup has grown by so much, less ahead_usec, at the rate it was seen
 * growing: it takes two looks to tell how fast that is. If it did not, or slowly, it may begin to
 * at any moment, for which tick.process is soon enough: its memory.events announce it as well.
 * Never 0: what is not reached is no longer waited for than necessary. */
static usec_t until_group_grew(const Outlook *o, uint64_t bytes, usec_t ahead_usec) {
        uint64_t seen = seen_growing(o->group);
        uint64_t cautious = MAX(ceiling(o->s) / CEILING_CAUTIOUS_SHARE, UINT64_C(1));
        usec_t soonest = MAX(usec_since(time_for(bytes, cautious), ahead_usec), o->tick_usec);

        if (seen > 0)
                soonest = MIN(soonest, usec_since(time_for(bytes, seen), ahead_usec) / 2);
        return MAX(soonest, (usec_t) 1);
}

static usec_t until_group_exhaustion(const Outlook *o, const Atom *a) {
        const GroupSample *g = o->group;
        uint64_t limit = evaluate_group_limit(o->s, g);
        uint64_t most = g->unreclaimable_known ? g->unreclaimable : g->current;

        if (!g->has_memory)
                return USEC_UNSET;
        return until_group_grew(
                o, sub_sat_u64(limit, most), (usec_t) MAX(a->threshold, INT64_C(0)));
}

/* Pressure and rates are announced by triggers, not by a distance; near their threshold they are
 * watched. */
static usec_t until_rate(const Reading *r, const Atom *a) {
        bool near = r->known && a->threshold > 0 && (a->op == COMPARE_GT || a->op == COMPARE_GE) &&
                r->value >= a->threshold / 2;

        return near ? WAITING_TICK_USEC : USEC_UNSET;
}

static usec_t until_atom(const Outlook *o, const Atom *a, bool negated) {
        bool downward = (a->op == COMPARE_LT || a->op == COMPARE_LE) != negated;
        bool of_group = metric_is_cgroup(a->metric);
        int64_t threshold, distance;
        Reading r;

        if (!metric_is_system(a->metric) && !(of_group && o->group))
                return 0; /* may hold already: the other atoms decide */

        r = evaluate_metric(o->s, a->metric, &(Instance){ .group = o->group });
        if (!r.known && a->metric == METRIC_CGROUP_USAGE) /* no more than is charged in all */
                r = evaluate_metric(o->s, METRIC_CGROUP_CURRENT, &(Instance){ .group = o->group });
        if (a->is_pressure_or_rate)
                return until_rate(&r, a);
        if (a->metric == METRIC_MEM_EXHAUSTION && downward)
                return until_exhaustion(o, a);
        if (a->metric == METRIC_CGROUP_EXHAUSTION && downward)
                return r.known && r.value < a->threshold ? 0 : until_group_exhaustion(o, a);
        if (!r.known || a->unit != METRIC_UNIT_BYTES)
                return USEC_UNSET;

        threshold = a->percent ? condition_amount(&r, a->threshold) : a->threshold;
        distance = downward ? r.value - threshold : threshold - r.value;
        if (distance <= 0)
                return 0;
        if (a->metric == METRIC_CGROUP_LIMIT)
                return NEVER_USEC; /* no growth moves it */
        return of_group ? until_group_grew(o, (uint64_t) distance, 0)
                        : time_for((uint64_t) distance, o->rate);
}

/* All of several come true with the last of them, any of them with the first; under a `not` it is
 * the other way round. What says nothing is left out. */
static usec_t until_node(const Condition *c, uint16_t at, const Outlook *o, bool negated) {
        const CondNode *node = &c->nodes[at];
        bool last = (node->kind == COND_ALL) != negated;
        usec_t result = USEC_UNSET;

        if (node->kind == COND_ATOM)
                return until_atom(o, &node->atom, negated);
        if (node->kind == COND_NOT)
                return until_node(c, node->first_child, o, !negated);

        for (uint16_t child = node->first_child; child != COND_NONE;
                child = c->nodes[child].next_sibling) {
                usec_t t = until_node(c, child, o, negated);

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
        if (p->watch == WATCH_SYSTEM || watch_is_group(p->watch))
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

/* The nearest of a policy's cgroups: those that have a verdict. Nothing is waited for where there
 * is none; a new cgroup announces itself. */
static usec_t until_groups(
        const Policy *p, Outlook *o, const Verdict *verdicts, size_t n, size_t policy) {
        usec_t nearest = USEC_UNSET;

        for (size_t i = 0; i < n && nearest > 0; i++) {
                if (verdicts[i].policy != policy || verdicts[i].group < 0)
                        continue;
                o->group = &o->s->groups[verdicts[i].group];
                nearest = MIN(nearest, until_node(&p->when, 0, o, false));
        }
        o->group = NULL;
        return nearest;
}

/* What cannot be reclaimed is known anew with a new memory.stat only; and a word has time. */
static usec_t at_the_pace_of_stat(const Policy *p, usec_t t) {
        if (t == 0)
                return 0;
        return MAX(t, policy_takes_target(p) ? STAT_TICK_USEC : WAITING_TICK_USEC);
}

usec_t evaluate_next_tick(
        const Config *config, const Sample *s, const Verdict *verdicts, size_t n, bool busy) {
        const TickConfig *tick = &config->tick;
        Outlook o = { .s = s, .tick_usec = tick->process_usec, .rate = expected_rate(s) };
        usec_t next = MIN(tick->max_usec, until_half_gone(s));

        if (busy)
                return tick->min_usec;

        for (size_t i = 0; i < config->n_policies; i++) {
                const Policy *p = &config->policies[i];
                usec_t t;

                /* Where a standing policy is true, it is in force; a new cgroup announces itself.
                 */
                if (p->when.n_nodes == 0 || policy_is_standing(p))
                        continue;
                if (watches_processes_alone(p)) {
                        next = MIN(next, tick->process_usec);
                        continue;
                }
                if (is_true(verdicts, n, i))
                        t = 0;
                else if (watch_is_group(p->watch))
                        t = at_the_pace_of_stat(p, until_groups(p, &o, verdicts, n, i));
                else
                        t = until_node(&p->when, 0, &o, false);
                next = MIN(next, t == 0 ? WAITING_TICK_USEC : t);
        }
        return MAX(MIN(next, tick->max_usec), tick->min_usec);
}
