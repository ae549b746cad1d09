/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A capture as JSON: the event, the samples before it, and the files that were read, each as the
 * kernel wrote it. What is missing is named, with the reason. */

#include "core/trail.h"
#include "daemon/capture-gather.h"
#include "describe/json-tree.h"

typedef struct CaptureText {
        const Errand *errand;
        Json *root;
        Json *missing;
        Json *processes[ERRAND_PROCESSES_MAX]; /* their "files" */
        Json *cgroup;
        size_t n_missing;
} CaptureText;

/* 0 or -ENOMEM. */
int capture_text_begin(CaptureText *t, const Errand *errand, const TrailEntry *trail,
        size_t n_trail, usec_t realtime_usec);

void capture_text_add(CaptureText *t, const CapturePiece *piece);

/* Something else that is missing, in words. */
void capture_text_miss(CaptureText *t, const char *what);

/* The text, which the caller frees, or NULL without memory. Ends t. */
char *capture_text_end(CaptureText *t);
