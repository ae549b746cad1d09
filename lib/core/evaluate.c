/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/evaluate.h"

#include "base/macro.h"
#include "base/number.h"
#include "core/condition.h"
#include "core/instance.h"
#include "core/user-sum.h"

/* Of its limit: what may be charged to a cgroup beyond its memory.stat until that is read again. */
#define UNEXPLAINED_PART 32

typedef struct Evaluation {
        const Config *config;
        const Sample *s;
        EvaluateNotBefore not_before;
        const void *ctx;
        Verdict *ret;
        size_t n, cap;
        size_t dropped;
} Evaluation;

const char *truth_name(Truth t) {
        static const char *const names[] = {
                [TRUTH_FALSE] = "false",
                [TRUTH_TRUE] = "true",
                [TRUTH_UNKNOWN] = "unknown",
        };

        return names[t];
}

bool instance_key_equals(const InstanceKey *a, const InstanceKey *b) {
        if (a->watch != b->watch)
                return false;
        if (a->watch == WATCH_PROCESS || watch_is_group(a->watch))
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

static void add_verdict(
        Evaluation *e, size_t policy, const InstanceKey *key, int32_t proc, int32_t group) {
        const Policy *p = &e->config->policies[policy];
        usec_t not_before = e->not_before ? e->not_before(e->ctx, (uint16_t) policy, key) : 0;
        const Instance instance = {
                .proc = proc < 0 ? NULL : &e->s->procs[proc],
                .user = key->watch == WATCH_USER ? user_sum_find(e->s, key->uid) : NULL,
                .group = group < 0 ? NULL : &e->s->groups[group],
        };
        ConditionContext x = context_of(e->config, e->s, &instance, not_before);
        Verdict *v;
        Truth clear;

        if (e->n >= e->cap) {
                e->dropped++;
                return;
        }

        v = &e->ret[e->n++];
        *v = (Verdict){ .policy = (uint16_t) policy, .key = *key, .proc = proc, .group = group };
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

static void add_instances(Evaluation *e, size_t policy) {
        const Policy *p = &e->config->policies[policy];
        const Sample *s = e->s;
        Instances instances;

        instances_find(p, s, e->cap - e->n, &instances);
        e->dropped += instances.dropped;
        for (size_t i = 0; i < instances.n; i++) {
                uint32_t index = instances.index[i];
                InstanceKey key = { .watch = p->watch };

                if (p->watch == WATCH_PROCESS) {
                        key.slot = s->procs[index].slot;
                        key.generation = s->procs[index].generation;
                        add_verdict(e, policy, &key, (int32_t) index, -1);
                } else if (watch_is_group(p->watch)) {
                        key.slot = s->groups[index].slot;
                        key.generation = s->groups[index].generation;
                        add_verdict(e, policy, &key, -1, (int32_t) index);
                } else {
                        key.uid = s->users[index].uid;
                        add_verdict(e, policy, &key, -1, -1);
                }
        }
}

size_t evaluate(const Config *config, const Sample *s, EvaluateNotBefore not_before,
        const void *ctx, Verdict *ret, size_t cap, size_t *ret_dropped) {
        Evaluation e = { config, s, not_before, ctx, ret, 0, cap, 0 };
        size_t system_left = 0, others_left = 0, instances = config->limits.instances;

        for (size_t i = 0; i < config->n_policies; i++)
                if (config->policies[i].watch == WATCH_SYSTEM)
                        system_left++;
                else
                        others_left++;

        for (size_t i = 0; i < config->n_policies; i++) {
                /* Policies of the system have one verdict each and never lose it to a crowd of
                 * instances. */
                if (config->policies[i].watch == WATCH_SYSTEM) {
                        InstanceKey key = { .watch = WATCH_SYSTEM };

                        e.cap = cap;
                        add_verdict(&e, i, &key, -1, -1);
                        system_left--;
                } else {
                        size_t before = e.n, share = instances / others_left--;

                        /* An even share of what is left: those of earlier files starve nobody. */
                        e.cap = MIN(cap > system_left ? cap - system_left : 0, e.n + share);
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

static bool is_armed(const Config *config, const Sample *s, const Policy *p) {
        ConditionContext x = context_of(config, s, &(Instance){ 0 }, 0);

        x.view = CONDITION_ARMED_SYSTEM;
        return condition_judge(&p->when, &x) == TRUTH_TRUE;
}

/* True when the policy would soon act on one of the cgroups, whose members have to be known then.
 */
static bool has_armed_group(const Config *config, const Sample *s, const Policy *p) {
        for (size_t i = 0; i < s->n_groups; i++) {
                ConditionContext x =
                        context_of(config, s, &(Instance){ .group = &s->groups[i] }, 0);

                x.view = CONDITION_ARMED;
                if (instance_is_group(p, &s->groups[i]) &&
                        condition_judge(&p->when, &x) == TRUTH_TRUE)
                        return true;
        }
        return false;
}

bool evaluate_needs_processes(const Config *config, const Sample *s, usec_t last_read_usec) {
        bool due = last_read_usec == USEC_UNSET ||
                usec_since(s->raw.at_usec, last_read_usec) >= config->tick.process_usec;

        for (size_t i = 0; i < config->n_policies; i++) {
                const Policy *p = &config->policies[i];

                if (watch_is_group(p->watch)) {
                        if (policy_takes_target(p) && is_armed(config, s, p) &&
                                has_armed_group(config, s, p))
                                return true;
                        continue;
                }
                if (p->watch == WATCH_SYSTEM && !policy_takes_target(p))
                        continue;
                if (p->watch != WATCH_SYSTEM && !has_system_atom(&p->when)) {
                        if (due)
                                return true;
                        continue;
                }
                if (is_armed(config, s, p))
                        return true;
        }
        return false;
}

bool evaluate_needs_groups(const Config *config, const Sample *s, usec_t last_read_usec) {
        for (size_t i = 0; i < config->n_policies; i++) {
                const Policy *p = &config->policies[i];

                if (!watch_is_group(p->watch))
                        continue;
                if (has_system_atom(&p->when)
                                ? is_armed(config, s, p)
                                : last_read_usec == USEC_UNSET || s->raw.at_usec > last_read_usec)
                        return true;
        }
        return evaluate_needs_processes(config, s, last_read_usec);
}

bool evaluate_needs_stat(const Config *config, const Sample *s) {
        bool any = false;

        for (size_t i = 0; i < config->n_policies && !any; i++)
                any = watch_is_group(config->policies[i].watch);
        for (size_t i = 0; any && i < s->n_groups; i++) {
                const GroupSample *g = &s->groups[i];
                uint64_t explained = add_sat_u64(add_sat_u64(g->anon, g->file), g->kernel);

                if (g->kept && g->has_memory &&
                        sub_sat_u64(g->current, explained) >
                                evaluate_group_limit(s, g) / UNEXPLAINED_PART)
                        return true;
        }
        return false;
}
