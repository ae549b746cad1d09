/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine.h"

#include "config/config-load.h"
#include "kernel/probe.h"
#include "tests/tree-fixture.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const char policy_text[] = "version: 1\n"
                                  "policies:\n"
                                  "  - name: first\n"
                                  "    watch: { process: { exe: /opt/hog } }\n"
                                  "    when: proc.anon > 200M\n"
                                  "    targets: { at_least: 16M }\n"
                                  "    steps: [ terminate ]\n";

static const char next_text[] = "version: 1\n"
                                "policies:\n"
                                "  - name: next\n"
                                "    watch: system\n"
                                "    when: mem.available < 1%\n"
                                "    steps: [ notify: warning ]\n";

static const char groups_text[] = "version: 1\n"
                                  "policies:\n"
                                  "  - name: jobs\n"
                                  "    watch: { cgroup: /job/* }\n"
                                  "    when: cgroup.usage > 90%\n"
                                  "    steps: [ notify: warning ]\n";

static const char wide_text[] = "version: 1\n"
                                "limits: { processes: 16384 }\n"
                                "policies:\n"
                                "  - name: wide\n"
                                "    watch: system\n"
                                "    when: mem.available < 1%\n"
                                "    steps: [ notify: warning ]\n";

static Fixture tree;
static atomic_uint n_written;
static atomic_bool saw_start, saw_stop;

static void write_event(void *ctx, const Event *e) {
        (void) ctx;
        atomic_fetch_add(&n_written, 1);
        if (e->kind == EVENT_STARTED)
                atomic_store(&saw_start, true);
        if (e->kind == EVENT_STOPPING)
                atomic_store(&saw_stop, true);
}

static Config *load(const char *text) {
        static ConfigErrors errors;
        Config *config = NULL;

        ck_assert_int_eq(config_load_text("test.yaml", text, strlen(text), &config, &errors), 0);
        return config;
}

static void write_tree(void) {
        fixture_init(&tree);
        tree_meminfo(&tree, "", 16384 * TREE_MIB, 12000 * TREE_MIB, 0, 0);
        tree_pressure(&tree, "", "memory", 0, 0);
        tree_process(&tree, "", &(TreeProcess){ .pid = 1, .comm = "init" });
        tree_process(&tree, "",
                &(TreeProcess){ .pid = 4242,
                        .uid = 1000,
                        .comm = "hog",
                        .exe = "/opt/hog",
                        .anon = 300 * TREE_MIB });
        tree_process(&tree, "", &(TreeProcess){ .pid = 77, .comm = "earlyoom" });
}

static Engine *make(const char *text) {
        EngineOptions options = { .root = tree.path, .sink = { .write = write_event } };
        Config *config = load(text);
        Engine *e = NULL;

        ck_assert_int_eq(engine_new(&options, config, &e), 0);
        config_unref(config); /* the engine has its own reference */
        return e;
}

static bool await(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        return poll(&p, 1, HARNESS_PATIENCE_MSEC) == 1;
}

static bool await_event(Engine *e, EventKind kind, Event *ret) {
        while (await(engine_event_fd(e)))
                while (engine_next_event(e, ret))
                        if (ret->kind == kind)
                                return true;
        return false;
}

START_TEST(a_view_before_the_start_is_made_at_once_and_dry) {
        Engine *e;
        View *v;

        write_tree();
        e = make(policy_text);
        ck_assert_int_eq(engine_view_request(e, true), 0);
        v = engine_view(e);
        ck_assert_ptr_nonnull(v);
        ck_assert(v->dry);
        ck_assert_uint_eq(v->sample.n_procs, 3);
        ck_assert_int_eq(engine_view_request(e, true), -EBUSY);
        ck_assert_ptr_nonnull(v->match_hits);
        ck_assert_uint_eq(v->match_hits[0], 1); /* the hog is found by its exe */
        engine_view_release(e);
        ck_assert_ptr_null(engine_view(e));
        ck_assert_int_eq(engine_view_request(e, false), 0);
        engine_free(e); /* with a view under way */
        fixture_done(&tree);
}
END_TEST

static void write_cgroup(const char *path, bool populated) {
        char name[128];

        (void) snprintf(name, sizeof(name), "sys/fs/cgroup/%s/cgroup.procs", path);
        fixture_file(&tree, name, "");
        (void) snprintf(name, sizeof(name), "sys/fs/cgroup/%s/cgroup.events", path);
        fixture_file(
                &tree, name, populated ? "populated 1\nfrozen 0\n" : "populated 0\nfrozen 0\n");
}

/* Nobody sits in the cgroup that is meant, somebody below it. */
START_TEST(a_look_counts_the_cgroups_that_are_watched) {
        Engine *e;
        View *v;

        write_tree();
        fixture_file(&tree, "proc/self/mountinfo",
                "40 30 0:37 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        fixture_file(&tree, "sys/fs/cgroup/cgroup.procs", "");
        write_cgroup("job", true);
        write_cgroup("job/one", true);
        write_cgroup("job/one/payload", true);
        write_cgroup("job/two", false);
        e = make(groups_text);
        ck_assert_int_eq(engine_view_request(e, true), 0);
        v = engine_view(e);
        ck_assert_ptr_nonnull(v);
        ck_assert_uint_eq(v->sample.n_groups, 4);
        ck_assert_uint_eq(v->match_hits[0], 1);
        engine_view_release(e);
        engine_look(e); /* once more, by the roster itself */
        ck_assert_int_eq(engine_view_request(e, true), 0);
        ck_assert_uint_eq(engine_view(e)->match_hits[0], 1);
        engine_view_release(e);
        engine_free(e);
        fixture_done(&tree);
}
END_TEST

START_TEST(a_foreign_root_is_always_dry) {
        Event event;
        Engine *e;

        write_tree();
        e = make(policy_text);
        ck_assert_int_eq(engine_start(e), 0);
        ck_assert(await_event(e, EVENT_STEP_TAKEN, &event));
        ck_assert(event.dry);
        ck_assert_int_eq(event.target.pid, 4242);
        engine_free(e);
        fixture_done(&tree);
}
END_TEST

START_TEST(start_rivals_and_stop_are_told_to_main_and_sink) {
        Event event;
        Engine *e;
        View *v;

        write_tree();
        atomic_store(&saw_start, false);
        atomic_store(&saw_stop, false);
        e = make(next_text);
        ck_assert_int_eq(engine_start(e), 0);
        ck_assert(await_event(e, EVENT_STARTED, &event));
        ck_assert(await_event(e, EVENT_RIVAL, &event));
        ck_assert_int_eq(event.target.pid, 77);
        engine_report(
                e, &(Event){ .kind = EVENT_RELOAD_REFUSED, .text = "policy.yaml:1:1: nonsense" });
        ck_assert(await_event(e, EVENT_RELOAD_REFUSED, &event));
        ck_assert_uint_gt(event.serial, 0);
        ck_assert_uint_gt(event.at_usec, 0);
        ck_assert_int_eq(engine_view_request(e, false), 0);
        ck_assert(await(engine_view_fd(e)));
        v = engine_view(e);
        ck_assert_uint_eq(v->told_by_main[EVENT_STARTED], 1);
        ck_assert_uint_eq(v->told_by_main[EVENT_RIVAL], 1);
        ck_assert_uint_eq(v->told_by_main[EVENT_RELOAD_REFUSED], 1);
        engine_view_release(e);
        engine_stop(e);
        ck_assert(await_event(e, EVENT_STOPPING, &event));
        ck_assert(atomic_load(&saw_start));
        ck_assert(atomic_load(&saw_stop)); /* written before the stop returned */
        engine_free(e);
        fixture_done(&tree);
}
END_TEST

START_TEST(a_running_engine_answers_and_is_alive) {
        const char *who = NULL;
        Engine *e;
        View *v;

        write_tree();
        e = make(policy_text);
        ck_assert_int_eq(engine_start(e), 0);
        ck_assert_int_eq(engine_view_request(e, true), 0);
        ck_assert(await(engine_view_fd(e)));
        v = engine_view(e);
        ck_assert_ptr_nonnull(v);
        ck_assert_uint_eq(v->sample.n_procs, 3);
        ck_assert_ptr_eq(engine_view(e), v); /* until it is released */
        engine_view_release(e);
        engine_look(e);

        ck_assert(engine_is_alive(e, clock_monotonic_usec(), USEC_PER_MIN, &who));
        ck_assert_ptr_null(who);
        ck_assert(!engine_is_alive(
                e, clock_monotonic_usec() + 10 * USEC_PER_MIN, USEC_PER_MIN, &who));
        ck_assert_str_eq(who, "sentinel");
        engine_free(e);
        fixture_done(&tree);
}
END_TEST

START_TEST(reloads_take_effect_and_old_configs_go) {
        Config *configs[20];
        size_t held = 0;
        Event event;
        Engine *e;
        View *v;

        write_tree();
        e = make(policy_text);
        ck_assert_int_eq(engine_start(e), 0);
        for (size_t i = 0; i < 20; i++) {
                configs[i] = load(next_text);
                ck_assert_int_eq(engine_reload(e, configs[i]), 0);
                ck_assert(await_event(e, EVENT_RELOADED, &event));
        }
        for (size_t i = 0; i < 20; i++)
                held += configs[i]->refs > 1;
        ck_assert_uint_le(held,
                4); /* the latest, one before it, and those that the scout has not let go yet */

        ck_assert_int_eq(engine_view_request(e, false), 0);
        ck_assert(await(engine_view_fd(e)));
        v = engine_view(e);
        ck_assert_ptr_eq(v->config, configs[19]);
        ck_assert_int_eq(
                engine_reload(e, configs[0]), 0); /* while main holds a view of the old one */
        ck_assert(await_event(e, EVENT_RELOADED, &event));
        ck_assert_uint_gt(configs[19]->refs, 1);
        engine_view_release(e);
        engine_free(e);
        for (size_t i = 0; i < 20; i++) {
                ck_assert_uint_eq(configs[i]->refs, 1);
                config_unref(configs[i]);
        }
        fixture_done(&tree);
}
END_TEST

START_TEST(the_same_config_may_be_given_again_and_again) {
        Event event;
        Engine *e;
        Config *next;

        write_tree();
        e = make(policy_text);
        next = load(next_text);
        ck_assert_int_eq(engine_start(e), 0);
        for (int i = 0; i < 20; i++) {
                ck_assert_int_eq(engine_reload(e, next), 0);
                ck_assert(await_event(e, EVENT_RELOADED, &event));
        }
        engine_free(e);
        ck_assert_uint_eq(next->refs, 1);
        config_unref(next);
        fixture_done(&tree);
}
END_TEST

START_TEST(a_config_beyond_the_pools_is_refused) {
        Engine *e;
        Config *wide;

        write_tree();
        e = make(policy_text);
        wide = load(wide_text);
        ck_assert_int_eq(engine_reload(e, wide), -ENOSPC);
        engine_free(e);
        ck_assert_uint_eq(wide->refs, 1);
        config_unref(wide);
        fixture_done(&tree);
}
END_TEST

START_TEST(a_root_without_meminfo_is_refused) {
        EngineOptions options = { .sink = { .write = write_event } };
        Config *config;
        Engine *e = NULL;

        fixture_init(&tree);
        fixture_file(&tree, "proc/version", "");
        options.root = tree.path;
        config = load(next_text);
        ck_assert_int_lt(engine_new(&options, config, &e), 0);
        ck_assert_ptr_null(e);
        ck_assert_uint_eq(config->refs, 1);
        config_unref(config);
        fixture_done(&tree);
}
END_TEST

/* Leak detection, where there is any. */
void __lsan_disable(void) __attribute__((weak));

static void leak_on_purpose(void) {
        if (__lsan_disable)
                __lsan_disable();
}

static sem_t never;

static void hang(void *ctx, const Event *e) {
        (void) ctx;
        (void) e;
        while (sem_wait(&never) < 0)
                ;
}

START_TEST(a_sink_that_hangs_stops_neither_judging_nor_the_end) {
        EngineOptions options = { .sink = { .write = hang } };
        Config *config;
        Event event;
        Engine *e;

        leak_on_purpose(); /* the thread that hangs keeps all that it uses */
        sem_init(&never, 0, 0);
        write_tree();
        options.root = tree.path;
        config = load(policy_text);
        ck_assert_int_eq(engine_new(&options, config, &e), 0);
        ck_assert_int_eq(engine_start(e), 0);
        ck_assert(await_event(e, EVENT_STEP_TAKEN, &event));
        ck_assert_ptr_null(engine_free(e));
        fixture_done(&tree);
}
END_TEST

HARNESS_MAIN("engine", a_view_before_the_start_is_made_at_once_and_dry,
        a_look_counts_the_cgroups_that_are_watched, a_foreign_root_is_always_dry,
        start_rivals_and_stop_are_told_to_main_and_sink, a_running_engine_answers_and_is_alive,
        reloads_take_effect_and_old_configs_go, the_same_config_may_be_given_again_and_again,
        a_config_beyond_the_pools_is_refused, a_root_without_meminfo_is_refused,
        a_sink_that_hangs_stops_neither_judging_nor_the_end)
