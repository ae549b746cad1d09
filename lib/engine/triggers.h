/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kernel's own alarms for memory pressure: they bring the next tick forward, and tell when
 * somebody blinds the counters that everybody reads. A lost alarm costs latency, never correctness.
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/sample.h"
#include "engine/view.h"
#include "kernel/psi.h"
#include "kernel/sysroot.h"

enum {
        TRIGGERS_MAX = 2,
        TRIGGER_TOTALS =
                64, /* samples 50 ms apart for three seconds: more than the longest window */
};

typedef struct Trigger {
        PsiTrigger psi;
        PsiStall stall;
        bool fired; /* since the last triggers_check() */
        bool gone;  /* reported an error: polled no more */
} Trigger;

typedef struct TriggerTotals {
        usec_t at_usec;
        uint64_t total_usec[_PSI_KIND_MAX];
} TriggerTotals;

typedef struct Triggers {
        Trigger items[TRIGGERS_MAX];
        size_t n;
        TriggerMode mode;                     /* of the weakest that was granted */
        usec_t polled_since_usec;             /* see triggers_begin() */
        TriggerTotals totals[TRIGGER_TOTALS]; /* a ring of samples */
        size_t n_totals;                      /* ever taken */
} Triggers;

/* Arms what the kernel grants; none at all is no error: mode says so. Not for a foreign root. */
void triggers_open(const SysRoot *root, Triggers *ret);

/* Closing waits in the kernel for milliseconds: not in a hurry. */
void triggers_done(Triggers *t);

/* They are polled from now on. An event waits in the kernel until somebody asks: what is reported
 * during the first window may be as old as they are, and is no witness in triggers_check(). */
void triggers_begin(Triggers *t, usec_t now_usec);

/* Fills fds[TRIGGERS_MAX] for poll(2); returns how many. */
size_t triggers_poll_fds(const Triggers *t, struct pollfd *fds);

/* Takes the answer of poll(2); true when one has fired. */
bool triggers_polled(Triggers *t, const struct pollfd *fds, size_t n);

/* Compares the sample's totals with those of a window ago. True when a trigger fired that has
 * counters of its own while the total that it watches stood still: somebody reads the file so often
 * that the kernel loses the time. */
bool triggers_check(Triggers *t, const Sample *s);
