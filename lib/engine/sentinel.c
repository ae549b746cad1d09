/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/sentinel.h"

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/flight-watch.h"
#include "engine/lock-memory.h"
#include "engine/sentinel-state.h"
#include "engine/thread.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
        STACK_BYTES = 256 * 1024,
        STACK_PREFAULT = 64 * 1024,
        STOP_TIMEOUT_USEC = 5 * 1000 * 1000,
        FDS_MAX = 2 + TRIGGERS_MAX + FLIGHT_WAITED,
        INLINE_WAITS = 9, /* poll(2) waits on so many without allocating in the kernel */
};

_Static_assert(FDS_MAX <= INLINE_WAITS, "waiting allocates nothing");

int sentinel_new(const SentinelParts *parts, Sentinel **ret) {
        Sentinel *s;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        memory_touch(s, sizeof(*s));
        s->parts = *parts;
        s->groups_max = parts->pipeline->config->limits.cgroups;
        s->kept_groups_max = parts->pipeline->config->limits.kept_cgroups;
        atomic_init(&s->config, parts->pipeline->config);
        flight_watch_init(&s->flight, parts->roster, parts->groups);
        steering_box_init(&s->steering);
        source_watch_init(&s->sources, parts->sampler);
        s->stats.trigger_mode = parts->triggers ? parts->triggers->mode : TRIGGER_NONE;
        parts->pipeline->dry = true; /* until it is armed */
        s->blinded_told_usec = USEC_UNSET;

        s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        s->view_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (s->wake_fd < 0 || s->view_fd < 0) {
                int r = -errno;

                sentinel_free(s);
                return r;
        }

        *ret = s;
        return 0;
}

Sentinel *sentinel_free(Sentinel *s) {
        if (!s || !sentinel_stop(s))
                return NULL; /* it hangs in the kernel: what it uses stays */

        close_fd(s->wake_fd);
        close_fd(s->view_fd);
        free(s);
        return NULL;
}

/* A lease changes what binds a cgroup, and the kernel tells nobody: who judges it by what the scout
 * read before would take a value of ours for somebody's wish. */
static void note_changed(Sentinel *s, const Outcome *o) {
        GroupSlot *slot;

        if (!o->is_group || !s->parts.groups)
                return;
        slot = group_roster_slot(s->parts.groups, o->slot);
        atomic_store_explicit(&slot->was_changed, true, memory_order_release);
}

/* Ends of victims, answers of reapers and of main, with the time at which they were noticed. */
static void collect_outcomes(Sentinel *s, usec_t now_usec) {
        if (s->parts.reapers) {
                size_t n = reapers_collect(s->parts.reapers, s->outcomes + s->n_outcomes,
                        OUTCOMES_MAX - s->n_outcomes);

                sentinel_stats_outcomes(&s->stats, s->outcomes + s->n_outcomes, n);
                for (size_t i = 0; i < n; i++)
                        note_changed(s, &s->outcomes[s->n_outcomes + i]);
                s->n_outcomes += n;
        }
        if (s->parts.errands)
                s->n_outcomes += errand_box_collect(s->parts.errands, s->outcomes + s->n_outcomes,
                        OUTCOMES_MAX - s->n_outcomes);
        s->n_outcomes += flight_watch_collect(
                &s->flight, now_usec, s->outcomes + s->n_outcomes, OUTCOMES_MAX - s->n_outcomes);
}

typedef struct Wait {
        struct pollfd fds[FDS_MAX];
        size_t n_triggers;
        size_t n_flight;
} Wait;

static int poll_until(Sentinel *s, usec_t due_usec, Wait *w) {
        usec_t left = usec_since(due_usec, clock_monotonic_usec());
        struct timespec ts = {
                .tv_sec = (time_t) (left / USEC_PER_SEC),
                .tv_nsec = (long) (left % USEC_PER_SEC * 1000),
        };
        size_t n = 2;

        w->fds[0] = (struct pollfd){ .fd = s->wake_fd, .events = POLLIN };
        w->fds[1] =
                (struct pollfd){ .fd = s->parts.reapers ? reapers_event_fd(s->parts.reapers) : -1,
                        .events = POLLIN };
        w->n_triggers = s->parts.triggers ? triggers_poll_fds(s->parts.triggers, w->fds + n) : 0;
        n += w->n_triggers;
        w->n_flight = flight_watch_poll_fds(&s->flight, w->fds + n);
        n += w->n_flight;

        return ppoll(w->fds, (nfds_t) n, due_usec == USEC_UNSET ? NULL : &ts, NULL);
}

/* Waits for the time or for something to happen. No epoll set: asking one whether it is readable
 * takes the event of a pressure trigger away before epoll_wait(2) can report it. Returns the time
 * of the next tick, which an event brings forward, but (2) not into the rest of the pressure files.
 */
static usec_t wait_for_tick(Sentinel *s, usec_t due_usec) {
        Wait w;
        int r = poll_until(s, due_usec, &w);
        usec_t now = clock_monotonic_usec();
        bool early = false;

        atomic_store(&s->heartbeat_usec, now);
        if (r <= 0) {
                if (r == 0)
                        s->stats.wakes_timer++;
                return due_usec;
        }

        if (w.fds[0].revents != 0) {
                uint64_t ignored;

                (void) !read(s->wake_fd, &ignored, sizeof(ignored));
                if (atomic_exchange(&s->alarmed, false))
                        s->stats.wakes_groups++;
                else
                        s->stats.wakes_request++;
                early = true;
        }
        if (w.n_triggers > 0 && triggers_polled(s->parts.triggers, w.fds + 2, w.n_triggers)) {
                s->stats.wakes_psi++;
                early = true;
        }
        for (size_t i = 0; i < w.n_flight; i++)
                if (w.fds[2 + w.n_triggers + i].revents != 0) {
                        s->stats.wakes_pidfd++;
                        break;
                }

        collect_outcomes(s, now);
        if (!early && s->n_outcomes == 0)
                return due_usec;
        return MIN(due_usec, MAX(now, usec_add(s->last_tick_usec, SENTINEL_REST_USEC)));
}

static void *sentinel_run(void *ctx) {
        Sentinel *s = ctx;
        usec_t due = MAX(clock_monotonic_usec(), usec_add(s->last_tick_usec, SENTINEL_REST_USEC));

        (void) prctl(PR_SET_TIMERSLACK, 1UL); /* refused: we are 50 us late now and then */

        while (!atomic_load(&s->stop)) {
                usec_t now = clock_monotonic_usec();

                if (now < due) {
                        due = wait_for_tick(s, due);
                        continue;
                }
                sentinel_stats_late(&s->stats, now - due);
                collect_outcomes(s, now);
                due = sentinel_tick(s, now, clock_boottime_usec(), false);
        }
        return NULL;
}

void sentinel_wake(Sentinel *s) {
        uint64_t one = 1;

        (void) !write(s->wake_fd, &one, sizeof(one)); /* an overflow leaves it readable */
}

void sentinel_alarm(Sentinel *s) {
        atomic_store(&s->alarmed, true);
        sentinel_wake(s);
}

int sentinel_start(Sentinel *s) {
        int r;

        sentinel_arm(s);
        if (s->parts.triggers)
                triggers_begin(s->parts.triggers, clock_monotonic_usec());
        atomic_store(&s->heartbeat_usec, clock_monotonic_usec());
        r = thread_start(
                &(ThreadSpec){
                        .name = "avert-sentinel",
                        .stack_bytes = STACK_BYTES,
                        .prefault_bytes = STACK_PREFAULT,
                        .run = sentinel_run,
                        .ctx = s,
                },
                &s->thread);
        if (r < 0)
                return r;
        s->running = true;
        return 0;
}

bool sentinel_stop(Sentinel *s) {
        if (!s->running)
                return true;

        atomic_store(&s->stop, true);
        sentinel_wake(s);
        if (thread_join(s->thread, STOP_TIMEOUT_USEC) < 0)
                return false;
        s->running = false;
        return true;
}

void sentinel_set_config(Sentinel *s, const Config *config) {
        atomic_store(&s->pending, config);
        sentinel_wake(s);
}

void sentinel_set_steering(Sentinel *s, const Steering *steering) {
        steering_box_put(&s->steering, steering);
        sentinel_wake(s);
}

bool sentinel_has_config(const Sentinel *s, const Config *config) {
        return atomic_load(&s->pending) == config || atomic_load(&s->taking) == config ||
                atomic_load(&s->config) == config || atomic_load(&s->request) != NULL ||
                atomic_load(&s->done) != NULL;
}

/* Without a thread: on the caller's, after the rest that the pressure files need. */
static void tick_here(Sentinel *s) {
        usec_t due = usec_add(s->last_tick_usec, SENTINEL_REST_USEC);
        usec_t now = clock_monotonic_usec();

        if (due > now)
                (void) usleep((useconds_t) MIN(due - now, SENTINEL_REST_USEC));
        (void) sentinel_tick(s, clock_monotonic_usec(), clock_boottime_usec(), false);
}

bool sentinel_request_view(Sentinel *s, View *view, bool with_processes) {
        if (atomic_load(&s->request) || atomic_load(&s->done))
                return false;

        atomic_store(&s->request_processes, with_processes);
        atomic_store(&s->request, view);
        if (s->running)
                sentinel_wake(s);
        else
                tick_here(s);
        return true;
}

int sentinel_view_fd(const Sentinel *s) {
        return s->view_fd;
}

View *sentinel_take_view(Sentinel *s) {
        uint64_t ignored;

        (void) !read(s->view_fd, &ignored, sizeof(ignored));
        return atomic_exchange(&s->done, NULL);
}

usec_t sentinel_heartbeat(const Sentinel *s, usec_t *ret_planned_usec) {
        *ret_planned_usec = atomic_load(&s->planned_usec);
        return atomic_load(&s->heartbeat_usec);
}
