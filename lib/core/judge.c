/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge.h"

#include "base/macro.h"
#include "base/number.h"

#define ACTIONS_KEPT 2 /* a signal and its escalation */
#define CRITICAL_LEVEL_PERMYRIAD 200
#define CRITICAL_FORECAST_PERMYRIAD 1500
#define KILL_TAKES_USEC (100 * USEC_PER_MSEC)
#define KILL_TAKES_USEC_PER_MIB 100
#define TICK_LONGEST_USEC (500 * USEC_PER_MSEC)

const Verdict *judge_verdict(const Judge *j, const Incident *i) {
        for (size_t v = 0; v < j->n_verdicts; v++)
                if (j->verdicts[v].policy == i->policy &&
                        instance_key_equals(&j->verdicts[v].key, &i->key))
                        return &j->verdicts[v];
        return NULL;
}

bool judge_left(const Judge *j, uint64_t *ret) {
        const Reading *available = &j->s->system[METRIC_MEM_AVAILABLE];

        if (!available->known)
                return false;
        *ret = (uint64_t) available->value + j->s->swap_free_effective;
        return true;
}

usec_t judge_kill_takes_usec(uint64_t target_bytes) {
        return KILL_TAKES_USEC + (target_bytes >> 20) * KILL_TAKES_USEC_PER_MIB;
}

/* How long before the end a kill must be on its way. */
static usec_t lead_time(const Judge *j, uint64_t target_bytes) {
        usec_t tick = MIN(MAX(j->s->tick_usec, j->config->tick.min_usec), TICK_LONGEST_USEC);

        return judge_kill_takes_usec(target_bytes) + 2 * tick;
}

static bool is_sooner(const Judge *j, const Reading *exhaustion, uint64_t target_bytes) {
        return exhaustion->known &&
                exhaustion->since_usec >= MIN(j->book->not_before_usec, j->now_usec) &&
                (usec_t) exhaustion->value < lead_time(j, target_bytes);
}

/* What may be swapped out makes a cgroup at its limit slow, not dead. */
static bool is_group_critical(const Judge *j, const GroupSample *group, uint64_t target_bytes) {
        const Instance instance = { .group = group };
        Reading usage = evaluate_metric(j->s, METRIC_CGROUP_USAGE, &instance);
        Reading exhaustion = evaluate_metric(j->s, METRIC_CGROUP_EXHAUSTION, &instance);
        uint64_t left;

        if (!usage.known || usage.total <= 0)
                return false;
        left = sub_sat_u64((uint64_t) usage.total, (uint64_t) usage.value);
        return j->s->swap_free_effective <= left &&
                permyriad_of(left, (uint64_t) usage.total) < CRITICAL_FORECAST_PERMYRIAD &&
                is_sooner(j, &exhaustion, MIN(target_bytes, (uint64_t) usage.value));
}

static bool is_system_critical(const Judge *j, uint64_t target_bytes) {
        const Reading *available = &j->s->system[METRIC_MEM_AVAILABLE];
        uint64_t permyriad;

        if (!available->known || available->total <= 0)
                return false;
        permyriad = permyriad_of((uint64_t) available->value, (uint64_t) available->total);
        if (permyriad < CRITICAL_LEVEL_PERMYRIAD)
                return true;
        return permyriad < CRITICAL_FORECAST_PERMYRIAD &&
                is_sooner(j, &j->s->system[METRIC_MEM_EXHAUSTION], target_bytes);
}

bool judge_is_critical(const Judge *j, const Incident *i, uint64_t target_bytes) {
        const GroupSample *group = i && watch_is_group(i->key.watch)
                ? sample_find_group(j->s, i->key.slot, i->key.generation)
                : NULL;

        return is_system_critical(j, target_bytes) ||
                (group && is_group_critical(j, group, target_bytes));
}

static NotifyLevel level_of(EventKind kind) {
        switch (kind) {
        case EVENT_STEP_TAKEN:
        case EVENT_STEP_ESCALATED:
        case EVENT_STEP_FAILED:
        case EVENT_BUDGET_SPENT:
        case EVENT_LOST:
        case EVENT_SOURCE_DEGRADED:
        case EVENT_RELOAD_REFUSED:
        case EVENT_RIVAL:
        case EVENT_LEASE_FOREIGN:
        case EVENT_LIVELOCK:
        case EVENT_PAUSED:
        case EVENT_RESUMED:
                return NOTIFY_WARNING;
        case EVENT_NO_USEFUL_VICTIM:
        case EVENT_KERNEL_OOM:
                return NOTIFY_CRITICAL;
        case EVENT_INCIDENT_OPENED:
        case EVENT_INCIDENT_REOPENED:
        case EVENT_INCIDENT_CLOSED:
        case EVENT_STEP_DONE:
        case EVENT_STEP_SKIPPED:
        case EVENT_LEASE_RETURNED:
        case EVENT_LEASE_DROPPED:
        case EVENT_LEASE_RENEWED:
        case EVENT_HINT:
        case EVENT_CAPTURED:
        case EVENT_COMMAND_ANSWERED:
        case EVENT_NOTIFY:
        case EVENT_RELOADED:
        case EVENT_SOURCE_RESTORED:
        case EVENT_PROTECTED:
        case EVENT_UNPROTECTED:
                return NOTIFY_NOTICE;
        case EVENT_STARTED:
        case EVENT_STOPPING:
        case _EVENT_MAX:
                break;
        }
        return NOTIFY_INFO;
}

bool judge_has_room(const Judge *j, size_t n) {
        return j->plan->n_actions + n + ACTIONS_KEPT <= PLAN_ACTIONS_MAX;
}

Action *judge_add_action(
        Judge *j, ActionKind kind, uint64_t incident, uint16_t policy, StepKind step) {
        Action *a;

        if (j->plan->n_actions == PLAN_ACTIONS_MAX)
                return NULL;
        a = &j->plan->actions[j->plan->n_actions++];
        a->kind = kind;
        a->id = ++j->book->next_action;
        a->incident = incident;
        a->policy = policy;
        a->step = step;
        return a;
}

Event *judge_add_event(Judge *j, EventKind kind, const Incident *i) {
        const Reading *available = &j->s->system[METRIC_MEM_AVAILABLE];
        const Reading *swap = &j->s->system[METRIC_SWAP_FREE];
        Event *e;

        if (j->plan->n_events == PLAN_EVENTS_MAX) {
                j->plan->events_lost++;
                return NULL;
        }

        e = &j->plan->events[j->plan->n_events++];
        e->kind = kind;
        e->level = level_of(kind);
        e->at_usec = j->now_usec;
        e->dry = j->dry;
        if (available->known) {
                e->mem_available = (uint64_t) available->value;
                e->mem_total = (uint64_t) available->total;
        }
        if (swap->known) {
                e->swap_free = (uint64_t) swap->value;
                e->swap_total = (uint64_t) swap->total;
        }
        if (i) {
                e->incident = i->id;
                e->critical = i->critical;
                text_copy(e->policy, sizeof(e->policy), judge_policy(j, i)->name);
                text_copy(e->reason, sizeof(e->reason), i->reason);
        }
        return e;
}

void judge_describe(const Sample *s, const Candidate *c, EventProcess *ret) {
        const ProcSample *p = &s->procs[c->proc];
        const ProcFacts *f = p->facts;
        const char *unit = f->user_unit && *f->user_unit ? f->user_unit : f->unit;

        ret->pid = f->pid;
        ret->uid = f->uid;
        text_copy(ret->comm, sizeof(ret->comm), f->comm);
        text_copy(ret->unit, sizeof(ret->unit), unit ? unit : "");
        text_copy(ret->cgroup, sizeof(ret->cgroup), f->cgroup ? f->cgroup : "");
        ret->rss = p->rss;
        ret->anon = p->anon;
        ret->swap = p->swap;
        ret->gained = p->gained;
        ret->score = c->score;
        ret->refusal = c->refusal;
}

void judge_describe_group(const Sample *s, const GroupSample *g, EventGroup *ret) {
        const GroupFacts *f = g->facts;
        const char *unit = f->is_user_unit ? f->user_unit : f->is_unit ? f->unit : "";

        text_copy(ret->path, sizeof(ret->path), f->path);
        text_copy(ret->unit, sizeof(ret->unit), unit);
        ret->n_processes = 0;
        for (size_t i = 0; i < s->n_procs; i++)
                ret->n_processes += sample_holds(s, g, i);
        ret->current = g->current;
        ret->usage = g->unreclaimable;
        ret->limit = evaluate_group_limit(s, g);
        ret->gained = g->gained;
}

void judge_describe_group_candidate(const Sample *s, const GroupCandidate *c, EventProcess *ret) {
        const GroupSample *g = &s->groups[c->group];

        *ret = (EventProcess){ .uid = g->facts->uid,
                .rss = g->current,
                .anon = c->freeable,
                .gained = c->gained,
                .score = c->score,
                .refusal = c->refusal };
        text_copy(ret->unit, sizeof(ret->unit),
                g->facts->is_user_unit      ? g->facts->user_unit
                        : g->facts->is_unit ? g->facts->unit
                                            : "");
        text_copy(ret->cgroup, sizeof(ret->cgroup), g->facts->path);
}
