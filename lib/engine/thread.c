/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/thread.h"

#include "base/macro.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { PREFAULT_STEP = 2048 };

/* Touches the stack below us, a piece a call, so that no variable-length array is needed. */
static __attribute__((noinline)) void touch_stack(size_t bytes) {
        volatile char piece[PREFAULT_STEP];

        piece[0] = 0;
        if (bytes > PREFAULT_STEP)
                touch_stack(bytes - PREFAULT_STEP);
        piece[PREFAULT_STEP - 1] = piece[0]; /* after the call: keeps this frame alive */
}

static void *run_thread(void *arg) {
        ThreadSpec spec = *(ThreadSpec *) arg;

        free(arg);
        if (spec.prefault_bytes > 0)
                touch_stack(spec.prefault_bytes);
        return spec.run(spec.ctx);
}

int thread_start(const ThreadSpec *spec, pthread_t *ret) {
        _cleanup_free_ ThreadSpec *copy = NULL;
        pthread_attr_t attr;
        sigset_t all;
        int r;

        copy = malloc(sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        *copy = *spec;

        r = pthread_attr_init(&attr);
        if (r != 0)
                return -r;

        sigfillset(&all);
        r = pthread_attr_setsigmask_np(&attr, &all);
        if (r == 0)
                r = pthread_attr_setstacksize(&attr, spec->stack_bytes);
        if (r == 0)
                r = pthread_create(ret, &attr, run_thread, copy);
        pthread_attr_destroy(&attr);
        if (r != 0)
                return -r;

        (void) TAKE_PTR(copy);                       /* the thread frees it */
        (void) pthread_setname_np(*ret, spec->name); /* only for people */
        return 0;
}

int thread_join(pthread_t thread, usec_t timeout_usec) {
        usec_t until = usec_add(clock_monotonic_usec(), timeout_usec);
        struct timespec ts = {
                .tv_sec = (time_t) (until / USEC_PER_SEC),
                .tv_nsec = (long) (until % USEC_PER_SEC * 1000),
        };

        return -pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &ts);
}
