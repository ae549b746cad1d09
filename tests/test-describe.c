/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "describe/describe.h"

#include <json-c/json.h>
#include <string.h>

#include "tests/harness.h"
#include "tests/view-double.h"

static ViewDouble d;

static json_object *parse(char *text) {
        json_object *json;

        ck_assert_ptr_nonnull(text);
        ck_assert_msg(
                strstr(text, "secret-of-its-owner") == NULL, "a command line leaked: %s", text);
        json = json_tokener_parse(text);
        ck_assert_msg(json != NULL, "no JSON: %s", text);
        free(text);
        return json;
}

/* "a.b.0.c": members and indices. Ends the test when there is no such thing. */
static json_object *at(json_object *json, const char *path) {
        char copy[128];

        ck_assert(text_copy(copy, sizeof(copy), path));
        for (char *save, *word = strtok_r(copy, ".", &save); word;
                word = strtok_r(NULL, ".", &save)) {
                if (word[0] >= '0' && word[0] <= '9')
                        json = json_object_array_get_idx(json, (size_t) atoi(word));
                else
                        ck_assert_msg(json_object_object_get_ex(json, word, &json), "%s: no %s",
                                path, word);
        }
        return json;
}

static void assert_json(json_object *json, const char *path, const char *expected) {
        const char *got = json_object_to_json_string_ext(at(json, path), JSON_C_TO_STRING_PLAIN);

        ck_assert_msg(strcmp(got, expected) == 0, "%s: got %s, expected %s", path, got, expected);
}

typedef struct Row {
        const char *path, *expected;
} Row;

static void assert_rows(json_object *json, const Row *rows, size_t n) {
        for (size_t i = 0; i < n; i++)
                assert_json(json, rows[i].path, rows[i].expected);
}

static const Row state_rows[] = {
        { "schema_version", "1" },
        { "version", "\"" AVERT_VERSION "\"" },
        { "dry_run", "false" },
        { "level", "\"acting\"" },
        { "uptime_usec", "90000000" },
        { "config.policies", "2" },
        { "config.sources.0.path", "\"double.yaml\"" },
        { "config.sources.0.masked", "false" },
        { "sources.0.name", "\"meminfo\"" },
        { "sources.0.state", "\"present\"" },
        { "sources.0.reads", "12" },
        { "sources.0.age_usec", "0" },
        { "sources.1.state", "\"absent\"" },
        { "sources.1.age_usec", "null" },
        { "sources.7.name", "\"psi.memory\"" },
        { "sources.7.state", "\"degraded\"" },
        { "sources.7.why", "\"booted with psi=0\"" },
        { "probe", "[]" },
        { "readings.1.metric", "\"mem.available\"" },
        { "readings.1.unit", "\"bytes\"" },
        { "readings.1.known", "true" },
        { "readings.1.value", "134217728" },
        { "readings.1.total", "4294967296" },
        { "readings.1.permyriad", "312" },
        { "readings.2.known", "false" },
        { "readings.2.value", "null" },
        { "corrections.arc_bytes", "0" },
        { "policies.0.name", "\"host-low\"" },
        { "policies.0.watch", "\"system\"" },
        { "policies.0.state", "\"open\"" },
        { "policies.0.instances", "1" },
        { "policies.0.conditions.0.text", "\"mem.available < 8%\"" },
        { "policies.0.conditions.0.metric", "\"mem.available\"" },
        { "policies.0.conditions.0.truth", "\"true\"" },
        { "policies.0.conditions.0.permyriad", "312" },
        /* 134217728 is below 8 % of 4 GiB (343597383) by this much */
        { "policies.0.conditions.0.distance_bytes", "-209379655" },
        { "policies.1.state", "\"calm\"" },
        { "policies.1.conditions.0.distance_bytes", "133169152" },
        { "incidents.0.id", "7" },
        { "incidents.0.policy", "\"host-low\"" },
        { "incidents.0.phase", "\"open\"" },
        { "incidents.0.since_usec_ago", "1000000" },
        { "incidents.0.step", "\"notify\"" },
        { "incidents.0.steps_taken", "1" },
        { "incidents.0.target.pid", "4312" },
        { "incidents.0.target.comm", "\"hog\"" },
        { "incidents.0.reason", "\"mem.available 3.1% < 8%\"" },
        { "sentinel.longest_pass_usec", "777" },
        { "sentinel.next_tick_usec", "50000" },
        { "sentinel.trigger_mode", "\"privileged\"" },
        { "sentinel.wakes_groups", "3" },
        { "scout.seen", "0" },
        { "scout.groups_seen", "9001" },
        { "scout.groups_known", "8192" },
        { "scout.groups_kept", "64" },
        { "scout.groups_dropped", "809" },
        { "scout.groups_watches", "700" },
        { "scout.groups_triggers", "12" },
        { "scout.groups_unheard", "true" },
        { "kernel_oom_kills", "0" },
        { "steps_total", "0" },
        { "freed_total_bytes", "0" },
};

START_TEST(the_state_has_every_part_of_the_schema) {
        json_object *json;

        view_double_init(&d);
        json = parse(describe_state(&d.view, NULL, VIEW_DOUBLE_NOW));
        assert_rows(json, state_rows, ELEMENTS(state_rows));
        ck_assert_uint_eq(json_object_array_length(at(json, "incidents")), 1);
        ck_assert_uint_eq(json_object_array_length(at(json, "sources")), _SOURCE_MAX);
        ck_assert_uint_eq(json_object_array_length(at(json, "readings")), _METRIC_SYSTEM_MAX);
        ck_assert_uint_eq(strlen(json_object_get_string(at(json, "config.hash"))), 16);
        json_object_put(json);
        view_double_done(&d);
}
END_TEST

START_TEST(the_probe_is_told_with_its_consequences) {
        static Probe probe;
        json_object *json;

        for (int i = 0; i < _PROBE_MAX; i++)
                probe.items[i] = (ProbeItem){ .name = "psi.memory",
                        .state = PROBE_ABSENT,
                        .why = "no such file",
                        .consequence = "polls" };
        view_double_init(&d);
        json = parse(describe_state(&d.view, &probe, VIEW_DOUBLE_NOW));
        assert_json(json, "probe.0",
                "{\"name\":\"psi.memory\",\"state\":\"absent\",\"why\":\"no such file\","
                "\"consequence\":\"polls\"}");
        json_object_put(json);
        view_double_done(&d);
}
END_TEST

static void set_calm(ViewDouble *v) {
        v->view.book.incidents[0] = (Incident){};
        v->verdicts[0].when = TRUTH_FALSE;
}

START_TEST(the_level_is_the_worst_that_holds) {
        view_double_init(&d);
        ck_assert_str_eq(describe_level(&d.view), "acting");
        d.view.critical = true;
        ck_assert_str_eq(describe_level(&d.view), "critical");
        d.view.critical = false;
        d.view.book.incidents[0].first_destructive_reached = UINT32_MAX; /* it told, no more */
        ck_assert_str_eq(describe_level(&d.view), "holding");
        d.view.book.incidents[0].phase = INCIDENT_HOLDING;
        ck_assert_str_eq(describe_level(&d.view), "holding");
        d.view.book.incidents[0].true_since_usec = USEC_UNSET; /* false again */
        ck_assert_str_eq(describe_level(&d.view), "armed");
        d.view.book.incidents[0].phase = INCIDENT_COOLING;
        ck_assert_str_eq(describe_level(&d.view), "armed");
        set_calm(&d);
        ck_assert_str_eq(describe_level(&d.view), "calm");
        d.verdicts[1].armed = true;
        ck_assert_str_eq(describe_level(&d.view), "armed");
        set_calm(&d);
        d.view.book.flight.active = true; /* its incident may be gone after a reload */
        ck_assert_str_eq(describe_level(&d.view), "acting");
        view_double_done(&d);
}
END_TEST

START_TEST(policies_tell_what_each_match_selects_and_which_never_did) {
        static const Row rows[] = {
                { "schema_version", "1" },
                { "policies.0.name", "\"host-low\"" },
                { "policies.0.file", "\"double.yaml\"" },
                { "policies.0.line", "5" },
                { "policies.0.watch", "\"system\"" },
                { "policies.0.kind", "\"auto\"" },
                { "policies.0.for_usec", "100000" },
                { "policies.0.clear", "null" },
                { "policies.0.steps.0", "\"notify: { level: warning, timeout: 1s }\"" },
                { "policies.0.steps.1", "\"terminate: { grace: 3s, timeout: 6s }\"" },
                { "policies.0.matches.0.role", "\"prefer\"" },
                { "policies.0.matches.0.now", "1" },
                { "policies.0.matches.0.examples.0.pid", "4312" },
                { "policies.0.matches.0.examples.0.comm", "\"hog\"" },
                { "policies.0.matches.1.role", "\"avoid\"" },
                { "policies.0.matches.1.now", "0" },
                { "policies.0.matches.1.hits", "0" },
                { "policies.1.clear", "\"mem.available > 2M\"" },
                { "protect.0.role", "\"protect\"" },
                { "protect.0.examples.0.pid", "222" },
                { "never_matched.0.line", "12" },
        };
        json_object *json;

        view_double_init(&d);
        json = parse(describe_policies(&d.view));
        assert_rows(json, rows, ELEMENTS(rows));
        ck_assert_uint_eq(json_object_array_length(at(json, "never_matched")), 1);
        json_object_put(json);

        /* One hit in the past is enough to be off that list. */
        for (size_t i = 0; i < ELEMENTS(d.hits); i++)
                d.hits[i] = 1;
        json = parse(describe_policies(&d.view));
        ck_assert_uint_eq(json_object_array_length(at(json, "never_matched")), 0);
        json_object_put(json);
        view_double_done(&d);
}
END_TEST

/* The processes sit in child cgroups, as with a delegated service: it is matched all the same. */
START_TEST(a_watched_cgroup_counts_as_selected_whoever_sits_in_it) {
        static const char text[] = "version: 1\n"
                                   "policies:\n"
                                   "  - name: jobs\n"
                                   "    watch: { cgroup: /job/* }\n"
                                   "    when: cgroup.usage > 50%\n"
                                   "    steps: [ notify ]\n"
                                   "  - name: absent\n"
                                   "    watch: { unit: absent.service }\n"
                                   "    when: cgroup.usage > 50%\n"
                                   "    steps: [ notify ]\n";
        static const Row rows[] = {
                { "policies.0.matches.0.role", "\"watch\"" },
                { "policies.0.matches.0.now", "1" },
                { "policies.0.matches.0.examples", "[{\"cgroup\":\"\\/job\\/one\"}]" },
                { "policies.1.matches.0.now", "0" },
                { "never_matched.0.text", "\"{ unit: absent.service }\"" },
        };
        static const GroupFacts facts[] = {
                { .path = "/job/one", .unit = "" },
                { .path = "/job/one/payload", .unit = "" },
        };
        GroupSample groups[] = {
                { .facts = &facts[0], .populated = true },
                { .facts = &facts[1], .populated = true },
        };
        static ConfigErrors errors;
        Config *config;
        json_object *json;

        view_double_init(&d);
        ck_assert_int_eq(config_load_text("a.yaml", text, sizeof(text) - 1, &config, &errors), 0);
        d.facts[0].cgroup = "/job/one/payload";
        d.view.config = config;
        d.view.sample.groups = groups;
        d.view.sample.n_groups = ELEMENTS(groups);
        json = parse(describe_policies(&d.view));
        assert_rows(json, rows, ELEMENTS(rows));
        ck_assert_uint_eq(json_object_array_length(at(json, "never_matched")), 1);
        json_object_put(json);
        config_unref(config);
        view_double_done(&d);
}
END_TEST

/* Of kind auto as well: what would be taken whole for the sake of one in it. */
START_TEST(the_judgement_tells_which_cgroups_compete) {
        static const GroupFacts facts = { .path = "/user.slice/x",
                .unit = "",
                .user_unit = "",
                .slice = "",
                .container = "",
                .oom_group = true };
        static GroupSample group = { .facts = &facts, .populated = true, .kept = true };
        static GroupCandidate table[1];
        json_object *json;

        view_double_init(&d);
        d.view.sample.groups = &group;
        d.view.sample.n_groups = 1;
        d.view.scratch.groups = table;
        d.view.scratch.groups_size = 1;
        json = parse(describe_judgement(&d.view, 0, 0));
        ck_assert_uint_eq(json_object_array_length(at(json, "policies.0.cgroup_candidates")), 1);
        assert_json(json, "policies.0.cgroup_candidates.0.path", "\"\\/user.slice\\/x\"");
        assert_json(json, "policies.0.cgroup_candidates.0.refusal", "\"protected\"");
        assert_json(json, "policies.0.cgroup_candidates.0.refusal_pid", "222");
        json_object_put(json);
        view_double_done(&d);
}
END_TEST

START_TEST(the_judgement_ranks_and_tells_why_not) {
        json_object *json, *list;
        bool found_hog = false, found_protected = false;

        view_double_init(&d);
        json = parse(describe_judgement(&d.view, 0, 0));
        ck_assert_uint_eq(json_object_array_length(at(json, "policies")), 1);
        assert_json(json, "policies.0.name", "\"host-low\"");
        assert_json(json, "policies.0.verdict", "\"true\"");
        list = at(json, "policies.0.candidates");
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                json_object *one = json_object_array_get_idx(list, i);
                int pid = json_object_get_int(at(one, "pid"));

                if (pid == 4312) {
                        found_hog = true;
                        assert_json(one, "refusal", "null");
                        assert_json(one, "preference", "1");
                        assert_json(one, "spec", "\"{ comm: hog }\"");
                        assert_json(one, "freeable_bytes", "3221225472");
                        ck_assert_int_gt(json_object_get_int64(at(one, "parts.gained")), 0);
                }
                if (pid == 222) {
                        found_protected = true;
                        assert_json(one, "refusal", "\"protected\"");
                }
        }
        ck_assert(found_hog);
        ck_assert(found_protected);
        json_object_put(json);

        json = parse(describe_judgement(&d.view, 0, 333));
        ck_assert_uint_eq(json_object_array_length(at(json, "policies.0.candidates")), 1);
        assert_json(json, "policies.0.candidates.0.comm", "\"b\\\\xffd\"");
        json_object_put(json);

        json = parse(describe_judgement(&d.view, -1, 0));
        ck_assert_uint_eq(json_object_array_length(at(json, "policies")), 2);
        assert_json(json, "policies.1.candidates", "[]"); /* it only notifies */
        json_object_put(json);

        json = parse(describe_judgement(&d.view, 0, 99999));
        assert_json(json, "policies.0.candidates", "[]");
        json_object_put(json);
        view_double_done(&d);
}
END_TEST

START_TEST(consumers_are_summed_up_by_what_competes_as_one) {
        static const GroupFacts facts = {
                .path = "/ssh", .unit = "ssh.service", .user_unit = "", .is_unit = true
        };
        static GroupSample group = { .facts = &facts, .populated = true, .psi_have = 1 };
        static const Row rows[] = {
                { "schema_version", "1" },
                { "processes_known", "3" },
                { "processes.0.pid", "4312" },
                { "processes.0.freeable_bytes", "3221225472" },
                { "processes.0.gained_bytes", "1610612736" },
                { "processes.0.growth_bytes_per_sec", "null" },
                { "processes.1.comm", "\"b\\\\xffd\"" },
                { "processes.1.gained_bytes", "null" },
                { "processes.2.unit", "\"ssh.service\"" },
                { "units_known", "2" },
                { "units.0.unit", "\"\"" },
                { "units.0.largest_pid", "4312" },
                { "units.0.n_processes", "2" },
                { "units.0.freeable_bytes", "3489660928" },
                { "units.0.gained_bytes", "1610612736" },
                { "units.0.pressure_permyriad", "null" },
                { "units.1.unit", "\"ssh.service\"" },
                { "units.1.n_processes", "1" },
                { "units.1.pressure_permyriad", "1234" },
        };
        json_object *json;

        view_double_init(&d);
        d.facts[2].group_hash = d.facts[0].group_hash;
        d.procs[2].gained_known = false;
        for (int i = 0; i < _PSI_METRICS; i++)
                group.pressure[i] = 1234;
        d.view.sample.groups = &group;
        d.view.sample.n_groups = 1;
        json = parse(describe_consumers(&d.view));
        assert_rows(json, rows, ELEMENTS(rows));
        ck_assert_uint_eq(json_object_array_length(at(json, "processes")), 3);
        ck_assert_uint_eq(json_object_array_length(at(json, "units")), 2);
        json_object_put(json);

        d.facts[1].kthread = true; /* no memory of its own, whatever is said of it */
        json = parse(describe_consumers(&d.view));
        assert_json(json, "processes_known", "2");
        json_object_put(json);
        view_double_done(&d);
}
END_TEST

/* Two users may have units of one name. */
START_TEST(the_unit_of_a_user_is_told_with_its_cgroup) {
        static const GroupFacts facts[] = {
                { .path = "/u/1/a.scope",
                        .unit = "",
                        .user_unit = "a.scope",
                        .is_user_unit = true },
                { .path = "/u/2/a.scope",
                        .unit = "",
                        .user_unit = "a.scope",
                        .is_user_unit = true },
        };
        static GroupSample groups[] = {
                { .facts = &facts[0], .populated = true, .psi_have = 1 },
                { .facts = &facts[1], .populated = true, .psi_have = 1 },
        };
        static const Row rows[] = {
                { "units.0.unit", "\"a.scope\"" },
                { "units.0.user_unit_cgroup", "\"\\/u\\/2\\/a.scope\"" },
                { "units.0.pressure_permyriad", "22" },
                { "units.1.user_unit_cgroup", "null" },
        };
        json_object *json;

        view_double_init(&d);
        d.facts[0].user_unit = "a.scope";
        d.facts[0].cgroup = "/u/2/a.scope/b";
        for (int i = 0; i < _PSI_METRICS; i++) {
                groups[0].pressure[i] = 11;
                groups[1].pressure[i] = 22;
        }
        d.view.sample.groups = groups;
        d.view.sample.n_groups = 2;
        json = parse(describe_consumers(&d.view));
        assert_rows(json, rows, ELEMENTS(rows));
        json_object_put(json);
        view_double_done(&d);
}
END_TEST

START_TEST(leases_are_told_with_what_is_left_of_them) {
        static const Row rows[] = {
                { "leases.0.file", "\"memory.high\"" },
                { "leases.0.cgroup", "\"\\/build\"" },
                { "leases.0.policy", "\"host-low\"" },
                { "leases.0.phase", "\"held\"" },
                { "leases.0.value", "1048576" },
                { "leases.0.left_usec", "5000000" },
                { "leases.1.file", "\"memory.max\"" },
                { "leases.1.value", "\"max\"" },
                { "leases.1.policy", "null" },
                { "leases.1.left_usec", "null" },
        };
        json_object *json;

        view_double_init(&d);
        d.view.book.leases.leases[3] = (Lease){ .phase = LEASE_HELD,
                .file = LEASE_HIGH,
                .value = 1 << 20,
                .path = "/build",
                .deadline_usec = VIEW_DOUBLE_NOW + 5 * USEC_PER_SEC };
        d.view.book.leases.leases[9] = (Lease){ .phase = LEASE_TAKING,
                .file = LEASE_MAX,
                .policy = UINT16_MAX,
                .value = UINT64_MAX,
                .deadline_usec = USEC_UNSET };
        json = parse(describe_state(&d.view, NULL, VIEW_DOUBLE_NOW));
        assert_rows(json, rows, ELEMENTS(rows));
        ck_assert_uint_eq(json_object_array_length(at(json, "leases")), 2);
        json_object_put(json);
        view_double_done(&d);
}
END_TEST

static const Row event_rows[] = {
        { "schema_version", "1" },
        { "kind", "\"step-taken\"" },
        { "level", "\"warning\"" },
        { "realtime_usec", "5" },
        { "serial", "9" },
        { "dry_run", "true" },
        { "incident", "7" },
        { "policy", "\"host-low\"" },
        { "step", "\"terminate\"" },
        { "signal", "15" },
        { "target.pid", "4312" },
        { "target.comm", "\"hog\"" },
        { "target.rss_bytes", "1" },
        { "target.anon_bytes", "2" },
        { "target.swap_bytes", "3" },
        { "target.gained_bytes", "4" },
        { "target.score", "-5" },
        { "promised_bytes", "6" },
        { "candidates.0.pid", "222" },
        { "candidates.0.refusal", "\"protected\"" },
};

START_TEST(an_event_is_complete_and_its_holes_are_null) {
        static const Row holes[] = {
                { "incident", "null" },
                { "policy", "null" },
                { "step", "null" },
                { "signal", "null" },
                { "hint", "null" },
                { "lease", "null" },
                { "target", "null" },
                { "cgroup", "null" },
                { "candidates", "[]" },
        };
        Event e = { .kind = EVENT_STEP_TAKEN,
                .level = NOTIFY_WARNING,
                .realtime_usec = 5,
                .serial = 9,
                .dry = true,
                .incident = 7,
                .policy = "host-low",
                .step = STEP_TERMINATE,
                .has_step = true,
                .signo = 15,
                .target = { .pid = 4312,
                        .comm = "hog",
                        .rss = 1,
                        .anon = 2,
                        .swap = 3,
                        .gained = 4,
                        .score = -5 },
                .promised = 6,
                .candidates = { { .pid = 222, .comm = "sshd", .refusal = REFUSAL_PROTECTED } },
                .n_candidates = 1,
                .reason = "mem.available 3.1% < 8%" };
        json_object *json = parse(describe_event(&e));

        assert_rows(json, event_rows, ELEMENTS(event_rows));
        ck_assert_ptr_nonnull(strstr(json_object_get_string(at(json, "message")), "hog"));
        json_object_put(json);

        json = parse(describe_event(&(Event){ .kind = EVENT_STARTED, .text = "x" }));
        assert_rows(json, holes, ELEMENTS(holes));
        json_object_put(json);
}
END_TEST

START_TEST(an_event_about_a_cgroup_names_it) {
        static const Row rows[] = {
                { "target", "null" },
                { "cgroup.path", "\"\\/system.slice\\/guilty.service\"" },
                { "cgroup.unit", "\"guilty.service\"" },
                { "cgroup.n_processes", "12" },
                { "cgroup.current_bytes", "1" },
                { "cgroup.usage_bytes", "2" },
                { "cgroup.limit_bytes", "3" },
                { "cgroup.gained_bytes", "4" },
                { "candidates.0.pid", "0" },
                { "candidates.0.cgroup", "\"\\/system.slice\\/other.service\"" },
                { "candidates.0.refusal", "\"session\"" },
        };
        Event e = { .kind = EVENT_STEP_TAKEN,
                .step = STEP_KILL,
                .has_step = true,
                .group = { .path = "/system.slice/guilty.service",
                        .unit = "guilty.service",
                        .n_processes = 12,
                        .current = 1,
                        .usage = 2,
                        .limit = 3,
                        .gained = 4 },
                .candidates = { { .cgroup = "/system.slice/other.service",
                        .refusal = REFUSAL_SESSION } },
                .n_candidates = 1 };
        json_object *json = parse(describe_event(&e));

        assert_rows(json, rows, ELEMENTS(rows));
        json_object_put(json);
}
END_TEST

START_TEST(the_state_tells_the_watched_cgroups_the_nearest_first) {
        static const Row rows[] = {
                { "cgroups.known", "3" },
                { "cgroups.kept", "2" },
                { "cgroups.watched.0.path", "\"\\/b\"" },
                { "cgroups.watched.0.state", "\"over\"" },
                { "cgroups.watched.0.policy", "\"calm-one\"" },
                { "cgroups.watched.0.usage_bytes", "90" },
                { "cgroups.watched.0.limit_bytes", "100" },
                { "cgroups.watched.1.path", "\"\\/a\"" },
                { "cgroups.watched.1.state", "\"calm\"" },
                { "cgroups.watched.1.usage_bytes", "null" },
                { "cgroups.watched.1.current_bytes", "50" },
                { "incidents.0.cgroup.path", "\"\\/b\"" },
                { "incidents.0.target_cgroup.path", "\"\\/b\"" },
                { "incidents.0.target", "null" },
        };
        static const GroupFacts facts[] = {
                { .path = "/a", .unit = "", .limit_bytes = UINT64_MAX },
                { .path = "/b", .unit = "", .limit_bytes = 100 },
                { .path = "/c", .unit = "", .limit_bytes = UINT64_MAX },
        };
        GroupSample groups[3] = { { 0 } };
        json_object *json;

        view_double_init(&d);
        for (uint32_t i = 0; i < 3; i++)
                groups[i] = (GroupSample){ .facts = &facts[i],
                        .slot = i,
                        .generation = 1,
                        .kept = i < 2,
                        .has_memory = true,
                        .populated = true,
                        .current = 50 + i * 45,
                        .unreclaimable_known = i == 1,
                        .unreclaimable = 90 };
        d.view.sample.groups = groups;
        d.view.sample.n_groups = 3;
        for (size_t i = 0; i < 2; i++) {
                Verdict *v = &d.verdicts[d.view.n_verdicts++];

                *v = (Verdict){ .policy = 1,
                        .key = { .watch = WATCH_CGROUP, .slot = (uint32_t) i, .generation = 1 },
                        .proc = -1,
                        .group = (int32_t) i,
                        .when = i == 1 ? TRUTH_TRUE : TRUTH_FALSE };
        }
        d.view.book.flight.active = false;
        d.view.book.incidents[0].key =
                (InstanceKey){ .watch = WATCH_CGROUP, .slot = 1, .generation = 1 };
        d.view.book.incidents[0].has_target = true;
        d.view.book.incidents[0].target_is_group = true;
        d.view.book.incidents[0].slot = 1;
        d.view.book.incidents[0].generation = 1;
        json = parse(describe_state(&d.view, NULL, VIEW_DOUBLE_NOW));
        assert_rows(json, rows, ELEMENTS(rows));
        ck_assert_uint_eq(json_object_array_length(at(json, "cgroups.watched")), 2);
        json_object_put(json);
        view_double_done(&d);
}
END_TEST

START_TEST(pauses_and_wards_are_told_with_what_is_left_of_them) {
        static const Row rows[] = {
                { "paused.left_usec", "5000000" },
                { "paused.by_uid", "7" },
                { "protected.0.kind", "\"process\"" },
                { "protected.0.pid", "4312" },
                { "protected.0.n_processes", "1" },
                { "protected.0.left_usec", "null" },
                { "protected.1.kind", "\"unit\"" },
                { "protected.1.name", "\"db.service\"" },
                { "protected.1.n_processes", "0" },
                { "protected.1.left_usec", "9000000" },
                { "protected.1.by_uid", "3" },
        };
        const Ward process = {
                .kind = WARD_PROCESS, .pid = 4312, .start_ticks = 100, .until_usec = USEC_UNSET
        };
        const Ward unit = { .kind = WARD_UNIT,
                .name = "db.service",
                .until_usec = VIEW_DOUBLE_NOW + 9 * USEC_PER_SEC,
                .by_uid = 3 };
        json_object *json;

        view_double_init(&d);
        json = parse(describe_state(&d.view, NULL, VIEW_DOUBLE_NOW));
        assert_json(json, "paused", "null");
        assert_json(json, "protected", "[]");
        json_object_put(json);
        steering_pause(&d.view.book.steering, VIEW_DOUBLE_NOW + 5 * USEC_PER_SEC, 7);
        ck_assert(steering_protect(&d.view.book.steering, &process));
        ck_assert(steering_protect(&d.view.book.steering, &unit));
        json = parse(describe_state(&d.view, NULL, VIEW_DOUBLE_NOW));
        assert_rows(json, rows, ELEMENTS(rows));
        json_object_put(json);
        json = parse(describe_incidents(&d.view));
        assert_json(json, "schema_version", "1");
        assert_json(json, "incidents.0.policy", "\"host-low\"");
        json_object_put(json);
        view_double_done(&d);
}
END_TEST

HARNESS_MAIN("describe", pauses_and_wards_are_told_with_what_is_left_of_them,
        the_state_has_every_part_of_the_schema, the_probe_is_told_with_its_consequences,
        the_level_is_the_worst_that_holds,
        policies_tell_what_each_match_selects_and_which_never_did,
        a_watched_cgroup_counts_as_selected_whoever_sits_in_it,
        consumers_are_summed_up_by_what_competes_as_one, the_unit_of_a_user_is_told_with_its_cgroup,
        leases_are_told_with_what_is_left_of_them, the_judgement_ranks_and_tells_why_not,
        the_judgement_tells_which_cgroups_compete, an_event_is_complete_and_its_holes_are_null,
        an_event_about_a_cgroup_names_it, the_state_tells_the_watched_cgroups_the_nearest_first)
