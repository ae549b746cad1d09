/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unit-job.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define SERVICE "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER SERVICE ".Manager"
#define LOCAL "org.freedesktop.DBus.Local" /* what sd-bus says itself */

void unit_job_release(UnitJob *job) {
        job->deadline = sd_event_source_disable_unref(job->deadline);
        job->call = sd_bus_slot_unref(job->call);
        job->removed = sd_bus_slot_unref(job->removed);
        job->disconnected = sd_bus_slot_unref(job->disconnected);
        job->manager = sd_bus_close_unref(job->manager);
}

/* For handlers, which sd-bus and sd-event want to see succeed. */
static int finish(UnitJob *job, int answer) {
        unit_job_release(job);
        job->end(job->ctx, answer, job->words);
        return 0;
}

static void say(UnitJob *job, const char *before, const char *text) {
        TextBuf b;

        textbuf_init(&b, job->words, sizeof(job->words));
        textbuf_add(&b, before);
        textbuf_add_escaped(&b, text, strlen(text));
}

/* Errors of the manager that libsystemd does not translate for others. */
static int errno_of(const sd_bus_error *error) {
        static const struct {
                const char *name;
                int error;
        } known[] = {
                { SERVICE ".NoSuchUnit", -ENOENT },
                { SERVICE ".OnlyByDependency", -EPERM },
                { SERVICE ".UnitMasked", -ENOENT },
                /* what sd-bus answers calls with when the connection ends: none waits so long that
                 * it could be late */
                { SD_BUS_ERROR_NO_REPLY, -ECONNRESET },
        };

        for (size_t i = 0; i < ELEMENTS(known); i++)
                if (sd_bus_error_has_name(error, known[i].name))
                        return known[i].error;
        return -sd_bus_error_get_errno(error);
}

/* 0 when the call was answered; else negative errno, and the words that people can read are taken
 * from "UnitNew: ..." on. */
static int check_reply(UnitJob *job, sd_bus_message *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        int r;

        job->call = sd_bus_slot_unref(job->call);
        if (!error)
                return 0;
        r = errno_of(error);
        if (r != -ECONNRESET && error->message)
                say(job, "", error->message);
        return r;
}

/* The results are those of systemd's job.c. */
static int answer_of(const char *result) {
        static const struct {
                const char *result;
                int answer;
        } known[] = {
                { "done", UNIT_DONE },
                { "canceled", -ECANCELED },
                { "timeout", -ETIMEDOUT },
                { "skipped", -ECANCELED },
        };

        for (size_t i = 0; i < ELEMENTS(known); i++)
                if (strcmp(result, known[i].result) == 0)
                        return known[i].answer;
        return -EIO;
}

static void say_result(UnitJob *job, const char *result) {
        job->words[0] = '\0';
        if (answer_of(result) < 0)
                say(job, "job ended as ", result);
}

/* The end may come before the answer to the order. Of the jobs of a unit the manager lets the
 * replaced one end first: the last that ended is ours, or ours goes on. */
static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        UnitJob *job = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
                return 0;
        if (job->path[0] && strcmp(path, job->path) == 0) {
                say_result(job, result);
                return finish(job, answer_of(result));
        }
        if (!job->path[0] && strcmp(unit, job->id) == 0 &&
                text_copy(job->early_path, sizeof(job->early_path), path)) {
                job->early_answer = answer_of(result);
                say_result(job, result);
        }
        return 0;
}

static int on_ordered(sd_bus_message *reply, void *userdata, sd_bus_error *reterr _unused_) {
        UnitJob *job = userdata;
        const char *path;
        int r;

        r = check_reply(job, reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return finish(job, r);
        if (!text_copy(job->path, sizeof(job->path), path))
                return finish(job, -ENAMETOOLONG);

        if (strcmp(job->early_path, job->path) == 0)
                return finish(job, job->early_answer);
        job->words[0] = '\0'; /* of another job's end */
        return 0;
}

/* A vital unit may have other names: systemd knows which is its own. */
static int on_id(sd_bus_message *reply, void *userdata, sd_bus_error *reterr _unused_) {
        UnitJob *job = userdata;
        const char *id;
        int r;

        r = check_reply(job, reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "v", "s", &id);
        if (r < 0)
                return finish(job, r);
        if (!unit_name_is_valid(id) || unit_is_vital(id)) {
                say(job, "it is ", id);
                return finish(job, -EPERM);
        }
        if (!text_copy(job->id, sizeof(job->id), id))
                return finish(job, -ENAMETOOLONG);

        r = sd_bus_call_method_async(job->manager, &job->call, SERVICE, MANAGER_PATH, MANAGER,
                job->request.verb == UNIT_STOP ? "StopUnit" : "TryRestartUnit", on_ordered, job,
                "ss", job->request.unit, "replace");
        return r < 0 ? finish(job, r) : 0;
}

static int on_unit(sd_bus_message *reply, void *userdata, sd_bus_error *reterr _unused_) {
        UnitJob *job = userdata;
        const char *path;
        int r;

        r = check_reply(job, reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
                r = sd_bus_call_method_async(job->manager, &job->call, SERVICE, path,
                        "org.freedesktop.DBus.Properties", "Get", on_id, job, "ss", SERVICE ".Unit",
                        "Id");
        return r < 0 ? finish(job, r) : 0;
}

static int on_disconnected(
        sd_bus_message *m _unused_, void *userdata, sd_bus_error *reterr _unused_) {
        return finish(userdata, -ECONNRESET);
}

static int on_deadline(sd_event_source *s _unused_, uint64_t usec _unused_, void *userdata) {
        UnitJob *job = userdata;

        job->words[0] = '\0';
        return finish(job, UNIT_LATE);
}

/* On a connection of its own the manager sends its signals unasked. */
static int connect_manager(UnitJob *job, sd_event *event, const char *address) {
        sd_bus *bus;
        int r;

        r = sd_bus_new(&job->manager);
        if (r < 0)
                return r;
        bus = job->manager;
        r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus, 2 * UNIT_TIMEOUT_MAX_USEC);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_match_signal(bus, &job->removed, NULL, MANAGER_PATH, MANAGER,
                        "JobRemoved", on_removed, job);
        if (r >= 0)
                r = sd_bus_match_signal(bus, &job->disconnected, NULL, NULL, LOCAL, "Disconnected",
                        on_disconnected, job);
        return r;
}

/* The deadline is looked at before the connection: what is late when it begins orders nothing. */
static int begin(UnitJob *job, sd_event *event, const char *address) {
        int r;

        r = sd_event_add_time_relative(event, &job->deadline, CLOCK_MONOTONIC,
                job->request.timeout_usec, USEC_PER_MSEC, on_deadline, job);
        if (r >= 0)
                r = sd_event_source_set_priority(job->deadline, SD_EVENT_PRIORITY_IMPORTANT);
        if (r >= 0)
                r = connect_manager(job, event, address);
        if (r >= 0)
                r = sd_bus_call_method_async(job->manager, &job->call, SERVICE, MANAGER_PATH,
                        MANAGER, "GetUnit", on_unit, job, "s", job->request.unit);
        return r;
}

int unit_job_start(UnitJob *job, sd_event *event, const char *address, const UnitRequest *request,
        UnitJobEnd end, void *ctx) {
        int r;

        *job = (UnitJob){ .request = *request, .end = end, .ctx = ctx };
        r = begin(job, event, address);
        if (r < 0)
                unit_job_release(job);
        return r < 0 ? r : 0;
}
