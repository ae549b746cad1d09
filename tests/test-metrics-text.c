/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-text.h"

#include <string.h>

#include "config/metric.h"
#include "tests/harness.h"
#include "tests/view-double.h"

static ViewDouble d;
static char *text;

static const MetricsFacts facts = { .started_realtime_usec = 1700000000 * USEC_PER_SEC };

static void print(ExpositionFormat format) {
        free(text);
        text = metrics_text(&d.view, &facts, format);
        ck_assert_ptr_nonnull(text);
        ck_assert_ptr_null(strstr(text, "secret-of-its-owner"));
}

/* Whether the line is there; the rest of the text is shown when not. */
static void assert_line(const char *line) {
        size_t len = strlen(line);

        for (const char *at = text; (at = strstr(at, line)); at += len)
                if ((at == text || at[-1] == '\n') && at[len] == '\n')
                        return;
        ck_abort_msg("no line '%s' in\n%s", line, text);
}

static void tell(const char *policy, EventKind kind, int step, uint64_t freed) {
        static Event e;

        e = (Event){ .kind = kind, .freed = freed, .has_step = step >= 0 };
        if (step >= 0)
                e.step = (StepKind) step;
        ck_assert(text_copy(e.policy, sizeof(e.policy), policy));
        event_tally_add(&d.view.tally, &e);
}

static void begin(void) {
        view_double_init(&d);
        d.view.dry = true;
        d.view.n_dropped = 4;
        steering_pause(&d.view.book.steering, VIEW_DOUBLE_NOW + 1, 0);
        d.view.book.steering.wards[0].until_usec = VIEW_DOUBLE_NOW; /* is over */
        d.view.book.steering.wards[1].until_usec = VIEW_DOUBLE_NOW + 1;
        d.view.book.steering.n_wards = 2;
        d.view.book.kernel_oom_total = 2;
        d.view.book.leases.leases[3] = (Lease){ .phase = LEASE_HELD, .file = LEASE_FREEZE };
        d.view.sentinel.signals_refused = 9;
        d.view.sentinel.reapers_alive = 4;
        d.view.sample.system[metric_psi(PSI_MEMORY, PSI_FULL, PSI_10S)] =
                (Reading){ true, 312, 0, VIEW_DOUBLE_NOW };
        d.view.sample.system[METRIC_OOM_KILLS] = (Reading){ true, 7, 0, VIEW_DOUBLE_NOW };
        d.view.sample.system[METRIC_FILL_RATE] = (Reading){ true, -3, 0, VIEW_DOUBLE_NOW };
        histogram_add(&d.view.sentinel.late, 120);
        tell("host-low", EVENT_INCIDENT_OPENED, -1, 0);
        tell("host-low", EVENT_INCIDENT_REOPENED, -1, 0);
        tell("host-low", EVENT_NOTIFY, STEP_NOTIFY, 0);
        tell("host-low", EVENT_STEP_TAKEN, STEP_TERMINATE, 0);
        tell("host-low", EVENT_STEP_TAKEN, STEP_TERMINATE, 0);
        tell("host-low", EVENT_STEP_DONE, STEP_TERMINATE, 1000);
        tell("host-low", EVENT_STEP_FAILED, STEP_TERMINATE, 24);
        tell("gone", EVENT_STEP_DONE, STEP_RECLAIM, 5);
        tell("", EVENT_SOURCE_DEGRADED, -1, 0);
        d.view.told_by_main[EVENT_SOURCE_DEGRADED] = 2;
        d.view.told_by_main[EVENT_RELOAD_REFUSED] = 1;
}

static void end(void) {
        free(text);
        text = NULL;
        view_double_done(&d);
}

static const char *const lines[] = {
        "avert_build_info{version=\"" AVERT_VERSION "\"} 1",
        "avert_config_last_load_successful 1",
        "avert_start_time_seconds 1700000000.0",
        "avert_dry_run 1",
        "avert_paused 1",
        "avert_wards 1",
        "avert_level{level=\"acting\"} 1",
        "avert_level{level=\"calm\"} 0",
        "avert_policy_instances{policy=\"host-low\",condition=\"true\"} 1",
        "avert_policy_instances{policy=\"calm-one\",condition=\"true\"} 0",
        "avert_policy_instances{policy=\"calm-one\",condition=\"false\"} 1",
        "avert_policy_instances_dropped 4",
        "avert_incidents{policy=\"host-low\",phase=\"open\"} 1",
        "avert_incidents{policy=\"calm-one\",phase=\"open\"} 0",
        "avert_incidents_opened_total{policy=\"host-low\"} 2",
        "avert_incidents_opened_total{policy=\"calm-one\"} 0",
        "avert_steps_total{policy=\"host-low\",step=\"notify\",result=\"taken\"} 1",
        "avert_steps_total{policy=\"host-low\",step=\"terminate\",result=\"taken\"} 2",
        "avert_steps_total{policy=\"host-low\",step=\"terminate\",result=\"escalated\"} 0",
        "avert_steps_total{policy=\"host-low\",step=\"terminate\",result=\"done\"} 1",
        "avert_steps_total{policy=\"host-low\",step=\"terminate\",result=\"failed\"} 1",
        "avert_steps_total{policy=\"host-low\",step=\"terminate\",result=\"skipped\"} 0",
        "avert_steps_total{policy=\"gone\",step=\"reclaim\",result=\"done\"} 1",
        "avert_freed_bytes_total{policy=\"host-low\",step=\"terminate\"} 1024",
        "avert_freed_bytes_total{policy=\"gone\",step=\"reclaim\"} 5",
        "avert_kernel_kills_total 2",
        "avert_events_total{event=\"incident-opened\"} 1",
        "avert_events_total{event=\"livelock\"} 0",
        "avert_events_total{event=\"source-degraded\"} 3",
        "avert_events_total{event=\"reload-refused\"} 1",
        "avert_leases{file=\"cgroup.freeze\"} 1",
        "avert_leases{file=\"memory.high\"} 0",
        "avert_signals_total{result=\"refused\"} 9",
        "avert_wakes_total{cause=\"cgroup\"} 3",
        "avert_tick_late_seconds_bucket{le=\"0.0001\"} 0",
        "avert_tick_late_seconds_bucket{le=\"0.00025\"} 1",
        "avert_tick_late_seconds_count 1",
        "avert_tick_planned_seconds 0.05",
        "avert_reapers{state=\"alive\"} 4",
        "avert_source_up{source=\"meminfo\"} 1",
        "avert_source_up{source=\"psi.memory\"} 0",
        "avert_source_reads_total{source=\"meminfo\"} 12",
        "avert_cgroups{state=\"seen\"} 9001",
        "avert_mem_available_bytes 134217728",
        "avert_mem_exhaustion_seconds +Inf",
        "avert_psi_memory_full_10s_ratio 0.0312",
        "avert_fill_rate_bytes_per_second -3",
        "avert_oom_kills_total 7",
};

START_TEST(view_is_told_in_the_format_of_prometheus) {
        begin();
        print(EXPOSITION_PROMETHEUS);
        for (size_t i = 0; i < ELEMENTS(lines); i++)
                assert_line(lines[i]);
        assert_line("# TYPE avert_steps_total counter");
        assert_line("# TYPE avert_build_info gauge");
        ck_assert_ptr_null(strstr(text, "# EOF"));
        end();
}
END_TEST

START_TEST(samples_are_the_same_in_openmetrics) {
        begin();
        print(EXPOSITION_OPENMETRICS);
        for (size_t i = 0; i < ELEMENTS(lines); i++)
                assert_line(lines[i]);
        assert_line("# TYPE avert_steps counter");
        assert_line("# TYPE avert_build info");
        assert_line("# UNIT avert_freed_bytes bytes");
        ck_assert_str_eq(text + strlen(text) - 6, "# EOF\n");
        end();
}
END_TEST

START_TEST(unknown_and_absent_are_not_told_as_zero) {
        begin();
        print(EXPOSITION_PROMETHEUS);
        ck_assert_ptr_null(strstr(text, "\navert_mem_free_bytes "));
        assert_line("# TYPE avert_mem_free_bytes gauge");
        ck_assert_ptr_null(strstr(text, "\navert_source_up{source=\"zram\"}"));
        end();
}
END_TEST

START_TEST(pause_that_is_over_is_none) {
        begin();
        steering_pause(&d.view.book.steering, VIEW_DOUBLE_NOW, 0);
        print(EXPOSITION_PROMETHEUS);
        assert_line("avert_paused 0");
        end();
}
END_TEST

START_TEST(refused_policy_is_told) {
        const MetricsFacts refused = { .policy_refused = true };

        begin();
        text = metrics_text(&d.view, &refused, EXPOSITION_PROMETHEUS);
        ck_assert_ptr_nonnull(text);
        assert_line("avert_config_last_load_successful 0");
        end();
}
END_TEST

START_TEST(every_reading_of_the_system_has_its_family) {
        begin();
        print(EXPOSITION_PROMETHEUS);
        for (int id = 0; id < _METRIC_SYSTEM_MAX; id++) {
                char name[80] = "# HELP avert_";

                strcat(name, metric_info((MetricId) id)->name);
                for (char *c = name; *c; c++)
                        if (*c == '.')
                                *c = '_';
                ck_assert_msg(strstr(text, name) != NULL, "no %s", name);
        }
        end();
}
END_TEST

HARNESS_MAIN("metrics-text", view_is_told_in_the_format_of_prometheus,
        samples_are_the_same_in_openmetrics, unknown_and_absent_are_not_told_as_zero,
        pause_that_is_over_is_none, refused_policy_is_told,
        every_reading_of_the_system_has_its_family)
