/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Carries events from the threads that make them to the two that tell them: main (bus, status) and
 * the journal thread (sink). Bounded: what does not fit is counted, and the reader is told how much
 * he missed.
 *
 * (1) Each lane has one producer: the sentinel, main. Pushing never waits and never allocates.
 * (2) Each side has one reader; a reader sees the events of both lanes by their serial numbers.
 * (3) A slow journal never costs main an event, nor the other way round. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

typedef struct Reporter Reporter;

typedef enum ReporterLane {
        REPORTER_SENTINEL,
        REPORTER_MAIN,
        _REPORTER_LANE_MAX,
} ReporterLane;

typedef enum ReporterSide {
        REPORTER_TO_JOURNAL,
        REPORTER_TO_MAIN,
        _REPORTER_SIDE_MAX,
} ReporterSide;

/* Makes rings of these many events per lane and touches them. 0 or negative errno. */
int reporter_new(size_t to_journal, size_t to_main, Reporter **ret);
Reporter *reporter_free(Reporter *r);

/* Stamps serial number and wall-clock time into the event and passes it on to both sides. */
void reporter_push(Reporter *r, ReporterLane lane, Event *e);

/* The reader's: the next event; when some were dropped, first an EVENT_LOST that counts them.
 * False: none. */
bool reporter_next(Reporter *r, ReporterSide side, Event *ret);

/* For the journal thread: waits until there may be something to read, or reporter_wake() was
 * called. */
void reporter_wait(Reporter *r);
void reporter_wake(Reporter *r);

/* For main: readable until reporter_next() has said that there is nothing more. */
int reporter_event_fd(const Reporter *r);

/* Events dropped so far, on both sides together. */
uint64_t reporter_dropped(const Reporter *r);
