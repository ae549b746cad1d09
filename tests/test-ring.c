/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ring.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "tests/harness.h"

static Ring *make(size_t item_size, size_t capacity) {
        Ring *ring = NULL;

        ck_assert_int_eq(ring_new(item_size, capacity, &ring), 0);
        return ring;
}

START_TEST(impossible_sizes_are_refused) {
        Ring *ring = (Ring *) 0x42;

        ck_assert_int_eq(ring_new(0, 4, &ring), -EINVAL);
        ck_assert_int_eq(ring_new(4, 0, &ring), -EINVAL);
        ck_assert_int_eq(ring_new(4, SIZE_MAX, &ring), -EINVAL);
        ck_assert_int_eq(
                ring_new(SIZE_MAX / 2, 1024, &ring), -EINVAL); /* their product overflows */
        ck_assert_ptr_eq(ring, (Ring *) 0x42);
        ck_assert_ptr_null(ring_free(NULL));
}
END_TEST

START_TEST(items_come_out_in_the_order_they_went_in) {
        Ring *ring = make(sizeof(int), 4);
        int out = 42;

        ck_assert(!ring_pop(ring, &out));
        ck_assert_int_eq(out, 42);

        for (int round = 0; round < 100; round++) { /* wraps many times, at every offset */
                for (int i = 0; i < 3; i++) {
                        int in = round * 3 + i;

                        ck_assert(ring_push(ring, &in));
                }
                for (int i = 0; i < 3; i++) {
                        ck_assert(ring_pop(ring, &out));
                        ck_assert_int_eq(out, round * 3 + i);
                }
                ck_assert(!ring_pop(ring, &out));
        }
        ck_assert_uint_eq(ring_dropped(ring), 0);
        ck_assert_ptr_null(ring_free(ring));
}
END_TEST

START_TEST(what_does_not_fit_is_dropped_and_counted) {
        Ring *ring = make(sizeof(int), 3); /* becomes 4 */
        int out;

        for (int i = 0; i < 10; i++)
                ck_assert_msg(ring_push(ring, &i) == (i < 4), "item %d", i);
        ck_assert_uint_eq(ring_dropped(ring), 6);

        ck_assert(ring_pop(ring, &out));
        ck_assert_int_eq(out, 0); /* the old ones stay, the new ones are lost */
        ck_assert(ring_push(ring, &(int){ 77 }));
        for (int i = 1; i < 4; i++) {
                ck_assert(ring_pop(ring, &out));
                ck_assert_int_eq(out, i);
        }
        ck_assert(ring_pop(ring, &out));
        ck_assert_int_eq(out, 77);
        ck_assert(!ring_pop(ring, &out));
        ring_free(ring);
}
END_TEST

START_TEST(a_ring_of_one_holds_one) {
        Ring *ring = make(3, 1);
        char out[3];

        for (int i = 0; i < 3; i++) {
                ck_assert(ring_push(ring, "abc"));
                ck_assert(!ring_push(ring, "def"));
                ck_assert(ring_pop(ring, out));
                ck_assert_mem_eq(out, "abc", 3);
        }
        ring_free(ring);
}
END_TEST

enum { ITEMS = 20000 }; /* the ring is full, and empty, hundreds of times */

typedef struct Item {
        uint64_t number, check;
} Item;

static void *produce(void *arg) {
        for (uint64_t i = 1; i <= ITEMS; i++)
                while (!ring_push(arg, &(Item){ i, i * 31 }))
                        sched_yield();
        return NULL;
}

START_TEST(two_threads_lose_and_tear_nothing) {
        Ring *ring = make(sizeof(Item), 64);
        pthread_t producer;

        ck_assert_int_eq(pthread_create(&producer, NULL, produce, ring), 0);
        for (uint64_t expect = 1; expect <= ITEMS;) {
                Item item;

                if (!ring_pop(ring, &item)) {
                        sched_yield();
                        continue;
                }
                if (item.number != expect || item.check != expect * 31)
                        ck_abort_msg("item %llu instead of %llu", (unsigned long long) item.number,
                                (unsigned long long) expect);
                expect++;
        }
        pthread_join(producer, NULL);
        ring_free(ring);
}
END_TEST

HARNESS_MAIN("ring", impossible_sizes_are_refused, items_come_out_in_the_order_they_went_in,
        what_does_not_fit_is_dropped_and_counted, a_ring_of_one_holds_one,
        two_threads_lose_and_tear_nothing)
