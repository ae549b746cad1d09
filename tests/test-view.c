/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/view.h"

#include "tests/harness.h"

#include <string.h>

/* What a pipeline has after a tick over three processes of two users. */
typedef struct Bed {
        Config config;
        IncidentBook *book;
        Pipeline pipeline;
        ProcSample procs[3];
        UserSample users[2];
        Verdict verdicts[3];
        Sample sample;
} Bed;

static Bed bed;

static void begin(void) {
        bed.book = calloc(1, sizeof(*bed.book));
        ck_assert_ptr_nonnull(bed.book);
        bed.book->freed_total = 4711;
        for (unsigned i = 0; i < 3; i++) {
                bed.procs[i].slot = 10 + i;
                bed.verdicts[i] =
                        (Verdict){ .policy = (uint16_t) i, .proc = (int32_t) i - 1, .group = -1 };
        }
        bed.sample = (Sample){
                .procs = bed.procs, .n_procs = 3, .users = bed.users, .n_users = 2, .users_size = 2
        };
        bed.pipeline = (Pipeline){
                .config = &bed.config,
                .book = bed.book,
                .verdicts = bed.verdicts,
                .n_verdicts = 3,
                .next_usec = 77,
                .dry = true,
        };
        bed.pipeline.plan.critical = true;
}

static View *make(size_t processes, size_t users, size_t verdicts) {
        View *v;

        ck_assert_int_eq(view_new(&(ViewRoom){ processes, 4, users, verdicts }, &v), 0);
        view_fill(v, &bed.pipeline, &bed.sample);
        return v;
}

START_TEST(a_view_is_a_copy_of_its_own) {
        View *v;

        begin();
        v = make(8, 8, 8);
        memset(bed.procs, 0xff, sizeof(bed.procs));
        bed.book->freed_total = 0;
        ck_assert_uint_eq(v->sample.n_procs, 3);
        ck_assert_ptr_eq(v->sample.procs, v->procs);
        ck_assert_ptr_eq(v->sample.users, v->users);
        ck_assert_uint_eq(v->procs[2].slot, 12);
        ck_assert_uint_eq(v->n_verdicts, 3);
        ck_assert_uint_eq(v->book.freed_total, 4711);
        ck_assert_uint_eq(v->next_usec, 77);
        ck_assert_ptr_eq(v->config, &bed.config);
        ck_assert(v->dry);
        ck_assert(v->critical);
        view_free(v);
}
END_TEST

START_TEST(what_finds_no_room_is_cut_and_no_verdict_points_at_it) {
        View *v;

        begin();
        v = make(1, 1, 8);
        ck_assert_uint_eq(v->sample.n_procs, 1);
        ck_assert_uint_eq(v->procs_cut, 2);
        ck_assert_uint_eq(v->sample.n_users, 1);
        ck_assert_uint_eq(v->n_verdicts, 2); /* of the system, and of the process that is there */
        ck_assert_int_eq(v->verdicts[1].proc, 0);
        ck_assert_uint_eq(v->n_dropped, 1);
        view_free(v);
}
END_TEST

START_TEST(verdicts_beyond_the_room_are_counted) {
        View *v;

        begin();
        v = make(8, 8, 1);
        ck_assert_uint_eq(v->n_verdicts, 1);
        ck_assert_uint_eq(v->n_dropped, 2);
        view_free(v);
}
END_TEST

START_TEST(a_view_of_nothing_is_possible) {
        View *v;

        begin();
        bed.sample = (Sample){ 0 };
        bed.pipeline.n_verdicts = 0;
        v = make(0, 0, 0);
        ck_assert_uint_eq(v->sample.n_procs, 0);
        ck_assert_uint_eq(v->n_verdicts, 0);
        view_free(v);
}
END_TEST

HARNESS_MAIN("view", a_view_is_a_copy_of_its_own,
        what_finds_no_room_is_cut_and_no_verdict_points_at_it, verdicts_beyond_the_room_are_counted,
        a_view_of_nothing_is_possible)
