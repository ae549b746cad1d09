/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "describe/describe.h"

/* Of hundreds those that are in trouble are told, then the largest. */
enum { CGROUPS_MAX = 32, WEIGHTS = 4 };

/* How near its policy is to acting on it: the nearest of all that watch it. */
static int weight_of(const Verdict *v) {
        return v->when == TRUTH_TRUE ? 3 : v->armed ? 2 : v->when == TRUTH_UNKNOWN ? 1 : 0;
}

static const char *state_name(int weight) {
        static const char *const names[WEIGHTS] = { "calm", "unknown", "near", "over" };

        return names[weight];
}

static void put_reading(
        const View *view, const GroupSample *g, MetricId metric, const char *key, Json *map) {
        Reading r = evaluate_metric(&view->sample, metric, &(Instance){ .group = g });

        if (r.known)
                json_put_signed(map, key, r.value);
        else
                json_put_null(map, key);
}

static void add_group(const View *view, const GroupSample *g, const Verdict *v, Json *list) {
        Json *one = json_add_map(list);

        json_put_text(one, "path", g->facts->path);
        json_put_text(one, "unit",
                g->facts->is_user_unit      ? g->facts->user_unit
                        : g->facts->is_unit ? g->facts->unit
                                            : "");
        json_put_text(one, "policy", view->config->policies[v->policy].name);
        json_put_text(one, "state", state_name(weight_of(v)));
        json_put_bool(one, "kept", g->kept);
        put_reading(view, g, METRIC_CGROUP_CURRENT, "current_bytes", one);
        put_reading(view, g, METRIC_CGROUP_USAGE, "usage_bytes", one);
        put_reading(view, g, METRIC_CGROUP_LIMIT, "limit_bytes", one);
        put_reading(view, g, METRIC_CGROUP_SWAP, "swap_bytes", one);
        put_reading(view, g, METRIC_CGROUP_GAINED, "gained_bytes", one);
        put_reading(view, g, METRIC_CGROUP_GROWTH, "growth_bytes_per_sec", one);
        put_reading(view, g, METRIC_CGROUP_EXHAUSTION, "exhaustion_usec", one);
        put_reading(view, g, metric_cgroup_event(GROUP_EVENT_OOM_KILL), "oom_kills", one);
}

/* True when an earlier verdict, or a nearer one, is about the same cgroup. */
static bool is_told(const View *view, size_t at) {
        const Verdict *v = &view->verdicts[at];

        for (size_t i = 0; i < view->n_verdicts; i++) {
                const Verdict *other = &view->verdicts[i];

                if (other->group != v->group || i == at)
                        continue;
                if (weight_of(other) > weight_of(v) || (weight_of(other) == weight_of(v) && i < at))
                        return true;
        }
        return false;
}

void describe_add_cgroups(const View *view, Json *parent) {
        const Sample *s = &view->sample;
        Json *map = json_put_map(parent, "cgroups"), *list;
        size_t n_kept = 0, n = 0;

        for (size_t i = 0; i < s->n_groups; i++)
                n_kept += s->groups[i].kept;
        json_put_number(map, "known", s->n_groups);
        json_put_number(map, "kept", n_kept);

        list = json_put_list(map, "watched");
        for (int weight = WEIGHTS - 1; weight >= 0; weight--)
                for (size_t i = 0; i < view->n_verdicts && n < CGROUPS_MAX; i++) {
                        const Verdict *v = &view->verdicts[i];

                        if (v->group < 0 || (size_t) v->group >= s->n_groups ||
                                weight_of(v) != weight || is_told(view, i))
                                continue;
                        add_group(view, &s->groups[v->group], v, list);
                        n++;
                }
}
