/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/reporter.h"

#include "engine/journal-thread.h"
#include "tests/harness.h"

#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

enum { TO_JOURNAL = 8, TO_MAIN = 4 };

static Reporter *make(void) {
        Reporter *r;

        ck_assert_int_eq(reporter_new(TO_JOURNAL, TO_MAIN, &r), 0);
        return r;
}

static void push(Reporter *r, ReporterLane lane, uint64_t incident) {
        Event e = { .kind = EVENT_NOTIFY, .incident = incident };

        reporter_push(r, lane, &e);
}

static bool is_readable(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        return poll(&p, 1, 0) == 1;
}

START_TEST(both_lanes_are_read_in_the_order_of_their_serials) {
        Reporter *r = make();
        Event e;

        push(r, REPORTER_SENTINEL, 1);
        push(r, REPORTER_MAIN, 2);
        push(r, REPORTER_MAIN, 3);
        push(r, REPORTER_SENTINEL, 4);
        for (uint64_t i = 1; i <= 4; i++) {
                ck_assert(reporter_next(r, REPORTER_TO_JOURNAL, &e));
                ck_assert_uint_eq(e.incident, i);
                ck_assert_uint_eq(e.serial, i);
                ck_assert_uint_gt(e.realtime_usec, 0);
        }
        ck_assert(!reporter_next(r, REPORTER_TO_JOURNAL, &e));
        reporter_free(r);
}
END_TEST

START_TEST(what_does_not_fit_is_counted_and_told_once) {
        Reporter *r = make();
        Event e;
        size_t kept = 0;

        for (uint64_t i = 0; i < TO_JOURNAL + 5; i++)
                push(r, REPORTER_SENTINEL, i);
        ck_assert(reporter_next(r, REPORTER_TO_JOURNAL, &e));
        ck_assert_int_eq(e.kind, EVENT_LOST);
        ck_assert_uint_eq(e.count, 5);
        ck_assert_ptr_nonnull(strstr(e.text, "5 records were dropped"));
        while (reporter_next(r, REPORTER_TO_JOURNAL, &e)) {
                ck_assert_int_eq(e.kind, EVENT_NOTIFY);
                ck_assert_uint_eq(e.incident, kept++); /* the oldest are kept: how it began */
        }
        ck_assert_uint_eq(kept, TO_JOURNAL);
        reporter_free(r);
}
END_TEST

START_TEST(a_side_that_nobody_reads_costs_the_other_nothing) {
        Reporter *r = make();
        Event e;

        for (uint64_t i = 0; i < 100; i++) {
                push(r, REPORTER_SENTINEL, i);
                ck_assert(reporter_next(r, REPORTER_TO_MAIN, &e));
                ck_assert_int_eq(e.kind, EVENT_NOTIFY);
                ck_assert_uint_eq(e.incident, i);
        }
        ck_assert_uint_eq(reporter_dropped(r), 100 - TO_JOURNAL);
        reporter_free(r);
}
END_TEST

START_TEST(main_is_woken_by_an_event_and_not_without_one) {
        Reporter *r = make();
        Event e;

        ck_assert(!is_readable(reporter_event_fd(r)));
        push(r, REPORTER_SENTINEL, 1);
        push(r, REPORTER_SENTINEL, 2);
        ck_assert(is_readable(reporter_event_fd(r)));
        ck_assert(reporter_next(r, REPORTER_TO_MAIN, &e));
        ck_assert(is_readable(reporter_event_fd(r))); /* the other waits */
        while (reporter_next(r, REPORTER_TO_MAIN, &e))
                ;
        ck_assert(!is_readable(reporter_event_fd(r)));
        reporter_free(r);
}
END_TEST

typedef struct SlowSink {
        sem_t entered;
        sem_t go_on;
        atomic_uint written;
        atomic_bool blocks;
} SlowSink;

static void slow_write(void *ctx, const Event *e) {
        SlowSink *s = ctx;

        (void) e;
        if (atomic_load(&s->blocks)) {
                sem_post(&s->entered);
                sem_wait(&s->go_on);
        }
        atomic_fetch_add(&s->written, 1);
}

static SlowSink slow;

START_TEST(the_journal_thread_writes_all_before_it_ends) {
        Reporter *r = make();
        JournalThread *t;

        atomic_store(&slow.written, 0);
        atomic_store(&slow.blocks, false);
        for (uint64_t i = 0; i < TO_JOURNAL; i++)
                push(r, REPORTER_MAIN, i);
        ck_assert_int_eq(
                journal_thread_start(r, (Sink){ .write = slow_write, .ctx = &slow }, &t), 0);
        ck_assert(journal_thread_stop(t));
        ck_assert_uint_eq(atomic_load(&slow.written), TO_JOURNAL);
        reporter_free(r);
}
END_TEST

/* Leak detection, where there is any. */
void __lsan_disable(void) __attribute__((weak));

static void leak_on_purpose(void) {
        if (__lsan_disable)
                __lsan_disable();
}

START_TEST(a_sink_that_blocks_for_ever_delays_neither_events_nor_the_end) {
        Reporter *r;
        JournalThread *t;
        Event e;

        leak_on_purpose(); /* the thread that hangs keeps all that it uses */
        r = make();
        sem_init(&slow.entered, 0, 0);
        sem_init(&slow.go_on, 0, 0);
        atomic_store(&slow.blocks, true);
        ck_assert_int_eq(
                journal_thread_start(r, (Sink){ .write = slow_write, .ctx = &slow }, &t), 0);
        push(r, REPORTER_SENTINEL, 0);
        sem_wait(&slow.entered);

        /* the pusher would hang here with the test's timeout if it waited for the sink */
        for (uint64_t i = 1; i <= 1000; i++) {
                push(r, REPORTER_SENTINEL, i);
                ck_assert(reporter_next(r, REPORTER_TO_MAIN, &e));
        }
        ck_assert_uint_ge(reporter_dropped(r), 1000 - TO_JOURNAL);
        ck_assert(!journal_thread_stop(t)); /* given up: reporter and sink stay */
}
END_TEST

HARNESS_MAIN("reporter", both_lanes_are_read_in_the_order_of_their_serials,
        what_does_not_fit_is_counted_and_told_once,
        a_side_that_nobody_reads_costs_the_other_nothing,
        main_is_woken_by_an_event_and_not_without_one, the_journal_thread_writes_all_before_it_ends,
        a_sink_that_blocks_for_ever_delays_neither_events_nor_the_end)
