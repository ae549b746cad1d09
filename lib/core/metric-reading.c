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

Reading evaluate_metric(const Sample *s, MetricId metric, const Instance *instance) {
        if (metric_is_system(metric))
                return s->system[metric];
        if (metric_is_process(metric) && instance->proc)
                return process_reading(s, metric, instance->proc);
        if (metric_is_user(metric) && instance->user)
                return user_reading(s, metric, instance->user);
        return (Reading){ 0 };
}
