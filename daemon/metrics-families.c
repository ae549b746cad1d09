/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-families.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "config/metric.h"
#include "core/lease.h"
#include "describe/describe.h"
#include "engine/source-watch.h"

/* ---- what avertd is
 * --------------------------------------------------------------------------- */

static void add_build(const MetricsSource *source _unused_, Exposition *x) {
        exposition_add(x, &(MetricLabel){ "version", AVERT_VERSION }, 1, decimal_count(1));
}

static void add_config(const MetricsSource *source, Exposition *x) {
        char hash[17];
        TextBuf b;

        textbuf_init(&b, hash, sizeof(hash));
        textbuf_addf(&b, "%016" PRIx64, source->view->config->hash);
        exposition_add(x, &(MetricLabel){ "hash", hash }, 1, decimal_count(1));
}

static void add_config_taken(const MetricsSource *source, Exposition *x) {
        exposition_add(x, NULL, 0, decimal_count(!source->facts->policy_refused));
}

static void add_start(const MetricsSource *source, Exposition *x) {
        exposition_add(x, NULL, 0, decimal_usec(source->facts->started_realtime_usec));
}

static void add_dry(const MetricsSource *source, Exposition *x) {
        exposition_add(x, NULL, 0, decimal_count(source->view->dry));
}

static void add_paused(const MetricsSource *source, Exposition *x) {
        const View *view = source->view;

        exposition_add(x, NULL, 0,
                decimal_count(steering_is_paused(&view->book.steering, view->sample.raw.at_usec)));
}

static void add_wards(const MetricsSource *source, Exposition *x) {
        const Steering *s = &source->view->book.steering;
        uint64_t n = 0;

        for (size_t i = 0; i < s->n_wards; i++)
                n += s->wards[i].until_usec > source->view->sample.raw.at_usec;
        exposition_add(x, NULL, 0, decimal_count(n));
}

static void add_level(const MetricsSource *source, Exposition *x) {
        static const char *const levels[] = { "calm", "armed", "holding", "acting", "critical" };
        const char *now = describe_level(source->view);

        for (size_t i = 0; i < ELEMENTS(levels); i++)
                exposition_add(x, &(MetricLabel){ "level", levels[i] }, 1,
                        decimal_count(strcmp(levels[i], now) == 0));
}

static void add_next_tick(const MetricsSource *source, Exposition *x) {
        exposition_add(x, NULL, 0, decimal_usec(source->view->next_usec));
}

/* ---- how it does
 * ------------------------------------------------------------------------------ */

static void add_source(Exposition *x, int id, uint64_t n) {
        exposition_add(
                x, &(MetricLabel){ "source", source_name((SourceId) id) }, 1, decimal_count(n));
}

static void add_sources_up(const MetricsSource *source, Exposition *x) {
        for (int id = 0; id < _SOURCE_MAX; id++) {
                const SourceHealth *h = &source->view->sources[id];

                if (h->present)
                        add_source(x, id, !h->degraded);
        }
}

static void add_source_reads(const MetricsSource *source, Exposition *x) {
        for (int id = 0; id < _SOURCE_MAX; id++)
                add_source(x, id, source->view->sources[id].reads);
}

static void add_source_failures(const MetricsSource *source, Exposition *x) {
        for (int id = 0; id < _SOURCE_MAX; id++)
                add_source(x, id, source->view->sources[id].failures);
}

static void add_source_suspects(const MetricsSource *source, Exposition *x) {
        for (int id = 0; id < _SOURCE_MAX; id++)
                add_source(x, id, source->view->sources[id].suspects);
}

static void add_reapers(const MetricsSource *source, Exposition *x) {
        const SentinelStats *s = &source->view->sentinel;

        exposition_add(x, &(MetricLabel){ "state", "alive" }, 1, decimal_count(s->reapers_alive));
        exposition_add(x, &(MetricLabel){ "state", "lost" }, 1, decimal_count(s->reapers_lost));
}

/* ---- what happened
 * ---------------------------------------------------------------------------- */

static void add_events(const MetricsSource *source, Exposition *x) {
        const EventTally *t = &source->view->tally;
        uint64_t n[_EVENT_MAX];

        memcpy(n, source->view->told_by_main, sizeof(n));
        for (size_t i = 0; i < t->n; i++)
                n[t->counts[i].kind] += t->counts[i].n;
        for (int kind = 0; kind < _EVENT_MAX; kind++)
                exposition_add(x, &(MetricLabel){ "event", event_name((EventKind) kind) }, 1,
                        decimal_count(n[kind]));
}

static void add_leases(const MetricsSource *source, Exposition *x) {
        const LeaseBook *book = &source->view->book.leases;
        uint64_t n[_LEASE_FILE_MAX] = {};

        for (size_t i = 0; i < LEASES_MAX; i++)
                n[book->leases[i].file] += book->leases[i].phase != LEASE_NONE;
        for (int file = 0; file < _LEASE_FILE_MAX; file++)
                exposition_add(x, &(MetricLabel){ "file", lease_file_name((LeaseFile) file) }, 1,
                        decimal_count(n[file]));
}

/* ---- the table
 * -------------------------------------------------------------------------------- */

#define COUNT(member)                                                                              \
        { NULL, offsetof(View, member) }
#define OF(value, member)                                                                          \
        { (value), offsetof(View, member) }

#define FIELDS(...) .fields = { __VA_ARGS__ }

#define ROW(k, n, u, h, ...)                                                                       \
        { .family = { .name = (n), .unit = (u), .help = (h), .kind = (k) }, __VA_ARGS__ }
#define GAUGE(...) ROW(FAMILY_GAUGE, __VA_ARGS__)
#define COUNTER(...) ROW(FAMILY_COUNTER, __VA_ARGS__)
#define HISTOGRAM(n, h, member) ROW(FAMILY_HISTOGRAM, n, "seconds", h, FIELDS(COUNT(member)))
#define INFO(n, h, f) ROW(FAMILY_INFO, n, NULL, h, .add = (f))

const MetricsRow metrics_rows[] = {
        INFO("avert_build", "The version of avertd", add_build),
        INFO("avert_config", "The policies in force: a hash of the texts of all their files",
                add_config),
        GAUGE("avert_config_last_load_successful", NULL,
                "1 when the policy files that were loaded last are in force, 0 when they were "
                "refused",
                .add = add_config_taken),
        GAUGE("avert_start_time", "seconds", "When avertd was started, since 1970",
                .add = add_start),
        GAUGE("avert_dry_run", NULL, "1 when avertd decides and reports, but acts on nothing",
                .add = add_dry),
        GAUGE("avert_paused", NULL, "1 while somebody asked that no step but notify is taken",
                .add = add_paused),
        GAUGE("avert_wards", NULL,
                "Processes, units and cgroups that somebody asked to leave alone",
                .add = add_wards),
        GAUGE("avert_level", NULL, "1 for the level at which the machine is, 0 for the others",
                .add = add_level),

        GAUGE("avert_policy_instances", NULL,
                "What a policy watches, by whether its condition is true; unknown never fires",
                .add = metrics_add_instances),
        GAUGE("avert_policy_instances_dropped", NULL, "Instances beyond limits.instances",
                FIELDS(COUNT(n_dropped))),
        GAUGE("avert_incidents", NULL, "Incidents under way, by phase",
                .add = metrics_add_incidents),
        COUNTER("avert_incidents_opened", NULL, "Incidents that were opened, or opened again",
                .add = metrics_add_opened),
        COUNTER("avert_steps", NULL,
                "Steps by what became of them: taken counts all that were begun, in a dry run "
                "those "
                "that would have been",
                .add = metrics_add_steps),
        COUNTER("avert_freed", "bytes", "Memory and swap that steps gave back, as measured",
                .add = metrics_add_freed),
        COUNTER("avert_kernel_kills", NULL,
                "Kernel OOM kills while avertd watched: its misses, or limits of cgroups",
                FIELDS(COUNT(book.kernel_oom_total))),
        COUNTER("avert_events", NULL, "What was told to the journal and the bus, by kind",
                .add = add_events),
        COUNTER("avert_events_dropped", NULL, "Events for which a reader left no room",
                FIELDS(COUNT(sentinel.events_dropped))),
        GAUGE("avert_leases", NULL, "Files of cgroups that are changed now and will be given back",
                .add = add_leases),
        COUNTER("avert_leases_ended", NULL,
                "Leases that ended: the old value is back, or somebody else had written the file",
                .label = "how",
                FIELDS(OF("returned", book.leases.returned_total),
                        OF("foreign", book.leases.foreign_total))),
        COUNTER("avert_signals", NULL, "Signals to processes and cgroups", .label = "result",
                FIELDS(OF("sent", sentinel.signals_sent), OF("refused", sentinel.signals_refused))),

        COUNTER("avert_ticks", NULL, "Samples that were judged", FIELDS(COUNT(sentinel.ticks))),
        COUNTER("avert_wakes", NULL, "What woke the watching thread", .label = "cause",
                FIELDS(OF("timer", sentinel.wakes_timer), OF("pressure", sentinel.wakes_psi),
                        OF("victim", sentinel.wakes_pidfd), OF("request", sentinel.wakes_request),
                        OF("cgroup", sentinel.wakes_groups))),
        HISTOGRAM("avert_tick_late", "How much later than planned ticks began", sentinel.late),
        HISTOGRAM("avert_tick_read", "How long it took to read what is judged", sentinel.read),
        HISTOGRAM("avert_tick_judge", "How long judging took", sentinel.judge),
        HISTOGRAM("avert_tick_pass", "From the begin of a tick to its plan carried out",
                sentinel.pass),
        GAUGE("avert_tick_planned", "seconds", "How long after this tick the next one was planned",
                .add = add_next_tick),
        COUNTER("avert_triggers_blinded", NULL,
                "Times that a pressure trigger fired while its counter stood still",
                FIELDS(COUNT(sentinel.blinded))),
        GAUGE("avert_reapers", NULL, "Threads that end victims; lost ones hang in the kernel",
                .add = add_reapers),
        GAUGE("avert_source_up", NULL,
                "1 when what the machine has is read well, 0 when it is degraded",
                .add = add_sources_up),
        COUNTER("avert_source_reads", NULL, "Readings of a source", .add = add_source_reads),
        COUNTER("avert_source_failures", NULL, "Readings that failed", .add = add_source_failures),
        COUNTER("avert_source_suspects", NULL,
                "Readings whose text was repaired or contradicts itself",
                .add = add_source_suspects),
        GAUGE("avert_processes", NULL, "Processes: there, known, and kept open for a tick",
                .label = "state",
                FIELDS(OF("seen", scout.seen), OF("known", scout.known), OF("kept", scout.kept))),
        GAUGE("avert_cgroups", NULL, "Cgroups: there, known, and kept open for a tick",
                .label = "state",
                FIELDS(OF("seen", scout.groups_seen), OF("known", scout.groups_known),
                        OF("kept", scout.groups_kept))),
        COUNTER("avert_scout_passes", NULL, "Looks at what is new among processes and cgroups",
                FIELDS(COUNT(scout.passes))),
};

const size_t metrics_n_rows = ELEMENTS(metrics_rows);

/* ---- readings
 * --------------------------------------------------------------------------------- */

/* What a unit of a policy is in metrics. */
static const char *unit_of(MetricUnit unit, unsigned *ret_places) {
        static const struct {
                const char *name;
                unsigned places;
        } units[] = {
                [METRIC_UNIT_BYTES] = { "bytes", 0 },
                [METRIC_UNIT_BYTES_PER_SEC] = { "bytes_per_second", 0 },
                [METRIC_UNIT_COUNT] = { NULL, 0 },
                [METRIC_UNIT_COUNT_PER_SEC] = { "per_second", 0 },
                [METRIC_UNIT_PERMYRIAD] = { "ratio", 4 },
                [METRIC_UNIT_USEC] = { "seconds", 6 },
        };

        *ret_places = units[unit].places;
        return units[unit].name;
}

void metrics_add_readings(const View *view, Exposition *x) {
        for (int id = 0; id < _METRIC_SYSTEM_MAX; id++) {
                const MetricInfo *info = metric_info((MetricId) id);
                const Reading *r = &view->sample.system[id];
                char name[64] = "avert_";
                MetricFamily family = {
                        .name = name,
                        .help = info->description,
                        .kind = id == METRIC_OOM_KILLS ? FAMILY_COUNTER : FAMILY_GAUGE,
                };
                Decimal value = { .value = r->value };

                (void) text_copy(name + strlen(name), sizeof(name) - strlen(name), info->name);
                for (char *c = name; *c; c++)
                        if (*c == '.')
                                *c = '_';
                family.unit = unit_of(info->unit, &value.places);
                exposition_begin(x, &family);
                if (r->known)
                        exposition_add(x, NULL, 0, value);
        }
}
