/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/macro.h"
#include "base/number.h"
#include "core/evaluate.h"

static Reading level(uint64_t value, uint64_t total, usec_t at_usec) {
        return (Reading){
                .known = true,
                .value = (int64_t) MIN(value, (uint64_t) INT64_MAX),
                .total = (int64_t) MIN(total, (uint64_t) INT64_MAX),
                .since_usec = at_usec,
        };
}

static Reading growth(bool known, int64_t per_sec, usec_t at_usec) {
        /* The slope goes back 10 s. */
        return (Reading){ .known = known,
                .value = per_sec,
                .since_usec = usec_since(at_usec, 10 * USEC_PER_SEC) };
}

/* How long until this process alone has taken what is left. */
static Reading exhaustion(const Sample *s, const ProcSample *p) {
        const Reading *available = &s->system[METRIC_MEM_AVAILABLE];
        Reading r = growth(p->growth_known && available->known, INT64_MAX, p->at_usec);
        uint64_t left, usec;

        if (!r.known || p->growth <= 0)
                return r;

        left = (uint64_t) available->value + s->swap_free_effective;
        usec = mul_div_u64(left, USEC_PER_SEC, (uint64_t) p->growth);
        r.value = (int64_t) MIN(usec, (uint64_t) INT64_MAX);
        return r;
}

static Reading stack_usage(const ProcSample *p) {
        if (p->stack_limit == 0 || p->stack_limit == UINT64_MAX)
                return (Reading){ 0 }; /* unlimited, or never read */
        return level(permyriad_of(p->stack, p->stack_limit), 0, p->at_usec);
}

static Reading process_reading(const Sample *s, MetricId metric, const ProcSample *p) {
        uint64_t total = s->raw.mem_total;
        usec_t at = p->at_usec;

        /* Only its own process metrics: what is not named here has another scope. */
        if (metric == METRIC_PROC_RSS)
                return level(p->rss, total, at);
        if (metric == METRIC_PROC_ANON)
                return level(p->anon, total, at);
        if (metric == METRIC_PROC_FILE)
                return level(p->file, total, at);
        if (metric == METRIC_PROC_SHMEM)
                return level(p->shmem, total, at);
        if (metric == METRIC_PROC_SWAP)
                return level(p->swap, total, at);
        if (metric == METRIC_PROC_FREEABLE)
                return level(p->freeable, total, at);
        if (metric == METRIC_PROC_STACK)
                return level(p->stack, total, at);
        if (metric == METRIC_PROC_STACK_USAGE)
                return stack_usage(p);
        if (metric == METRIC_PROC_GROWTH)
                return growth(p->growth_known, p->growth, at);
        if (metric == METRIC_PROC_EXHAUSTION)
                return exhaustion(s, p);
        if (metric == METRIC_PROC_AGE)
                return level(
                        usec_since(s->raw.boottime_usec, p->facts->born_usec), 0, s->raw.at_usec);
        if (metric == METRIC_PROC_THREADS && p->threads > 0)
                return level(p->threads, 0, at);
        return (Reading){ 0 };
}

static Reading user_reading(const Sample *s, MetricId metric, const UserSample *user) {
        uint64_t total = s->raw.mem_total;
        usec_t at = s->procs_at_usec;

        if (at == USEC_UNSET)
                return (Reading){ 0 };
        if (metric == METRIC_USER_ANON)
                return level(user->anon, total, at);
        if (metric == METRIC_USER_SWAP)
                return level(user->swap, total, at);
        if (metric == METRIC_USER_GAINED)
                return level(user->gained, total, at);
        if (metric == METRIC_USER_GROWTH)
                return growth(!s->grace, user->growth, at);
        return (Reading){ 0 };
}

uint64_t evaluate_group_limit(const Sample *s, const GroupSample *g) {
        const Reading *total = &s->system[METRIC_MEM_TOTAL];
        uint64_t all = total->known ? (uint64_t) total->value : s->raw.mem_total;

        return all > 0 ? MIN(g->facts->limit_bytes, all) : g->facts->limit_bytes;
}

/* How long until it meets its limit, if it goes on like this. */
static Reading group_exhaustion(const GroupSample *g, uint64_t limit) {
        Reading r = { .known = g->pace_usec != USEC_UNSET && g->unreclaimable_known,
                .value = INT64_MAX,
                .since_usec = g->pace_usec };
        uint64_t usec;

        if (!r.known || g->pace == 0)
                return r;
        usec = mul_div_u64(sub_sat_u64(limit, g->unreclaimable), USEC_PER_SEC, g->pace);
        r.value = (int64_t) MIN(usec, (uint64_t) INT64_MAX);
        return r;
}

static Reading group_pressure(const GroupSample *g, MetricId metric) {
        size_t index = (size_t) (metric - METRIC_CGROUP_PSI_FIRST);
        int window = (int) index % _PSI_WINDOW_MAX;
        static const usec_t lengths[] = { [PSI_AVG10] = 10 * USEC_PER_SEC,
                [PSI_AVG60] = USEC_PER_MIN,
                [PSI_AVG300] = 5 * USEC_PER_MIN };

        if (g->psi_have == 0 || g->pressure[index] == PRESSURE_UNKNOWN)
                return (Reading){ 0 };
        return level(g->pressure[index], 0,
                window < PSI_AVG10 ? g->pressure_usec[window]
                                   : usec_since(g->psi_at_usec, lengths[window]));
}

static Reading group_event(const GroupSample *g, MetricId metric) {
        if (!g->has_events)
                return (Reading){ 0 };
        return level(g->recent[metric - METRIC_CGROUP_EVENTS_FIRST], 0, g->recent_usec);
}

/* What memory.stat says. */
static Reading group_stat(const GroupSample *g, MetricId metric, uint64_t limit) {
        usec_t at = g->stat_at_usec;

        if (at == USEC_UNSET)
                return (Reading){ 0 };
        if (metric == METRIC_CGROUP_ANON)
                return level(g->anon, limit, at);
        if (metric == METRIC_CGROUP_FILE)
                return level(g->file, limit, at);
        if (metric == METRIC_CGROUP_SHMEM)
                return level(g->shmem, limit, at);
        if (metric == METRIC_CGROUP_KERNEL)
                return level(g->kernel, limit, at);
        if (metric == METRIC_CGROUP_REFAULT_ANON)
                return g->refaults[0];
        if (metric == METRIC_CGROUP_REFAULT_FILE)
                return g->refaults[1];
        if (metric == METRIC_CGROUP_GROWTH)
                return growth(g->growth_known, g->growth, at);
        if (metric == METRIC_CGROUP_EXHAUSTION)
                return group_exhaustion(g, limit);
        if (metric == METRIC_CGROUP_GAINED && g->gained_known)
                return level(g->gained, limit, at);
        if (metric == METRIC_CGROUP_USAGE && g->unreclaimable_known)
                return level(g->unreclaimable, limit, MIN(at, g->at_usec));
        return (Reading){ 0 };
}

static Reading group_reading(const Sample *s, MetricId metric, const GroupSample *g) {
        uint64_t limit = evaluate_group_limit(s, g);

        if (metric_is_cgroup_psi(metric))
                return group_pressure(g, metric);
        if (metric_is_cgroup_event(metric))
                return group_event(g, metric);
        if (!g->has_memory)
                return (Reading){ 0 };
        if (metric == METRIC_CGROUP_CURRENT)
                return level(g->current, limit, g->at_usec);
        if (metric == METRIC_CGROUP_SWAP)
                return level(g->swap, limit, g->at_usec);
        if (metric == METRIC_CGROUP_LIMIT)
                return level(limit, (uint64_t) MAX(s->system[METRIC_MEM_TOTAL].value, INT64_C(0)),
                        g->at_usec);
        return group_stat(g, metric, limit);
}

Reading evaluate_metric(const Sample *s, MetricId metric, const Instance *instance) {
        if (metric_is_system(metric))
                return s->system[metric];
        if (metric_is_process(metric) && instance->proc)
                return process_reading(s, metric, instance->proc);
        if (metric_is_user(metric) && instance->user)
                return user_reading(s, metric, instance->user);
        if (metric_is_cgroup(metric) && instance->group)
                return group_reading(s, metric, instance->group);
        return (Reading){ 0 };
}
