/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/explain.h"

#include "tests/core-story.h"

static char text[16384];

static const char *explained(World *w, int only_policy, int32_t pid) {
        TextBuf out;

        textbuf_init(&out, text, sizeof(text));
        explain_print(&w->config, &w->s, w->verdicts, w->n_verdicts, &w->book, &w->scratch,
                only_policy, pid, &out);
        ck_assert(!out.truncated);
        return text;
}

static Story *machine(void) {
        static const char *const ssh = "ssh.service";
        static MatchSpec protect;
        Story *st = story_new(GIB(12));
        World *w = st->w;

        world_policy(w, "host", WATCH_SYSTEM,
                CONDITION(w, COND_ALL, available_below(800), swap_below(1000)));
        protect = (MatchSpec){ .key_mask = UINT32_C(1) << MATCH_UNIT,
                .text = "{ unit: ssh.service }",
                .file = "10.yaml",
                .line = 3 };
        protect.patterns[MATCH_UNIT].patterns = &ssh;
        protect.patterns[MATCH_UNIT].n = 1;
        w->config.protect = (MatchList){ &protect, 1 };
        story_process(st, "steady", GIB(4), 0, ANSWER_OBEYS);
        story_process(st, "hog", MIB(100), 0, ANSWER_REFUSED);
        world_facts(w, story_process(st, "sshd", MIB(300), 0, ANSWER_OBEYS))->unit = "ssh.service";
        story_process(st, "tiny", MIB(3), 0, ANSWER_OBEYS);
        world_rehash(w);
        story_tick(st, 0);
        return st;
}

#define ck_has(t, part) ck_assert_msg(strstr(t, part) != NULL, "no '%s' in:\n%s", part, t)
#define ck_has_not(t, part) ck_assert_msg(strstr(t, part) == NULL, "'%s' in:\n%s", part, t)

START_TEST(calm_shows_readings_distances_and_the_ranking) {
        Story *st = machine();
        const char *t;

        process_set(&st->w->procs[1], GIB(2));
        story_tick(st, SEC(1));
        t = explained(st->w, -1, 0);
        ck_has(t, "mem.available   5.7 GiB (35.6%)\n");
        ck_has(t, "swap.free       0 B\n");
        ck_has(t, "fill.rate       unknown\n");
        ck_has(t, "host: false\n");
        ck_has(t, "false   mem.available 35.6% (5.7 GiB) < 8%, 4.4 GiB away\n");
        ck_has(t, "true    swap.free 0% (0 B) < 10%\n");
        ck_has(t, "pid comm                  size     gained   freeable      score      group\n");
        ck_has(t, "1001 hog                2.0 GiB    1.9 GiB    2.0 GiB");
        ck_has(t, "would take hog (pid 1001), SIGTERM first, to free 2.0 GiB\n");
        ck_has(t, "1002 sshd               300 MiB        0 B    300 MiB");
        ck_has(t, "protected by { unit: ssh.service } (10.yaml:3)\n");
        ck_has(t, "tiny               3.0 MiB        0 B    3.0 MiB");
        ck_has(t, "too-small");
        ck_assert(strstr(t, "1001 hog") < strstr(t, "1000 steady"));
        story_free(st);
}
END_TEST

START_TEST(an_incident_shows_its_phase_and_reason_and_who_is_remembered) {
        Story *st = machine();
        const char *t;

        process_set(&st->w->procs[1], GIB(8) - MIB(700));
        story_tick(st, SEC(1));
        t = explained(st->w, -1, 0);
        ck_has(t, "incident 1, host: open for 0 s, step 1 of 1, 1 taken\n");
        ck_has(t, "because mem.available ");
        ck_has(t, "under way: signal 15 to pid 1001, 0 of 1 gone, promised 7.3 GiB\n");
        story_tick(st, MSEC(50)); /* refused */
        t = explained(st->w, -1, 0);
        ck_has(t, "remembered: refused, for ");
        story_free(st);
}
END_TEST

START_TEST(one_process_shows_its_place_or_its_reason) {
        Story *st = machine();

        ck_has(explained(st->w, -1, 1000), "pid 1000 is number 1 of the candidates\n");
        ck_has(explained(st->w, -1, 1002), "pid 1002 would not be taken: protected\n");
        ck_has(explained(st->w, -1, 1003), "pid 1003 would not be taken: too-small\n");
        ck_has(explained(st->w, -1, 9999), "pid 9999 is not known\n");
        ck_has_not(explained(st->w, -1, 1000), "readings");
        story_free(st);
}
END_TEST

START_TEST(only_one_policy_may_be_asked_for) {
        Story *st = machine();

        world_policy(
                st->w, "second", WATCH_SYSTEM, CONDITION(st->w, COND_ALL, available_below(100)))
                ->steps[0]
                .kind = STEP_NOTIFY;
        story_tick(st, SEC(1));
        ck_has(explained(st->w, -1, 0), "second: false");
        ck_has(explained(st->w, 1, 0), "second: false");
        ck_has_not(explained(st->w, 1, 0), "host: false");
        ck_has_not(explained(st->w, 1, 0), "candidates"); /* who only tells chooses nobody */
        story_free(st);
}
END_TEST

START_TEST(command_lines_are_never_shown) {
        Story *st = machine();

        for (int i = 0; i < 4; i++)
                st->w->facts[i].cmdline = "SECRET";
        process_set(&st->w->procs[1], GIB(7));
        story_tick(st, SEC(1));
        ck_has_not(explained(st->w, -1, 0), "SECRET");
        ck_has_not(explained(st->w, -1, 1001), "SECRET");
        for (size_t i = 0; i < st->w->plan.n_events; i++) {
                TextBuf out;

                textbuf_init(&out, text, sizeof(text));
                event_print(&st->w->plan.events[i], &out);
                ck_has_not(text, "SECRET");
        }
        story_free(st);
}
END_TEST

START_TEST(names_of_others_are_escaped) {
        Story *st = machine();

        memcpy(st->w->facts[1].comm, "a\x1b[2J\nb", 8);
        process_set(&st->w->procs[1], GIB(2));
        story_tick(st, SEC(1));
        ck_has(explained(st->w, -1, 0), "a\\x1b[2J\\x0ab");
        story_free(st);
}
END_TEST

START_TEST(without_processes_it_says_so) {
        World *w = world_new();

        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        world_tick(w, 0);
        ck_has(explained(w, -1, 0), "no process was read yet");
        world_free(w);
}
END_TEST

START_TEST(corrections_are_shown) {
        World *w = world_new();

        w->s.raw.have |= source_bit(SOURCE_ARC);
        w->s.raw.arc_size = GIB(1);
        w->s.raw.dirty = MIB(100);
        world_tick(w, 0);
        ck_has(explained(w, -1, 0), "mem.available counts reclaimable ARC: 1.0 GiB\n");
        ck_has(explained(w, -1, 0), "must be written first: 100 MiB\n");
        world_free(w);
}
END_TEST

START_TEST(explaining_changes_nothing) {
        Story *st = machine();
        IncidentBook *before = malloc(sizeof(*before));

        ck_assert_ptr_nonnull(before);
        process_set(&st->w->procs[1], GIB(7));
        story_tick(st, SEC(1));
        memcpy(before, &st->w->book, sizeof(*before));
        explained(st->w, -1, 0);
        ck_assert_mem_eq(before, &st->w->book, sizeof(*before));
        free(before);
        story_free(st);
}
END_TEST

START_TEST(cgroups_are_shown_with_what_speaks_against_them) {
        static const char *const glob = "*.service";
        static MatchSpec spec;
        Story *st = story_new(GIB(12));
        World *w = st->w;
        Policy *p = world_policy(
                w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(9000)));
        Policy *limit = world_policy(w, "limit", WATCH_UNIT,
                CONDITION(w, COND_ALL,
                        atom_share(METRIC_CGROUP_USAGE, "cgroup.usage", COMPARE_GT, 9000)));
        const char *t;

        spec = (MatchSpec){ .key_mask = UINT32_C(1) << MATCH_UNIT };
        spec.patterns[MATCH_UNIT].patterns = &glob;
        spec.patterns[MATCH_UNIT].n = 1;
        limit->watch_match = (MatchList){ &spec, 1 };
        limit->steps[0] = (Step){ .kind = STEP_NOTIFY };
        p->targets.kind = TARGET_UNIT;
        p->targets.max_victims = 1;
        w->dry = true;
        world_unit(w, "/system.slice/a.service", "a.service", 0, MIB(600));
        world_unit(w, "/system.slice/b.service", "b.service", 0, UINT64_MAX);
        world_unit(w, "/system.slice/c.service", "c.service", 0, MIB(550));
        world_facts(w, story_process(st, "a", MIB(300), 0, ANSWER_OBEYS))->cgroup =
                "/system.slice/a.service";
        world_facts(w, story_process(st, "a2", MIB(200), 0, ANSWER_OBEYS))->cgroup =
                "/system.slice/a.service";
        world_facts(w, story_process(st, "us", MIB(900), 0, ANSWER_OBEYS))->cgroup =
                "/system.slice/b.service";
        w->facts[2].self = true;
        world_facts(w, story_process(st, "c", MIB(500), 0, ANSWER_OBEYS))->cgroup =
                "/system.slice/c.service";
        for (int i = 0; i < 3; i++)
                story_tick(st, SEC(1));
        t = explained(w, -1, 0);
        ck_has(t,
                "name                                 processes    charged     gained   "
                "freeable\n");
        ck_has(t,
                "  b.service                                    1    900 MiB        0 B    900 MiB"
                "  self: it holds us (pid 1002)\n");
        ck_has(t,
                "  a.service                                    2    500 MiB        0 B    500 "
                "MiB");
        ck_has(t, "limit, c.service (500 MiB of 550 MiB): true\n");
        ck_has(t, "limit, a.service (500 MiB of 600 MiB): false, near\n");
        ck_has(t, "incident 2, limit, c.service (500 MiB of 550 MiB): open for");
        ck_has(t, "limit: not near for 1 other cgroup\n");
        ck_has_not(t, "limit, b.service");
        t = explained(w, 1, 1000);
        ck_has(t, "limit, a.service");
        ck_has_not(t, "limit, c.service");
        w->facts[3].self = true;
        story_tick(st, SEC(1));
        ck_has(explained(w, 0, 0),
                "would take a (pid 1000), the one that gained most of a.service, which holds more "
                "than 1 processes, SIGTERM first, to free 300 MiB\n");
        p->targets.max_victims = 0;
        ck_has(explained(w, 0, 0),
                "would take a.service (2 known processes), SIGTERM first, to free 500 MiB\n");
        story_free(st);
}
END_TEST

/* The first step on the ladder that whoever is chosen can take: cgroups all, a process no lease. */
START_TEST(the_first_step_is_named_as_far_as_the_target_can_take_it) {
        static const struct {
                const char *name;
                StepKind steps[3];
                const char *process, *unit;
        } rows[] = {
                { "throttle", { STEP_NOTIFY, STEP_THROTTLE, STEP_KILL }, "SIGKILL",
                        "throttled first" },
                { "reclaim", { STEP_CAPTURE, STEP_RECLAIM, STEP_TERMINATE }, "SIGTERM first",
                        "reclaimed from first" },
                { "freeze", { STEP_HINT, STEP_FREEZE, STEP_SIGNAL }, "its signal first",
                        "frozen first" },
                { "restart", { STEP_RUN, STEP_RESTART, STEP_KILL }, "SIGKILL",
                        "its unit restarted" },
                { "stop", { STEP_NOTIFY, STEP_HINT, STEP_STOP }, "but has no step for a process",
                        "its unit stopped" },
                { "limit", { STEP_NOTIFY, STEP_HINT, STEP_LIMIT }, NULL, NULL },
                { "notify", { STEP_NOTIFY, STEP_CAPTURE, STEP_RUN }, NULL, NULL },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Story *st = machine();
                World *w = st->w;
                Policy *p = &w->policies[0];
                char text_process[96], text_unit[96];

                world_unit(w, "/system.slice/a.service", "a.service", 0, UINT64_MAX);
                world_facts(w, story_process(st, "a", GIB(5), 0, ANSWER_OBEYS))->cgroup =
                        "/system.slice/a.service";
                for (size_t k = 0; k < ELEMENTS(rows[i].steps); k++)
                        p->steps[k] = (Step){ .kind = rows[i].steps[k] };
                p->n_steps = ELEMENTS(rows[i].steps);
                p->targets.kind = TARGET_PROCESS;
                story_tick(st, SEC(1));
                if (!rows[i].process) {
                        ck_has_not(explained(w, 0, 0), "would");
                        story_free(st);
                        continue;
                }
                snprintf(text_process, sizeof(text_process), "would take a (pid 1004), %s, to free",
                        rows[i].process);
                ck_has(explained(w, 0, 0), text_process);
                p->targets.kind = TARGET_UNIT;
                snprintf(text_unit, sizeof(text_unit),
                        "would take a.service (1 known process), %s, to free", rows[i].unit);
                ck_has(explained(w, 0, 0), text_unit);
                story_free(st);
        }
}
END_TEST

HARNESS_MAIN("explain", calm_shows_readings_distances_and_the_ranking,
        an_incident_shows_its_phase_and_reason_and_who_is_remembered,
        one_process_shows_its_place_or_its_reason, only_one_policy_may_be_asked_for,
        command_lines_are_never_shown, names_of_others_are_escaped, without_processes_it_says_so,
        corrections_are_shown, cgroups_are_shown_with_what_speaks_against_them,
        the_first_step_is_named_as_far_as_the_target_can_take_it, explaining_changes_nothing)
