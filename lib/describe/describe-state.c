/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <unistd.h>

#include "base/number.h"
#include "config/config-load.h"
#include "config/metric.h"
#include "describe/describe.h"
#include "engine/source-watch.h"

static const char *unit_name(MetricUnit unit) {
        static const char *const names[] = {
                [METRIC_UNIT_BYTES] = "bytes",
                [METRIC_UNIT_BYTES_PER_SEC] = "bytes/s",
                [METRIC_UNIT_COUNT] = "count",
                [METRIC_UNIT_COUNT_PER_SEC] = "count/s",
                [METRIC_UNIT_PERMYRIAD] = "permyriad",
                [METRIC_UNIT_USEC] = "usec",
        };
        return names[unit];
}

static const char *trigger_mode_name(TriggerMode mode) {
        static const char *const names[] = {
                [TRIGGER_PRIVILEGED] = "privileged",
                [TRIGGER_TWO_SECONDS] = "two-seconds",
                [TRIGGER_NONE] = "polling",
        };
        return names[mode];
}

static const char *standby_name(StandbyState state) {
        static const char *const names[] = {
                [STANDBY_OFF] = "off",
                [STANDBY_NONE] = "none",
                [STANDBY_READY] = "ready",
                [STANDBY_ACTS] = "acts",
        };
        return names[state];
}

/* An incident that only tells (notify) holds; one that has come to its destructive steps acts. */
static bool is_acting(const Incident *in) {
        return in->phase == INCIDENT_OPEN && in->first_destructive_reached != UINT32_MAX;
}

static bool is_holding(const Incident *in) {
        return in->phase == INCIDENT_OPEN ||
                (in->phase == INCIDENT_HOLDING && in->true_since_usec != USEC_UNSET);
}

static bool has_incident(const IncidentBook *book, bool (*is)(const Incident *in)) {
        for (size_t i = 0; i < INCIDENTS_MAX; i++)
                if (book->incidents[i].used && is(&book->incidents[i]))
                        return true;
        return false;
}

const char *describe_level(const View *view) {
        if (view->critical)
                return "critical";
        if (view->book.flight.active || has_incident(&view->book, is_acting))
                return "acting";
        if (has_incident(&view->book, is_holding))
                return "holding";
        for (size_t i = 0; i < view->n_verdicts; i++)
                if (view->verdicts[i].armed || view->verdicts[i].when == TRUTH_TRUE)
                        return "armed";
        return "calm";
}

static void add_config(const Config *config, Json *parent) {
        Json *map = json_put_map(parent, "config");
        Json *sources, *warnings;
        char hash[17];
        TextBuf b;

        textbuf_init(&b, hash, sizeof(hash));
        textbuf_addf(&b, "%016" PRIx64, config->hash);
        json_put_text(map, "hash", hash);

        sources = json_put_list(map, "sources");
        for (size_t i = 0; i < config->n_sources; i++) {
                Json *one = json_add_map(sources);

                json_put_text(one, "path", config->sources[i].path);
                json_put_bool(one, "masked", config->sources[i].masked);
        }
        json_put_number(map, "policies", config->n_policies);

        warnings = json_put_list(map, "warnings");
        for (size_t i = 0; i < config->n_warnings; i++) {
                Json *one = json_add_map(warnings);

                json_put_text(one, "file", config->warnings[i].file);
                json_put_number(one, "line", config->warnings[i].line);
                json_put_number(one, "column", config->warnings[i].column);
                json_put_text(one, "text", config->warnings[i].text);
        }
}

/* When what a source says was read. */
static usec_t source_time(const Sample *s, SourceId id) {
        switch (id) {
        case SOURCE_VMSTAT:
                return s->raw.vmstat_at_usec > 0 ? s->raw.vmstat_at_usec : USEC_UNSET;
        case SOURCE_PROCESSES:
                return s->procs_at_usec;
        case SOURCE_MEMINFO:
        case SOURCE_SWAPS:
        case SOURCE_ZRAM:
        case SOURCE_ARC:
        case SOURCE_TMPFS:
        case SOURCE_ZONEINFO:
        case SOURCE_PSI_MEMORY:
        case SOURCE_PSI_IO:
        case SOURCE_PSI_CPU:
        case _SOURCE_MAX:
                break;
        }
        return s->raw.have & source_bit(id) ? s->raw.at_usec : USEC_UNSET;
}

static void add_sources(const View *view, usec_t now_usec, Json *parent) {
        Json *list = json_put_list(parent, "sources");

        for (int id = 0; id < _SOURCE_MAX; id++) {
                const SourceHealth *h = &view->sources[id];
                usec_t at = source_time(&view->sample, (SourceId) id);
                Json *one = json_add_map(list);

                json_put_text(one, "name", source_name((SourceId) id));
                json_put_text(one, "state",
                        !h->present           ? "absent"
                                : h->degraded ? "degraded"
                                              : "present");
                json_put_text(one, "why", h->why);
                json_put_number(one, "reads", h->reads);
                json_put_number(one, "failures", h->failures);
                json_put_number(one, "suspects", h->suspects);
                if (at == USEC_UNSET)
                        json_put_null(one, "age_usec");
                else
                        json_put_number(one, "age_usec", usec_since(now_usec, at));
        }
}

static void add_probe(const Probe *probe, Json *parent) {
        Json *list = json_put_list(parent, "probe");

        for (int id = 0; probe && id < _PROBE_MAX; id++) {
                const ProbeItem *item = &probe->items[id];
                Json *one = json_add_map(list);

                json_put_text(one, "name", item->name);
                json_put_text(one, "state", probe_state_to_string(item->state));
                json_put_text(one, "why", item->why);
                json_put_text(one, "consequence", item->consequence);
        }
}

static void add_readings(const Sample *s, Json *parent) {
        Json *list = json_put_list(parent, "readings");

        for (int id = 0; id < _METRIC_SYSTEM_MAX; id++) {
                const MetricInfo *info = metric_info((MetricId) id);
                const Reading *r = &s->system[id];
                Json *one = json_add_map(list);

                json_put_text(one, "metric", info->name);
                json_put_text(one, "unit", unit_name(info->unit));
                json_put_bool(one, "known", r->known);
                if (r->known)
                        json_put_signed(one, "value", r->value);
                else
                        json_put_null(one, "value");
                if (r->known && r->total > 0)
                        json_put_signed(one, "total", r->total);
                else
                        json_put_null(one, "total");
                if (r->known && r->total > 0 && r->value >= 0)
                        json_put_number(one, "permyriad",
                                permyriad_of((uint64_t) r->value, (uint64_t) r->total));
                else
                        json_put_null(one, "permyriad");
        }
}

static void add_corrections(const Sample *s, Json *parent) {
        Json *map = json_put_map(parent, "corrections");

        json_put_number(map, "arc_bytes", s->corrected_arc);
        json_put_number(map, "file_bytes", s->corrected_file);
        json_put_number(map, "dirty_bytes", s->corrected_dirty);
        json_put_number(map, "swap_free_effective_bytes", s->swap_free_effective);
        json_put_number(map, "swap_unreachable_bytes", s->swap_unreachable);
}

static void add_threads(const View *view, Json *parent) {
        const SentinelStats *t = &view->sentinel;
        const ScoutStats *c = &view->scout;
        Json *map = json_put_map(parent, "sentinel");

        json_put_number(map, "ticks", t->ticks);
        json_put_number(map, "wakes_timer", t->wakes_timer);
        json_put_number(map, "wakes_psi", t->wakes_psi);
        json_put_number(map, "wakes_pidfd", t->wakes_pidfd);
        json_put_number(map, "wakes_request", t->wakes_request);
        json_put_number(map, "wakes_groups", t->wakes_groups);
        json_put_number(map, "longest_pass_usec", t->longest_pass_usec);
        json_put_number(map, "longest_read_usec", t->longest_read_usec);
        json_put_number(map, "longest_judge_usec", t->longest_judge_usec);
        json_put_number(map, "longest_late_usec", t->longest_late_usec);
        json_put_number(map, "next_tick_usec", view->next_usec);
        json_put_text(map, "trigger_mode", trigger_mode_name(t->trigger_mode));
        json_put_number(map, "reapers_alive", t->reapers_alive);
        json_put_number(map, "reapers_lost", t->reapers_lost);
        json_put_number(map, "signals_sent", t->signals_sent);
        json_put_number(map, "signals_refused", t->signals_refused);
        json_put_number(map, "events_dropped", t->events_dropped);
        json_put_number(map, "blinded", t->blinded);

        map = json_put_map(parent, "scout");
        json_put_number(map, "passes", c->passes);
        json_put_number(map, "censuses", c->censuses);
        json_put_number(map, "seen", c->seen);
        json_put_number(map, "known", c->known);
        json_put_number(map, "kept", c->kept);
        json_put_number(map, "opened", c->opened);
        json_put_number(map, "vanished", c->vanished);
        json_put_number(map, "refused", c->refused);
        json_put_number(map, "dropped", c->dropped);
        json_put_number(map, "groups_seen", c->groups_seen);
        json_put_number(map, "groups_known", c->groups_known);
        json_put_number(map, "groups_kept", c->groups_kept);
        json_put_number(map, "groups_dropped", c->groups_dropped);
        json_put_number(map, "groups_watches", c->groups_watches);
        json_put_number(map, "groups_triggers", c->groups_triggers);
        json_put_bool(map, "groups_unheard", c->groups_unheard);
        json_put_number(map, "longest_pass_usec", c->longest_pass_usec);
}

char *describe_state(const View *view, const Probe *probe, usec_t now_usec) {
        _cleanup_(json_freep) Json *root = json_new_map();

        json_put_number(root, "schema_version", DESCRIBE_SCHEMA_VERSION);
        json_put_text(root, "version", AVERT_VERSION);
        json_put_signed(root, "pid", getpid());
        json_put_bool(root, "dry_run", view->dry);
        json_put_text(root, "standby", standby_name(view->standby));
        json_put_text(root, "level", describe_level(view));
        json_put_number(root, "uptime_usec", usec_since(now_usec, view->started_usec));
        add_config(view->config, root);
        add_sources(view, now_usec, root);
        add_probe(probe, root);
        add_readings(&view->sample, root);
        add_corrections(&view->sample, root);
        describe_add_cgroups(view, root);
        describe_add_policy_states(view, root);
        describe_add_incidents(view, root);
        describe_add_steering(view, root);
        describe_add_leases(view, root);
        add_threads(view, root);
        json_put_number(root, "kernel_oom_kills", view->book.kernel_oom_total);
        json_put_number(root, "steps_total", view->book.steps_total);
        json_put_number(root, "freed_total_bytes", view->book.freed_total);
        return json_print(root);
}
