/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Judging recorded trees: DIR is either one tree (proc/, sys/) or a series 000/, 001/, … of them,
 * each with an optional file `at` (microseconds of CLOCK_MONOTONIC and, after a blank, of
 * CLOCK_BOOTTIME; default: one second apart, the first at the tree's own uptime). Acts on nothing:
 * steps are recorded as sent, and a process that is absent from a later tree, or a zombie without
 * threads in it, is gone. Everything runs on the caller's thread. */

#include "config/config.h"
#include "engine/actuator.h"
#include "engine/engine.h"

typedef struct Replay Replay;

/* Takes a reference to config. 0, -ENOENT when there is no tree, or negative errno. */
int replay_new(const char *dir, Config *config, Replay **ret);
Replay *replay_free(Replay *r);

/* Judges the next tree, events go to the sink as they come. 1: there was one; 0: the series is
 * over; negative errno: the tree cannot be read at all (the series goes on). */
int replay_next(Replay *r, Sink sink);

/* The view of the last tree judged, NULL before the first; valid until the next call. */
View *replay_view(Replay *r);

/* What the steps of the last tree were recorded as; tells tests who would have been signalled. */
const ActRecord *replay_record(const Replay *r);
