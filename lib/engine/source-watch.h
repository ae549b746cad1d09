/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Notices when a source of readings fails, and when it is well again: one event per change, not per
 * tick. */

#include "core/event.h"
#include "engine/sampler.h"

/* A source is well again when it has been so for this long: a flickering one is reported once. */
#define SOURCE_WELL_USEC (10 * USEC_PER_SEC)

typedef struct SourceWatch {
        bool told[_SOURCE_MAX];              /* as degraded */
        usec_t well_since_usec[_SOURCE_MAX]; /* USEC_UNSET: not now */
} SourceWatch;

/* "psi.memory": as status and events show it. */
const char *source_name(SourceId id);

/* Takes the present state for known: what is missing at start is told by others. */
void source_watch_init(SourceWatch *w, const Sampler *sampler);

/* True when something about the source has changed: *ret is the event. */
bool source_watch_check(
        SourceWatch *w, SourceId id, const SourceHealth *health, usec_t now_usec, Event *ret);
