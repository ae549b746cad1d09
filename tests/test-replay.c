/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/replay.h"

#include "config/config-load.h"
#include "tests/tree-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char policy_text[] = "version: 1\n"
                                  "policies:\n"
                                  "  - name: low\n"
                                  "    watch: system\n"
                                  "    when: { all: [ mem.available < 10%, swap.free < 10% ] }\n"
                                  "    for: 2s\n"
                                  "    steps: [ terminate: { grace: 3s } ]\n";

typedef struct Told {
        Event events[64];
        size_t n;
} Told;

typedef struct Bed {
        Fixture fixture;
        Config *config;
        Replay *replay;
        Told told;
} Bed;

static void write_event(void *ctx, const Event *e) {
        Told *told = ctx;

        ck_assert_uint_lt(told->n, sizeof(told->events) / sizeof(told->events[0]));
        told->events[told->n++] = *e;
}

static void bed_init(Bed *b) {
        ConfigErrors errors = { 0 };

        *b = (Bed){ 0 };
        fixture_init(&b->fixture);
        ck_assert_int_eq(config_load_text("test.yaml", policy_text, strlen(policy_text), &b->config,
                                 &errors),
                0);
}

static void bed_done(Bed *b) {
        replay_free(b->replay);
        config_unref(b->config);
        fixture_done(&b->fixture);
}

static void start(Bed *b) {
        ck_assert_int_eq(replay_new(b->fixture.path, b->config, &b->replay), 0);
}

static int next(Bed *b) {
        return replay_next(b->replay, (Sink){ write_event, &b->told });
}

static const Event *told(const Bed *b, EventKind kind) {
        for (size_t i = 0; i < b->told.n; i++)
                if (b->told.events[i].kind == kind)
                        return &b->told.events[i];
        return NULL;
}

/* One tree of a series: so much is available, and the hog is there or not. */
static void tree(const Bed *b, int number, uint64_t available_mib, uint64_t hog_mib) {
        char prefix[16];

        (void) snprintf(prefix, sizeof(prefix), "%03d/", number);
        tree_meminfo(&b->fixture, prefix, 1024 * TREE_MIB, available_mib * TREE_MIB, 0, 0);
        tree_process(&b->fixture, prefix, &(TreeProcess){ .pid = 1, .comm = "init", .ppid = 0 });
        tree_process(&b->fixture, prefix,
                &(TreeProcess){ .pid = 50, .comm = "steady", .uid = 1000, .anon = 100 * TREE_MIB });
        if (hog_mib > 0)
                tree_process(&b->fixture, prefix,
                        &(TreeProcess){ .pid = 60,
                                .comm = "hog",
                                .uid = 1000,
                                .start = 90000,
                                .anon = hog_mib * TREE_MIB });
}

START_TEST(series_is_judged_to_its_end) {
        Bed b;
        const Event *e;

        bed_init(&b);
        tree(&b, 0, 700, 20);
        for (int i = 1; i < 5; i++)
                tree(&b, i, 50, 400 + (uint64_t) i * 20); /* and it stays that way */
        for (int i = 5; i < 20; i++)
                tree(&b, i, 900, 0); /* absent: gone */
        start(&b);
        ck_assert_ptr_null(replay_view(b.replay));
        for (int i = 0; i < 20; i++)
                ck_assert_int_eq(next(&b), 1);
        ck_assert_int_eq(next(&b), 0);
        ck_assert_int_eq(next(&b), 0);

        ck_assert_ptr_nonnull(told(&b, EVENT_INCIDENT_OPENED));
        e = told(&b, EVENT_STEP_TAKEN);
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->target.pid, 60);
        ck_assert(!e->dry); /* recorded as sent */
        e = told(&b, EVENT_STEP_DONE);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_gt(e->freed, 100 * TREE_MIB);
        ck_assert_ptr_nonnull(told(&b, EVENT_INCIDENT_CLOSED));
        for (size_t i = 0; i < b.told.n; i++)
                ck_assert_uint_eq(b.told.events[i].serial, i + 1);
        bed_done(&b);
}
END_TEST

START_TEST(steps_are_recorded_and_nothing_is_signalled) {
        Bed b;
        size_t recorded = 0;

        bed_init(&b);
        for (int i = 0; i < 10; i++)
                tree(&b, i, 50, 400);
        start(&b);
        for (int i = 0; i < 10; i++) {
                ck_assert_int_eq(next(&b), 1);
                for (size_t k = 0; k < replay_record(b.replay)->n; k++)
                        recorded += replay_record(b.replay)->items[k].signo > 0;
        }
        ck_assert_uint_ge(recorded, 2); /* it stays: SIGTERM, then SIGKILL */
        ck_assert_ptr_nonnull(told(&b, EVENT_STEP_ESCALATED));
        bed_done(&b);
}
END_TEST

START_TEST(zombie_without_threads_counts_as_gone) {
        Bed b;

        bed_init(&b);
        for (int i = 0; i < 4; i++)
                tree(&b, i, 50, 400);
        for (int i = 4; i < 12; i++) {
                char prefix[16];

                tree(&b, i, 900, 0);
                (void) snprintf(prefix, sizeof(prefix), "%03d/", i);
                tree_process(&b.fixture, prefix,
                        &(TreeProcess){ .pid = 60,
                                .comm = "hog",
                                .uid = 1000,
                                .start = 90000,
                                .state = 'Z' });
        }
        start(&b);
        while (next(&b) > 0)
                ;
        ck_assert_ptr_nonnull(told(&b, EVENT_STEP_DONE));
        ck_assert_ptr_null(told(&b, EVENT_STEP_ESCALATED));
        bed_done(&b);
}
END_TEST

START_TEST(one_tree_is_a_series_of_one) {
        Bed b;
        const View *v;

        bed_init(&b);
        tree_meminfo(&b.fixture, "", 1024 * TREE_MIB, 512 * TREE_MIB, 0, 0);
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 50, .anon = 100 * TREE_MIB });
        fixture_file(&b.fixture, "proc/uptime", "4711.25 9000.00\n");
        start(&b);
        ck_assert_int_eq(next(&b), 1);
        v = replay_view(b.replay);
        ck_assert_ptr_nonnull(v);
        ck_assert_ptr_eq(v->config, b.config);
        ck_assert_uint_eq(v->sample.n_procs, 1);
        ck_assert_int_eq(v->procs[0].facts->pid, 50);
        ck_assert_uint_eq(v->sample.raw.mem_available, 512 * TREE_MIB);
        ck_assert_uint_eq(v->sample.raw.boottime_usec, 4711 * USEC_PER_SEC);
        ck_assert_uint_eq(v->n_verdicts, 1);
        ck_assert_uint_eq(v->scout.known, 1);
        ck_assert(!v->sources[SOURCE_MEMINFO].degraded);
        ck_assert(v->sources[SOURCE_PSI_MEMORY].degraded);
        ck_assert_int_eq(next(&b), 0);
        bed_done(&b);
}
END_TEST

START_TEST(times_come_from_the_file_or_a_second_apart) {
        Bed b;

        bed_init(&b);
        for (int i = 0; i < 4; i++)
                tree(&b, i, 700, 0);
        fixture_file(&b.fixture, "000/at", "1000000000 2000000000\n");
        fixture_file(&b.fixture, "002/at", "1005000000\n");
        start(&b);
        ck_assert_int_eq(next(&b), 1);
        ck_assert_uint_eq(replay_view(b.replay)->sample.raw.at_usec, 1000000000);
        ck_assert_uint_eq(replay_view(b.replay)->sample.raw.boottime_usec, 2000000000);
        ck_assert_int_eq(next(&b), 1);
        ck_assert_uint_eq(replay_view(b.replay)->sample.raw.at_usec, 1001000000);
        ck_assert_uint_eq(replay_view(b.replay)->sample.raw.boottime_usec, 2001000000);
        ck_assert_int_eq(next(&b), 1);
        ck_assert_uint_eq(replay_view(b.replay)->sample.raw.at_usec, 1005000000);
        ck_assert_uint_eq(replay_view(b.replay)->sample.raw.boottime_usec, 2005000000);
        bed_done(&b);
}
END_TEST

START_TEST(broken_tree_is_said_and_the_series_goes_on) {
        Bed b;

        bed_init(&b);
        tree(&b, 0, 700, 0);
        fixture_file(&b.fixture, "001/at", "1\n"); /* no proc/ in it */
        tree(&b, 2, 600, 0);
        start(&b);
        ck_assert_int_eq(next(&b), 1);
        ck_assert_int_lt(next(&b), 0);
        ck_assert_int_eq(next(&b), 1);
        ck_assert_uint_eq(replay_view(b.replay)->sample.raw.mem_available, 600 * TREE_MIB);
        ck_assert_int_eq(next(&b), 0);
        bed_done(&b);
}
END_TEST

START_TEST(first_tree_may_be_the_broken_one) {
        Bed b;

        bed_init(&b);
        fixture_file(&b.fixture, "000/at", "1\n");
        tree(&b, 1, 600, 0);
        start(&b);
        ck_assert_int_lt(next(&b), 0);
        ck_assert_ptr_null(replay_view(b.replay));
        ck_assert_int_eq(next(&b), 1);
        bed_done(&b);
}
END_TEST

START_TEST(directory_without_a_tree_is_refused) {
        Bed b;

        bed_init(&b);
        fixture_file(&b.fixture, "readme", "nothing here\n");
        ck_assert_int_eq(replay_new(b.fixture.path, b.config, &b.replay), -ENOENT);
        ck_assert_ptr_null(b.replay);
        ck_assert_int_eq(replay_new("/nonexistent", b.config, &b.replay), -ENOENT);
        bed_done(&b);
}
END_TEST

START_TEST(same_series_tells_the_same_twice) {
        Bed b;
        Told first;

        bed_init(&b);
        tree(&b, 0, 700, 20);
        for (int i = 1; i < 10; i++)
                tree(&b, i, 50, 400);
        start(&b);
        while (next(&b) > 0)
                ;
        first = b.told;
        b.told.n = 0;
        replay_free(b.replay);
        start(&b);
        while (next(&b) > 0)
                ;
        ck_assert_uint_gt(first.n, 0);
        ck_assert_uint_eq(first.n, b.told.n);
        for (size_t i = 0; i < first.n; i++) {
                ck_assert_int_eq(first.events[i].kind, b.told.events[i].kind);
                ck_assert_str_eq(first.events[i].reason, b.told.events[i].reason);
                ck_assert_str_eq(first.events[i].text, b.told.events[i].text);
        }
        bed_done(&b);
}
END_TEST

HARNESS_MAIN("replay", series_is_judged_to_its_end, steps_are_recorded_and_nothing_is_signalled,
        zombie_without_threads_counts_as_gone, one_tree_is_a_series_of_one,
        times_come_from_the_file_or_a_second_apart, broken_tree_is_said_and_the_series_goes_on,
        first_tree_may_be_the_broken_one, directory_without_a_tree_is_refused,
        same_series_tells_the_same_twice)
