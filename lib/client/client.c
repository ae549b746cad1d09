/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/avert.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/macro.h"
#include "base/text.h"
#include "client/connect.h"

#define OBJECT_PATH "/org/avert1"
#define INTERFACE "org.avert1.Manager"
#define BUS_NAME "org.avert1"
#define TIMEOUT_USEC (5 * USEC_PER_SEC)
#define PASSWORD_USEC (2 * USEC_PER_MIN) /* somebody may be asked for one */

/* A burst is taken in this many messages at a time, so that a flood cannot keep the caller in one
 * call. */
#define PROCESS_MAX 64

struct AvertClient {
        unsigned refs;
        sd_bus *bus;
        const char *name; /* of the daemon on the bus, literal; NULL: there is only the daemon */
        sd_bus_slot *events;
        AvertEventHandler on_event;
        void *userdata;
        usec_t change_usec; /* how long a change may take; 0: as long as anything */
        char error[512];
};

static void message_unrefp(sd_bus_message **m) {
        sd_bus_message_unref(*m);
}

static void client_unrefp(AvertClient **c) {
        avert_client_unref(*c);
}

/* sd-bus itself would wait for the greeting for a minute and a half. */
static int wait_until_ready(sd_bus *bus, usec_t deadline_usec) {
        usec_t now;
        int r;

        for (;;) {
                r = sd_bus_process(bus, NULL);
                if (r < 0)
                        return r;
                if (sd_bus_is_ready(bus) > 0)
                        return 0;
                if (r > 0)
                        continue;

                now = clock_monotonic_usec();
                if (now >= deadline_usec)
                        return -ETIMEDOUT;

                r = sd_bus_wait(bus, deadline_usec - now);
                if (r < 0 && r != -EINTR)
                        return r;
        }
}

static int start_bus(AvertClient *c, const char *path) {
        _cleanup_close_ int fd = FD_NONE;
        int r;

        /* Not in sd-bus: the errno tells a missing daemon from a forbidden one. */
        r = connect_socket(path, &fd);
        if (r < 0)
                return r;

        r = sd_bus_new(&c->bus);
        if (r < 0)
                return r;

        r = sd_bus_set_fd(c->bus, fd, fd);
        if (r < 0)
                return r;
        (void) TAKE_FD(fd); /* the bus closes it */

        r = sd_bus_start(c->bus);
        if (r < 0)
                return r;

        r = wait_until_ready(c->bus, usec_add(clock_monotonic_usec(), TIMEOUT_USEC));
        if (r < 0)
                return r;

        return sd_bus_set_method_call_timeout(c->bus, TIMEOUT_USEC);
}

/* Whether the daemon is there; it is not started for it. */
static int find_daemon(sd_bus *bus) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                "org.freedesktop.DBus", "GetNameOwner", &error, NULL, "s", BUS_NAME);
        if (sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                r = -ENXIO;
        sd_bus_error_free(&error);
        return r < 0 ? r : 0;
}

static int start_system(AvertClient *c) {
        int r;

        r = sd_bus_open_system_with_description(&c->bus, "avert");
        if (r < 0)
                return r;
        r = wait_until_ready(c->bus, usec_add(clock_monotonic_usec(), TIMEOUT_USEC));
        if (r < 0)
                return r;
        r = sd_bus_set_method_call_timeout(c->bus, TIMEOUT_USEC);
        if (r < 0)
                return r;
        r = find_daemon(c->bus);
        if (r < 0)
                return r;
        c->change_usec = PASSWORD_USEC;
        return sd_bus_set_allow_interactive_authorization(c->bus, 1);
}

_public_ int avert_client_open(const char *path, AvertClient **ret) {
        _cleanup_(client_unrefp) AvertClient *c = NULL;
        int r;

        if (!path)
                path = secure_getenv("AVERT_BUS");
        if (!path || !*path)
                path = AVERT_BUS_PATH;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->refs = 1;

        r = start_bus(c, path);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(c);
        return 0;
}

_public_ int avert_client_open_system(AvertClient **ret) {
        _cleanup_(client_unrefp) AvertClient *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->refs = 1;
        c->name = BUS_NAME;

        r = start_system(c);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(c);
        return 0;
}

_public_ AvertClient *avert_client_ref(AvertClient *client) {
        client->refs++;
        return client;
}

_public_ AvertClient *avert_client_unref(AvertClient *client) {
        if (!client || --client->refs > 0)
                return NULL;

        sd_bus_slot_unref(client->events);
        sd_bus_close_unref(client->bus);
        free(client);
        return NULL;
}

_public_ void avert_client_set_timeout(AvertClient *client, uint64_t usec) {
        client->change_usec = usec == 0 && client->name ? PASSWORD_USEC : 0;
        (void) sd_bus_set_method_call_timeout(client->bus, usec == 0 ? TIMEOUT_USEC : usec);
}

_public_ const char *avert_client_get_error(AvertClient *client) {
        return client->error;
}

/* Takes the error of a call that ended with r, and what the daemon says. 0 or negative errno. */
static int keep_error(AvertClient *c, sd_bus_error *error, int r) {
        if (!sd_bus_error_is_set(error))
                return r < 0 ? r : 0;
        if (error->message)
                (void) text_copy(c->error, sizeof(c->error), error->message);
        r = -sd_bus_error_get_errno(error);
        sd_bus_error_free(error);
        return r;
}

/* Calls a method of the daemon and keeps what it says when it refuses. usec: for how long at most;
 * 0: as is set. */
static int call_for(AvertClient *c, usec_t usec, const char *member, sd_bus_message **ret,
        const char *types, va_list ap) {
        _cleanup_(message_unrefp) sd_bus_message *m = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        c->error[0] = '\0';

        r = sd_bus_message_new_method_call(c->bus, &m, c->name, OBJECT_PATH, INTERFACE, member);
        if (r >= 0 && *types)
                r = sd_bus_message_appendv(m, types, ap);
        if (r >= 0)
                r = sd_bus_call(c->bus, m, usec, &error, ret);

        return keep_error(c, &error, r);
}

static int take_string(sd_bus_message *reply, char **ret) {
        const char *text;
        char *copy;
        int r;

        r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return r;

        copy = strdup(text);
        if (!copy)
                return -ENOMEM;

        *ret = copy;
        return 0;
}

/* Calls a method that answers with a text. */
static int call_for_text(AvertClient *c, const char *member, char **ret, const char *types, ...) {
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        va_list ap;
        int r;

        va_start(ap, types);
        r = call_for(c, 0, member, &reply, types, ap);
        va_end(ap);
        return r < 0 ? r : take_string(reply, ret);
}

_public_ int avert_client_describe(AvertClient *client, char **ret_json) {
        return call_for_text(client, "Describe", ret_json, "");
}

_public_ int avert_client_list_policies(AvertClient *client, char **ret_json) {
        return call_for_text(client, "ListPolicies", ret_json, "");
}

_public_ int avert_client_list_consumers(AvertClient *client, char **ret_json) {
        return call_for_text(client, "ListConsumers", ret_json, "");
}

_public_ int avert_client_explain(
        AvertClient *client, const char *policy, int32_t pid, char **ret_text) {
        return call_for_text(client, "Explain", ret_text, "si", policy ? policy : "", (int) pid);
}

_public_ int avert_client_explain_json(
        AvertClient *client, const char *policy, int32_t pid, char **ret_json) {
        return call_for_text(
                client, "ExplainJson", ret_json, "si", policy ? policy : "", (int) pid);
}

_public_ int avert_client_command_line(
        AvertClient *client, int32_t pid, uint64_t start_ticks, char **ret_text) {
        return call_for_text(client, "CommandLine", ret_text, "it", (int) pid, start_ticks);
}

/* Whether it was done, and a sentence about it. */
static int take_verdict(sd_bus_message *reply, bool *ret_good, char **ret_message) {
        const char *message;
        char *copy = NULL;
        int good, r;

        r = sd_bus_message_read(reply, "bs", &good, &message);
        if (r < 0)
                return r;

        if (ret_message) {
                copy = strdup(message);
                if (!copy)
                        return -ENOMEM;
                *ret_message = copy;
        }

        *ret_good = good != 0;
        return 0;
}

/* Calls a method that changes something. */
static int call_to_change(AvertClient *c, const char *member, bool *ret_good, char **ret_message,
        const char *types, ...) {
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        va_list ap;
        int r;

        va_start(ap, types);
        r = call_for(c, c->change_usec, member, &reply, types, ap);
        va_end(ap);
        return r < 0 ? r : take_verdict(reply, ret_good, ret_message);
}

_public_ int avert_client_reload(AvertClient *client, bool *ret_accepted, char **ret_message) {
        return call_to_change(client, "Reload", ret_accepted, ret_message, "");
}

_public_ int avert_client_check_reload(
        AvertClient *client, bool *ret_accepted, char **ret_message) {
        return call_to_change(client, "CheckReload", ret_accepted, ret_message, "");
}

_public_ int avert_client_release_leases(
        AvertClient *client, uint64_t id, bool *ret_released, char **ret_message) {
        return call_to_change(client, "ReleaseLeases", ret_released, ret_message, "t", id);
}

_public_ int avert_client_pause(
        AvertClient *client, uint64_t usec, bool dry_run, bool *ret_done, char **ret_message) {
        return call_to_change(client, "Pause", ret_done, ret_message, "tb", usec, (int) dry_run);
}

_public_ int avert_client_resume(
        AvertClient *client, bool dry_run, bool *ret_done, char **ret_message) {
        return call_to_change(client, "Resume", ret_done, ret_message, "b", (int) dry_run);
}

_public_ int avert_client_protect(AvertClient *client, const char *who, uint64_t usec, bool dry_run,
        bool *ret_done, char **ret_message) {
        return call_to_change(
                client, "Protect", ret_done, ret_message, "stb", who, usec, (int) dry_run);
}

_public_ int avert_client_unprotect(
        AvertClient *client, const char *who, bool dry_run, bool *ret_done, char **ret_message) {
        return call_to_change(client, "Unprotect", ret_done, ret_message, "sb", who, (int) dry_run);
}

_public_ int avert_client_get_log_level(AvertClient *client, char **ret_level) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        client->error[0] = '\0';
        r = sd_bus_get_property_string(
                client->bus, client->name, OBJECT_PATH, INTERFACE, "LogLevel", &error, ret_level);
        return keep_error(client, &error, r);
}

_public_ int avert_client_set_log_level(
        AvertClient *client, const char *level, bool *ret_done, char **ret_message) {
        return call_to_change(client, "SetLogLevel", ret_done, ret_message, "s", level);
}

static int on_event(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        AvertClient *c = userdata;
        const char *json;

        (void) reterr;
        if (c->on_event && sd_bus_message_read(m, "s", &json) >= 0)
                c->on_event(c->userdata, json);
        return 0;
}

_public_ int avert_client_subscribe(
        AvertClient *client, AvertEventHandler handler, void *userdata) {
        int r;

        if (handler && !client->events) {
                r = sd_bus_match_signal(client->bus, &client->events, client->name, OBJECT_PATH,
                        INTERFACE, "Event", on_event, client);
                if (r < 0)
                        return r;
        }
        if (!handler)
                client->events = sd_bus_slot_unref(client->events);

        client->on_event = handler;
        client->userdata = userdata;
        return 0;
}

_public_ int avert_client_get_fd(AvertClient *client) {
        return sd_bus_get_fd(client->bus);
}

_public_ int avert_client_get_events(AvertClient *client) {
        return sd_bus_get_events(client->bus);
}

_public_ int avert_client_get_timeout(AvertClient *client, uint64_t *ret_usec) {
        uint64_t usec;
        int r;

        r = sd_bus_get_timeout(client->bus, &usec);
        if (r < 0)
                return r;

        *ret_usec = usec;
        return 0;
}

_public_ int avert_client_process(AvertClient *client) {
        int r = 0;

        for (int i = 0; i < PROCESS_MAX; i++) {
                r = sd_bus_process(client->bus, NULL);
                if (r < 0)
                        return r;
                if (r == 0)
                        return i > 0;
        }
        return 1;
}
