/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The engine as the daemon sees it: made, started, asked, reloaded, stopped. Everything here is
 * called on main and returns at once; what the threads have to say comes through descriptors that
 * main polls. Threads: sentinel, scout, reapers, and the journal thread that feeds the sink.
 */

#include <stdbool.h>

#include "config/config.h"
#include "core/decide.h"
#include "core/event.h"
#include "engine/view.h"

typedef struct Engine Engine;

/* Where events go, called on the journal thread only, one at a time; may block without harm. */
typedef struct Sink {
        void (*write)(void *ctx, const Event *e);
        void *ctx;
} Sink;

typedef struct EngineOptions {
        const char *root; /* NULL: the live system; else a foreign tree: forces dry */
        bool dry;
        Sink sink;
        bool lock_memory;   /* mlockall on fault; failure is an event, not an error */
        const char *leases; /* file of what is owed to cgroups; NULL: nothing is leased */
        bool standby;       /* leases is another daemon's, in whose place this one may act later */
} EngineOptions;

/* Probes, opens, allocates, starts the slow reader process, makes one dry tick. Starts no thread. 0
 * or negative errno (only when nothing useful can be done: no memory, no readable /proc/meminfo at
 * all, a standby without leases). The engine takes a reference to config. */
int engine_new(const EngineOptions *options, Config *config, Engine **ret);
Engine *engine_free(Engine *e); /* stops it first */

/* Once, before engine_start(): takes the place of a daemon that was killed, or of the standby that
 * stands in for one (handover.h), which is asked to leave, and makes what was found fresh again.
 * *ret_pidfd: a process that is about to end and still has the sockets, the caller's to close; else
 * FD_NONE. Waits, for some seconds at most. 0; -EBUSY: somebody else acts; -ESTALE: a standby's
 * ledger is not current any more; other negative errno. Without leases, or where another daemon has
 * them, there is nothing to take. */
int engine_take_over(Engine *e, int *ret_pidfd);

/* Makes what was found fresh again, while it waits to be started: processes come and go. */
void engine_refresh(Engine *e);

/* Gives back what an earlier daemon left, starts the threads, all signals blocked in them, and
 * reports EVENT_STARTED, what is missing here, and rivals. Until then the engine is dry, and a view
 * that is asked for is made at once, on the caller's thread. 0 or negative errno. */
int engine_start(Engine *e);

/* Reports EVENT_STOPPING, ends the threads and gives back all leases; what waits for the sink is
 * written, for two seconds at most. */
void engine_stop(Engine *e);

/* Hands a new config to the threads, and has a standby begin anew; takes effect between two ticks.
 * -ENOSPC when it needs larger pools than were made at start (see config_fits); -EBUSY when the
 * sentinel has taken none of the last few. The outcome is an EVENT_RELOADED. */
int engine_reload(Engine *e, Config *config);

/* Reports an event that did not come from judging (start, reload refused, rivals). Main only. */
void engine_report(Engine *e, const Event *event);

/* Readable when events wait for main. engine_next_event() takes one; false when there is none. */
int engine_event_fd(Engine *e);
bool engine_next_event(Engine *e, Event *ret);

/* Readable when an errand waits for main. engine_next_errand() takes the oldest, or is NULL; it and
 * its config stay as they are until engine_errand_done() has answered it. */
int engine_errand_fd(Engine *e);
const Errand *engine_next_errand(Engine *e);

/* Answers a taken errand: answer->action is its id; kind, error and value as OutcomeKind has it.
 * The time is filled in here. An answer to none, or a second one, is forgotten. */
void engine_errand_done(Engine *e, const Outcome *answer);

/* Asks the sentinel for a view (with_processes: kept processes are read for it). The descriptor
 * becomes readable when it is there; engine_view() then returns it, valid until
 * engine_view_release(). One request at a time: -EBUSY otherwise. engine_view() is NULL while there
 * is none. */
int engine_view_request(Engine *e, bool with_processes);
int engine_view_fd(Engine *e);
View *engine_view(Engine *e);
void engine_view_release(Engine *e);

/* Gives a lease back now, by its number, or all (0); a sentence about it in *ret. Returns how many
 * records were dropped; -ENOENT: there is no such one. Judging hears of it as if somebody else had
 * changed the file. */
int engine_release_leases(Engine *e, uint64_t id, TextBuf *ret);

/* What somebody asks of judging. */
typedef enum SteerKind {
        STEER_PAUSE,
        STEER_RESUME,
        STEER_PROTECT,
        STEER_UNPROTECT,
} SteerKind;

#define STEER_PAUSE_USEC (10 * USEC_PER_MIN) /* when no time was given */
#define STEER_PAUSE_MAX_USEC (24 * USEC_PER_HOUR)

typedef struct SteerOrder {
        SteerKind kind;
        Ward ward;       /* protect, unprotect: kind, and pid or name */
        usec_t for_usec; /* pause, protect; 0: no time was given */
        uint32_t by_uid;
        bool dry; /* only says what would become of it */
} SteerOrder;

/* Has judging keep still, go on, leave somebody alone or not any more; a sentence about it in *ret.
 * A protection without a time lasts until it is taken back. Outlives the daemon as far as leases
 * do. 0; -ENOENT: there is no such process, ward or pause; -ERANGE: too long; -ENOSPC: as many
 * wards as there can be. */
int engine_steer(Engine *e, const SteerOrder *order, TextBuf *ret);

/* Counts once which matches select whom now, for View.match_hits, and gives back leases that nobody
 * looks after; called every now and then
 * (tick.census would be right) and by each view. Does nothing while a view is held. */
void engine_look(Engine *e);

/* The threads' heartbeats, for the watchdog: true when each is younger than max_age_usec beyond
 * what it planned to sleep. *ret_who (may be NULL) names the first that is not. The journal thread
 * and reapers are not asked: they may hang without harm, and ending the daemon for it would be the
 * harm. */
bool engine_is_alive(const Engine *e, usec_t now_usec, usec_t max_age_usec, const char **ret_who);

/* What was found at start. */
const struct Probe *engine_probe(const Engine *e);
