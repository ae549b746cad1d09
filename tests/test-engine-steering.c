/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pauses and wards from main's question to the judging thread, and beyond the end of a daemon. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"
#include "config/config-load.h"
#include "engine/engine.h"
#include "tests/tree-fixture.h"

/* Can do nothing to anybody. */
static const char policy_text[] = "version: 1\n"
                                  "policies:\n"
                                  "  - name: nobody\n"
                                  "    watch: { cgroup: /avert-test-nobody/* }\n"
                                  "    when: cgroup.usage > 99%\n"
                                  "    steps: [ notify: warning ]\n";

static void write_event(void *ctx, const Event *e) {
        (void) ctx;
        (void) e;
}

static Engine *make(const char *root, const char *leases) {
        EngineOptions options = {
                .root = root, .leases = leases, .sink = { .write = write_event }
        };
        static ConfigErrors errors;
        Config *config = NULL;
        Engine *e = NULL;

        ck_assert_int_eq(
                config_load_text("test.yaml", policy_text, strlen(policy_text), &config, &errors),
                0);
        ck_assert_int_eq(engine_new(&options, config, &e), 0);
        config_unref(config);
        return e;
}

static int steer(Engine *e, const SteerOrder *order, const char *says) {
        char text[256];
        TextBuf b;
        int r;

        textbuf_init(&b, text, sizeof(text));
        r = engine_steer(e, order, &b);
        ck_assert_msg(strcmp(text, says) == 0, "%s", text);
        return r;
}

/* As the judging thread has it: it is asked until it has taken it. */
static Steering seen(Engine *e) {
        Steering s;
        View *v;

        ck_assert_int_eq(engine_view_request(e, false), 0);
        while (!(v = engine_view(e))) {
                struct pollfd p = { .fd = engine_view_fd(e), .events = POLLIN };

                ck_assert_int_eq(poll(&p, 1, HARNESS_PATIENCE_MSEC), 1);
        }
        s = v->book.steering;
        engine_view_release(e);
        return s;
}

static void write_tree(Fixture *f) {
        fixture_init(f);
        tree_meminfo(f, "", 16384 * TREE_MIB, 12000 * TREE_MIB, 0, 0);
        tree_process(f, "", &(TreeProcess){ .pid = 1, .comm = "init" });
        tree_process(f, "", &(TreeProcess){ .pid = 4242, .comm = "hog" });
}

START_TEST(judging_gets_what_was_asked_for_and_it_can_be_taken_back) {
        SteerOrder order = { .kind = STEER_PAUSE, .by_uid = 5 };
        Engine *e;
        Fixture f;

        write_tree(&f);
        e = make(f.path, NULL);
        ck_assert_int_eq(engine_start(e), 0);
        ck_assert_int_eq(steer(e, &order, "paused for 10 min: no step but notify is taken"), 0);
        ck_assert(steering_is_paused(&(Steering){ .paused_until_usec = seen(e).paused_until_usec },
                clock_monotonic_usec()));
        ck_assert_uint_eq(seen(e).paused_by_uid, 5);
        order.kind = STEER_RESUME;
        ck_assert_int_eq(steer(e, &order, "resumed"), 0);
        ck_assert_uint_eq(seen(e).paused_until_usec, 0);
        ck_assert_int_eq(steer(e, &order, "avert is not paused"), -ENOENT);

        order = (SteerOrder){ .kind = STEER_PROTECT,
                .ward = { .kind = WARD_PROCESS, .pid = 4242 },
                .for_usec = USEC_PER_MIN };
        ck_assert_int_eq(steer(e, &order, "pid 4242 is protected for 1 min"), 0);
        order.ward = (Ward){ .kind = WARD_UNIT, .name = "db.service" };
        order.for_usec = 0;
        ck_assert_int_eq(steer(e, &order, "unit db.service is protected"), 0);
        ck_assert_uint_eq(seen(e).n_wards, 2);
        order.kind = STEER_UNPROTECT;
        ck_assert_int_eq(steer(e, &order, "unit db.service is not protected any more"), 0);
        ck_assert_int_eq(steer(e, &order, "unit db.service is not protected on request"), -ENOENT);
        ck_assert_uint_eq(seen(e).n_wards, 1);
        engine_free(e);
        fixture_done(&f);
}
END_TEST

START_TEST(a_cgroup_that_is_not_there_is_protected_and_said_to_be_absent) {
        SteerOrder order = { .kind = STEER_PROTECT };
        Engine *e;
        Fixture f;

        write_tree(&f);
        fixture_file(&f, "sys/fs/cgroup/cgroup.controllers", "memory pids\n");
        fixture_file(&f, "sys/fs/cgroup/user.slice/cgroup.procs", "");
        e = make(f.path, NULL);
        order.ward = (Ward){ .kind = WARD_CGROUP, .name = "/user.slice" };
        ck_assert_int_eq(steer(e, &order, "cgroup /user.slice is protected"), 0);
        order.ward = (Ward){ .kind = WARD_CGROUP, .name = "/user.slcie" };
        ck_assert_int_eq(
                steer(e, &order, "cgroup /user.slcie is protected; there is no such cgroup now"),
                0);
        ck_assert_uint_eq(seen(e).n_wards, 2);
        engine_free(e);
        fixture_done(&f);
}
END_TEST

START_TEST(what_is_only_shown_changes_nothing) {
        SteerOrder order = { .kind = STEER_PAUSE, .for_usec = USEC_PER_MIN, .dry = true };
        Engine *e;
        Fixture f;

        write_tree(&f);
        e = make(f.path, NULL);
        ck_assert_int_eq(steer(e, &order, "would pause for 1 min: no step but notify is taken"), 0);
        ck_assert_uint_eq(seen(e).paused_until_usec, 0);
        order.kind = STEER_RESUME;
        ck_assert_int_eq(steer(e, &order, "avert is not paused"), -ENOENT);
        engine_free(e);
        fixture_done(&f);
}
END_TEST

START_TEST(what_cannot_be_is_refused) {
        SteerOrder order = { .kind = STEER_PAUSE, .for_usec = 25 * USEC_PER_HOUR };
        char says[64];
        Engine *e;
        Fixture f;

        write_tree(&f);
        e = make(f.path, NULL);
        ck_assert_int_eq(steer(e, &order, "a pause is no longer than 24 h"), -ERANGE);
        order = (SteerOrder){ .kind = STEER_PROTECT, .ward = { .pid = 99 } };
        ck_assert_int_eq(steer(e, &order, "there is no process 99"), -ENOENT);
        order.ward.kind = WARD_UNIT;
        for (int i = 0; i < STEERING_WARDS_MAX; i++) {
                (void) snprintf(order.ward.name, sizeof(order.ward.name), "a%d.service", i);
                (void) snprintf(says, sizeof(says), "unit a%d.service is protected", i);
                ck_assert_int_eq(steer(e, &order, says), 0);
        }
        (void) snprintf(order.ward.name, sizeof(order.ward.name), "b.service");
        ck_assert_int_eq(
                steer(e, &order, "32 are protected already, and there is room for no more"),
                -ENOSPC);
        engine_free(e);
        fixture_done(&f);
}
END_TEST

START_TEST(a_process_that_ended_or_was_replaced_needs_no_protection) {
        for (int replaced = 0; replaced < 2; replaced++) {
                SteerOrder order = { .kind = STEER_PROTECT, .ward = { .pid = 4242 } };
                Engine *e;
                Fixture f;

                write_tree(&f);
                e = make(f.path, NULL);
                ck_assert_int_eq(steer(e, &order, "pid 4242 is protected"), 0);
                engine_look(e);
                ck_assert_uint_eq(seen(e).n_wards, 1);
                if (replaced)
                        tree_process(&f, "",
                                &(TreeProcess){ .pid = 4242, .comm = "next", .start = 777777 });
                else
                        tree_remove(&f, "", 4242);
                engine_look(e);
                ck_assert_uint_eq(seen(e).n_wards, 0);
                engine_free(e);
                fixture_done(&f);
        }
}
END_TEST

/* On this machine: only a live daemon keeps a file. */
START_TEST(a_daemon_that_comes_after_goes_on_with_it) {
        SteerOrder order = { .kind = STEER_PROTECT, .ward = { .pid = (int32_t) getpid() } };
        char path[300], says[64];
        Engine *e;
        Fixture f;

        fixture_init(&f);
        (void) snprintf(path, sizeof(path), "%s/leases", f.path);
        (void) snprintf(says, sizeof(says), "pid %d is protected", (int) getpid());
        e = make(NULL, path);
        ck_assert_int_eq(engine_start(e), 0);
        ck_assert_int_eq(steer(e, &order, says), 0);
        order.kind = STEER_PAUSE;
        ck_assert_int_eq(steer(e, &order, "paused for 10 min: no step but notify is taken"), 0);
        engine_free(e);

        e = make(NULL, path);
        ck_assert_int_eq(engine_start(e), 0);
        ck_assert_uint_gt(seen(e).paused_until_usec, 0);
        ck_assert_uint_eq(seen(e).n_wards, 1);
        order.kind = STEER_RESUME;
        ck_assert_int_eq(steer(e, &order, "resumed"), 0);
        engine_free(e);
        fixture_done(&f);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                judging_gets_what_was_asked_for_and_it_can_be_taken_back,
                a_cgroup_that_is_not_there_is_protected_and_said_to_be_absent,
                what_is_only_shown_changes_nothing,
                what_cannot_be_is_refused,
                a_process_that_ended_or_was_replaced_needs_no_protection,
                a_daemon_that_comes_after_goes_on_with_it,
        };
        Suite *s = suite_create("engine-steering");
        TCase *tc = tcase_create("engine-steering");

        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
