/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/number.h"
#include "config/config-load.h"
#include "config/metric.h"
#include "describe/describe.h"

static const char *phase_name(IncidentPhase phase) {
        return phase == INCIDENT_OPEN ? "open" : phase == INCIDENT_HOLDING ? "holding" : "cooling";
}

/* The instance that says most about a policy: the one that is true, else armed, else the first. */
static const Verdict *telling_verdict(const View *view, size_t policy, size_t *ret_n) {
        const Verdict *best = NULL;
        int best_weight = -1;

        *ret_n = 0;
        for (size_t i = 0; i < view->n_verdicts; i++) {
                const Verdict *v = &view->verdicts[i];
                int weight = v->when == TRUTH_TRUE ? 2 : v->armed ? 1 : 0;

                if (v->policy != policy)
                        continue;
                (*ret_n)++;
                if (weight > best_weight) {
                        best = v;
                        best_weight = weight;
                }
        }
        return best;
}

static const char *policy_state(const View *view, size_t policy, const Verdict *v) {
        bool holding = false, cooling = false;

        for (size_t i = 0; i < INCIDENTS_MAX; i++) {
                const Incident *in = &view->book.incidents[i];

                if (!in->used || in->policy != policy)
                        continue;
                if (in->phase == INCIDENT_OPEN)
                        return "open";
                holding = holding ||
                        (in->phase == INCIDENT_HOLDING && in->true_since_usec != USEC_UNSET);
                cooling = cooling || in->phase == INCIDENT_COOLING;
        }

        if (holding)
                return "holding";
        if (v && v->when == TRUTH_TRUE)
                return "true";
        if (cooling)
                return "cooling";
        return v && v->armed ? "armed" : "calm";
}

/* How far the reading is from making the atom true, in the metric's unit; negative: beyond. False
 * when that cannot be said. */
static bool atom_distance(const Atom *a, const Reading *r, int64_t *ret) {
        int64_t threshold = a->threshold;

        if (!r->known || (a->unit == METRIC_UNIT_USEC && r->value == INT64_MAX))
                return false;
        if (a->percent && a->unit != METRIC_UNIT_PERMYRIAD) {
                if (r->total < 0 || threshold < 0)
                        return false;
                threshold =
                        (int64_t) MIN(mul_div_u64((uint64_t) r->total, (uint64_t) threshold, 10000),
                                (uint64_t) INT64_MAX);
        }

        if (a->op == COMPARE_LT || a->op == COMPARE_LE)
                return !__builtin_sub_overflow(r->value, threshold, ret);
        return !__builtin_sub_overflow(threshold, r->value, ret);
}

static void add_condition(const AtomReading *a, Json *list) {
        bool in_bytes = a->atom->unit == METRIC_UNIT_BYTES;
        Json *one = json_add_map(list);
        int64_t distance;

        json_put_text(one, "text", a->atom->text);
        json_put_text(one, "metric", a->atom->name);
        if (a->reading.known)
                json_put_signed(one, "value", a->reading.value);
        else
                json_put_null(one, "value");
        if (a->reading.known && a->reading.total > 0 && a->reading.value >= 0)
                json_put_number(one, "permyriad",
                        permyriad_of((uint64_t) a->reading.value, (uint64_t) a->reading.total));
        else
                json_put_null(one, "permyriad");
        json_put_text(one, "truth", truth_name(a->truth));
        if (atom_distance(a->atom, &a->reading, &distance))
                json_put_signed(one, in_bytes ? "distance_bytes" : "distance", distance);
        else
                json_put_null(one, in_bytes ? "distance_bytes" : "distance");
}

static void add_conditions(const Policy *policy, const Verdict *v, Json *parent) {
        Json *list = json_put_list(parent, "conditions");

        if (v) {
                for (size_t i = 0; i < v->n_atoms; i++)
                        add_condition(&v->atoms[i], list);
                return;
        }

        /* Nobody matches now: the conditions are still worth showing. */
        for (size_t i = 0; i < policy->when.n_nodes; i++)
                if (policy->when.nodes[i].kind == COND_ATOM)
                        add_condition(&(AtomReading){ .atom = &policy->when.nodes[i].atom,
                                              .truth = TRUTH_UNKNOWN },
                                list);
}

void describe_add_policy_states(const View *view, Json *parent) {
        Json *list = json_put_list(parent, "policies");

        for (size_t i = 0; i < view->config->n_policies; i++) {
                const Policy *policy = &view->config->policies[i];
                const Verdict *v;
                Json *one = json_add_map(list);
                size_t n;

                v = telling_verdict(view, i, &n);
                json_put_text(one, "name", policy->name);
                json_put_text(one, "watch", watch_kind_name(policy->watch));
                json_put_text(one, "state", policy_state(view, i, v));
                json_put_number(one, "instances", n);
                add_conditions(policy, v, one);
        }
}

static const ProcSample *find_process(const View *view, uint32_t slot, uint32_t generation) {
        for (size_t i = 0; i < view->sample.n_procs; i++)
                if (view->procs[i].slot == slot && view->procs[i].generation == generation)
                        return &view->procs[i];
        return NULL;
}

static void put_cgroup(Json *parent, const char *key, const char *path, const char *unit) {
        Json *map = json_put_map(parent, key);

        json_put_text(map, "path", path);
        json_put_text(map, "unit", unit);
}

/* The cgroup that an incident is about. */
static void add_cgroup(const View *view, const Incident *in, Json *parent) {
        const GroupSample *g = watch_is_group(in->key.watch)
                ? sample_find_group(&view->sample, in->key.slot, in->key.generation)
                : NULL;

        if (g)
                put_cgroup(
                        parent, "cgroup", g->facts->path, g->facts->is_unit ? g->facts->unit : "");
        else
                json_put_null(parent, "cgroup");
}

static void add_target(const View *view, const Incident *in, Json *parent) {
        const Flight *flight = &view->book.flight;
        const ProcSample *p = in->has_target && !in->target_is_group
                ? find_process(view, in->slot, in->generation)
                : NULL;
        const GroupSample *g = in->has_target && in->target_is_group
                ? sample_find_group(&view->sample, in->slot, in->generation)
                : NULL;
        Json *map;

        if (flight->active && flight->incident == in->id && flight->n_groups > 0)
                put_cgroup(parent, "target_cgroup", flight->target_group.path,
                        flight->target_group.unit);
        else if (g)
                put_cgroup(parent, "target_cgroup", g->facts->path,
                        g->facts->is_unit ? g->facts->unit : "");
        else
                json_put_null(parent, "target_cgroup");

        if (flight->active && flight->incident == in->id) {
                map = json_put_map(parent, "target");
                json_put_signed(map, "pid", flight->target.pid);
                json_put_text(map, "comm", flight->target.comm);
                json_put_text(map, "unit", flight->target.unit);
        } else if (p) {
                map = json_put_map(parent, "target");
                json_put_signed(map, "pid", p->facts->pid);
                json_put_text(map, "comm", p->facts->comm);
                json_put_text(map, "unit", *p->facts->unit ? p->facts->unit : p->facts->user_unit);
        } else
                json_put_null(parent, "target");
}

static usec_t incident_since(const Incident *in) {
        return in->phase == INCIDENT_OPEN       ? in->opened_usec
                : in->phase == INCIDENT_COOLING ? in->closed_usec
                                                : in->true_since_usec;
}

void describe_add_incidents(const View *view, Json *parent) {
        Json *list = json_put_list(parent, "incidents");

        for (size_t i = 0; i < INCIDENTS_MAX; i++) {
                const Incident *in = &view->book.incidents[i];
                const Policy *policy;
                Json *one;

                if (!in->used || in->policy >= view->config->n_policies)
                        continue;

                policy = &view->config->policies[in->policy];
                one = json_add_map(list);
                json_put_number(one, "id", in->id);
                json_put_text(one, "policy", policy->name);
                json_put_text(one, "phase", phase_name(in->phase));
                json_put_bool(one, "critical", in->critical);
                json_put_number(one, "since_usec_ago",
                        usec_since(view->sample.raw.at_usec, incident_since(in)));
                if (in->next_step > 0 && in->next_step <= policy->n_steps)
                        json_put_text(
                                one, "step", step_kind_name(policy->steps[in->next_step - 1].kind));
                else
                        json_put_null(one, "step");
                json_put_number(one, "steps_taken", in->n_steps_taken);
                json_put_number(one, "freed_bytes", in->freed_total);
                add_cgroup(view, in, one);
                add_target(view, in, one);
                json_put_text(one, "reason", in->reason);
        }
}
