/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/sentinel.h"

#include "config/config-load.h"
#include "tests/tree-fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NOW (5000 * USEC_PER_SEC)
#define MSEC USEC_PER_MSEC
#define SEC USEC_PER_SEC

static const char policy_text[] = "version: 1\n"
                                  "policies:\n"
                                  "  - name: hog\n"
                                  "    watch: { process: { exe: /opt/hog } }\n"
                                  "    when: proc.anon > 200M\n"
                                  "    targets: { at_least: 16M }\n"
                                  "    steps: [ terminate: { grace: 1s, timeout: 2s } ]\n"
                                  "    settle: 300ms\n"
                                  "    cooldown: 1s\n";

static const char calm_text[] = "version: 1\n"
                                "policies:\n"
                                "  - name: calm\n"
                                "    watch: system\n"
                                "    when: mem.available < 1%\n"
                                "    steps: [ notify: warning ]\n";

static const char flicker_text[] = "version: 1\n"
                                   "policies:\n"
                                   "  - name: flicker\n"
                                   "    watch: system\n"
                                   "    when: mem.available < 10%\n"
                                   "    clear: mem.available > 20%\n"
                                   "    steps: [ notify: warning ]\n"
                                   "    cooldown: 0s\n";

static const char hint_text[] = "version: 1\n"
                                "policies:\n"
                                "  - name: ask\n"
                                "    watch: system\n"
                                "    when: mem.available < 90%\n"
                                "    clear: mem.available > 95%\n"
                                "    steps: [ hint: medium ]\n";

typedef struct Bed {
        Fixture tree;
        SysRoot root;
        Config *config;
        Roster *roster;
        GroupRoster *groups;
        Scout *scout;
        Sampler *sampler;
        Pipeline pipeline;
        Reporter *reporter;
        Triggers triggers;
        ActRecord record;
        Sentinel *sentinel;
        ErrandBox *errands;
        Event event;
} Bed;

static Bed bed;

static Config *load(const char *text) {
        static ConfigErrors errors;
        Config *config = NULL;

        ck_assert_int_eq(config_load_text("test.yaml", text, strlen(text), &config, &errors), 0);
        return config;
}

static void write_hog(uint64_t anon) {
        tree_process(&bed.tree, "",
                &(TreeProcess){
                        .pid = 4242, .uid = 1000, .comm = "hog", .exe = "/opt/hog", .anon = anon });
}

/* A machine of 16 GiB that is well, with one hog of 300 MiB. Acts are recorded. */
static void begin(const char *policy) {
        memset(&bed, 0, sizeof(bed));
        fixture_init(&bed.tree);
        tree_meminfo(&bed.tree, "", 16384 * TREE_MIB, 12000 * TREE_MIB, 0, 0);
        tree_pressure(&bed.tree, "", "memory", 0, 0);
        tree_process(&bed.tree, "", &(TreeProcess){ .pid = 1, .comm = "init" });
        write_hog(300 * TREE_MIB);

        ck_assert_int_eq(sysroot_open(bed.tree.path, &bed.root), 0);
        bed.config = load(policy);
        ck_assert_int_eq(roster_new(&bed.config->limits, &bed.roster), 0);
        ck_assert_int_eq(group_roster_new(&bed.config->limits, &bed.groups), 0);
        ck_assert_int_eq(scout_new(&(ScoutOptions){ .root = &bed.root,
                                           .roster = bed.roster,
                                           .groups = bed.groups },
                                 bed.config, &bed.scout),
                0);
        ck_assert_int_eq(scout_pass(bed.scout, NOW, NOW, true), 0);
        ck_assert_int_eq(sampler_new(&bed.root, &bed.config->limits, &bed.sampler), 0);
        ck_assert_int_eq(pipeline_init(&bed.pipeline, bed.config, false), 0);
        ck_assert_int_eq(reporter_new(64, 32, &bed.reporter), 0);
        ck_assert_int_eq(errand_box_new(&bed.errands), 0);
        ck_assert_int_eq(sentinel_new(
                                 &(SentinelParts){
                                         .sampler = bed.sampler,
                                         .scout = bed.scout,
                                         .roster = bed.roster,
                                         .groups = bed.groups,
                                         .pipeline = &bed.pipeline,
                                         .reporter = bed.reporter,
                                         .triggers = &bed.triggers,
                                         .errands = bed.errands,
                                         .ops = &act_record,
                                         .ops_ctx = &bed.record,
                                 },
                                 &bed.sentinel),
                0);
}

static void end(void) {
        sentinel_free(bed.sentinel);
        errand_box_free(bed.errands);
        reporter_free(bed.reporter);
        pipeline_done(&bed.pipeline);
        sampler_free(bed.sampler);
        scout_free(bed.scout);
        roster_free(bed.roster);
        group_roster_free(bed.groups);
        config_unref(bed.config);
        sysroot_done(&bed.root);
        fixture_done(&bed.tree);
}

static usec_t tick(usec_t after_start) {
        return sentinel_tick(bed.sentinel, NOW + after_start, NOW + after_start, false);
}

/* Reads events up to one of the kind, which is left in bed.event. */
static bool find_event(EventKind kind) {
        while (reporter_next(bed.reporter, REPORTER_TO_MAIN, &bed.event))
                if (bed.event.kind == kind)
                        return true;
        return false;
}

/* Ticks every 50 ms until something more was asked of the kernel; the time after the start, or
 * USEC_UNSET. */
static usec_t tick_until_act(usec_t from, usec_t to) {
        size_t n = bed.record.n;

        for (usec_t at = from; at <= to; at += 50 * MSEC) {
                (void) tick(at);
                if (bed.record.n > n)
                        return at;
        }
        return USEC_UNSET;
}

START_TEST(one_that_never_dies_is_asked_then_killed_then_left_alone) {
        usec_t asked, killed;

        begin(policy_text);
        sentinel_arm(bed.sentinel);
        asked = tick_until_act(0, 3 * SEC);
        ck_assert_uint_ne(asked, USEC_UNSET);
        ck_assert_int_eq(bed.record.items[0].signo, SIGTERM);
        ck_assert(find_event(EVENT_STEP_TAKEN));
        ck_assert_int_eq(bed.event.target.pid, 4242);

        killed = tick_until_act(asked + 50 * MSEC, asked + 3 * SEC);
        ck_assert_uint_ge(killed, asked + SEC);
        ck_assert_uint_le(killed, asked + SEC + 200 * MSEC);
        ck_assert_int_eq(bed.record.items[1].signo, SIGKILL);
        ck_assert_int_eq(bed.record.items[2].signo, 0); /* and its memory is to be released */
        ck_assert(find_event(EVENT_STEP_ESCALATED));

        /* in D state for ever: it is given up and not tried again */
        ck_assert_uint_eq(tick_until_act(killed + 50 * MSEC, killed + 20 * SEC), USEC_UNSET);
        ck_assert(find_event(EVENT_STEP_FAILED));
        end();
}
END_TEST

START_TEST(one_that_refuses_is_told_with_the_error) {
        begin(policy_text);
        sentinel_arm(bed.sentinel);
        bed.record.answer = -EPERM;
        ck_assert_uint_ne(tick_until_act(0, 3 * SEC), USEC_UNSET);
        (void) tick(3 * SEC + 50 * MSEC);
        ck_assert(find_event(EVENT_STEP_FAILED));
        ck_assert_int_eq(bed.event.error, EPERM);
        end();
}
END_TEST

START_TEST(nothing_is_acted_on_before_it_is_armed) {
        begin(policy_text);
        ck_assert_uint_eq(tick_until_act(0, 3 * SEC), USEC_UNSET);
        ck_assert(find_event(EVENT_STEP_TAKEN));
        ck_assert(bed.event.dry);
        end();
}
END_TEST

START_TEST(a_rehearsal_acts_on_nothing_tells_nothing_and_is_forgotten) {
        uint64_t available = 0;

        begin(policy_text);
        for (int i = 0; i < 3; i++)
                sentinel_rehearse(bed.sentinel, &available);
        ck_assert_uint_eq(available, 12000 * TREE_MIB);
        ck_assert_uint_eq(bed.record.n, 0);
        ck_assert(!reporter_next(bed.reporter, REPORTER_TO_MAIN, &bed.event));
        ck_assert(!bed.pipeline.book->flight.active);
        ck_assert_uint_eq(bed.pipeline.book->steps_total, 0);
        end();
}
END_TEST

START_TEST(no_tick_is_planned_within_the_rest_of_the_pressure_files) {
        begin(policy_text);
        sentinel_arm(bed.sentinel);
        for (usec_t at = 0; at < 2 * SEC; at += 100 * MSEC)
                ck_assert_uint_ge(tick(at), NOW + at + SENTINEL_REST_USEC);
        end();
}
END_TEST

START_TEST(a_config_takes_effect_at_the_next_tick_and_is_told) {
        Config *next;

        begin(policy_text);
        sentinel_arm(bed.sentinel);
        (void) tick(0);
        next = load(calm_text);
        sentinel_set_config(bed.sentinel, next);
        ck_assert(sentinel_has_config(bed.sentinel, bed.config));
        ck_assert(sentinel_has_config(bed.sentinel, next));

        (void) tick(50 * MSEC);
        ck_assert(find_event(EVENT_RELOADED));
        ck_assert(!sentinel_has_config(bed.sentinel, bed.config));
        ck_assert(sentinel_has_config(bed.sentinel, next));
        ck_assert_ptr_eq(bed.pipeline.config, next);
        end();
        config_unref(next);
}
END_TEST

/* The hint that waits for main, which is asked to answer it. */
static HintLevel take_hint(uint64_t incident) {
        const Errand *errand = errand_box_next(bed.errands);

        ck_assert_ptr_nonnull(errand);
        ck_assert_int_eq(errand->kind, STEP_HINT);
        ck_assert_uint_eq(errand->incident, incident);
        ck_assert(errand_box_answer(
                bed.errands, &(Outcome){ .kind = OUTCOME_DONE, .action = errand->id }));
        return errand->hint;
}

START_TEST(a_hint_whose_policy_goes_with_a_reload_is_taken_back_whoever_is_busy) {
        static Plan others = { .n_errands = PLAN_ERRANDS_MAX };
        static Outcome refused[ERRANDS_OPEN_MAX];
        Config *next;

        begin(hint_text);
        sentinel_arm(bed.sentinel);
        for (usec_t at = 0; at < 500 * MSEC; at += 50 * MSEC)
                (void) tick(at);
        ck_assert_int_eq(take_hint(1), HINT_MEDIUM);
        ck_assert_uint_eq(errand_box_collect(bed.errands, refused, ERRANDS_OPEN_MAX), 1);

        for (size_t i = 0; i < ERRANDS_OPEN_MAX / PLAN_ERRANDS_MAX; i++)
                ck_assert_uint_eq(
                        errand_box_order(bed.errands, &others, false, NOW, refused, 1), 0);
        next = load(calm_text);
        sentinel_set_config(bed.sentinel, next);
        (void) tick(500 * MSEC);
        ck_assert(find_event(EVENT_HINT));
        (void) tick(550 * MSEC);

        ck_assert(!sentinel_has_config(bed.sentinel, bed.config));
        ck_assert(!errand_box_has_config(bed.errands, bed.config));
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++) {
                ck_assert_ptr_nonnull(errand_box_next(bed.errands));
                ck_assert(errand_box_answer(bed.errands, &(Outcome){ .kind = OUTCOME_DONE }));
        }
        ck_assert_uint_eq(
                errand_box_collect(bed.errands, refused, ERRANDS_OPEN_MAX), ERRANDS_OPEN_MAX);
        (void) tick(600 * MSEC);
        ck_assert_int_eq(take_hint(1), HINT_NONE);
        (void) tick(650 * MSEC);
        ck_assert_ptr_null(errand_box_next(bed.errands));
        end();
        config_unref(next);
}
END_TEST

START_TEST(a_config_that_was_not_taken_is_replaced_by_the_next) {
        Config *second, *third;

        begin(policy_text);
        second = load(calm_text);
        third = load(calm_text);
        sentinel_set_config(bed.sentinel, second);
        sentinel_set_config(bed.sentinel, third);
        ck_assert(!sentinel_has_config(bed.sentinel, second));
        (void) tick(0);
        ck_assert_ptr_eq(bed.pipeline.config, third);
        end();
        config_unref(second);
        config_unref(third);
}
END_TEST

START_TEST(a_view_is_given_out_once_and_one_at_a_time) {
        struct pollfd fd;
        View *view, *other;

        begin(calm_text); /* no policy needs processes: the view does */
        ck_assert_int_eq(view_new(&(ViewRoom){ 16, 16, 16, 16 }, &view), 0);
        ck_assert_int_eq(view_new(&(ViewRoom){ 16, 16, 16, 16 }, &other), 0);
        ck_assert(sentinel_request_view(bed.sentinel, view, true)); /* no thread: filled at once */
        ck_assert(!sentinel_request_view(bed.sentinel, other, true));
        fd = (struct pollfd){ .fd = sentinel_view_fd(bed.sentinel), .events = POLLIN };
        ck_assert_int_eq(poll(&fd, 1, 0), 1);
        ck_assert(sentinel_has_config(bed.sentinel, NULL)); /* whatever is in the view must stay */

        ck_assert_ptr_eq(sentinel_take_view(bed.sentinel), view);
        ck_assert_ptr_null(sentinel_take_view(bed.sentinel));
        ck_assert_int_eq(poll(&fd, 1, 0), 0);
        ck_assert_uint_eq(view->sample.n_procs, 2);
        ck_assert(view->sample.procs_fresh);
        ck_assert_ptr_eq(view->config, bed.config);
        view_free(view);
        view_free(other);
        end();
}
END_TEST

/* How many events of the kind, for a step of its policy. */
static uint64_t tallied(const View *view, EventKind kind) {
        uint64_t n = 0;

        for (size_t i = 0; i < view->tally.n; i++)
                if (view->tally.counts[i].kind == kind &&
                        strcmp(view->tally.counts[i].policy, "hog") == 0 &&
                        view->tally.counts[i].step == STEP_TERMINATE)
                        n += view->tally.counts[i].n;
        return n;
}

static uint64_t counted(const Histogram *h) {
        uint64_t n = 0;

        for (size_t i = 0; i < ELEMENTS(h->counts); i++)
                n += h->counts[i];
        return n;
}

START_TEST(a_view_has_the_count_of_all_that_was_told_and_of_all_ticks) {
        uint64_t taken = 0, failed = 0;
        View *view;

        begin(policy_text);
        ck_assert_int_eq(view_new(&(ViewRoom){ 16, 16, 16, 16 }, &view), 0);
        sentinel_rehearse(bed.sentinel, NULL); /* is not counted */
        sentinel_arm(bed.sentinel);
        bed.record.answer = -EPERM;
        ck_assert_uint_ne(tick_until_act(0, 3 * SEC), USEC_UNSET);
        (void) tick(3 * SEC + 50 * MSEC);
        ck_assert(sentinel_request_view(bed.sentinel, view, false));
        view = sentinel_take_view(bed.sentinel);

        while (reporter_next(bed.reporter, REPORTER_TO_MAIN, &bed.event)) {
                taken += bed.event.kind == EVENT_STEP_TAKEN;
                failed += bed.event.kind == EVENT_STEP_FAILED;
        }
        ck_assert_uint_ge(taken, 1);
        ck_assert_uint_eq(tallied(view, EVENT_STEP_TAKEN), taken);
        ck_assert_uint_eq(failed, 1);
        ck_assert_uint_eq(tallied(view, EVENT_STEP_FAILED), failed);
        ck_assert_uint_eq(tallied(view, EVENT_STEP_DONE), 0);
        ck_assert_uint_gt(view->sentinel.ticks, 2);
        ck_assert_uint_eq(counted(&view->sentinel.read), view->sentinel.ticks);
        ck_assert_uint_eq(counted(&view->sentinel.judge), view->sentinel.ticks);
        ck_assert_uint_eq(counted(&view->sentinel.pass), view->sentinel.ticks);
        ck_assert_uint_ge(view->sentinel.pass.sum_usec, view->sentinel.longest_pass_usec);
        ck_assert_uint_eq(view->sentinel.signals_refused, taken);
        view_free(view);
        end();
}
END_TEST

START_TEST(a_source_that_vanishes_midway_is_told_and_the_rest_goes_on) {
        begin(policy_text);
        sentinel_arm(bed.sentinel);
        (void) tick(0);
        while (reporter_next(bed.reporter, REPORTER_TO_MAIN, &bed.event))
                ;
        fixture_file(&bed.tree, "proc/meminfo",
                "MemTotal:"); /* kept open, so it is cut rather than removed */
        (void) tick(100 * MSEC);
        ck_assert(find_event(EVENT_SOURCE_DEGRADED));
        ck_assert_ptr_nonnull(strstr(bed.event.text, "meminfo"));
        for (usec_t at = 200 * MSEC; at < 5 * SEC; at += 100 * MSEC)
                (void) tick(at);
        ck_assert(!find_event(EVENT_SOURCE_DEGRADED)); /* once */

        tree_meminfo(&bed.tree, "", 16384 * TREE_MIB, 12000 * TREE_MIB, 0, 0);
        for (usec_t at = 5 * SEC; at < 20 * SEC; at += SEC)
                (void) tick(at);
        ck_assert(find_event(EVENT_SOURCE_RESTORED));
        end();
}
END_TEST

START_TEST(events_that_nobody_reads_are_counted_and_delay_nothing) {
        begin(flicker_text);
        sentinel_arm(bed.sentinel);
        for (usec_t at = 0; at < 100 * SEC; at += 100 * MSEC) {
                bool is_short = at % (2 * SEC) < SEC;

                tree_meminfo(
                        &bed.tree, "", 16384 * TREE_MIB, (is_short ? 100 : 12000) * TREE_MIB, 0, 0);
                (void) tick(at);
        }
        ck_assert_uint_gt(reporter_dropped(bed.reporter), 0);
        ck_assert(reporter_next(bed.reporter, REPORTER_TO_MAIN, &bed.event));
        ck_assert_int_eq(bed.event.kind, EVENT_LOST);
        end();
}
END_TEST

START_TEST(blinded_counters_are_told_once_in_a_while) {
        unsigned told = 0;

        begin(calm_text);
        bed.triggers = (Triggers){ .n = 1, .mode = TRIGGER_PRIVILEGED };
        bed.triggers.items[0].psi = (PsiTrigger){ .fd = FD_NONE,
                .mode = PSI_TRIGGER_PRIVILEGED,
                .threshold_usec = SEC / 10,
                .window_usec = SEC };
        for (usec_t at = 0; at < 20 * SEC; at += 2 * SEC) {
                bed.triggers.items[0].fired = true;
                (void) tick(at);
        }
        while (find_event(EVENT_SOURCE_DEGRADED))
                told += strstr(bed.event.text, "total= stood still") != NULL;
        ck_assert_uint_eq(told, 1);
        end();
}
END_TEST

START_TEST(the_running_thread_ticks_answers_and_ends) {
        struct pollfd fd;
        usec_t planned;
        View *view;

        begin(policy_text);
        ck_assert_int_eq(view_new(&(ViewRoom){ 16, 16, 16, 16 }, &view), 0);
        ck_assert_int_eq(sentinel_start(bed.sentinel), 0);
        ck_assert(sentinel_request_view(bed.sentinel, view, true));
        fd = (struct pollfd){ .fd = sentinel_view_fd(bed.sentinel), .events = POLLIN };
        ck_assert_int_eq(poll(&fd, 1, HARNESS_PATIENCE_MSEC), 1);
        ck_assert_ptr_eq(sentinel_take_view(bed.sentinel), view);
        ck_assert_uint_ge(view->sentinel.ticks, 1);
        ck_assert_uint_le(sentinel_heartbeat(bed.sentinel, &planned), clock_monotonic_usec());
        ck_assert(sentinel_stop(bed.sentinel));
        view_free(view);
        end();
}
END_TEST

static const char few_groups[] =
        "version: 1\nlimits: { cgroups: 64 }\npolicies:\n  - name: p\n    watch: system\n"
        "    when: mem.available < 1%\n    steps: [ notify: warning ]\n";

/* How many of the events to come begin so. */
static size_t count_texts(const char *text) {
        size_t n = 0;

        while (find_event(EVENT_SOURCE_DEGRADED))
                n += strncmp(bed.event.text, text, strlen(text)) == 0;
        return n;
}

START_TEST(more_cgroups_than_can_be_known_are_told_once) {
        char name[64];

        begin(few_groups);
        for (int i = 0; i < 70; i++) {
                (void) snprintf(name, sizeof(name), "sys/fs/cgroup/g%d.service/cgroup.procs", i);
                fixture_file(&bed.tree, name, "");
        }
        sysroot_done(&bed.root);
        ck_assert_int_eq(sysroot_open(bed.tree.path, &bed.root), 0);
        ck_assert_int_eq(scout_pass(bed.scout, NOW, NOW, true), 0);
        (void) tick(0);
        ck_assert_uint_eq(count_texts("cgroups: there are 70, 64 are known"), 1);
        (void) tick(USEC_PER_SEC);
        ck_assert_uint_eq(count_texts("cgroups: "), 0);
        end();
}
END_TEST

START_TEST(cgroups_are_in_the_view) {
        View *view = NULL;

        begin(few_groups);
        fixture_file(&bed.tree, "sys/fs/cgroup/a.service/cgroup.procs", "4242\n");
        fixture_file(&bed.tree, "sys/fs/cgroup/a.service/memory.current", "4096\n");
        sysroot_done(&bed.root);
        ck_assert_int_eq(sysroot_open(bed.tree.path, &bed.root), 0);
        ck_assert_int_eq(scout_pass(bed.scout, NOW, NOW, true), 0);
        fixture_file(&bed.tree, "sys/fs/cgroup/a.service/memory.current", "8192\n");
        (void) sentinel_tick(bed.sentinel, NOW, NOW, true);
        ck_assert_int_eq(view_new(&(ViewRoom){ 16, 16, 16, 16 }, &view), 0);
        view_fill(view, &bed.pipeline, &(Sample){ 0 });
        ck_assert_uint_eq(view->sample.n_groups, 0);
        ck_assert(sentinel_request_view(bed.sentinel, view, true));
        view = sentinel_take_view(bed.sentinel);
        ck_assert_ptr_nonnull(view);
        ck_assert_uint_eq(view->sample.n_groups, 1);
        ck_assert_ptr_eq(view->sample.groups, view->groups);
        ck_assert_str_eq(view->groups[0].facts->path, "/a.service");
        ck_assert_uint_eq(view->groups[0].current, 8192);
        ck_assert(view->groups[0].kept);
        ck_assert_uint_eq(view->scout.groups_known, 1);
        view_free(view);
        end();
}
END_TEST

HARNESS_MAIN("sentinel", one_that_never_dies_is_asked_then_killed_then_left_alone,
        one_that_refuses_is_told_with_the_error, nothing_is_acted_on_before_it_is_armed,
        a_rehearsal_acts_on_nothing_tells_nothing_and_is_forgotten,
        no_tick_is_planned_within_the_rest_of_the_pressure_files,
        a_config_takes_effect_at_the_next_tick_and_is_told,
        a_hint_whose_policy_goes_with_a_reload_is_taken_back_whoever_is_busy,
        a_config_that_was_not_taken_is_replaced_by_the_next,
        a_view_is_given_out_once_and_one_at_a_time,
        a_view_has_the_count_of_all_that_was_told_and_of_all_ticks,
        a_source_that_vanishes_midway_is_told_and_the_rest_goes_on,
        events_that_nobody_reads_are_counted_and_delay_nothing,
        blinded_counters_are_told_once_in_a_while, the_running_thread_ticks_answers_and_ends,
        more_cgroups_than_can_be_known_are_told_once, cgroups_are_in_the_view)
