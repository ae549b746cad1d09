/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/systemd-double.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/text.h"

#define MANAGER "org.freedesktop.systemd1.Manager"
#define JOB "/org/freedesktop/systemd1/job/"

static void emit_end(SystemdDouble *m, const char *job, const char *unit, const char *result) {
        ck_assert_int_ge(sd_bus_emit_signal(m->bus, "/org/freedesktop/systemd1", MANAGER,
                                 "JobRemoved", "uoss", (uint32_t) 7, job, unit, result),
                0);
}

void systemd_double_end_job(SystemdDouble *m, const char *result) {
        emit_end(m, JOB "7", m->id, result);
}

static void hang_up(SystemdDouble *m) {
        m->bus = sd_bus_flush_close_unref(m->bus);
}

static int on_order(SystemdDouble *m, sd_bus_message *message) {
        const char *unit, *mode;
        int r;

        ck_assert_int_ge(sd_bus_message_read(message, "ss", &unit, &mode), 0);
        ck_assert(text_copy(m->method, sizeof(m->method), sd_bus_message_get_member(message)));
        ck_assert(text_copy(m->unit, sizeof(m->unit), unit));
        ck_assert(text_copy(m->mode, sizeof(m->mode), mode));
        m->n_orders++;
        if (m->refuses)
                return sd_bus_reply_method_errorf(message, m->refuses, "so\nthere");
        if (m->hangs_up)
                hang_up(m);
        if (m->hangs_up || m->silent)
                return 1;

        if (m->another_first) {
                emit_end(m, JOB "6", m->id, "failed");
                emit_end(m, JOB "5", "b.service", "done");
        }
        if (m->ends_first)
                systemd_double_end_job(m, m->result);
        r = sd_bus_reply_method_return(message, "o", JOB "7");
        if (m->result && !m->ends_first)
                systemd_double_end_job(m, m->result);
        if (m->dies)
                hang_up(m);
        return r;
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        SystemdDouble *m = userdata;

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

static int on_connection(sd_event_source *s, int fd, uint32_t events, void *userdata) {
        SystemdDouble *m = userdata;
        sd_id128_t id;
        int peer;

        (void) s;
        (void) events;
        peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        ck_assert_int_ge(peer, 0);
        if (m->bus)
                hang_up(m);
        ck_assert_int_ge(sd_id128_randomize(&id), 0);
        ck_assert_int_ge(sd_bus_new(&m->bus), 0);
        ck_assert_int_ge(sd_bus_set_fd(m->bus, peer, peer), 0);
        ck_assert_int_ge(sd_bus_set_server(m->bus, 1, id), 0);
        ck_assert_int_ge(sd_bus_add_filter(m->bus, NULL, on_message, m), 0);
        ck_assert_int_ge(sd_bus_start(m->bus), 0);
        ck_assert_int_ge(sd_bus_attach_event(m->bus, m->event, SD_EVENT_PRIORITY_NORMAL), 0);
        return 0;
}

void systemd_double_start(SystemdDouble *m, sd_event *event) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        fixture_init(&m->tree);
        (void) snprintf(m->path, sizeof(m->path), "%s/private", m->tree.path);
        (void) snprintf(m->address, sizeof(m->address), "unix:path=%s", m->path);
        ck_assert(text_copy(address.sun_path, sizeof(address.sun_path), m->path));
        m->event = event;
        m->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ck_assert_int_ge(m->fd, 0);
        ck_assert_int_eq(bind(m->fd, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(listen(m->fd, 8), 0);
        ck_assert_int_ge(
                sd_event_add_io(event, &m->listening, m->fd, EPOLLIN, on_connection, m), 0);
}

void systemd_double_stop(SystemdDouble *m) {
        if (m->bus)
                hang_up(m);
        m->listening = sd_event_source_disable_unref(m->listening);
        m->fd = close_fd(m->fd);
        (void) unlink(m->path);
        fixture_done(&m->tree);
}
