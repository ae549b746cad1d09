/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/sentinel.h"

#include "base/macro.h"
#include "base/text.h"
#include "engine/ledger-budgets.h"
#include "engine/ledger-gains.h"
#include "engine/lock-memory.h"
#include "engine/sentinel-state.h"

#include <inttypes.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
        TOUCHED_USERS = 128,
        TOUCHED_VERDICTS = 64,
};

#define BLINDED_AGAIN_USEC (10 * USEC_PER_MIN)

static void push(Sentinel *s, Event *e) {
        if (s->quiet)
                return;
        event_tally_add(&s->tally, e);
        reporter_push(s->parts.reporter, REPORTER_SENTINEL, e);
}

static Event *begin_event(Sentinel *s, EventKind kind, NotifyLevel level, TextBuf *text) {
        s->event = (Event){ .kind = kind, .level = level, .at_usec = s->sample.raw.at_usec };
        textbuf_init(text, s->event.text, sizeof(s->event.text));
        return &s->event;
}

static void push_plan_events(Sentinel *s) {
        Plan *plan = &s->parts.pipeline->plan;
        TextBuf text;

        for (size_t i = 0; i < plan->n_events; i++)
                push(s, &plan->events[i]);
        if (plan->events_lost == 0)
                return;

        begin_event(s, EVENT_LOST, NOTIFY_WARNING, &text)->count = plan->events_lost;
        textbuf_add(&text, "more happened in one tick than can be told");
        push(s, &s->event);
}

/* Main looks at `pending`, `taking` and `config`, in this order: what moves from one to the next is
 * always in one of them. */
static const Config *take_pending(Sentinel *s) {
        const Config *config = atomic_load(&s->pending);

        while (config) {
                atomic_store(&s->taking, config);
                if (atomic_compare_exchange_strong(&s->pending, &config, NULL))
                        break;
        }
        return config;
}

static void take_config(Sentinel *s) {
        const Config *config = take_pending(s);
        TextBuf text;

        if (!config)
                return;

        pipeline_set_config(s->parts.pipeline, config);
        if (s->parts.kernel)
                s->parts.kernel->config = config;
        push_plan_events(s);
        atomic_store(&s->config, config);
        atomic_store(&s->taking, NULL);

        begin_event(s, EVENT_RELOADED, NOTIFY_INFO, &text);
        textbuf_addf(&text, "%zu %s from %zu %s %s in force", config->n_policies,
                config->n_policies == 1 ? "policy" : "policies", config->n_sources,
                config->n_sources == 1 ? "file" : "files", config->n_policies == 1 ? "is" : "are");
        push(s, &s->event);
}

static void check_sources(Sentinel *s) {
        for (unsigned i = 0; i < _SOURCE_MAX; i++) {
                const SourceHealth *health = sampler_health(s->parts.sampler, (SourceId) i);

                if (source_watch_check(
                            &s->sources, (SourceId) i, health, s->sample.raw.at_usec, &s->event))
                        push(s, &s->event);
        }
}

static void check_triggers(Sentinel *s) {
        usec_t now = s->sample.raw.at_usec;
        TextBuf text;

        if (!s->parts.triggers || !triggers_check(s->parts.triggers, &s->sample))
                return;

        s->stats.blinded++;
        if (s->blinded_told_usec != USEC_UNSET &&
                usec_since(now, s->blinded_told_usec) < BLINDED_AGAIN_USEC)
                return;
        s->blinded_told_usec = now;
        begin_event(s, EVENT_SOURCE_DEGRADED, NOTIFY_WARNING, &text);
        textbuf_add(&text,
                "psi.memory: a pressure trigger fired while total= stood still: some program reads "
                "/proc/pressure/memory so often that the kernel loses stall time; conditions on "
                "pressure "
                "see too little of it");
        push(s, &s->event);
}

static void check_reapers(Sentinel *s, usec_t now_usec) {
        size_t room = OUTCOMES_MAX - s->n_outcomes;
        unsigned alive;
        TextBuf text;

        if (!s->parts.reapers)
                return;

        alive = reapers_check(s->parts.reapers, now_usec);
        s->stats.reapers_alive = alive;
        s->stats.reapers_lost = reapers_lost(s->parts.reapers);
        if (alive == 0 && s->parts.kernel) {
                size_t n = kernel_act_take_over(
                        s->parts.kernel, now_usec, s->outcomes + s->n_outcomes, room);

                sentinel_stats_outcomes(&s->stats, s->outcomes + s->n_outcomes, n);
                s->n_outcomes += n;
        }

        if (alive == s->reapers_told)
                return;
        if (alive < s->reapers_told) {
                begin_event(s, EVENT_SOURCE_DEGRADED, NOTIFY_WARNING, &text);
                textbuf_addf(&text, "reapers: %u of %u hang in the kernel; %s",
                        s->stats.reapers_lost, s->stats.reapers_lost + alive,
                        alive > 0 ? "the others go on"
                                  : "signals are sent by the watching thread itself");
        } else {
                begin_event(s, EVENT_SOURCE_RESTORED, NOTIFY_NOTICE, &text);
                textbuf_addf(&text, "reapers: %u are left again", alive);
        }
        s->reapers_told = alive;
        push(s, &s->event);
}

/* The listing stays ours until the next tick: what the plan names can be reached through it. */
static void read_processes(Sentinel *s, usec_t now_usec, bool with_reads) {
        const RosterListing *listing = roster_acquire(s->parts.roster, ROSTER_SENTINEL);

        if (listing)
                sampler_read_processes(s->parts.sampler, s->parts.roster, listing, with_reads,
                        now_usec, &s->sample);

        if (s->parts.scout && (with_reads || pipeline_needs_scout(s->parts.pipeline, &s->sample)))
                scout_wake(s->parts.scout); /* it keeps its own distance between passes */
}

static void read_groups(Sentinel *s, usec_t now_usec, bool with_reads) {
        const RosterListing *listing;

        if (!s->parts.groups)
                return;
        listing = publication_acquire(group_roster_publication(s->parts.groups), ROSTER_SENTINEL);
        if (listing)
                sampler_read_groups(s->parts.sampler, s->parts.groups, listing, with_reads,
                        now_usec, &s->sample);
}

/* Descendants whose files are not open are reached through the cgroup above them, if at all. The
 * first one stays open while it is waited for, kept or not. */
static void leave_out_unkept(const Sample *s, Action *a) {
        size_t n = MIN(a->n_groups, (size_t) 1);

        for (size_t i = 1; i < a->n_groups; i++) {
                const GroupSample *g =
                        sample_find_group(s, a->groups[i].slot, a->groups[i].generation);

                if (g && g->kept)
                        a->groups[n++] = a->groups[i];
        }
        a->n_groups = n;
}

static void carry_out(Sentinel *s, usec_t now_usec) {
        Plan *plan = &s->parts.pipeline->plan;
        const ActOps *ops = s->armed ? s->parts.ops : &act_dry;
        size_t n;

        for (size_t i = 0; i < plan->n_actions; i++)
                leave_out_unkept(&s->sample, &plan->actions[i]);
        flight_watch_follow(&s->flight, &s->parts.pipeline->book->flight, plan);
        n = actuator_run(ops, s->parts.ops_ctx, plan, now_usec, s->outcomes, OUTCOMES_MAX);
        sentinel_stats_outcomes(&s->stats, s->outcomes, n);
        n += errand_box_order(
                s->parts.errands, plan, ops->dry, now_usec, s->outcomes + n, OUTCOMES_MAX - n);
        s->n_outcomes = n;
}

static void check_bounds(Sentinel *s) {
        ScoutStats scout;
        TextBuf text;

        if (!s->parts.scout || s->groups_told)
                return;
        scout_stats(s->parts.scout, &scout);
        if (scout.groups_dropped == 0)
                return;
        s->groups_told = !s->quiet;
        begin_event(s, EVENT_SOURCE_DEGRADED, NOTIFY_WARNING, &text);
        textbuf_addf(&text,
                "cgroups: there are %" PRIu64 ", %" PRIu64
                " are known: limits.cgroups is not enough; the others are neither seen nor chosen",
                scout.groups_seen, scout.groups_known);
        push(s, &s->event);
}

static void fill_view(Sentinel *s) {
        View *v = atomic_load(&s->request);
        uint64_t one = 1;

        if (!v)
                return;

        view_fill(v, s->parts.pipeline, &s->sample);
        v->trail = s->trail;
        v->tally = s->tally;
        v->sentinel = s->stats;
        v->sentinel.events_dropped = reporter_dropped(s->parts.reporter);
        v->sentinel.heartbeat_usec = atomic_load(&s->heartbeat_usec);
        if (s->parts.scout)
                scout_stats(s->parts.scout, &v->scout);
        for (unsigned i = 0; i < _SOURCE_MAX; i++)
                v->sources[i] = *sampler_health(s->parts.sampler, (SourceId) i);

        atomic_store(&s->done, v);
        atomic_store(&s->request, NULL);
        (void) !write(s->view_fd, &one, sizeof(one));
}

/* For a daemon that comes after one that was killed. */
static void remember(Sentinel *s) {
        const Pipeline *p = s->parts.pipeline;
        LeaseLedger *ledger = s->parts.kernel ? s->parts.kernel->ledger : NULL;

        if (!s->armed || !ledger)
                return;
        ledger_budgets_save(ledger, p->config, p->book);
        ledger_gains_save(ledger, p->history, &s->sample);
}

static void recall(Sentinel *s) {
        Pipeline *p = s->parts.pipeline;
        LeaseLedger *ledger = s->parts.kernel ? s->parts.kernel->ledger : NULL;

        if (!ledger)
                return;
        (void) ledger_budgets_load(ledger, p->config, clock_monotonic_usec(), p->book);
        ledger_gains_load(ledger, &s->sample, p->history); /* of the rehearsal */
}

usec_t sentinel_tick(Sentinel *s, usec_t now_usec, usec_t boottime_usec, bool with_processes) {
        Pipeline *p = s->parts.pipeline;
        TickTimes times = { .begin_usec = clock_monotonic_usec() };

        atomic_store(&s->heartbeat_usec, times.begin_usec);
        s->last_tick_usec = now_usec;
        s->stats.ticks++;
        take_config(s);
        (void) steering_box_take(&s->steering, &p->book->steering); /* or all is as before */
        if (atomic_load(&s->request) && atomic_load(&s->request_processes))
                with_processes = true;

        sampler_read_system(s->parts.sampler, s->parts.scout, now_usec, boottime_usec, &s->sample);
        s->sample.raw.fill_ceiling = s->fill_ceiling;
        pipeline_begin(p, &s->sample);
        read_groups(s, now_usec, with_processes || pipeline_needs_groups(p, &s->sample));
        with_processes = pipeline_needs_processes(p, &s->sample) || with_processes;
        read_processes(s, now_usec, with_processes);
        times.read_usec = clock_monotonic_usec();

        check_reapers(s, now_usec);
        pipeline_judge(p, &s->sample, s->outcomes, s->n_outcomes);
        s->n_outcomes = 0;
        remember(s);
        trail_add(&s->trail, &s->sample);
        times.judged_usec = clock_monotonic_usec();

        carry_out(s, now_usec);
        times.done_usec = clock_monotonic_usec();

        push_plan_events(s);
        check_sources(s);
        check_triggers(s);
        check_bounds(s);

        sentinel_stats_tick(&s->stats, &times);
        fill_view(s);

        atomic_store(&s->planned_usec, p->next_usec);
        return usec_add(now_usec, MAX(p->next_usec, SENTINEL_REST_USEC));
}

/* What was judged is forgotten, what was seen is not. */
static void forget(Sentinel *s) {
        Pipeline *p = s->parts.pipeline;

        incident_book_init(p->book);
        memset(&p->plan, 0, sizeof(p->plan));
        p->n_verdicts = 0;
        p->planned_usec = 0; /* who knows when the next tick is: no "far too late" */
        s->n_outcomes = 0;
        memset(&s->stats, 0, sizeof(s->stats));
        s->stats.trigger_mode = s->parts.triggers ? s->parts.triggers->mode : TRIGGER_NONE;
        flight_watch_follow(&s->flight, &p->book->flight, &p->plan);
}

void sentinel_rehearse(Sentinel *s, uint64_t *ret_available) {
        s->quiet = true;
        (void) sentinel_tick(s, clock_monotonic_usec(), clock_boottime_usec(), true);
        s->quiet = false;
        s->procs = s->sample.procs;
        s->groups = s->sample.groups;
        forget(s);

        if (ret_available)
                *ret_available = (s->sample.raw.have & source_bit(SOURCE_MEMINFO)) != 0
                        ? s->sample.raw.mem_available
                        : 0;
}

void sentinel_touch_ahead(Sentinel *s, uint32_t slots) {
        Pipeline *p = s->parts.pipeline;
        uint32_t n = (uint32_t) MIN((size_t) slots, p->scratch.size);
        size_t bytes;
        void *memory;

        memory = history_memory(p->history, n, &bytes);
        memory_touch_ahead(memory, bytes);
        memory = sampler_memory(s->parts.sampler, n, &bytes);
        memory_touch_ahead(memory, bytes);
        if (s->procs)
                memory_touch_ahead(s->procs, n * sizeof(*s->procs));
        memory_touch_ahead(p->scratch.candidates, n * sizeof(*p->scratch.candidates));
        memory_touch_ahead(
                p->users, MIN(p->users_size, (size_t) TOUCHED_USERS) * sizeof(*p->users));
        memory_touch_ahead(p->verdicts,
                MIN(p->verdicts_size, (size_t) TOUCHED_VERDICTS) * sizeof(*p->verdicts));
        memory_touch_ahead(p->book, sizeof(*p->book));
}

void sentinel_touch_groups_ahead(Sentinel *s, uint32_t slots) {
        const DecideScratch *scratch = &s->parts.pipeline->scratch;
        size_t n = MIN((size_t) slots, s->groups_max), bytes;
        void *memory = sampler_group_memory(s->parts.sampler, (uint32_t) n, &bytes);

        memory_touch_ahead(memory, bytes);
        if (s->groups)
                memory_touch_ahead(s->groups, n * sizeof(*s->groups));
        memory_touch_ahead(scratch->groups, n * sizeof(*scratch->groups));
        memory = history_group_memory(s->parts.pipeline->history, (uint32_t) n, &bytes);
        memory_touch_ahead(memory, bytes);
        memory = history_window_memory(s->parts.pipeline->history, s->kept_groups_max, &bytes);
        memory_touch_ahead(memory, bytes);
}

void sentinel_set_fill_ceiling(Sentinel *s, uint64_t bytes_per_sec) {
        s->fill_ceiling = bytes_per_sec;
}

void sentinel_arm(Sentinel *s) {
        forget(s);
        recall(s);
        s->armed = true;
        s->parts.pipeline->dry = s->parts.ops->dry;
        s->reapers_told = s->parts.reapers ? reapers_alive(s->parts.reapers) : 0;
}
