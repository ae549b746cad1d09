/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unit-job.h"

#include <errno.h>
#include <stdlib.h>

#define SERVICE "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER SERVICE ".Manager"

typedef struct Job {
        char path[256];
        bool over;
        int answer;
        TextBuf *words;
} Job;

static void unref_message(sd_bus_message **m) {
        sd_bus_message_unref(*m);
}

#define _cleanup_message_ _cleanup_(unref_message)

static void unref_slot(sd_bus_slot **slot) {
        sd_bus_slot_unref(*slot);
}

/* Errors of the manager that libsystemd does not translate for others. */
static int errno_of(const sd_bus_error *error, int r) {
        if (sd_bus_error_has_name(error, SERVICE ".NoSuchUnit"))
                return -ENOENT;
        if (sd_bus_error_has_name(error, SERVICE ".OnlyByDependency"))
                return -EPERM;
        if (sd_bus_error_has_name(error, SERVICE ".UnitMasked"))
                return -ENOENT;
        return r;
}

/* Takes from "UnitNew: ..." on what people can read, in one line. */
static int refuse(Job *job, sd_bus_error *error, int r) {
        r = errno_of(error, r);
        if (error->message)
                textbuf_add_escaped(job->words, error->message, strlen(error->message));
        sd_bus_error_free(error);
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

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        Job *job = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0 ||
                strcmp(path, job->path) != 0)
                return 0;
        job->over = true;
        job->answer = answer_of(result);
        if (job->answer < 0)
                textbuf_addf(job->words, "job ended as \"%.32s\"", result);
        return 0;
}

static uint64_t left(usec_t deadline_usec) {
        return MAX(usec_since(deadline_usec, clock_monotonic_usec()), (usec_t) 1);
}

/* A call that the manager has until the deadline to answer. r as for sd_bus_call(). */
static int call(sd_bus *manager, sd_bus_message *m, usec_t deadline_usec, sd_bus_error *reterr,
        sd_bus_message **ret) {
        if (clock_monotonic_usec() >= deadline_usec)
                return -ETIMEDOUT;
        return sd_bus_call(manager, m, left(deadline_usec), reterr, ret);
}

static int call_manager(sd_bus *manager, const char *method, const char *unit, const char *mode,
        usec_t deadline_usec, sd_bus_error *reterr, sd_bus_message **ret) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(manager, &m, SERVICE, MANAGER_PATH, MANAGER, method);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", unit);
        if (r >= 0 && mode)
                r = sd_bus_message_append(m, "s", mode);
        if (r < 0)
                return r;
        return call(manager, m, deadline_usec, reterr, ret);
}

static int get_id(sd_bus *manager, const char *path, usec_t deadline_usec, sd_bus_error *reterr,
        sd_bus_message **ret) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(
                manager, &m, SERVICE, path, "org.freedesktop.DBus.Properties", "Get");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "ss", SERVICE ".Unit", "Id");
        if (r < 0)
                return r;
        return call(manager, m, deadline_usec, reterr, ret);
}

/* A vital unit may have other names: systemd knows which is its own. */
static int check_name(sd_bus *manager, const UnitRequest *request, usec_t deadline_usec, Job *job) {
        _cleanup_message_ sd_bus_message *unit = NULL, *property = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *path, *id;
        int r;

        r = call_manager(manager, "GetUnit", request->unit, NULL, deadline_usec, &error, &unit);
        if (r < 0)
                return refuse(job, &error, r);
        r = sd_bus_message_read(unit, "o", &path);
        if (r < 0)
                return r;
        r = get_id(manager, path, deadline_usec, &error, &property);
        if (r < 0)
                return refuse(job, &error, r);
        r = sd_bus_message_read(property, "v", "s", &id);
        if (r < 0)
                return r;
        if (!unit_name_is_valid(id) || unit_is_vital(id)) {
                textbuf_add(job->words, "it is ");
                textbuf_add_escaped(job->words, id, strlen(id));
                return -EPERM;
        }
        return 0;
}

static int order(sd_bus *manager, const UnitRequest *request, usec_t deadline_usec, Job *job) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *path;
        int r;

        r = call_manager(manager, request->verb == UNIT_STOP ? "StopUnit" : "TryRestartUnit",
                request->unit, "replace", deadline_usec, &error, &reply);
        if (r < 0)
                return refuse(job, &error, r);
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return r;
        return text_copy(job->path, sizeof(job->path), path) ? 0 : -ENAMETOOLONG;
}

/* The end of the job may be read while its order is still answered; sd-bus keeps it until then. */
static int await_end(sd_bus *manager, usec_t deadline_usec, Job *job) {
        while (!job->over) {
                int r = sd_bus_process(manager, NULL);

                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                if (clock_monotonic_usec() >= deadline_usec)
                        return UNIT_LATE;
                r = sd_bus_wait(manager, left(deadline_usec));
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return job->answer;
}

int unit_job_run(
        sd_bus *manager, const UnitRequest *request, usec_t deadline_usec, TextBuf *ret_words) {
        _cleanup_(unref_slot) sd_bus_slot *slot = NULL;
        Job job = { .words = ret_words };
        int r;

        /* On a connection of its own the manager sends its signals unasked. */
        r = sd_bus_match_signal(
                manager, &slot, NULL, MANAGER_PATH, MANAGER, "JobRemoved", on_removed, &job);
        if (r < 0)
                return r;
        r = check_name(manager, request, deadline_usec, &job);
        if (r >= 0)
                r = order(manager, request, deadline_usec, &job);
        if (r >= 0)
                return await_end(manager, deadline_usec, &job);
        return r == -ETIMEDOUT ? UNIT_LATE : r;
}
