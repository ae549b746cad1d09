/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/journal-thread.h"

#include "engine/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
        STACK_BYTES = 256 * 1024, /* the sink formats and sends: libsystemd wants some */
        STOP_TIMEOUT_USEC = 2 * 1000 * 1000,
};

struct JournalThread {
        Reporter *reporter;
        Sink sink;
        pthread_t thread;
        atomic_bool stop;
        Event event; /* too large for the stack */
};

static void *journal_run(void *ctx) {
        JournalThread *t = ctx;

        for (;;) {
                bool last = atomic_load(
                        &t->stop); /* looked at before: what came earlier is still written */

                while (reporter_next(t->reporter, REPORTER_TO_JOURNAL, &t->event))
                        t->sink.write(t->sink.ctx, &t->event);
                if (last)
                        return NULL;
                reporter_wait(t->reporter);
        }
}

int journal_thread_start(Reporter *reporter, Sink sink, JournalThread **ret) {
        JournalThread *t;
        int r;

        t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        t->reporter = reporter;
        t->sink = sink;

        r = thread_start(&(ThreadSpec){ .name = "avert-journal",
                                 .stack_bytes = STACK_BYTES,
                                 .run = journal_run,
                                 .ctx = t },
                &t->thread);
        if (r < 0) {
                free(t);
                return r;
        }

        *ret = t;
        return 0;
}

bool journal_thread_stop(JournalThread *t) {
        if (!t)
                return true;

        atomic_store(&t->stop, true);
        reporter_wake(t->reporter);
        if (thread_join(t->thread, STOP_TIMEOUT_USEC) < 0)
                return false;

        free(t);
        return true;
}
