/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine-notes.h"

#include "engine/lease-exchange.h"
#include "tests/harness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static Probe probe_of(ProbeId id, ProbeState state) {
        Probe p = { 0 };

        for (unsigned i = 0; i < _PROBE_MAX; i++)
                p.items[i] =
                        (ProbeItem){ .name = "thing", .state = PROBE_PRESENT, .consequence = "" };
        p.items[id] = (ProbeItem){ .name = "psi.memory",
                .state = state,
                .why = "no such file",
                .consequence = "polling" };
        return p;
}

static const struct {
        const char *name;
        ProbeId id;
        ProbeState state;
        bool told;
} items[] = {
        { "present", PROBE_PSI_MEMORY, PROBE_PRESENT, false },
        { "absent", PROBE_PSI_MEMORY, PROBE_ABSENT, true },
        { "degraded", PROBE_PSI_MEMORY, PROBE_DEGRADED, true },
        { "no zram here", PROBE_ZRAM, PROBE_ABSENT, false },
        { "no swap here", PROBE_SWAPS, PROBE_ABSENT, false },
        { "no ZFS here", PROBE_ARC, PROBE_ABSENT, false },
        { "ZFS that cannot be read", PROBE_ARC, PROBE_DEGRADED, true },
};

START_TEST(what_is_missed_is_told_with_reason_and_consequence) {
        Probe p = probe_of(items[_i].id, items[_i].state);
        Event e = { 0 };
        bool told = note_probe_item(&p, items[_i].id, &e);

        ck_assert_msg(told == items[_i].told, "%s", items[_i].name);
        if (!told)
                return;
        ck_assert_int_eq(e.kind, EVENT_SOURCE_DEGRADED);
        ck_assert_msg(strstr(e.text, "no such file") && strstr(e.text, "polling"), "%s: %s",
                items[_i].name, e.text);
}
END_TEST

START_TEST(the_start_names_what_is_not_as_it_should_be) {
        Probe p = probe_of(PROBE_PSI_MEMORY, PROBE_DEGRADED);
        Config config = { .n_policies = 3 };
        Event e;

        note_started(&p, &config, true, &e);
        ck_assert_int_eq(e.kind, EVENT_STARTED);
        ck_assert(e.dry);
        ck_assert_ptr_nonnull(strstr(e.text, "3 policies"));
        ck_assert_ptr_nonnull(strstr(e.text, "degraded: psi.memory"));
        ck_assert_ptr_null(strstr(e.text, "absent"));
}
END_TEST

static const struct {
        const char *comm;
        uint32_t uid;
        const char *unit;
        bool rival;
} processes[] = {
        { "earlyoom", 0, "", true },
        { "earlyoom", 61234, "earlyoom.service", true },
        { "systemd-oomd", 996, "systemd-oomd.service", true },
        { "nohang", 0, "nohang.service", true },
        { "oomd", 0, "", true },
        { "earlyoom", 1000, "", false }, /* anybody's program of that name */
        { "oomd-exporter", 0, "", false },
        { "bash", 0, "", false },
};

START_TEST(a_rival_is_known_by_name_and_rank) {
        ProcFacts facts = {
                .pid = 77, .uid = processes[_i].uid, .unit = processes[_i].unit, .cgroup = "/"
        };
        Event e;

        snprintf(facts.comm, sizeof(facts.comm), "%s", processes[_i].comm);
        ck_assert_msg(note_rival(&facts, &e) == processes[_i].rival, "%s, uid %u",
                processes[_i].comm, processes[_i].uid);
        if (!processes[_i].rival)
                return;
        ck_assert_int_eq(e.kind, EVENT_RIVAL);
        ck_assert_int_eq(e.target.pid, 77);
        ck_assert_ptr_nonnull(strstr(e.text, processes[_i].comm));
}
END_TEST

START_TEST(memory_that_cannot_be_locked_is_told_with_the_error) {
        Event e;

        note_not_locked(EPERM, &e);
        ck_assert_int_eq(e.error, EPERM);
        ck_assert_ptr_nonnull(strstr(e.text, "Operation not permitted"));
}
END_TEST

static const struct {
        const char *name;
        LeaseFile file;
        uint64_t old, ours;
        int result;
        EventKind kind;
        NotifyLevel level;
        StepKind step;
        const char *sentence;
} leases[] = {
        { "given back", LEASE_HIGH, UINT64_MAX, 1 << 20, EXCHANGE_OK, EVENT_LEASE_RETURNED,
                NOTIFY_NOTICE, STEP_THROTTLE,
                "gave back memory.high of /a.slice after 5 s: avertd ends; it is max again [p]" },
        { "thawed", LEASE_FREEZE, 0, 1, EXCHANGE_OK, EVENT_LEASE_RETURNED, NOTIFY_NOTICE,
                STEP_FREEZE,
                "gave back cgroup.freeze of /a.slice after 5 s: avertd ends; it is thawed again "
                "[p]" },
        { "foreign", LEASE_MAX, UINT64_MAX, 1 << 20, EXCHANGE_FOREIGN, EVENT_LEASE_FOREIGN,
                NOTIFY_NOTICE, STEP_LIMIT,
                "memory.max of /a.slice was written by somebody else meanwhile: theirs stays [p]" },
        { "gone", LEASE_SWAP_MAX, 0, 1 << 20, EXCHANGE_GONE, EVENT_LEASE_DROPPED, NOTIFY_NOTICE,
                STEP_LIMIT, "memory.swap.max of /a.slice needs no return: the cgroup is gone [p]" },
        { "owed", LEASE_HIGH, 4096, 1 << 20, -EIO, EVENT_SOURCE_DEGRADED, NOTIFY_WARNING,
                STEP_THROTTLE,
                "leases: memory.high of /a.slice could not be given back and is still owed: "
                "Input/output error" },
};

START_TEST(what_became_of_a_lease_is_told_as_what_it_is) {
        LeaseTerms terms = {
                .file = leases[_i].file, .old = leases[_i].old, .policy = "p", .path = "/a.slice"
        };
        char line[1024];
        TextBuf b;
        Event e;

        note_lease(&(LeaseNote){ &terms, leases[_i].ours, leases[_i].result, "avertd ends",
                           5 * USEC_PER_SEC },
                &e);
        ck_assert_msg(
                e.kind == leases[_i].kind && e.level == leases[_i].level, "%s", leases[_i].name);
        ck_assert(e.has_step && e.has_file);
        ck_assert_int_eq(e.step, leases[_i].step);
        ck_assert_int_eq(e.file, leases[_i].file);
        ck_assert_uint_eq(e.value, leases[_i].ours);
        ck_assert_uint_eq(e.took_usec, 5 * USEC_PER_SEC);
        ck_assert_int_eq(e.error, leases[_i].result < 0 ? -leases[_i].result : 0);
        ck_assert_str_eq(e.group.path, "/a.slice");
        textbuf_init(&b, line, sizeof(line));
        event_print(&e, &b);
        ck_assert_msg(strstr(line, leases[_i].sentence) != NULL, "%s: %s", leases[_i].name, line);
}
END_TEST

START_TEST(a_lease_of_which_nothing_is_known_is_told_without_it) {
        LeaseTerms terms = { 0 };
        Event e;

        note_lease(&(LeaseNote){ .terms = &terms, .result = -EBADMSG, .why = "avertd ends" }, &e);
        ck_assert_int_eq(e.kind, EVENT_SOURCE_DEGRADED);
        ck_assert(!e.has_file && !e.has_step);
        ck_assert_ptr_nonnull(strstr(e.text, "made no sense"));
}
END_TEST

int main(void) {
        Suite *s = suite_create("engine-notes");
        TCase *tc = tcase_create("engine-notes");

        tcase_add_loop_test(tc, what_is_missed_is_told_with_reason_and_consequence, 0,
                sizeof(items) / sizeof(items[0]));
        tcase_add_test(tc, the_start_names_what_is_not_as_it_should_be);
        tcase_add_loop_test(
                tc, a_rival_is_known_by_name_and_rank, 0, sizeof(processes) / sizeof(processes[0]));
        tcase_add_test(tc, memory_that_cannot_be_locked_is_told_with_the_error);
        tcase_add_loop_test(tc, what_became_of_a_lease_is_told_as_what_it_is, 0,
                sizeof(leases) / sizeof(leases[0]));
        tcase_add_test(tc, a_lease_of_which_nothing_is_known_is_told_without_it);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
