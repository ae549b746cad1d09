/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unit-job.h"

#include <errno.h>
#include <string.h>

#include "tests/systemd-double.h"

#define PATIENT (20 * USEC_PER_SEC) /* never used up by a test that passes */

typedef struct End {
        unsigned n;
        int answer;
        char words[UNIT_WORDS_SIZE];
} End;

static void on_end(void *ctx, int answer, const char *words) {
        End *end = ctx;

        end->n++;
        end->answer = answer;
        ck_assert(text_copy(end->words, sizeof(end->words), words));
}

/* One job from order to end. */
static End run(SystemdDouble *m, UnitVerb verb, usec_t timeout) {
        UnitRequest request = { .verb = verb, .unit = "a.service", .timeout_usec = timeout };
        sd_event *event = NULL;
        UnitJob job = {};
        End end = {};

        ck_assert_int_ge(sd_event_new(&event), 0);
        systemd_double_start(m, event);
        ck_assert_int_eq(unit_job_start(&job, event, m->address, &request, on_end, &end), 0);
        while (end.n == 0)
                ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
        while (sd_event_run(event, 0) > 0)
                ; /* whatever comes behind is nobody's any more */
        ck_assert_uint_eq(end.n, 1);
        ck_assert_ptr_null(job.manager);
        unit_job_release(&job);
        systemd_double_stop(m);
        sd_event_unref(event);
        return end;
}

START_TEST(a_job_ends_as_the_manager_says) {
        static const struct {
                const char *name;
                SystemdDouble manager;
                UnitVerb verb;
                int answer;
                const char *method; /* that was ordered; "": none */
                const char *words;
        } rows[] = {
                { "stopped", { .id = "a.service", .result = "done" }, UNIT_STOP, UNIT_DONE,
                        "StopUnit", "" },
                { "restarted", { .id = "a.service", .result = "done" }, UNIT_RESTART, UNIT_DONE,
                        "TryRestartUnit", "" },
                { "over before the answer",
                        { .id = "a.service", .result = "done", .ends_first = true }, UNIT_STOP,
                        UNIT_DONE, "StopUnit", "" },
                { "another job ends first",
                        { .id = "a.service", .result = "done", .another_first = true }, UNIT_STOP,
                        UNIT_DONE, "StopUnit", "" },
                { "both before the answer",
                        { .id = "a.service",
                                .result = "done",
                                .another_first = true,
                                .ends_first = true },
                        UNIT_STOP, UNIT_DONE, "StopUnit", "" },
                { "the manager hangs up on the order", { .id = "a.service", .hangs_up = true },
                        UNIT_STOP, -ECONNRESET, "StopUnit", "" },
                { "the manager executes itself anew", { .id = "a.service", .dies = true },
                        UNIT_STOP, -ECONNRESET, "StopUnit", "" },
                { "canceled", { .id = "a.service", .result = "canceled" }, UNIT_STOP, -ECANCELED,
                        "StopUnit", "canceled" },
                { "timed out", { .id = "a.service", .result = "timeout" }, UNIT_STOP, -ETIMEDOUT,
                        "StopUnit", "timeout" },
                { "failed", { .id = "a.service", .result = "failed" }, UNIT_RESTART, -EIO,
                        "TryRestartUnit", "failed" },
                { "vanished", { .id = NULL }, UNIT_STOP, -ENOENT, "", "not loaded" },
                { "an alias of a vital one", { .id = "systemd-logind.service" }, UNIT_STOP, -EPERM,
                        "", "systemd-logind.service" },
                { "of no kind that is stopped", { .id = "a.slice" }, UNIT_STOP, -EPERM, "",
                        "a.slice" },
                { "not by hand",
                        { .id = "a.service",
                                .refuses = "org.freedesktop.systemd1.OnlyByDependency" },
                        UNIT_STOP, -EPERM, "StopUnit", "so" },
                { "not allowed",
                        { .id = "a.service", .refuses = "org.freedesktop.DBus.Error.AccessDenied" },
                        UNIT_STOP, -EACCES, "StopUnit", "so" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                SystemdDouble m = rows[i].manager;
                End end = run(&m, rows[i].verb, PATIENT);

                ck_assert_msg(end.answer == rows[i].answer, "%s: %d", rows[i].name, end.answer);
                ck_assert_msg(
                        strcmp(m.method, rows[i].method) == 0, "%s: %s", rows[i].name, m.method);
                ck_assert_msg(strstr(end.words, rows[i].words) && !strchr(end.words, '\n'),
                        "%s: \"%s\"", rows[i].name, end.words);
                ck_assert_msg(end.answer < 0 || !end.words[0], "%s: %s", rows[i].name, end.words);
                if (m.method[0]) {
                        ck_assert_str_eq(m.unit, "a.service");
                        ck_assert_str_eq(m.mode, "replace");
                }
        }
}
END_TEST

/* What is late is late however long it is waited for: these end by the clock, not by luck. */
START_TEST(a_job_that_does_not_end_is_late) {
        SystemdDouble slow = { .id = "a.service" }, silent = { .id = "a.service", .silent = true };
        SystemdDouble unasked = { .id = "a.service", .result = "done" };

        ck_assert_int_eq(run(&slow, UNIT_STOP, 200 * USEC_PER_MSEC).answer, UNIT_LATE);
        ck_assert_int_eq(run(&silent, UNIT_STOP, 200 * USEC_PER_MSEC).answer, UNIT_LATE);
        ck_assert_int_eq(run(&unasked, UNIT_STOP, 0).answer, UNIT_LATE);
        ck_assert_str_eq(unasked.method, ""); /* too late to begin */
}
END_TEST

START_TEST(without_a_manager_no_job_is_started) {
        UnitRequest request = { .verb = UNIT_STOP, .unit = "a.service", .timeout_usec = PATIENT };
        SystemdDouble m = { .id = "a.service" };
        sd_event *event = NULL;
        UnitJob job = {};
        End end = {};

        ck_assert_int_ge(sd_event_new(&event), 0);
        systemd_double_start(&m, event);
        systemd_double_stop(&m);
        ck_assert_int_eq(unit_job_start(&job, event, m.address, &request, on_end, &end), -ENOENT);
        ck_assert_ptr_null(job.manager);
        ck_assert_uint_eq(end.n, 0);
        sd_event_unref(event);
}
END_TEST

HARNESS_MAIN("unit-job", a_job_ends_as_the_manager_says, a_job_that_does_not_end_is_late,
        without_a_manager_no_job_is_started)
