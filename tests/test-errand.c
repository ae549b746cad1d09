/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/errand.h"

#include "config/config-load.h"
#include "engine/engine-state.h"
#include "tests/tree-fixture.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#define NOW (5000 * USEC_PER_SEC)

static ErrandBox *box;
static Plan plan;
static Outcome outcomes[ERRANDS_OPEN_MAX + PLAN_ERRANDS_MAX];

static void begin(void) {
        ck_assert_int_eq(errand_box_new(&box), 0);
}

static void end(void) {
        box = errand_box_free(box);
}

/* Orders n errands, which have the ids from `first` on. */
static size_t order(uint64_t first, size_t n, bool dry, const Config *config) {
        memset(&plan, 0, sizeof(plan));
        plan.n_errands = n;
        for (size_t i = 0; i < n; i++) {
                plan.errands[i].id = first + i;
                plan.errands[i].config = config;
        }
        return errand_box_order(box, &plan, dry, NOW, outcomes, ELEMENTS(outcomes));
}

static bool answer(uint64_t id, OutcomeKind kind) {
        return errand_box_answer(
                box, &(Outcome){ .kind = kind, .action = id, .value = 10 * id, .at_usec = NOW });
}

static bool is_readable(void) {
        struct pollfd fd = { .fd = errand_box_fd(box), .events = POLLIN };

        return poll(&fd, 1, 0) == 1;
}

START_TEST(they_are_taken_in_order_and_their_answers_come_back_once) {
        begin();
        ck_assert(!is_readable());
        ck_assert_ptr_null(errand_box_next(box));
        ck_assert_uint_eq(order(7, 3, false, NULL), 0);
        ck_assert(is_readable());

        for (uint64_t id = 7; id < 10; id++)
                ck_assert_uint_eq(errand_box_next(box)->id, id);
        ck_assert_ptr_null(errand_box_next(box));
        ck_assert(!is_readable());
        ck_assert_uint_eq(errand_box_collect(box, outcomes, 4), 0); /* none is answered */

        ck_assert(answer(8, OUTCOME_LATE));
        ck_assert_uint_eq(errand_box_collect(box, outcomes, 4), 1);
        ck_assert_int_eq(outcomes[0].kind, OUTCOME_LATE);
        ck_assert_uint_eq(outcomes[0].action, 8);
        ck_assert_uint_eq(outcomes[0].value, 80);
        ck_assert_uint_eq(outcomes[0].at_usec, NOW);
        ck_assert_uint_eq(errand_box_collect(box, outcomes, 4), 0);
        end();
}
END_TEST

START_TEST(a_later_one_in_an_earlier_place_is_not_taken_first) {
        begin();
        (void) order(1, 2, false, NULL);
        ck_assert_uint_eq(errand_box_next(box)->id, 1);
        ck_assert(answer(1, OUTCOME_DONE));
        ck_assert_uint_eq(errand_box_collect(box, outcomes, 4), 1);
        (void) order(3, 1, false, NULL); /* where 1 was */
        ck_assert_uint_eq(errand_box_next(box)->id, 2);
        ck_assert_uint_eq(errand_box_next(box)->id, 3);
        end();
}
END_TEST

START_TEST(answers_to_nobody_are_forgotten) {
        begin();
        (void) order(1, 1, false, NULL);
        ck_assert(!answer(1, OUTCOME_DONE)); /* not taken yet */
        ck_assert(!answer(2, OUTCOME_DONE));
        ck_assert_ptr_nonnull(errand_box_next(box));
        ck_assert(answer(1, OUTCOME_LATE));
        ck_assert(!answer(1, OUTCOME_DONE)); /* after its deadline */
        ck_assert_uint_eq(errand_box_collect(box, outcomes, 4), 1);
        ck_assert_int_eq(outcomes[0].kind, OUTCOME_LATE);
        end();
}
END_TEST

START_TEST(without_a_free_place_it_is_refused_at_once) {
        begin();
        for (uint64_t id = 0; id < ERRANDS_OPEN_MAX; id++)
                ck_assert_uint_eq(order(id, 1, false, NULL), 0);
        ck_assert_uint_eq(order(100, 2, false, NULL), 2);
        for (size_t i = 0; i < 2; i++) {
                ck_assert_int_eq(outcomes[i].kind, OUTCOME_BUSY);
                ck_assert_int_eq(outcomes[i].error, EAGAIN);
                ck_assert_uint_eq(outcomes[i].action, 100 + i);
                ck_assert_uint_eq(outcomes[i].at_usec, NOW);
        }

        /* Neither taking nor answering one makes room: taking in its answer does. */
        ck_assert_uint_eq(errand_box_next(box)->id, 0);
        ck_assert_uint_eq(order(102, 1, false, NULL), 1);
        ck_assert(answer(0, OUTCOME_DONE));
        ck_assert_uint_eq(order(102, 1, false, NULL), 1);
        ck_assert_uint_eq(errand_box_collect(box, outcomes, 4), 1);
        ck_assert_uint_eq(order(102, 1, false, NULL), 0);
        end();
}
END_TEST

START_TEST(answers_without_room_stay_for_the_next_time) {
        begin();
        (void) order(1, 4, false, NULL);
        for (uint64_t id = 1; id <= 4; id++) {
                ck_assert_ptr_nonnull(errand_box_next(box));
                ck_assert(answer(id, OUTCOME_DONE));
        }
        ck_assert_uint_eq(errand_box_collect(box, outcomes, 0), 0);
        ck_assert_uint_eq(errand_box_collect(box, outcomes, 3), 3);
        ck_assert_uint_eq(errand_box_collect(box, outcomes, 3), 1);
        end();
}
END_TEST

START_TEST(dry_ones_are_answered_at_once_and_reach_nobody) {
        begin();
        ck_assert_uint_eq(order(5, 3, true, NULL), 3);
        for (size_t i = 0; i < 3; i++) {
                ck_assert_int_eq(outcomes[i].kind, OUTCOME_DRY);
                ck_assert_int_eq(outcomes[i].error, 0);
                ck_assert_uint_eq(outcomes[i].action, 5 + i);
        }
        ck_assert(!is_readable());
        ck_assert_ptr_null(errand_box_next(box));
        end();
}
END_TEST

START_TEST(where_nobody_runs_errands_they_are_refused) {
        ck_assert_uint_eq(order(5, 1, false, NULL), 1); /* there is no box */
        ck_assert_int_eq(outcomes[0].kind, OUTCOME_REFUSED);
        ck_assert_int_eq(outcomes[0].error, ENOSYS);
        ck_assert_uint_eq(order(5, 1, true, NULL), 1);
        ck_assert_int_eq(outcomes[0].kind, OUTCOME_DRY);
}
END_TEST

/* ---- between two threads
 * -------------------------------------------------------------------------- */

enum { ROUNDS = 5000 };

/* The errand as it was ordered; 0 when some of it is another's. */
static uint64_t whole(const Errand *e) {
        return e->deadline_usec == 3 * e->id &&
                        e->start_ticks[ERRAND_PROCESSES_MAX - 1] == 5 * e->id
                ? e->id
                : 0;
}

/* Main: answers every errand, also a wrong one, so that the other side does not wait for ever.
 * Returns the first that was torn or not in its turn, NULL without one. */
static void *run_errands(void *ctx) {
        Errand *first_wrong = NULL;

        for (uint64_t expected = 1; expected <= ROUNDS;) {
                const Errand *e = errand_box_next(box);

                if (!e) {
                        (void) sched_yield();
                        continue;
                }
                if (whole(e) != expected && !first_wrong) {
                        first_wrong = ctx;
                        *first_wrong = *e;
                }
                expected++;
                (void) answer(e->id, OUTCOME_DONE);
        }
        return first_wrong;
}

START_TEST(two_threads_neither_lose_nor_tear_one) {
        uint64_t ordered = 0, answered = 0;
        Errand room;
        void *wrong = NULL;
        pthread_t main_thread;

        begin();
        ck_assert_int_eq(pthread_create(&main_thread, NULL, run_errands, &room), 0);
        memset(&plan, 0, sizeof(plan));
        while (answered < ROUNDS) {
                size_t n = errand_box_collect(box, outcomes, ELEMENTS(outcomes));

                for (size_t i = 0; i < n; i++)
                        ck_assert_uint_eq(outcomes[i].value, 10 * outcomes[i].action);
                answered += n;
                if (ordered == ROUNDS) {
                        (void) sched_yield();
                        continue;
                }
                plan.n_errands = 1;
                plan.errands[0].id = ordered + 1;
                plan.errands[0].deadline_usec = 3 * (ordered + 1);
                plan.errands[0].start_ticks[ERRAND_PROCESSES_MAX - 1] = 5 * (ordered + 1);
                if (errand_box_order(box, &plan, false, NOW, outcomes, ELEMENTS(outcomes)) == 0)
                        ordered++;
                else
                        (void) sched_yield();
        }
        ck_assert_int_eq(pthread_join(main_thread, &wrong), 0);
        ck_assert_msg(!wrong, "errand %" PRIu64 " was torn or not in its turn", room.id);
        end();
}
END_TEST

/* ---- and a reload in between
 * ---------------------------------------------------------------------- */

static const char policy_text[] = "version: 1\n"
                                  "policies:\n"
                                  "  - name: calm\n"
                                  "    watch: system\n"
                                  "    when: mem.available < 1%\n"
                                  "    steps: [ notify: warning ]\n";

static Config *load(void) {
        static ConfigErrors errors;
        Config *config = NULL;

        ck_assert_int_eq(
                config_load_text("test.yaml", policy_text, strlen(policy_text), &config, &errors),
                0);
        return config;
}

/* The engine's threads do not run: a view makes one tick here, with which a config is taken. */
static void reload(Engine *e, Config *config) {
        Event event;

        ck_assert_int_eq(engine_reload(e, config), 0);
        ck_assert_int_eq(engine_view_request(e, false), 0);
        ck_assert_ptr_nonnull(engine_view(e));
        engine_view_release(e);
        while (engine_next_event(e, &event))
                ;
}

START_TEST(a_config_stays_until_its_last_errand_is_answered) {
        Config *first = load(), *second = load(), *third = load();
        const Errand *errand;
        Fixture tree;
        Engine *e = NULL;

        fixture_init(&tree);
        tree_meminfo(&tree, "", 16384 * TREE_MIB, 12000 * TREE_MIB, 0, 0);
        tree_process(&tree, "", &(TreeProcess){ .pid = 1, .comm = "init" });
        ck_assert_int_eq(engine_new(&(EngineOptions){ .root = tree.path }, first, &e), 0);
        reload(e, second);
        box = e->errands;
        ck_assert_uint_eq(order(1, 2, false, second), 0);

        reload(e, third);
        ck_assert_uint_eq(second->refs, 2); /* in the box */
        errand = engine_next_errand(e);
        ck_assert_ptr_eq(errand->config, second);
        ck_assert_ptr_nonnull(engine_next_errand(e));
        ck_assert_ptr_null(engine_next_errand(e));
        engine_errand_done(e, &(Outcome){ .kind = OUTCOME_DONE, .action = 1 });
        reload(e, third);
        ck_assert_uint_eq(second->refs, 2); /* the second is in our hands */
        ck_assert_str_eq(errand->config->policies[0].name, "calm");
        engine_errand_done(e, &(Outcome){ .kind = OUTCOME_DONE, .action = 2 });
        reload(e, third);
        ck_assert_uint_eq(second->refs, 1);

        ck_assert_uint_eq(errand_box_collect(box, outcomes, 4), 2);
        ck_assert_uint_gt(outcomes[0].at_usec, 0);
        engine_free(e);
        fixture_done(&tree);
        ck_assert_uint_eq(third->refs, 1);
        config_unref(first);
        config_unref(second);
        config_unref(third);
}
END_TEST

HARNESS_MAIN("errand", they_are_taken_in_order_and_their_answers_come_back_once,
        a_later_one_in_an_earlier_place_is_not_taken_first, answers_to_nobody_are_forgotten,
        without_a_free_place_it_is_refused_at_once, answers_without_room_stay_for_the_next_time,
        dry_ones_are_answered_at_once_and_reach_nobody, where_nobody_runs_errands_they_are_refused,
        two_threads_neither_lose_nor_tear_one, a_config_stays_until_its_last_errand_is_answered)
