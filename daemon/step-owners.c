/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "daemon/daemon.h"
#include "daemon/log.h"
#include "kernel/child-process.h"

/* What the end of the daemon may wait for the disk. */
#define SETTLE_USEC USEC_PER_SEC

/* Processes of one command. */
#define COMMAND_PIDS 64

static void name_place(uint64_t id, char *ret, size_t size) {
        (void) snprintf(ret, size, "run-%" PRIu64, id);
}

static int make_place(void *ctx, uint64_t id, uint64_t memory_bytes) {
        Daemon *d = ctx;
        char name[32];
        int r;

        name_place(id, name, sizeof(name));
        r = own_cgroup_make(&d->cgroup, name, memory_bytes, COMMAND_PIDS);
        if (r < 0)
                log_warning("a command runs without a cgroup of its own: %s", strerror(-r));
        return r;
}

static int remove_place(void *ctx, uint64_t id, bool end) {
        Daemon *d = ctx;
        char name[32];

        name_place(id, name, sizeof(name));
        if (end)
                (void) own_cgroup_end(&d->cgroup, name);
        return own_cgroup_remove(&d->cgroup, name);
}

/* Whom a command runs as is the starter's business, and nobody else's. */
static void drop_rights(void) {
        int r = child_limit_capabilities(
                ~(CHILD_CAPABILITY(CAP_SETUID) | CHILD_CAPABILITY(CAP_SETGID)));

        if (r < 0)
                log_debug("rights that are not needed cannot be given up: %s", strerror(-r));
}

/* The usual place belongs to the daemon of this machine: a dry run, or one with a socket elsewhere,
 * keeps what happened only where it is given a place. */
static bool keeps_incidents(const Daemon *d) {
        const char *state = getenv("STATE_DIRECTORY");

        return (state && *state) || (!d->options->dry && !d->options->bus);
}

static void start_starter(Daemon *d) {
        int r;

        if (!d->options->dry && !own_cgroup_enter(&d->cgroup))
                log_info("commands run without a cgroup of their own: %s", d->cgroup.why);
        r = starter_new(&d->starter);
        if (r < 0)
                log_warning("no process for commands can be started (%s): run and capture steps "
                            "are refused, incidents are not kept",
                        strerror(-r));
}

void step_owners_fork(Daemon *d) {
        if (!d->options->dry || keeps_incidents(d)) /* else there is nothing for it to do */
                start_starter(d);
        drop_rights();
}

static int on_starter(
        sd_event_source *s, int fd _unused_, uint32_t events _unused_, void *userdata) {
        Daemon *d = userdata;

        starter_dispatch(d->starter);
        if (!starter_is_lost(d->starter))
                return 0;
        d->answers = sd_event_source_disable_unref(s);
        return 0;
}

int step_owners_watch(Daemon *d) {
        const CommandPlaces places = { make_place, remove_place, d };

        command_steps_init(
                &d->commands, d->starter, &d->errands, d->cgroup.dir_fd >= 0 ? &places : NULL);
        capture_steps_init(&d->captures,
                &(CaptureOptions){ .starter = d->starter,
                        .errands = &d->errands,
                        .inquiries = &d->inquiries,
                        .state_directory = getenv("STATE_DIRECTORY") });
        incident_keeper_init(&d->incidents,
                &(IncidentOptions){ .starter = keeps_incidents(d) ? d->starter : NULL,
                        .inquiries = &d->inquiries,
                        .state_directory = getenv("STATE_DIRECTORY"),
                        .started_usec = clock_realtime_usec(),
                        .tell = announce_incidents,
                        .ctx = d });
        if (!d->starter)
                return 0;
        return sd_event_add_io(
                d->event, &d->answers, starter_fd(d->starter), EPOLLIN, on_starter, d);
}

void step_owners_care(Daemon *d) {
        usec_t now = clock_monotonic_usec();

        command_steps_care(&d->commands, now);
        capture_steps_care(&d->captures, now);
        incident_keeper_care(&d->incidents, now);
}

void step_owners_settle(Daemon *d) {
        usec_t until = usec_add(clock_monotonic_usec(), SETTLE_USEC);

        while (d->starter && !starter_is_lost(d->starter) &&
                incident_keeper_is_under_way(&d->incidents)) {
                struct pollfd p = { .fd = starter_fd(d->starter), .events = POLLIN };
                usec_t left = usec_since(until, clock_monotonic_usec());

                if (left == 0)
                        return;
                (void) poll(&p, 1, (int) (left / USEC_PER_MSEC) + 1);
                starter_dispatch(d->starter);
        }
}

void step_owners_done(Daemon *d) {
        d->answers = sd_event_source_disable_unref(d->answers);
        d->starter = starter_free(d->starter);
        command_steps_done(&d->commands);
        capture_steps_done(&d->captures);
        incident_keeper_done(&d->incidents);
        own_cgroup_done(&d->cgroup);
}
