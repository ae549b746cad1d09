/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/reaper.h"

#include "base/fdio.h"
#include "base/macro.h"
#include "base/ring.h"
#include "engine/reaper-group.h"
#include "engine/reaper-lease.h"
#include "engine/thread-alarm.h"
#include "engine/thread.h"
#include "kernel/pidfd.h"

#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
        REAPERS_MAX = 16,
        QUEUE_SIZE = 4 * TARGET_MEMBERS_MAX, /* two actions of a tick; a power of two */
        OUTCOMES_SIZE = TARGET_MEMBERS_MAX,
        STACK_BYTES = 64 * 1024,
        STACK_PREFAULT = 16 * 1024,
        RELEASE_TRIES = 20,
        RELEASE_PAUSE_USEC = 5000,
        TELL_PAUSE_USEC = 5000,
        STOP_TIMEOUT_USEC = 2 * 1000 * 1000, /* for all of them: most have nothing to do */
};

/* Sequence numbers say whose turn a cell is: position: free for that job; position + 1: it holds
 * that job. */
typedef struct Cell {
        atomic_size_t sequence;
        ReaperJob job;
} Cell;

typedef struct Reaper {
        Reapers *all;
        pthread_t thread;
        bool running;
        ThreadAlarm alarm;
        Ring *outcomes;
        _Atomic(usec_t) busy_since_usec; /* 0: idle */
} Reaper;

struct Reapers {
        const ReaperOps *ops;
        Reaper reapers[REAPERS_MAX];
        unsigned n;
        atomic_uint alive;
        atomic_bool stop;
        atomic_bool cannot_release; /* the kernel lacks process_mrelease, or a filter forbids it */
        bool stuck;                 /* a thread outlived reapers_stop(): its memory must stay */
        sem_t work;
        int event_fd; /* owner: any */
        Cell queue[QUEUE_SIZE];
        atomic_size_t head; /* next to take */
        size_t tail;        /* next to fill; the sentinel's */
};

const ReaperOps reaper_ops_kernel = {
        .signal = pidfd_signal,
        .release = pidfd_release,
        .kill_group = cgroup_kill_fd,
        .signal_group = cgroup_procs_signal,
        .reclaim = cgroup_reclaim,
        .leases = &lease_access_kernel,
};

const ReaperOps reaper_ops_signals = {
        .signal = pidfd_signal,
        .kill_group = cgroup_kill_fd,
        .signal_group = cgroup_procs_signal,
        .reclaim = cgroup_reclaim,
        .leases = &lease_access_kernel,
};

static bool queue_push(Reapers *r, const ReaperJob *job) {
        Cell *cell = &r->queue[r->tail % QUEUE_SIZE];

        if (atomic_load_explicit(&cell->sequence, memory_order_acquire) != r->tail)
                return false;

        cell->job = *job;
        atomic_store_explicit(&cell->sequence, r->tail + 1, memory_order_release);
        r->tail++;
        return true;
}

static bool queue_pop(Reapers *r, ReaperJob *ret) {
        size_t at = atomic_load_explicit(&r->head, memory_order_relaxed);

        for (;;) {
                Cell *cell = &r->queue[at % QUEUE_SIZE];
                size_t sequence = atomic_load_explicit(&cell->sequence, memory_order_acquire);

                if (sequence == at + 1) {
                        if (!atomic_compare_exchange_weak_explicit(&r->head, &at, at + 1,
                                    memory_order_relaxed, memory_order_relaxed))
                                continue; /* somebody else took it: `at` is the new head */
                        *ret = cell->job;
                        atomic_store_explicit(
                                &cell->sequence, at + QUEUE_SIZE, memory_order_release);
                        return true;
                }
                if (sequence == at)
                        return false; /* not filled yet */
                at = atomic_load_explicit(&r->head, memory_order_relaxed);
        }
}

/* From the outcome of a system call to what the judge is told. */
static Outcome outcome_of(const ReaperJob *job, int result, usec_t now_usec) {
        Outcome o = {
                .action = job->action,
                .slot = job->slot,
                .generation = job->generation,
                .at_usec = now_usec,
        };

        switch (result) {
        case PIDFD_OK:
                o.kind = OUTCOME_SENT;
                break;
        case PIDFD_GONE:
                o.kind = OUTCOME_GONE;
                o.error = ESRCH;
                break;
        case PIDFD_REPLACED:
                o.kind = OUTCOME_STALE;
                o.error = ESTALE;
                break;
        case PIDFD_DENIED:
                o.kind = OUTCOME_REFUSED;
                o.error = EPERM;
                break;
        case PIDFD_UNSUPPORTED:
                o.kind = OUTCOME_REFUSED;
                o.error = ENOSYS;
                break;
        default:
                o.kind = OUTCOME_REFUSED;
                o.error = result < 0 ? -result : EINVAL;
                break;
        }
        return o;
}

static void pause_usec(long usec) {
        struct timespec ts = { .tv_nsec = usec * 1000 };

        (void) nanosleep(&ts, NULL); /* signals are blocked; a short pause would do no harm */
}

/* "Not dying" is worth another try: one that shares the memory may still be on its way to its
 * signal. */
static void release_memory(Reapers *r, int pidfd) {
        for (unsigned i = 0; i < RELEASE_TRIES && !atomic_load(&r->stop); i++) {
                int result;

                if (i > 0)
                        pause_usec(RELEASE_PAUSE_USEC);
                result = r->ops->release(pidfd);
                if (result == PIDFD_UNSUPPORTED)
                        atomic_store(&r->cannot_release, true);
                if (result != PIDFD_NOT_DYING && result != PIDFD_PARTIAL && result != -EINTR)
                        return;
        }
}

static void end_job(const ReaperJob *job) {
        if (job->uses)
                atomic_fetch_sub_explicit(job->uses, 1, memory_order_release);
}

bool reaper_job_run(const ReaperOps *ops, const ReaperJob *job, usec_t now_usec, Outcome *ret) {
        bool has_outcome = job->kind != ACTION_SIGNAL || job->signo != 0;

        if (job->kind != ACTION_SIGNAL)
                *ret = reaper_lease_refuse(job, now_usec);
        else if (job->is_group)
                *ret = reaper_group_kill_only(ops, job, now_usec);
        else if (has_outcome)
                *ret = outcome_of(job, ops->signal(job->pidfd, job->signo), now_usec);
        end_job(job);
        return has_outcome;
}

/* Of a signal the pidfd tells the end; of a lease nobody else does. */
static void tell(Reaper *self, const ReaperJob *job, const Outcome *outcome) {
        Reapers *r = self->all;
        uint64_t one = 1;
        bool told = ring_push(self->outcomes, outcome);

        while (!told && job->kind != ACTION_SIGNAL && !atomic_load(&r->stop)) {
                pause_usec(TELL_PAUSE_USEC); /* the sentinel collects in each tick */
                told = ring_push(self->outcomes, outcome);
        }
        (void) !write(r->event_fd, &one,
                sizeof(one)); /* cannot fail but by overflow: then it is readable */
}

static void run_job(Reaper *self, const ReaperJob *job) {
        Reapers *r = self->all;
        usec_t now = clock_monotonic_usec();
        Outcome outcome;

        if (job->kind != ACTION_SIGNAL) {
                thread_alarm_set(&self->alarm, reaper_lease_deadline(job, now));
                outcome = reaper_lease_run(r->ops, job, now);
                thread_alarm_set(&self->alarm, USEC_UNSET);
                end_job(job);
        } else if (job->signo == 0) {
                if (!atomic_load(&r->cannot_release))
                        release_memory(r, job->pidfd);
                end_job(job);
                return;
        } else if (job->is_group) {
                outcome = reaper_group_run(r->ops, job, &r->stop, now);
                end_job(job);
        } else if (!reaper_job_run(r->ops, job, now, &outcome))
                return;
        tell(self, job, &outcome);
}

static void *reaper_run(void *ctx) {
        Reaper *self = ctx;
        Reapers *r = self->all;

        thread_alarm_init(&self->alarm);
        while (!atomic_load(&r->stop)) {
                ReaperJob job;

                if (sem_wait(&r->work) < 0)
                        continue;
                /* A count without a job: the sentinel took it back, or we are to stop. */
                if (atomic_load(&r->stop) || !queue_pop(r, &job))
                        continue;

                atomic_store(&self->busy_since_usec, clock_monotonic_usec());
                run_job(self, &job);
                atomic_store(&self->busy_since_usec, 0);
        }
        thread_alarm_done(&self->alarm);
        return NULL;
}

int reapers_new(const ReaperOps *ops, unsigned n, Reapers **ret) {
        Reapers *r;
        int error = 0;

        assert(n <= REAPERS_MAX);

        r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->ops = ops;
        r->n = n;
        atomic_init(&r->cannot_release, ops->release == NULL);
        for (size_t i = 0; i < QUEUE_SIZE; i++)
                atomic_init(&r->queue[i].sequence, i);
        (void) sem_init(&r->work, 0, 0); /* fails only for values beyond SEM_VALUE_MAX */

        r->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (r->event_fd < 0)
                error = -errno;
        for (unsigned i = 0; i < n && error == 0; i++) {
                r->reapers[i].all = r;
                error = ring_new(sizeof(Outcome), OUTCOMES_SIZE, &r->reapers[i].outcomes);
        }
        if (error < 0) {
                reapers_free(r);
                return error;
        }

        *ret = r;
        return 0;
}

Reapers *reapers_free(Reapers *r) {
        if (!r)
                return NULL;

        if (!reapers_stop(r))
                return NULL;

        for (unsigned i = 0; i < r->n; i++)
                ring_free(r->reapers[i].outcomes);
        close_fd(r->event_fd);
        (void) sem_destroy(&r->work);
        free(r);
        return NULL;
}

int reapers_start(Reapers *r) {
        thread_alarm_prepare();
        for (unsigned i = 0; i < r->n; i++) {
                ThreadSpec spec = {
                        .name = "avert-reaper",
                        .stack_bytes = STACK_BYTES,
                        .prefault_bytes = STACK_PREFAULT,
                        .run = reaper_run,
                        .ctx = &r->reapers[i],
                };
                int error = thread_start(&spec, &r->reapers[i].thread);

                if (error < 0)
                        return error;
                r->reapers[i].running = true;
                atomic_fetch_add(&r->alive, 1);
        }
        return 0;
}

bool reapers_stop(Reapers *r) {
        usec_t until = usec_add(clock_monotonic_usec(), STOP_TIMEOUT_USEC);

        atomic_store(&r->stop, true);
        for (unsigned i = 0; i < r->n; i++)
                (void) sem_post(&r->work);
        for (unsigned i = 0; i < r->n; i++) {
                if (!r->reapers[i].running)
                        continue;
                if (thread_join(r->reapers[i].thread, usec_since(until, clock_monotonic_usec())) <
                        0)
                        r->stuck = true;
                r->reapers[i].running = false;
        }
        atomic_store(&r->alive, 0);
        return !r->stuck;
}

/* Cells are given back in any order. */
bool reapers_have_room(const Reapers *r, size_t n) {
        for (size_t i = 0; i < n; i++) {
                size_t at = r->tail + i;

                if (atomic_load_explicit(
                            &r->queue[at % QUEUE_SIZE].sequence, memory_order_acquire) != at)
                        return false;
        }
        return true;
}

bool reapers_submit(Reapers *r, const ReaperJob *job) {
        if (atomic_load(&r->alive) == 0 || !queue_push(r, job))
                return false;
        (void) sem_post(&r->work);
        return true;
}

bool reapers_take_back(Reapers *r, ReaperJob *ret) {
        return queue_pop(r, ret);
}

size_t reapers_collect(Reapers *r, Outcome *ret, size_t cap) {
        uint64_t ignored;
        size_t n = 0;

        (void) !read(
                r->event_fd, &ignored, sizeof(ignored)); /* EAGAIN: nothing since the last time */
        for (unsigned i = 0; i < r->n; i++)
                while (n < cap && ring_pop(r->reapers[i].outcomes, &ret[n]))
                        n++;
        return n;
}

unsigned reapers_check(Reapers *r, usec_t now_usec) {
        unsigned alive = 0;

        for (unsigned i = 0; i < r->n; i++) {
                usec_t since = atomic_load(&r->reapers[i].busy_since_usec);

                if (!r->reapers[i].running)
                        continue;
                if (since == 0 || usec_since(now_usec, since) <= REAPER_DEADLINE_USEC)
                        alive++;
        }
        atomic_store(&r->alive, alive);
        return alive;
}

int reapers_event_fd(const Reapers *r) {
        return r->event_fd;
}

unsigned reapers_alive(const Reapers *r) {
        return atomic_load(&r->alive);
}

unsigned reapers_lost(const Reapers *r) {
        return r->n - atomic_load(&r->alive);
}
