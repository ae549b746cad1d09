/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Runs the errands of `capture` steps: gets the trail of readings from a view, orders the capture,
 * and passes the answer on. For main only; waits for nobody.
 *
 * (1) A capture that is late goes on: the step no longer waits for it, people may still want it.
 * (2) Without a view it goes out without the trail, and is partial. */

#include "daemon/errands.h"
#include "daemon/inquiry.h"
#include "daemon/starter.h"

typedef struct CaptureOptions {
        Starter *starter; /* borrowed, like the next two; NULL: every capture is refused */
        Errands *errands;
        Inquiries *inquiries;
        const char *state_directory; /* with ':' between several; NULL: the usual one */
        const char *root;            /* where /proc is; NULL: this machine */
} CaptureOptions;

typedef struct CaptureSteps CaptureSteps;

/* One that is under way. */
typedef struct CaptureEntry {
        CaptureSteps *steps;
        Errand *errand; /* a copy; NULL: a free entry */
        uint64_t quota_bytes;
        bool asked; /* for a view: the answer comes with this entry */
} CaptureEntry;

struct CaptureSteps {
        CaptureOptions options;
        char directory[CAPTURE_PATH_MAX]; /* "": its name is too long */
        CaptureEntry entries[ERRANDS_OPEN_MAX];
};

/* Owns the capture steps of the errands from now on. */
void capture_steps_init(CaptureSteps *c, const CaptureOptions *options);

/* Forgets those that nobody will answer for; to be called now and then. */
void capture_steps_care(CaptureSteps *c, usec_t now_usec);

/* After inquiries_done() and starter_free(). */
void capture_steps_done(CaptureSteps *c);
