/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/match-tally.h"

#include "tests/harness.h"

static const Range uids[] = { { 1000, 1000 } };
static const Range others[] = { { 2000, 2000 } };
static MatchSpec specs[2];
static const MatchSpec *const matches[] = { &specs[0], &specs[1] };
static Config config = { .matches = matches, .n_matches = 2 };

static void look(MatchTally *t, unsigned n_of_1000) {
        ProcFacts facts = { .uid = 1000,
                .tty = "",
                .exe = "",
                .cmdline = "",
                .cgroup = "",
                .unit = "",
                .user_unit = "",
                .slice = "",
                .container = "" };
        ProcSample p = { .facts = &facts };

        match_tally_begin(t);
        for (unsigned i = 0; i < n_of_1000; i++)
                match_tally_add(t, &config, &p, 0);
        match_tally_end(t);
}

static void begin(MatchTally *t) {
        specs[0] = (MatchSpec){ .id = 0, .key_mask = 1U << MATCH_UID };
        specs[0].ranges[MATCH_UID - _MATCH_PATTERN_MAX].ranges = uids;
        specs[0].ranges[MATCH_UID - _MATCH_PATTERN_MAX].n = 1;
        specs[1] = (MatchSpec){ .id = 1, .key_mask = 1U << MATCH_UID };
        specs[1].ranges[MATCH_UID - _MATCH_PATTERN_MAX].ranges = others;
        specs[1].ranges[MATCH_UID - _MATCH_PATTERN_MAX].n = 1;
        ck_assert_int_eq(match_tally_reset(t, &config), 0);
}

START_TEST(the_most_at_one_look_is_kept) {
        MatchTally t = { 0 };

        begin(&t);
        look(&t, 2);
        look(&t, 5);
        look(&t, 1);
        ck_assert_uint_eq(t.most[0], 5);
        ck_assert_uint_eq(t.most[1], 0); /* it never matched: what the tally is for */
        match_tally_done(&t);
}
END_TEST

START_TEST(a_new_config_counts_from_zero) {
        MatchTally t = { 0 };

        begin(&t);
        look(&t, 3);
        ck_assert_int_eq(match_tally_reset(&t, &config), 0);
        ck_assert_uint_eq(t.most[0], 0);
        match_tally_done(&t);
}
END_TEST

START_TEST(without_memory_nothing_is_counted_and_nothing_breaks) {
        MatchTally t = { 0 };

        begin(&t);
        match_tally_done(&t);
        look(&t, 3);
        ck_assert_ptr_null(t.most);
}
END_TEST

START_TEST(what_is_watched_counts_cgroups_and_no_processes) {
        static const char *const patterns[] = { "/job/*" };
        static const GroupFacts groups[] = {
                { .path = "/job/one", .unit = "" },
                { .path = "/job/two", .unit = "" },
                { .path = "/job/two/below", .unit = "" },
        };
        static Policy policy = { .watch = WATCH_CGROUP, .watch_match = { .specs = specs, .n = 1 } };
        static const MatchSpec *const only[] = { &specs[0] };
        Config with_groups = {
                .matches = only, .n_matches = 1, .policies = &policy, .n_policies = 1
        };
        ProcFacts facts = { .cgroup = "/job/one" };
        ProcSample procs[] = { { .facts = &facts }, { .facts = &facts }, { .facts = &facts } };
        GroupSample samples[] = {
                { .facts = &groups[0], .populated = true },
                { .facts = &groups[1], .populated = true }, /* by what is below it */
                { .facts = &groups[2], .populated = true },
        };
        Sample s = { .procs = procs, .n_procs = 3, .groups = samples, .n_groups = 3 };
        MatchTally t = { 0 };

        specs[0] = (MatchSpec){ .id = 0, .key_mask = 1U << MATCH_CGROUP };
        specs[0].patterns[MATCH_CGROUP].patterns = patterns;
        specs[0].patterns[MATCH_CGROUP].n = 1;
        ck_assert_int_eq(match_tally_reset(&t, &with_groups), 0);
        match_tally_look(&t, &with_groups, &s);
        ck_assert_uint_eq(t.most[0], 2);

        samples[0].populated = false;
        s.n_procs = 0;
        match_tally_look(&t, &with_groups, &s);
        ck_assert_uint_eq(t.most[0], 2);
        ck_assert_uint_eq(t.now[0], 1);
        match_tally_done(&t);
        match_tally_add_group(&t, &with_groups, &samples[1]); /* without memory */
}
END_TEST

/* It protects the cgroup though no process lives in it, only below it. */
START_TEST(a_match_that_only_cgroups_hold_for_has_matched) {
        static const char *const patterns[] = { "/job" };
        static const GroupFacts groups[] = { { .path = "/job", .unit = "" },
                { .path = "/job/worker", .unit = "" } };
        static const MatchSpec *const only[] = { &specs[0] };
        Config protecting = { .matches = only, .n_matches = 1 };
        ProcFacts facts = { .cgroup = "/job/worker" };
        ProcSample procs[] = { { .facts = &facts }, { .facts = &facts } };
        GroupSample samples[] = {
                { .facts = &groups[0], .populated = true },
                { .facts = &groups[1], .populated = true },
        };
        Sample s = { .procs = procs, .n_procs = 2, .groups = samples, .n_groups = 2 };
        MatchTally t = { 0 };

        specs[0] = (MatchSpec){ .id = 0, .key_mask = 1U << MATCH_CGROUP };
        specs[0].patterns[MATCH_CGROUP].patterns = patterns;
        specs[0].patterns[MATCH_CGROUP].n = 1;
        ck_assert_int_eq(match_tally_reset(&t, &protecting), 0);
        samples[0].populated = false;
        match_tally_look(&t, &protecting, &s);
        ck_assert_uint_eq(t.most[0], 0);
        samples[0].populated = true;
        match_tally_look(&t, &protecting, &s);
        ck_assert_uint_eq(t.most[0], 1);

        facts.cgroup = "/job"; /* processes, and then it is those that count */
        match_tally_look(&t, &protecting, &s);
        ck_assert_uint_eq(t.most[0], 2);
        match_tally_done(&t);
}
END_TEST

HARNESS_MAIN("match-tally", the_most_at_one_look_is_kept, a_new_config_counts_from_zero,
        a_match_that_only_cgroups_hold_for_has_matched,
        what_is_watched_counts_cgroups_and_no_processes,
        without_memory_nothing_is_counted_and_nothing_breaks)
