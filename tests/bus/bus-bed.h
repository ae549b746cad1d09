/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A bus of avertd's in a process of its own, because a client that waits for an answer would keep
 * it from giving one; and the ways to it. The view behind it is a double. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/bus-server.h"
#include "daemon/bus-system.h"
#include "daemon/bus.h"
#include "daemon/inquiry.h"
#include "engine/slow-reader.h"
#include "tests/harness.h"
#include "tests/tree-fixture.h"
#include "tests/view-double.h"

enum { NOBODY = 65534 };

/* How long a question waits, in beds that are made from now on. */
static usec_t bed_patience_usec = USEC_PER_MIN;

/* When a process counts as one that cannot be read, likewise. */
static usec_t bed_reading_usec = USEC_PER_SEC;

/* ---- the server's process
 * ------------------------------------------------------------------------- */

typedef struct Server {
        ViewDouble data;
        sd_event *event;
        sd_event_source *ready; /* stands for the engine's view descriptor */
        Inquiries inquiries;
        SlowReader *reader;
        Bus *bus;
        bool mute; /* views are not made */
        bool is_ready;
        unsigned n_changes;
        int orders_fd; /* a letter each, from the test */
        int answers_fd;
} Server;

static int request(void *ctx, bool with_processes) {
        Server *s = ctx;

        s->data.view.sample.n_procs = with_processes ? ELEMENTS(s->data.procs) : 0;
        if (!s->mute)
                (void) sd_event_source_set_enabled(s->ready, SD_EVENT_ONESHOT);
        return 0;
}

static View *get(void *ctx) {
        return &((Server *) ctx)->data.view;
}

static void release(void *ctx) {
        (void) ctx;
}

static int on_ready(sd_event_source *source, void *userdata) {
        Server *s = userdata;

        (void) source;
        inquiries_dispatch(&s->inquiries, clock_monotonic_usec());
        return 0;
}

static int reload(void *ctx, TextBuf *ret) {
        (void) ctx;
        textbuf_add(ret, "refused, the policy in force stays: no such thing");
        return -EINVAL;
}

static int check_reload(void *ctx, TextBuf *ret) {
        (void) ctx;
        textbuf_add(ret, "would be refused: no such thing");
        return -EINVAL;
}

static int give_back(void *ctx, uint64_t id, TextBuf *ret) {
        (void) ctx;
        textbuf_addf(ret, id == 7 ? "there is no lease 7" : "3 given back");
        return id == 7 ? -ENOENT : 3;
}

/* Says what was asked for, and by whom. */
static int steer(void *ctx, const SteerOrder *o, TextBuf *ret) {
        Server *s = ctx;

        s->n_changes++;
        textbuf_addf(ret, "%d by %u for %llu%s: ", (int) o->kind, (unsigned) o->by_uid,
                (unsigned long long) o->for_usec, o->dry ? ", dry" : "");
        ward_print(&o->ward, ret);
        return o->ward.kind == WARD_PROCESS && o->ward.pid == 99 ? -ENOENT : 0;
}

static void on_peer(void *ctx) {
        (void) ctx;
}

/* To the process that reads; its supervisor sees to what becomes of it. */
static void signal_reading(const Server *s, int signal_number) {
        char name[64];
        int child = 0;
        FILE *f;

        snprintf(name, sizeof(name), "/proc/%d/task/%d/children", slow_reader_pid(s->reader),
                slow_reader_pid(s->reader));
        f = fopen(name, "re");
        if (f && fscanf(f, "%d", &child) == 1)
                (void) kill(child, signal_number);
        if (f)
                (void) fclose(f);
}

static int on_order(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Server *s = userdata;
        char order;

        (void) events;
        if (read(fd, &order, 1) != 1)
                return sd_event_exit(sd_event_source_get_event(source), 0);

        switch (order) {
        case 'e': /* an event for everybody */
                bus_send_event(s->bus,
                        &(Event){ .kind = EVENT_NOTIFY,
                                .level = NOTIFY_WARNING,
                                .policy = "host-low",
                                .serial = 3 });
                break;
        case 'i': /* an incident from its beginning to its end */
                for (EventKind k = EVENT_INCIDENT_OPENED; k <= EVENT_STEP_TAKEN; k++)
                        bus_send_event(s->bus,
                                &(Event){ .kind = k,
                                        .incident = 5,
                                        .policy = "host-low",
                                        .has_step = true,
                                        .step = STEP_KILL,
                                        .freed = 77 });
                break;
        case 'n': /* how many changes were made */
                order = (char) ('0' + s->n_changes);
                break;
        case 'l':
                bus_set_summary(s->bus, &(BusSummary){ .level = "armed", .mem_available = 42 });
                break;
        case 's': { /* somebody steers */
                BusSummary summary = { .level = "armed" };
                const Ward unit = { .kind = WARD_UNIT, .name = "db.service", .until_usec = 7 };

                steering_pause(&summary.steering, UINT64_MAX, 0);
                (void) steering_protect(&summary.steering, &unit);
                bus_set_summary(s->bus, &summary);
                break;
        }
        case 'm':
                s->mute = true;
                break;
        case 'M': /* views are made again, also the one that is owed */
                s->mute = false;
                (void) sd_event_source_set_enabled(s->ready, SD_EVENT_ONESHOT);
                break;
        case 'h': /* reading hangs */
                signal_reading(s, SIGSTOP);
                break;
        case 'g': /* and goes on */
                signal_reading(s, SIGCONT);
                break;
        case 'p': /* how many command lines the reader is asked for */
                order = (char) ('0' + slow_reader_pending(s->reader));
                break;
        case 'k': /* nobody reads any more */
                (void) kill(slow_reader_pid(s->reader), SIGKILL);
                break;
        case 'w': /* is anybody connected? */
                order = bus_is_watched(s->bus) ? 'y' : 'n';
                break;
        default:
                break;
        }
        return write(s->answers_fd, &order, 1) == 1 ? 0 : -EPIPE; /* done */
}

/* Command lines are read below the directory of the socket. */
static int serve(const char *path, mode_t mode, const char *system, int orders_fd, int answers_fd) {
        static Server s;
        char why[512], root[300], proc[300];
        TextBuf b;
        int r;

        textbuf_init(&b, root, sizeof(root));
        textbuf_add_beside(&b, path, "");
        textbuf_init(&b, proc, sizeof(proc));
        textbuf_add_beside(&b, path, "proc");
        if (access(proc, F_OK) == 0 && slow_reader_new(root, bed_reading_usec, &s.reader) < 0)
                return 1;
        s.orders_fd = orders_fd;
        s.answers_fd = answers_fd;
        view_double_init(&s.data);
        textbuf_init(&b, why, sizeof(why));
        inquiries_init(&s.inquiries, (ViewSource){ request, get, release, &s });

        r = sd_event_new(&s.event);
        if (r >= 0)
                r = sd_event_add_defer(s.event, &s.ready, on_ready, &s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s.ready, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_io(s.event, NULL, orders_fd, EPOLLIN, on_order, &s);
        if (r >= 0)
                r = bus_new(&(BusOptions){ .event = s.event,
                                    .inquiries = &s.inquiries,
                                    .reader = s.reader,
                                    .patience_usec = bed_patience_usec,
                                    .reload = reload,
                                    .check_reload = check_reload,
                                    .release = give_back,
                                    .steer = steer,
                                    .on_peer = on_peer,
                                    .ctx = &s },
                        &s.bus);
        if (r >= 0)
                r = bus_listen(s.bus, path, mode, &b);
        if (r >= 0 && system)
                r = bus_join_system(s.bus, system);
        if (r >= 0 && write(answers_fd, "+", 1) == 1)
                r = sd_event_loop(s.event);

        inquiries_done(&s.inquiries);
        bus_free(s.bus);
        slow_reader_free(s.reader);
        sd_event_source_unref(s.ready);
        sd_event_unref(s.event);
        view_double_done(&s.data);
        return r < 0 ? 1 : 0;
}

/* ---- the test's side
 * ------------------------------------------------------------------------------ */

typedef struct Bed {
        Fixture f;
        char path[300];
        pid_t pid;
        int orders_fd, answers_fd;
} Bed;

/* Processes whose command lines are read: all began at tick 77. */
enum {
        OF_ROOT = 70,
        OF_NOBODY,
        OF_BOTH,
        HOSTILE,
        GONE,
};

static const char hostile_text[] = "ls --\033[2J\na\377b\\\xe2\x80\xae";

static inline void bed_record(const Bed *bed, int pid, unsigned uid, const char *cmdline) {
        tree_process(&bed->f, "",
                &(TreeProcess){
                        .pid = pid, .uid = uid, .comm = "x", .cmdline = cmdline, .start = 77 });
}

static inline void bed_make(Bed *bed) {
        fixture_init(&bed->f);
        bed_record(bed, OF_ROOT, 0, "rootd --password=secret");
        bed_record(bed, OF_NOBODY, NOBODY, "vi letter");
        bed_record(bed, OF_BOTH, NOBODY, "sudo -i");
        fixture_file(&bed->f, "proc/72/status", "State:\tS (sleeping)\nUid:\t65534\t0\t0\t0\n");
        bed_record(bed, HOSTILE, NOBODY, hostile_text);
        ck_assert_int_eq(chmod(bed->f.path, 0755), 0); /* for nobody */
        snprintf(bed->path, sizeof(bed->path), "%s/bus", bed->f.path);
}

/* system: address of the bus to join; NULL: none */
static inline void bed_serve(Bed *bed, mode_t mode, const char *system) {
        int orders[2], answers[2];
        char c;

        ck_assert_int_eq(pipe2(orders, O_CLOEXEC), 0);
        ck_assert_int_eq(pipe2(answers, O_CLOEXEC), 0);

        bed->pid = fork();
        ck_assert_int_ge(bed->pid, 0);
        if (bed->pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(orders[1]);
                close(answers[0]);
                _exit(serve(bed->path, mode, system, orders[0], answers[1]));
        }
        close(orders[0]);
        close(answers[1]);
        bed->orders_fd = orders[1];
        bed->answers_fd = answers[0];
        ck_assert_int_eq(read(bed->answers_fd, &c, 1), 1);
}

static inline void bed_init(Bed *bed, mode_t mode) {
        bed_make(bed);
        bed_serve(bed, mode, NULL);
}

/* Gives an order, waits until it is carried out. */
static inline char order(const Bed *bed, char c) {
        ck_assert_int_eq(write(bed->orders_fd, &c, 1), 1);
        ck_assert_int_eq(read(bed->answers_fd, &c, 1), 1);
        return c;
}

/* The server ends by itself, and well. */
static inline void bed_done(Bed *bed) {
        int status = -1;

        close(bed->orders_fd);
        ck_assert_int_eq(waitpid(bed->pid, &status, 0), bed->pid);
        ck_assert_int_eq(status, 0);
        ck_assert_int_ne(access(bed->path, F_OK), 0); /* the socket is gone */
        close(bed->answers_fd);
        fixture_done(&bed->f);
}

/* A connection that has been greeted; NULL when it was turned away. */
static inline sd_bus *connect_to(const Bed *bed) {
        char address[400];
        sd_bus *bus = NULL;

        snprintf(address, sizeof(address), "unix:path=%s", bed->path);
        ck_assert_int_ge(sd_bus_new(&bus), 0);
        ck_assert_int_ge(sd_bus_set_address(bus, address), 0);
        if (sd_bus_start(bus) < 0)
                return sd_bus_unref(bus);
        for (int r = 1; r >= 0 && sd_bus_is_ready(bus) <= 0;) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, 5 * USEC_PER_SEC);
                if (sd_bus_is_open(bus) <= 0)
                        break;
        }
        if (sd_bus_is_ready(bus) > 0)
                return bus;
        sd_bus_close(bus);
        return sd_bus_unref(bus);
}

static inline void hang_up(sd_bus *bus) {
        sd_bus_flush(bus);
        sd_bus_close(bus);
        sd_bus_unref(bus);
}

/* Calls a method that returns a string; "!NAME" for an error. */
static inline const char *call_with(sd_bus *bus, const char *method, const char *types, ...) {
        static char text[64 * 1024];
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        const char *got = "";
        va_list ap;
        int r;

        va_start(ap, types);
        r = sd_bus_call_methodv(bus, sd_bus_is_bus_client(bus) > 0 ? BUS_NAME : NULL, BUS_OBJECT,
                BUS_INTERFACE, method, &error, &reply, types, ap);
        va_end(ap);
        if (r >= 0)
                ck_assert_int_ge(sd_bus_message_read(reply, "s", &got), 0);
        snprintf(text, sizeof(text), "%s%s", r < 0 ? "!" : "", r < 0 ? error.name : got);
        sd_bus_message_unref(reply);
        sd_bus_error_free(&error);
        return text;
}

static inline const char *call(sd_bus *bus, const char *method) {
        return call_with(bus, method, "");
}

static inline const char *call_command_line(sd_bus *bus, int pid, uint64_t start_ticks) {
        return call_with(bus, "CommandLine", "it", pid, start_ticks);
}

/* Reload or CheckReload: 1 or 0 as the daemon says, -EACCES when it denies it. */
static inline int call_reload(sd_bus *bus, const char *method) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        const char *message = NULL;
        int ok = -1;
        int r;

        r = sd_bus_call_method(bus, sd_bus_is_bus_client(bus) > 0 ? BUS_NAME : NULL, BUS_OBJECT,
                BUS_INTERFACE, method, &error, &reply, NULL);
        if (r >= 0) {
                ck_assert_int_ge(sd_bus_message_read(reply, "bs", &ok, &message), 0);
                ck_assert_ptr_nonnull(strstr(message, "refused"));
        } else if (sd_bus_error_has_name(&error, SD_BUS_ERROR_ACCESS_DENIED))
                ok = -EACCES;
        sd_bus_message_unref(reply);
        sd_bus_error_free(&error);
        return ok;
}

/* A part of a test as another user, in a process of its own; its failures become ours. */
static inline pid_t start_as_nobody(const Bed *bed, void (*part)(const Bed *bed)) {
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
                        _exit(99);
                part(bed);
                _exit(0);
        }
        return pid;
}

static inline void await_well(pid_t pid) {
        int status = -1;

        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
}

static inline void as_nobody(const Bed *bed, void (*part)(const Bed *bed)) {
        await_well(start_as_nobody(bed, part));
}

/* The part stops itself when it holds all that it can get, and goes on after `meanwhile`. */
static inline void beside_nobody(
        const Bed *bed, void (*part)(const Bed *bed), void (*meanwhile)(const Bed *bed)) {
        pid_t pid = start_as_nobody(bed, part);
        int status = -1;

        ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
        ck_assert(WIFSTOPPED(status));
        meanwhile(bed);
        ck_assert_int_eq(kill(pid, SIGCONT), 0);
        await_well(pid);
}

static inline void process_all(sd_bus *bus) {
        int r;

        while ((r = sd_bus_process(bus, NULL)) > 0 ||
                (r == 0 && sd_bus_wait(bus, 200 * USEC_PER_MSEC) > 0))
                ;
}

/* Calls a method that changes something: "1 MESSAGE" or "0 MESSAGE" as the daemon says, "!NAME" for
 * an error. */
static inline const char *change(sd_bus *bus, const char *method, const char *types, ...) {
        static char text[1024];
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        const char *message = "";
        int ok = 0, r;
        va_list ap;

        va_start(ap, types);
        r = sd_bus_call_methodv(bus, sd_bus_is_bus_client(bus) > 0 ? BUS_NAME : NULL, BUS_OBJECT,
                BUS_INTERFACE, method, &error, &reply, types, ap);
        va_end(ap);
        if (r >= 0)
                ck_assert_int_ge(sd_bus_message_read(reply, "bs", &ok, &message), 0);
        if (r < 0)
                snprintf(text, sizeof(text), "!%s", error.name);
        else
                snprintf(text, sizeof(text), "%d %s", ok, message);
        sd_bus_message_unref(reply);
        sd_bus_error_free(&error);
        return text;
}
