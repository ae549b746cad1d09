/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/steering-box.h"

#include <pthread.h>

#include "base/macro.h"
#include "tests/harness.h"

enum { ROUNDS = 20000 };

/* Every word of it tells which one it is. */
static void make(Steering *s, uint64_t n) {
        *s = (Steering){ .paused_until_usec = n, .last_id = n, .n_wards = STEERING_WARDS_MAX };
        for (size_t i = 0; i < STEERING_WARDS_MAX; i++)
                s->wards[i].id = n;
}

static bool is_whole(const Steering *s) {
        for (size_t i = 0; i < STEERING_WARDS_MAX; i++)
                if (s->wards[i].id != s->last_id)
                        return false;
        return s->paused_until_usec == s->last_id;
}

START_TEST(the_latest_counts_and_is_taken_once) {
        static SteeringBox box;
        Steering s, got = { .last_id = 77 };

        steering_box_init(&box);
        ck_assert(!steering_box_take(&box, &got));
        ck_assert_uint_eq(got.last_id, 77);
        for (uint64_t n = 1; n <= 100; n++) {
                make(&s, n);
                steering_box_put(&box, &s); /* there is always room */
        }
        ck_assert(steering_box_take(&box, &got));
        ck_assert_uint_eq(got.last_id, 100);
        ck_assert(!steering_box_take(&box, &got));
        make(&s, 101);
        steering_box_put(&box, &s);
        ck_assert(steering_box_take(&box, &got));
        ck_assert_uint_eq(got.last_id, 101);
}
END_TEST

static void *put_all(void *ctx) {
        for (uint64_t n = 1; n <= ROUNDS; n++) {
                Steering s;

                make(&s, n);
                steering_box_put(ctx, &s);
        }
        return NULL;
}

START_TEST(between_two_threads_each_is_whole_and_none_goes_back) {
        static SteeringBox box;
        pthread_t thread;
        uint64_t last = 0;

        steering_box_init(&box);
        ck_assert_int_eq(pthread_create(&thread, NULL, put_all, &box), 0);
        while (last < ROUNDS) {
                Steering got;

                if (!steering_box_take(&box, &got))
                        continue;
                ck_assert(is_whole(&got));
                ck_assert_uint_gt(got.last_id, last);
                last = got.last_id;
        }
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

HARNESS_MAIN("steering-box", the_latest_counts_and_is_taken_once,
        between_two_threads_each_is_whole_and_none_goes_back)
