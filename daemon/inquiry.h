/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whoever wants to see a View waits here: the sentinel answers one request at a time, and each
 * answer serves everybody who had asked before the request went out. For main only. */

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "engine/view.h"

enum { INQUIRIES_MAX = 64 };

/* A request that has waited longer than this means a sentinel in trouble: new inquiries are refused
 * at once. */
#define INQUIRY_PATIENCE_USEC (5 * USEC_PER_SEC)

/* Called once per inquiry. `view` is valid during the call; NULL: there is none to be had. */
typedef void (*InquiryAnswer)(void *userdata, View *view);

/* Where views come from: the engine, or a test. The contract is that of engine_view_request() and
 * the functions beside it. */
typedef struct ViewSource {
        int (*request)(void *ctx, bool with_processes);
        View *(*get)(void *ctx);
        void (*release)(void *ctx);
        void *ctx;
} ViewSource;

typedef struct Inquiry {
        InquiryAnswer answer;
        void *userdata;
        bool with_processes;
} Inquiry;

/* The first n_asked of the items are served by the request that is under way. */
typedef struct Inquiries {
        ViewSource source;
        Inquiry items[INQUIRIES_MAX];
        size_t n;
        size_t n_asked;
        bool under_way;
        usec_t asked_usec;
} Inquiries;

void inquiries_init(Inquiries *q, ViewSource source);

/* 0; -EBUSY when too many wait; -ETIMEDOUT when the sentinel does not answer; another negative
 * errno of the source. `answer` is not called then. */
int inquiries_add(
        Inquiries *q, bool with_processes, usec_t now_usec, InquiryAnswer answer, void *userdata);

/* To be called when the source's descriptor is readable. */
void inquiries_dispatch(Inquiries *q, usec_t now_usec);

/* Answers everybody with NULL: at the end. */
void inquiries_done(Inquiries *q);
