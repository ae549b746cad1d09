/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/pipeline.h"

#include "config/config-load.h"
#include "tests/tree-fixture.h"

#include <string.h>

#define NOW (5000 * USEC_PER_SEC)

static const char policy_text[] = "version: 1\n"
                                  "policies:\n"
                                  "  - name: low\n"
                                  "    watch: system\n"
                                  "    when: { all: [ mem.available < 10%, swap.free < 10% ] }\n"
                                  "    for: 1s\n"
                                  "    targets: { at_least: 16M }\n"
                                  "    steps: [ terminate: { grace: 3s } ]\n";

static const char other_text[] = "version: 1\n"
                                 "policies:\n"
                                 "  - name: another\n"
                                 "    watch: system\n"
                                 "    when: mem.available < 1%\n"
                                 "    steps: [ notify: warning ]\n";

typedef struct Bed {
        Config *config;
        Pipeline pipeline;
        Sample sample;
        ProcFacts facts[2];
        ProcSample procs[2];
} Bed;

static Config *load(const char *text) {
        ConfigErrors errors = { 0 };
        Config *config = NULL;

        ck_assert_int_eq(config_load_text("test.yaml", text, strlen(text), &config, &errors), 0);
        return config;
}

static void set_process(Bed *b, size_t i, int32_t pid, uint64_t anon, usec_t at_usec) {
        b->facts[i] = (ProcFacts){ .pid = pid,
                .ppid = 1,
                .uid = 1000,
                .start_ticks = 1,
                .born_usec = USEC_PER_SEC,
                .comm = "worker",
                .tty = "",
                .exe = "/opt/worker",
                .cmdline = "",
                .cgroup = "/",
                .unit = "",
                .user_unit = "",
                .slice = "",
                .container = "" };
        b->facts[i].class_hash = facts_class(&b->facts[i]);
        b->facts[i].group_hash = facts_group(&b->facts[i]);
        b->procs[i] = (ProcSample){ .facts = &b->facts[i],
                .slot = (uint32_t) i,
                .generation = 1,
                .at_usec = at_usec,
                .kept = true,
                .has_status = true,
                .state = 'S',
                .rss = anon,
                .anon = anon,
                .threads = 1 };
}

static void bed_init(Bed *b, bool dry) {
        *b = (Bed){ .config = load(policy_text) };
        ck_assert_int_eq(pipeline_init(&b->pipeline, b->config, dry), 0);
}

static void bed_done(Bed *b) {
        pipeline_done(&b->pipeline);
        config_unref(b->config);
}

/* The system half of a tick; percent of 1 GiB is available, swap is full. */
static bool begin(Bed *b, usec_t at_usec, uint64_t percent) {
        b->sample.raw = (SystemRaw){ .at_usec = at_usec,
                .boottime_usec = at_usec,
                .have = source_bit(SOURCE_MEMINFO) | source_bit(SOURCE_SWAPS),
                .mem_total = 1024 * TREE_MIB,
                .mem_available = 1024 * TREE_MIB * percent / 100,
                .swap_total = 1024 * TREE_MIB,
                .page_size = 4096 };
        pipeline_begin(&b->pipeline, &b->sample);
        return pipeline_needs_processes(&b->pipeline, &b->sample);
}

/* The other half, with two processes. */
static void judge(Bed *b, usec_t at_usec, uint64_t anon, const Outcome *o, size_t n) {
        set_process(b, 0, 100, anon, at_usec);
        set_process(b, 1, 101, TREE_MIB, at_usec);
        b->sample.procs = b->procs;
        b->sample.n_procs = 2;
        b->sample.procs_fresh = true;
        b->sample.procs_at_usec = at_usec;
        pipeline_judge(&b->pipeline, &b->sample, o, n);
}

static const Event *find_event(const Plan *plan, EventKind kind) {
        for (size_t i = 0; i < plan->n_events; i++)
                if (plan->events[i].kind == kind)
                        return &plan->events[i];
        return NULL;
}

START_TEST(calm_machine_needs_no_processes_and_sleeps_long) {
        Bed b;

        bed_init(&b, false);
        for (usec_t t = 0; t < 5; t++) {
                ck_assert(!begin(&b, NOW + t * USEC_PER_SEC, 80));
                ck_assert_uint_eq(b.sample.n_procs, 0);
                pipeline_judge(&b.pipeline, &b.sample, NULL, 0);
        }
        ck_assert_uint_eq(b.pipeline.plan.n_actions, 0);
        ck_assert(!b.pipeline.plan.busy);
        ck_assert_uint_gt(b.pipeline.next_usec, b.config->tick.min_usec);
        ck_assert_uint_le(b.pipeline.next_usec, b.config->tick.max_usec);
        ck_assert_uint_eq(b.pipeline.planned_usec, b.pipeline.next_usec);
        bed_done(&b);
}
END_TEST

START_TEST(machine_near_the_threshold_needs_its_processes) {
        Bed b;

        bed_init(&b, false);
        ck_assert(begin(&b, NOW, 15)); /* doubled toward calm: 20 % */
        ck_assert_uint_eq(b.pipeline.procs_usec, USEC_UNSET);
        judge(&b, NOW, 100 * TREE_MIB, NULL, 0);
        ck_assert_uint_eq(b.pipeline.procs_usec, NOW);
        ck_assert_uint_eq(b.pipeline.plan.n_actions, 0);
        bed_done(&b);
}
END_TEST

/* Goes on until the policy fires; returns the time of that sample. */
static usec_t fire(Bed *b) {
        for (usec_t t = NOW;; t += 100 * USEC_PER_MSEC) {
                ck_assert_uint_lt(t, NOW + 10 * USEC_PER_SEC);
                ck_assert(begin(b, t, 5));
                judge(b, t, 300 * TREE_MIB, NULL, 0);
                if (b->pipeline.plan.n_actions > 0)
                        return t;
                ck_assert(b->pipeline.plan.busy);
                ck_assert_uint_eq(b->pipeline.next_usec, b->config->tick.min_usec);
        }
}

START_TEST(trouble_that_lasts_ends_in_a_step_and_its_outcome_in_an_event) {
        Bed b;
        const Action *a;
        Outcome o[2];
        usec_t t;

        bed_init(&b, false);
        t = fire(&b);
        ck_assert_uint_ge(t, NOW + USEC_PER_SEC);
        a = &b.pipeline.plan.actions[0];
        ck_assert_uint_eq(a->slots[0], 0); /* the large one */
        ck_assert_ptr_nonnull(find_event(&b.pipeline.plan, EVENT_STEP_TAKEN));
        ck_assert(!find_event(&b.pipeline.plan, EVENT_STEP_TAKEN)->dry);

        o[0] = (Outcome){ .kind = OUTCOME_SENT,
                .action = a->id,
                .slot = a->slots[0],
                .generation = a->generations[0],
                .at_usec = t };
        o[1] = o[0];
        o[1].kind = OUTCOME_GONE;
        o[1].at_usec = t + 100 * USEC_PER_MSEC;
        for (int i = 1; i < 50; i++) {
                usec_t now = t + (usec_t) i * 100 * USEC_PER_MSEC;

                ck_assert_msg(begin(&b, now, 40) || !b.pipeline.plan.busy,
                        "what is in flight needs its processes");
                set_process(&b, 1, 101, TREE_MIB, now);
                b.sample.procs = &b.procs[1];
                b.sample.n_procs = 1;
                b.sample.procs_fresh = true;
                b.sample.procs_at_usec = now;
                pipeline_judge(&b.pipeline, &b.sample, o, i == 1 ? 2 : 0);
                if (find_event(&b.pipeline.plan, EVENT_STEP_DONE)) {
                        ck_assert_uint_gt(find_event(&b.pipeline.plan, EVENT_STEP_DONE)->freed, 0);
                        bed_done(&b);
                        return;
                }
        }
        ck_abort_msg("the outcome was never told");
}
END_TEST

START_TEST(processes_without_news_are_not_taken_in_again) {
        Bed b;
        uint64_t anon;

        bed_init(&b, false);
        (void) begin(&b, NOW, 15);
        b.sample.procs_version = 5;
        judge(&b, NOW, 100 * TREE_MIB, NULL, 0);
        ck_assert_uint_gt(b.sample.n_users, 0);
        anon = b.sample.users[0].anon;
        ck_assert_uint_eq(b.procs[0].freeable, 100 * TREE_MIB);

        (void) begin(&b, NOW + USEC_PER_SEC, 80);
        ck_assert_uint_eq(b.sample.procs_version, 0);
        b.procs[0].freeable = 7; /* would be derived again */
        b.sample.procs = b.procs;
        b.sample.n_procs = 2;
        b.sample.procs_version = 5;
        pipeline_judge(&b.pipeline, &b.sample, NULL, 0);
        ck_assert_uint_eq(b.procs[0].freeable, 7);
        ck_assert_uint_eq(b.sample.n_users, 1);
        ck_assert_uint_eq(b.sample.users[0].anon, anon);

        (void) begin(&b, NOW + 2 * USEC_PER_SEC, 80);
        b.sample.procs = b.procs;
        b.sample.n_procs = 2;
        b.sample.procs_version = 6;
        pipeline_judge(&b.pipeline, &b.sample, NULL, 0);
        ck_assert_uint_eq(b.procs[0].freeable, 100 * TREE_MIB);
        bed_done(&b);
}
END_TEST

START_TEST(dry_pipeline_marks_its_steps) {
        Bed b;

        bed_init(&b, true);
        (void) fire(&b);
        ck_assert(find_event(&b.pipeline.plan, EVENT_STEP_TAKEN)->dry);
        bed_done(&b);
}
END_TEST

START_TEST(new_config_closes_what_it_has_no_policy_for) {
        Bed b;
        Config *next = load(other_text);

        bed_init(&b, false);
        (void) fire(&b);
        pipeline_set_config(&b.pipeline, next);
        ck_assert_ptr_nonnull(find_event(&b.pipeline.plan, EVENT_INCIDENT_CLOSED));
        ck_assert_uint_eq(b.pipeline.plan.n_actions, 0);
        ck_assert_uint_eq(b.pipeline.n_verdicts, 0);
        config_unref(b.config);
        b.config = next;
        (void) begin(&b, NOW + 20 * USEC_PER_SEC, 5);
        judge(&b, NOW + 20 * USEC_PER_SEC, 300 * TREE_MIB, NULL, 0);
        ck_assert_uint_eq(b.pipeline.plan.n_actions, 0);
        ck_assert_uint_eq(b.pipeline.n_verdicts, 1);
        bed_done(&b);
}
END_TEST

START_TEST(same_samples_give_the_same_plan) {
        Bed a, b;

        bed_init(&a, false);
        bed_init(&b, false);
        ck_assert_uint_eq(fire(&a), fire(&b));
        ck_assert_mem_eq(a.pipeline.plan.actions, b.pipeline.plan.actions,
                a.pipeline.plan.n_actions * sizeof(Action));
        ck_assert_uint_eq(a.pipeline.plan.n_events, b.pipeline.plan.n_events);
        for (size_t i = 0; i < a.pipeline.plan.n_events; i++)
                ck_assert_str_eq(
                        a.pipeline.plan.events[i].reason, b.pipeline.plan.events[i].reason);
        bed_done(&a);
        bed_done(&b);
}
END_TEST

HARNESS_MAIN("pipeline", calm_machine_needs_no_processes_and_sleeps_long,
        machine_near_the_threshold_needs_its_processes,
        trouble_that_lasts_ends_in_a_step_and_its_outcome_in_an_event,
        processes_without_news_are_not_taken_in_again, dry_pipeline_marks_its_steps,
        new_config_closes_what_it_has_no_policy_for, same_samples_give_the_same_plan)
