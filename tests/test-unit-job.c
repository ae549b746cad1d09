/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unit-job.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/harness.h"

#define MANAGER "org.freedesktop.systemd1.Manager"
#define JOB "/org/freedesktop/systemd1/job/7"
#define PATIENT (20 * USEC_PER_SEC) /* never used up by a test that passes */

/* A manager at the other end, on a thread of its own, that does as the test says. */
typedef struct Manager {
        const char *id;      /* of the unit; NULL: it is not loaded */
        const char *refuses; /* the name of an error for the order */
        const char *result;  /* of the job; NULL: it goes on for ever */
        bool ends_first;     /* the job's end is said before the answer to the order */
        bool another_first;  /* the end of another job comes before */
        bool hangs_up;       /* instead of answering the order */
        bool silent;         /* answers no order */
        int fd;
        char method[32];
        char unit[64];
        char mode[16];
        bool over;
} Manager;

static int emit_end(sd_bus *bus, const char *job, const char *result) {
        return sd_bus_emit_signal(bus, "/org/freedesktop/systemd1", MANAGER, "JobRemoved", "uoss",
                (uint32_t) 7, job, "a.service", result);
}

static int on_order(Manager *m, sd_bus_message *message) {
        sd_bus *bus = sd_bus_message_get_bus(message);
        const char *unit, *mode;
        int r;

        ck_assert_int_ge(sd_bus_message_read(message, "ss", &unit, &mode), 0);
        ck_assert(text_copy(m->method, sizeof(m->method), sd_bus_message_get_member(message)));
        ck_assert(text_copy(m->unit, sizeof(m->unit), unit));
        ck_assert(text_copy(m->mode, sizeof(m->mode), mode));
        if (m->refuses)
                return sd_bus_reply_method_errorf(message, m->refuses, "so\nthere");
        if (m->hangs_up || m->silent) {
                m->over = m->hangs_up;
                return 1;
        }

        if (m->another_first)
                (void) emit_end(bus, "/org/freedesktop/systemd1/job/6", "failed");
        if (m->ends_first)
                (void) emit_end(bus, JOB, m->result);
        r = sd_bus_reply_method_return(message, "o", JOB);
        if (m->result && !m->ends_first)
                (void) emit_end(bus, JOB, m->result);
        return r;
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        Manager *m = userdata;

        (void) reterr;
        if (sd_bus_message_is_method_call(message, MANAGER, "GetUnit") > 0)
                return m->id ? sd_bus_reply_method_return(
                                       message, "o", "/org/freedesktop/systemd1/unit/a")
                             : sd_bus_reply_method_errorf(message,
                                       "org.freedesktop.systemd1.NoSuchUnit", "not loaded");
        if (sd_bus_message_is_method_call(message, "org.freedesktop.DBus.Properties", "Get") > 0)
                return sd_bus_reply_method_return(message, "v", "s", m->id);
        if (sd_bus_message_is_method_call(message, MANAGER, NULL) > 0)
                return on_order(m, message);
        return 0;
}

static void *manage(void *ctx) {
        Manager *m = ctx;
        sd_bus *bus = NULL;
        sd_id128_t id;
        int r;

        ck_assert_int_ge(sd_id128_randomize(&id), 0);
        ck_assert_int_ge(sd_bus_new(&bus), 0);
        ck_assert_int_ge(sd_bus_set_fd(bus, m->fd, m->fd), 0);
        ck_assert_int_ge(sd_bus_set_server(bus, 1, id), 0);
        ck_assert_int_ge(sd_bus_add_filter(bus, NULL, on_message, m), 0);
        ck_assert_int_ge(sd_bus_start(bus), 0);
        do {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        } while (r >= 0 && !m->over);
        sd_bus_close(bus);
        sd_bus_unref(bus);
        return NULL;
}

/* One job from order to end. */
static int run(Manager *m, UnitVerb verb, usec_t timeout, char *words, size_t size) {
        UnitRequest request = { .verb = verb, .unit = "a.service", .timeout_usec = timeout };
        sd_bus *bus = NULL;
        pthread_t thread;
        TextBuf b;
        int fds[2], r;

        ck_assert_int_eq(
                socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        m->fd = fds[1];
        ck_assert_int_eq(pthread_create(&thread, NULL, manage, m), 0);
        ck_assert_int_ge(sd_bus_new(&bus), 0);
        ck_assert_int_ge(sd_bus_set_fd(bus, fds[0], fds[0]), 0);
        ck_assert_int_ge(sd_bus_start(bus), 0);

        textbuf_init(&b, words, size);
        r = unit_job_run(bus, &request, usec_add(clock_monotonic_usec(), timeout), &b);
        sd_bus_close(bus);
        sd_bus_unref(bus);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        return r;
}

START_TEST(a_job_ends_as_the_manager_says) {
        static const struct {
                const char *name;
                Manager manager;
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
                Manager m = rows[i].manager;
                char words[256];
                int r;

                r = run(&m, rows[i].verb, PATIENT, words, sizeof(words));
                ck_assert_msg(r == rows[i].answer, "%s: %d", rows[i].name, r);
                ck_assert_msg(
                        strcmp(m.method, rows[i].method) == 0, "%s: %s", rows[i].name, m.method);
                ck_assert_msg(strstr(words, rows[i].words) && !strchr(words, '\n'), "%s: \"%s\"",
                        rows[i].name, words);
                if (m.method[0]) {
                        ck_assert_str_eq(m.unit, "a.service");
                        ck_assert_str_eq(m.mode, "replace");
                }
        }
}
END_TEST

START_TEST(a_manager_that_hangs_up_is_an_error) {
        Manager m = { .id = "a.service", .hangs_up = true };
        char words[256];

        ck_assert_int_lt(run(&m, UNIT_STOP, PATIENT, words, sizeof(words)), 0);
}
END_TEST

/* What is late is late however long it is waited for: these end by the clock, not by luck. */
START_TEST(a_job_that_does_not_end_is_late) {
        Manager slow = { .id = "a.service" }, silent = { .id = "a.service", .silent = true };
        Manager unasked = { .id = "a.service", .result = "done" };
        char words[256];

        ck_assert_int_eq(
                run(&slow, UNIT_STOP, 200 * USEC_PER_MSEC, words, sizeof(words)), UNIT_LATE);
        ck_assert_int_eq(
                run(&silent, UNIT_STOP, 200 * USEC_PER_MSEC, words, sizeof(words)), UNIT_LATE);
        ck_assert_int_eq(run(&unasked, UNIT_STOP, 0, words, sizeof(words)), UNIT_LATE);
        ck_assert_str_eq(unasked.method, ""); /* too late to begin */
}
END_TEST

HARNESS_MAIN("unit-job", a_job_ends_as_the_manager_says, a_manager_that_hangs_up_is_an_error,
        a_job_that_does_not_end_is_late)
