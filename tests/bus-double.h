/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A stand-in for avertd's private socket, in a process of its own: it speaks the real protocol and
 * answers what the test says. For the tests of the client library and of avertctl. */

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>
#include <sys/types.h>

typedef struct BusDouble {
        char path[280]; /* of the socket */
        pid_t pid;
} BusDouble;

typedef struct BusDoubleAnswers {
        const char *describe; /* NULL: refuses with AccessDenied */
        const char *policies;
        const char *consumers; /* of ListConsumers; NULL: AccessDenied */
        const char *explain;
        const char *command_line;  /* of whomever; NULL: AccessDenied */
        int unreadable_below;      /* pids for which that is IOError */
        int accepted;              /* of Reload and ReleaseLeases */
        const char *message;       /* likewise; NULL: AccessDenied */
        const char *const *events; /* sent once Describe was asked, NULL-terminated; may be NULL */
        int events_at_once;        /* or as soon as the peer is there */
        int dies_on_describe;      /* closes the connection instead of answering */
        int is_mute;               /* listens, but never greets */
} BusDoubleAnswers;

#define BUS_DOUBLE_PATH "/org/avert1"
#define BUS_DOUBLE_INTERFACE "org.avert1.Manager"

static int bus_double_denied(sd_bus_error *reterr) {
        return sd_bus_error_set(reterr, SD_BUS_ERROR_ACCESS_DENIED, "only root may do that");
}

static int bus_double_send_events(sd_bus *bus, const BusDoubleAnswers *a) {
        int r = 0;

        for (size_t i = 0; r >= 0 && a->events && a->events[i]; i++)
                r = sd_bus_emit_signal(
                        bus, BUS_DOUBLE_PATH, BUS_DOUBLE_INTERFACE, "Event", "s", a->events[i]);
        return r;
}

static int bus_double_answer_describe(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusDoubleAnswers *a = userdata;
        int r;

        if (a->dies_on_describe)
                _exit(0);
        if (!a->describe)
                return bus_double_denied(reterr);

        r = sd_bus_reply_method_return(m, "s", a->describe);
        return r < 0 ? r : bus_double_send_events(sd_bus_message_get_bus(m), a);
}

static int bus_double_answer_policies(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusDoubleAnswers *a = userdata;

        return a->policies ? sd_bus_reply_method_return(m, "s", a->policies)
                           : bus_double_denied(reterr);
}

static int bus_double_answer_consumers(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusDoubleAnswers *a = userdata;

        return a->consumers ? sd_bus_reply_method_return(m, "s", a->consumers)
                            : bus_double_denied(reterr);
}

static int bus_double_answer_explain(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusDoubleAnswers *a = userdata;
        const char *policy;
        char text[512];
        int pid, r;

        (void) reterr;
        r = sd_bus_message_read(m, "si", &policy, &pid);
        if (r < 0)
                return r;
        if (a->explain[0] == '{') /* JSON as it is */
                return sd_bus_reply_method_return(m, "s", a->explain);

        snprintf(text, sizeof(text), "%s/%d/%s", policy, pid, a->explain);
        return sd_bus_reply_method_return(m, "s", text);
}

static int bus_double_answer_command_line(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusDoubleAnswers *a = userdata;
        uint64_t start_ticks;
        char text[512];
        int pid, r;

        r = sd_bus_message_read(m, "it", &pid, &start_ticks);
        if (r < 0)
                return r;
        if (!a->command_line)
                return bus_double_denied(reterr);
        if (pid < a->unreadable_below)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_IO_ERROR, "it hangs");
        snprintf(text, sizeof(text), "%d@%llu %s", pid, (unsigned long long) start_ticks,
                a->command_line);
        return sd_bus_reply_method_return(m, "s", text);
}

static int bus_double_answer_reload(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusDoubleAnswers *a = userdata;

        if (!a->message)
                return bus_double_denied(reterr);
        return sd_bus_reply_method_return(m, "bs", a->accepted, a->message);
}

static int bus_double_answer_check(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusDoubleAnswers *a = userdata;
        char text[512];

        if (!a->message)
                return bus_double_denied(reterr);
        snprintf(text, sizeof(text), "would: %s", a->message);
        return sd_bus_reply_method_return(m, "bs", a->accepted, text);
}

static int bus_double_answer_release(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusDoubleAnswers *a = userdata;
        char text[512];
        uint64_t id;
        int r;

        if (!a->message)
                return bus_double_denied(reterr);
        r = sd_bus_message_read(m, "t", &id);
        if (r < 0)
                return r;
        snprintf(text, sizeof(text), "%llu: %s", (unsigned long long) id, a->message);
        return sd_bus_reply_method_return(m, "bs", a->accepted, text);
}

/* "WHO/USEC/DRY: MESSAGE" */
static int bus_double_answer_steer(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *types = sd_bus_message_get_signature(m, 1), *who = "";
        const BusDoubleAnswers *a = userdata;
        uint64_t usec = 0;
        char text[512];
        int dry, r = 0;

        if (!a->message)
                return bus_double_denied(reterr);
        if (*types == 's')
                r = sd_bus_message_read(m, "s", &who);
        if (r >= 0 && strchr(types, 't'))
                r = sd_bus_message_read(m, "t", &usec);
        if (r >= 0)
                r = sd_bus_message_read(m, "b", &dry);
        if (r < 0)
                return r;
        snprintf(text, sizeof(text), "%s %s/%llu/%d: %s", sd_bus_message_get_member(m), who,
                (unsigned long long) usec, dry, a->message);
        return sd_bus_reply_method_return(m, "bs", a->accepted, text);
}

static int bus_double_answer_level(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusDoubleAnswers *a = userdata;
        const char *level;
        int r;

        if (!a->message)
                return bus_double_denied(reterr);
        r = sd_bus_message_read(m, "s", &level);
        return r < 0 ? r : sd_bus_reply_method_return(m, "bs", a->accepted, level);
}

static int bus_double_get_level(sd_bus *bus, const char *path, const char *interface,
        const char *property, sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        (void) bus;
        (void) path;
        (void) interface;
        (void) property;
        (void) userdata;
        (void) reterr;
        return sd_bus_message_append(m, "s", "notice");
}

static const sd_bus_vtable bus_double_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Describe", "", "s", bus_double_answer_describe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD(
                "ListPolicies", "", "s", bus_double_answer_policies, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD(
                "ListConsumers", "", "s", bus_double_answer_consumers, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Explain", "si", "s", bus_double_answer_explain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD(
                "ExplainJson", "si", "s", bus_double_answer_explain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("CommandLine", "it", "s", bus_double_answer_command_line,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Reload", "", "bs", bus_double_answer_reload, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("CheckReload", "", "bs", bus_double_answer_check, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD(
                "ReleaseLeases", "t", "bs", bus_double_answer_release, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Pause", "tb", "bs", bus_double_answer_steer, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Resume", "b", "bs", bus_double_answer_steer, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Protect", "stb", "bs", bus_double_answer_steer, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Unprotect", "sb", "bs", bus_double_answer_steer, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD(
                "SetLogLevel", "s", "bs", bus_double_answer_level, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("LogLevel", "s", bus_double_get_level, 0, 0),
        SD_BUS_SIGNAL("Event", "s", 0),
        SD_BUS_VTABLE_END,
};

/* Serves one peer until it leaves. */
static int bus_double_serve(int fd, const BusDoubleAnswers *answers) {
        sd_bus *bus = NULL;
        sd_id128_t id = { .bytes = { 1 } };
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r >= 0)
                r = sd_bus_set_server(bus, 1, id);
        if (r >= 0)
                r = sd_bus_add_object_vtable(bus, NULL, BUS_DOUBLE_PATH, BUS_DOUBLE_INTERFACE,
                        bus_double_vtable, (void *) (uintptr_t) answers);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0 && answers->events_at_once)
                r = bus_double_send_events(bus, answers);

        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        sd_bus_unref(bus);
        return r;
}

static int bus_double_listen_at(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_ge(fd, 0);
        ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
        strcpy(address.sun_path, path);
        ck_assert_int_eq(bind(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(listen(fd, 4), 0);
        return fd;
}

/* Listens in `dir`; the socket is there when this returns. Explain answers "POLICY/PID/" and the
 * text. */
static void bus_double_start(BusDouble *d, const char *dir, const BusDoubleAnswers *answers) {
        int listener;

        snprintf(d->path, sizeof(d->path), "%s/bus", dir);
        listener = bus_double_listen_at(d->path);

        d->pid = fork();
        ck_assert_int_ge(d->pid, 0);
        if (d->pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                while (answers->is_mute)
                        pause();
                for (;;) {
                        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                        if (fd >= 0)
                                (void) bus_double_serve(fd, answers);
                }
        }
        close(listener);
}

/* Ends the process. */
static void bus_double_stop(BusDouble *d) {
        kill(d->pid, SIGKILL);
        while (waitpid(d->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        unlink(d->path);
}
