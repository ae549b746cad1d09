/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The thread that watches, judges and sends SIGKILL.
 *
 * (1) After sentinel_start() it opens nothing, allocates nothing, and waits for nobody but the
 * clock and its descriptors. (2) No pressure file is read within SENTINEL_REST_USEC of its last
 * reading, whoever asks. (3) What it shares with main goes through one atomic pointer each way, a
 * config, a view, and through a box: the steering. */

#include "config/config.h"
#include "engine/act-kernel.h"
#include "engine/actuator.h"
#include "engine/errand.h"
#include "engine/pipeline.h"
#include "engine/reaper.h"
#include "engine/reporter.h"
#include "engine/sampler.h"
#include "engine/scout.h"
#include "engine/triggers.h"
#include "engine/view.h"

#define SENTINEL_REST_USEC (50 * USEC_PER_MSEC)

typedef struct Sentinel Sentinel;

/* Everything is borrowed and must outlive the sentinel; what it uses is its alone once it runs. */
typedef struct SentinelParts {
        Sampler *sampler;
        Scout *scout; /* NULL: no slow readings */
        Roster *roster;
        GroupRoster *groups; /* NULL: no cgroups */
        Pipeline *pipeline;
        Reporter *reporter;
        Triggers *triggers; /* NULL: polling */
        Reapers *reapers;   /* NULL: none */
        ErrandBox *errands; /* NULL: none is run */
        const ActOps *ops;
        void *ops_ctx;
        KernelAct *kernel; /* the same as ops_ctx with act_kernel, else NULL */
} SentinelParts;

int sentinel_new(const SentinelParts *parts, Sentinel **ret);

/* Stops it first. */
Sentinel *sentinel_free(Sentinel *s);

/* One tick at these times, on the caller's thread: for one-shot runs and tests. Returns the time of
 * the next one. with_processes: read them even if no policy needs them. Before sentinel_arm()
 * nothing is acted on. */
usec_t sentinel_tick(Sentinel *s, usec_t now_usec, usec_t boottime_usec, bool with_processes);

/* A tick now that acts on nothing and tells nobody, and is forgotten but for what was learnt about
 * the machine. *ret_available (may be NULL): mem.available, 0 if unknown. */
void sentinel_rehearse(Sentinel *s, uint64_t *ret_available);

/* Any thread but the sentinel: makes resident what a tick over so many slots of processes will
 * need, so that it need not wait for memory when they come. After a rehearsal. */
void sentinel_touch_ahead(Sentinel *s, uint32_t slots);

/* The same for so many slots of cgroups. */
void sentinel_touch_groups_ahead(Sentinel *s, uint32_t slots);

/* SystemRaw.fill_ceiling from now on. Not while the thread runs. */
void sentinel_set_fill_ceiling(Sentinel *s, uint64_t bytes_per_sec);

/* From now on plans are carried out with the operations given at the start, from a clean book. */
void sentinel_arm(Sentinel *s);

/* Arms it and starts the thread. 0 or negative errno. */
int sentinel_start(Sentinel *s);

/* True when it has ended: within a tick, unless it hangs in the kernel. */
bool sentinel_stop(Sentinel *s);

/* Any thread: a look now, as far as the rest allows: a cgroup is in trouble. Wait-free. */
void sentinel_alarm(Sentinel *s);

/* Any thread: an errand was answered; a tick as soon as the rest allows. Wait-free. */
void sentinel_wake(Sentinel *s);

/* Main: hands a config over for the next tick, in place of one that was not taken yet.
 * sentinel_has_config() is false when the given one is neither waiting nor in use, nor perhaps in a
 * view that main has not taken. */
void sentinel_set_config(Sentinel *s, const Config *config);
bool sentinel_has_config(const Sentinel *s, const Config *config);

/* Main: what judging is to do from the next tick on as for pauses and wards; copied. */
void sentinel_set_steering(Sentinel *s, const Steering *steering);

/* Main: asks for a view to be filled; false while another request is under way. sentinel_view_fd()
 * becomes readable when it is there, and sentinel_take_view() then returns it, once. Without a
 * running thread it is filled at once. */
bool sentinel_request_view(Sentinel *s, View *view, bool with_processes);
int sentinel_view_fd(const Sentinel *s);
View *sentinel_take_view(Sentinel *s);

/* Any thread: CLOCK_MONOTONIC of its last sign of life, and the delay that it planned from there.
 */
usec_t sentinel_heartbeat(const Sentinel *s, usec_t *ret_planned_usec);
