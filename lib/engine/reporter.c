/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/reporter.h"

#include "base/fdio.h"
#include "base/macro.h"
#include "base/ring.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A reader holds the oldest event of each lane, to tell which comes first. */
typedef struct Side {
        Ring *rings[_REPORTER_LANE_MAX];
        Event heads[_REPORTER_LANE_MAX];
        bool has_head[_REPORTER_LANE_MAX];
        uint64_t told_dropped;
} Side;

struct Reporter {
        Side sides[_REPORTER_SIDE_MAX];
        atomic_uint_fast64_t serial;
        sem_t journal;
        int main_fd; /* owner: any */
};

/* The pages of a ring are touched by filling and emptying it once: a fault later could wait for
 * memory. */
static int make_ring(size_t capacity, Ring **ret) {
        _cleanup_free_ Event *blank = calloc(1, sizeof(Event));
        int r;

        if (!blank)
                return -ENOMEM;
        r = ring_new(sizeof(Event), capacity, ret);
        if (r < 0)
                return r;

        for (size_t i = 0; i < capacity; i++)
                (void) ring_push(*ret, blank);
        while (ring_pop(*ret, blank))
                ;
        return 0;
}

int reporter_new(size_t to_journal, size_t to_main, Reporter **ret) {
        const size_t capacity[_REPORTER_SIDE_MAX] = {
                [REPORTER_TO_JOURNAL] = to_journal,
                [REPORTER_TO_MAIN] = to_main,
        };
        Reporter *r;
        int error = 0;

        r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        (void) sem_init(&r->journal, 0, 0); /* fails only for values beyond SEM_VALUE_MAX */

        r->main_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (r->main_fd < 0)
                error = -errno;
        for (size_t side = 0; side < _REPORTER_SIDE_MAX; side++)
                for (size_t lane = 0; lane < _REPORTER_LANE_MAX && error == 0; lane++)
                        error = make_ring(capacity[side], &r->sides[side].rings[lane]);
        if (error < 0) {
                reporter_free(r);
                return error;
        }

        *ret = r;
        return 0;
}

Reporter *reporter_free(Reporter *r) {
        if (!r)
                return NULL;

        for (size_t side = 0; side < _REPORTER_SIDE_MAX; side++)
                for (size_t lane = 0; lane < _REPORTER_LANE_MAX; lane++)
                        ring_free(r->sides[side].rings[lane]);
        close_fd(r->main_fd);
        (void) sem_destroy(&r->journal);
        free(r);
        return NULL;
}

void reporter_push(Reporter *r, ReporterLane lane, Event *e) {
        uint64_t one = 1;

        e->serial = atomic_fetch_add(&r->serial, 1) + 1;
        e->realtime_usec = clock_realtime_usec();

        (void) ring_push(
                r->sides[REPORTER_TO_JOURNAL].rings[lane], e); /* the ring counts what is dropped */
        (void) sem_post(&r->journal);
        (void) ring_push(r->sides[REPORTER_TO_MAIN].rings[lane], e);
        (void) !write(
                r->main_fd, &one, sizeof(one)); /* an overflow leaves it readable: good enough */
}

static uint64_t side_dropped(const Side *s) {
        uint64_t n = 0;

        for (size_t lane = 0; lane < _REPORTER_LANE_MAX; lane++)
                n += ring_dropped(s->rings[lane]);
        return n;
}

static void make_lost(Reporter *r, uint64_t count, Event *ret) {
        TextBuf text;

        *ret = (Event){
                .kind = EVENT_LOST,
                .level = NOTIFY_WARNING,
                .at_usec = clock_monotonic_usec(),
                .realtime_usec = clock_realtime_usec(),
                .serial = atomic_fetch_add(&r->serial, 1) + 1,
                .count = count,
        };
        textbuf_init(&text, ret->text, sizeof(ret->text));
        textbuf_addf(&text, "%llu record%s dropped: the reader was too slow",
                (unsigned long long) count, count == 1 ? " was" : "s were");
}

static bool take(Reporter *r, Side *s, Event *ret) {
        size_t best = _REPORTER_LANE_MAX;
        uint64_t dropped = side_dropped(s);

        if (dropped > s->told_dropped) {
                make_lost(r, dropped - s->told_dropped, ret);
                s->told_dropped = dropped;
                return true;
        }

        for (size_t lane = 0; lane < _REPORTER_LANE_MAX; lane++) {
                if (!s->has_head[lane])
                        s->has_head[lane] = ring_pop(s->rings[lane], &s->heads[lane]);
                if (s->has_head[lane] &&
                        (best == _REPORTER_LANE_MAX ||
                                s->heads[lane].serial < s->heads[best].serial))
                        best = lane;
        }
        if (best == _REPORTER_LANE_MAX)
                return false;

        *ret = s->heads[best];
        s->has_head[best] = false;
        return true;
}

bool reporter_next(Reporter *r, ReporterSide side, Event *ret) {
        uint64_t ignored;

        if (take(r, &r->sides[side], ret))
                return true;

        /* Reset only when nothing is left, and then look again for what came meanwhile: whoever
         * takes a few at a time is called again for the rest. */
        return side == REPORTER_TO_MAIN && read(r->main_fd, &ignored, sizeof(ignored)) > 0 &&
                take(r, &r->sides[side], ret);
}

void reporter_wait(Reporter *r) {
        (void) sem_wait(&r->journal); /* EINTR: the caller looks and waits again */
}

void reporter_wake(Reporter *r) {
        (void) sem_post(&r->journal);
}

int reporter_event_fd(const Reporter *r) {
        return r->main_fd;
}

uint64_t reporter_dropped(const Reporter *r) {
        uint64_t n = 0;

        for (size_t side = 0; side < _REPORTER_SIDE_MAX; side++)
                n += side_dropped(&r->sides[side]);
        return n;
}
