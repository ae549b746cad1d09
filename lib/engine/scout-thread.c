/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The scout as a thread: a pass when the census is due, or when somebody asks for one. */

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/scout-private.h"
#include "engine/thread.h"

#define STACK_BYTES (128 * 1024)

/* Passes asked for keep this distance, and cost a fifth of one CPU at most. */
#define GAP_MIN_USEC (100 * USEC_PER_MSEC)
#define GAP_MAX_USEC (2 * USEC_PER_SEC)
#define GAP_FACTOR 4

/* How long cgroups are not listened to after news that nobody waits for. */
#define GROUPS_REST_USEC USEC_PER_SEC

#define FIRST_USEC (3 * USEC_PER_SEC)
#define STOP_USEC (2 * USEC_PER_SEC)

/* What cgroups tell is taken in at once, but no more often than passes may be made. */
static void hear_groups(Scout *s, const struct pollfd *fds, size_t n) {
        bool alarm = scout_groups_polled(s->groups, fds, n);
        usec_t now = clock_monotonic_usec();

        if (scout_groups_has_news(s->groups))
                scout_pass_groups(s, now);
        if (alarm && s->options.on_alarm)
                s->options.on_alarm(s->options.on_alarm_ctx);
        s->groups_rest_usec =
                usec_add(now, scout_groups_can_wait(s->groups) ? GROUPS_REST_USEC : GAP_MIN_USEC);
}

/* Waits for the time, a wake-up or news of cgroups. Returns true for a wake-up. */
static bool wait_once(Scout *s, usec_t now_usec, usec_t until_usec, int wake_fd) {
        struct pollfd fds[1 + SCOUT_GROUPS_FDS] = { { .fd = wake_fd, .events = POLLIN } };
        size_t n_groups = 0;
        int msec;

        if (s->groups && now_usec >= s->groups_rest_usec)
                n_groups = scout_groups_poll_fds(s->groups, fds + 1);
        else if (s->groups)
                until_usec = MIN(until_usec, s->groups_rest_usec);
        msec = (int) MIN((usec_since(until_usec, now_usec) + USEC_PER_MSEC - 1) / USEC_PER_MSEC,
                (usec_t) INT32_MAX);
        if (poll(fds, (nfds_t) (1 + n_groups), msec) <= 0)
                return false;
        for (size_t i = 1; i <= n_groups; i++)
                if (fds[i].revents != 0) {
                        hear_groups(s, fds + 1, n_groups);
                        break;
                }
        return fds[0].revents != 0;
}

/* Sleeps until the time or a wake-up; unless it may be woken, until the time. */
static void sleep_until(Scout *s, usec_t until_usec, bool may_wake) {
        for (;;) {
                usec_t now = clock_monotonic_usec();
                uint64_t count;

                if (now >= until_usec || atomic_load(&s->stop))
                        return;
                if (!wait_once(s, now, until_usec, may_wake ? s->wake_fd : s->stop_fd) || !may_wake)
                        continue;
                (void) read(s->wake_fd, &count, sizeof(count)); /* only to make it unreadable */
                return;
        }
}

static void promise(Scout *s, usec_t until_usec) {
        atomic_store(&s->board->promised_usec, until_usec);
}

static void *run(void *arg) {
        Scout *s = arg;

        /* Who was too young for the pass that was made before the start is somebody by then. */
        if (s->census_usec != USEC_UNSET) {
                usec_t now = clock_monotonic_usec();

                promise(s, now + FIRST_USEC);
                sleep_until(s, now + FIRST_USEC, true);
        }

        while (!atomic_load(&s->stop)) {
                usec_t began = clock_monotonic_usec(), ended, gap, census;

                atomic_store(&s->wake_pending, false);
                promise(s, began);
                (void) scout_pass(s, began, clock_boottime_usec(), false); /* counted in stats */

                ended = clock_monotonic_usec();
                gap = MIN(MAX(usec_since(ended, began) * GAP_FACTOR, GAP_MIN_USEC), GAP_MAX_USEC);
                census = s->census_usec == USEC_UNSET
                        ? ended + USEC_PER_SEC /* /proc could not be read: again soon */
                        : usec_add(s->census_usec, s->config->tick.census_usec);
                promise(s, MAX(census, ended + gap));
                sleep_until(s, ended + gap, false);
                roster_collect(s->roster); /* readers have had the time to move on */
                sleep_until(s, census, true);
        }
        return NULL;
}

int scout_start(Scout *s) {
        const ThreadSpec spec = {
                .name = "scout", .stack_bytes = STACK_BYTES, .run = run, .ctx = s
        };
        int r;

        s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (s->wake_fd < 0)
                return -errno;
        s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (s->stop_fd < 0)
                return -errno; /* scout_free() closes the other */

        atomic_store(&s->stop, false);
        promise(s, clock_monotonic_usec());
        r = thread_start(&spec, &s->thread);
        if (r < 0)
                return r;
        s->started = true;
        return 0;
}

static void ring(int fd) {
        const uint64_t one = 1;

        (void) !write(fd, &one, sizeof(one)); /* cannot fail but by overflow: then it is readable */
}

void scout_wake(Scout *s) {
        if (s->wake_fd >= 0 && !atomic_exchange(&s->wake_pending, true))
                ring(s->wake_fd);
}

bool scout_stop(Scout *s) {
        if (!s->started)
                return true;
        if (s->lost)
                return false;

        atomic_store(&s->stop, true);
        ring(s->stop_fd);
        ring(s->wake_fd);
        if (thread_join(s->thread, STOP_USEC) < 0) {
                s->lost = true;
                return false;
        }
        s->started = false;
        return true;
}

bool scout_is_alive(const Scout *s, usec_t now_usec, usec_t max_age_usec) {
        return usec_since(now_usec, atomic_load(&s->board->promised_usec)) <= max_age_usec;
}
