/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/evaluate.h"

#include "base/macro.h"
#include "core/condition.h"
#include "core/match.h"
#include "core/user-sum.h"

/* Instances of one policy that are looked at; the configured bound for all policies together is
 * below. */
#define INSTANCES_MAX 1024

typedef struct Evaluation {
        const Config *config;
        const Sample *s;
        EvaluateNotBefore not_before;
        const void *ctx;
        Verdict *ret;
        size_t n, cap;
        size_t dropped;
} Evaluation;

/* The largest instances of a policy, as indices into procs or users. */
typedef struct Largest {
        uint32_t index[INSTANCES_MAX];
        size_t n, cap;
        size_t dropped;
} Largest;

bool instance_key_equals(const InstanceKey *a, const InstanceKey *b) {
        if (a->watch != b->watch)
                return false;
        if (a->watch == WATCH_PROCESS)
                return a->slot == b->slot && a->generation == b->generation;
        return a->watch != WATCH_USER || a->uid == b->uid;
}

static ConditionContext context_of(
        const Config *config, const Sample *s, const Instance *instance, usec_t not_before_usec) {
        return (ConditionContext){
                .s = s,
                .instance = *instance,
                .not_before_usec = not_before_usec,
                .tick_max_usec = config ? config->tick.max_usec : 0,
        };
}

Truth evaluate_condition(
        const Condition *c, const Sample *s, const Instance *instance, usec_t not_before_usec) {
        ConditionContext x = context_of(NULL, s, instance, not_before_usec);

        return condition_judge(c, &x);
}

static void add_verdict(Evaluation *e, size_t policy, const InstanceKey *key, int32_t proc,
        const UserSample *user) {
        const Policy *p = &e->config->policies[policy];
        usec_t not_before = e->not_before ? e->not_before(e->ctx, (uint16_t) policy, key) : 0;
        const Instance instance = { .proc = proc < 0 ? NULL : &e->s->procs[proc], .user = user };
        ConditionContext x = context_of(e->config, e->s, &instance, not_before);
        Verdict *v;
        Truth clear;

        if (e->n >= e->cap) {
                e->dropped++;
                return;
        }

        v = &e->ret[e->n++];
        *v = (Verdict){ .policy = (uint16_t) policy, .key = *key, .proc = proc, .group = -1 };
        v->when = condition_judge(&p->when, &x);
        v->n_atoms = condition_read_atoms(&p->when, &x, v->atoms);

        if (p->clear.n_nodes > 0)
                v->clear = condition_judge(&p->clear, &x);
        else {
                x.view = CONDITION_RELAXED;
                clear = condition_judge(&p->when, &x);
                v->clear = clear == TRUTH_UNKNOWN ? clear
                        : clear == TRUTH_TRUE     ? TRUTH_FALSE
                                                  : TRUTH_TRUE;
        }

        x.view = CONDITION_ARMED;
        x.not_before_usec = 0;
        v->armed = condition_judge(&p->when, &x) == TRUTH_TRUE;
}

static uint64_t size_of(const Sample *s, WatchKind watch, uint32_t index) {
        if (watch == WATCH_USER)
                return s->users[index].anon + s->users[index].swap;
        return s->procs[index].rss + s->procs[index].swap;
}

/* Larger first; among equals the one that comes first in the sample. */
static bool goes_before(const Sample *s, WatchKind watch, uint32_t a, uint32_t b) {
        uint64_t size_a = size_of(s, watch, a), size_b = size_of(s, watch, b);

        return size_a != size_b ? size_a > size_b : a < b;
}

static void sift_down(Largest *l, const Sample *s, WatchKind watch, size_t at) {
        for (;;) {
                size_t child = 2 * at + 1;
                uint32_t swapped;

                if (child >= l->n)
                        return;
                if (child + 1 < l->n && goes_before(s, watch, l->index[child], l->index[child + 1]))
                        child++;
                if (!goes_before(s, watch, l->index[at], l->index[child]))
                        return;
                swapped = l->index[at];
                l->index[at] = l->index[child];
                l->index[child] = swapped;
                at = child;
        }
}

/* A heap with the smallest on top, so that keeping the largest of many costs little. */
static void keep(Largest *l, const Sample *s, WatchKind watch, uint32_t index) {
        size_t at;

        if (l->n == l->cap) {
                l->dropped++;
                if (l->n == 0 || !goes_before(s, watch, index, l->index[0]))
                        return;
                l->index[0] = index;
                sift_down(l, s, watch, 0);
                return;
        }

        for (at = l->n++; at > 0; at = (at - 1) / 2) {
                size_t above = (at - 1) / 2;

                if (!goes_before(s, watch, l->index[above], index))
                        break;
                l->index[at] = l->index[above];
        }
        l->index[at] = index;
}

static void sort_largest(Largest *l, const Sample *s, WatchKind watch) {
        size_t n = l->n;

        while (l->n > 1) {
                uint32_t smallest = l->index[0];

                l->index[0] = l->index[--l->n];
                sift_down(l, s, watch, 0);
                l->index[l->n] = smallest;
        }
        l->n = n;
}

/* A user as a process that has only its uid: the other keys hold for none. */
static bool user_matches(const MatchList *list, const UserSample *user, usec_t boottime_usec) {
        ProcFacts facts = { .uid = user->uid, .gid = user->uid };
        ProcSample proc = { .facts = &facts, .rss = user->anon, .swap = user->swap };

        return list->n == 0 || match_list(list, &proc, boottime_usec);
}

static bool process_matches(const MatchList *list, const ProcSample *p, usec_t boottime_usec) {
        if (p->facts->kthread || (p->state == 'Z' && !p->zombie_leader) || p->state == 'X')
                return false;
        return list->n == 0 || match_list(list, p, boottime_usec);
}

static void add_instances(Evaluation *e, size_t policy) {
        const Policy *p = &e->config->policies[policy];
        const Sample *s = e->s;
        Largest largest = { .cap = MIN(e->cap - e->n, (size_t) INSTANCES_MAX) };

        if (p->watch == WATCH_PROCESS) {
                for (size_t i = 0; i < s->n_procs; i++)
                        if (process_matches(&p->watch_match, &s->procs[i], s->raw.boottime_usec))
                                keep(&largest, s, p->watch, (uint32_t) i);
        } else {
                for (size_t i = 0; i < s->n_users; i++)
                        if (user_matches(&p->watch_match, &s->users[i], s->raw.boottime_usec))
                                keep(&largest, s, p->watch, (uint32_t) i);
        }

        sort_largest(&largest, s, p->watch);
        e->dropped += largest.dropped;
        for (size_t i = 0; i < largest.n; i++) {
                uint32_t index = largest.index[i];
                InstanceKey key = { .watch = p->watch };

                if (p->watch == WATCH_PROCESS) {
                        key.slot = s->procs[index].slot;
                        key.generation = s->procs[index].generation;
                        add_verdict(e, policy, &key, (int32_t) index, NULL);
                } else {
                        key.uid = s->users[index].uid;
                        add_verdict(e, policy, &key, -1, &s->users[index]);
                }
        }
}

size_t evaluate(const Config *config, const Sample *s, EvaluateNotBefore not_before,
        const void *ctx, Verdict *ret, size_t cap, size_t *ret_dropped) {
        Evaluation e = { config, s, not_before, ctx, ret, 0, cap, 0 };
        size_t system_left = 0, instances = config->limits.instances;

        for (size_t i = 0; i < config->n_policies; i++)
                system_left += config->policies[i].watch == WATCH_SYSTEM;

        for (size_t i = 0; i < config->n_policies; i++) {
                /* Policies of the system have one verdict each and never lose it to a crowd of
                 * instances. */
                if (config->policies[i].watch == WATCH_SYSTEM) {
                        InstanceKey key = { .watch = WATCH_SYSTEM };

                        e.cap = cap;
                        add_verdict(&e, i, &key, -1, NULL);
                        system_left--;
                } else {
                        size_t before = e.n;

                        e.cap = MIN(cap > system_left ? cap - system_left : 0, e.n + instances);
                        e.cap = MAX(e.cap, e.n);
                        add_instances(&e, i);
                        instances -= e.n - before;
                }
        }

        if (ret_dropped)
                *ret_dropped = e.dropped;
        return e.n;
}

static bool has_system_atom(const Condition *c) {
        for (size_t i = 0; i < c->n_nodes; i++)
                if (c->nodes[i].kind == COND_ATOM && metric_is_system(c->nodes[i].atom.metric))
                        return true;
        return false;
}

static bool has_destructive_step(const Policy *p) {
        for (size_t i = 0; i < p->n_steps; i++)
                if (step_is_destructive(p->steps[i].kind))
                        return true;
        return false;
}

bool evaluate_needs_processes(const Config *config, const Sample *s, usec_t last_read_usec) {
        bool due = last_read_usec == USEC_UNSET ||
                usec_since(s->raw.at_usec, last_read_usec) >= config->tick.process_usec;

        for (size_t i = 0; i < config->n_policies; i++) {
                const Policy *p = &config->policies[i];
                ConditionContext x = context_of(config, s, &(Instance){ 0 }, 0);

                if (p->watch == WATCH_SYSTEM && !has_destructive_step(p))
                        continue;
                if (p->watch != WATCH_SYSTEM && !has_system_atom(&p->when)) {
                        if (due)
                                return true;
                        continue;
                }
                x.view = CONDITION_ARMED_SYSTEM;
                if (condition_judge(&p->when, &x) == TRUTH_TRUE)
                        return true;
        }
        return false;
}
