/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The daemon's main thread: brings options, policy, engine, bus, sinks and the service manager
 * together. All of it may be late; what may not is in the engine's threads. */

#include <systemd/sd-event.h>

#include "daemon/bus.h"
#include "daemon/capture-steps.h"
#include "daemon/command-steps.h"
#include "daemon/errands.h"
#include "daemon/incident-keeper.h"
#include "daemon/inquiry.h"
#include "daemon/metrics.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/pressure-server.h"
#include "daemon/sink-journal.h"
#include "daemon/sink-stderr.h"
#include "daemon/standby.h"
#include "daemon/unit-client.h"
#include "engine/engine.h"
#include "engine/slow-reader.h"
#include "kernel/own-cgroup.h"

/* How old a thread's heartbeat may be before the service manager hears nothing from us any more. */
#define HEARTBEAT_MAX_USEC (60 * USEC_PER_SEC)

typedef struct Daemon {
        const Options *options;
        sd_event *event;
        Engine *engine;
        Config *config;       /* in force */
        Config *started_with; /* whose limits made the pools */
        bool on_builtin;      /* the policy was refused at start */
        Notifier notifier;
        Sink sink;
        Standby standby;
        Inquiries inquiries;
        Errands errands;
        OwnCgroup cgroup;
        Starter *starter;         /* NULL: there is none */
        sd_event_source *answers; /* the starter's */
        CommandSteps commands;
        CaptureSteps captures;
        IncidentKeeper incidents;
        UnitClient *units;
        SlowReader *reader; /* of command lines, for the bus; NULL: there is none */
        Bus *bus;
        PressureServer *pressure;
        Metrics *metrics;
        StderrSink *terminal;     /* NULL unless stderr is one */
        sd_event_source *care;    /* watchdog, heartbeats, what is owed to the manager */
        sd_event_source *refresh; /* a new view while somebody looks */
        sd_event_source *late;    /* the next deadline of an errand */
        bool refreshing;
        bool paused;        /* in the last view */
        const char *level;  /* literal, of the last view */
        const char *silent; /* literal: the thread that does not move; NULL: all do */
} Daemon;

/* Runs until it is told to stop. Returns the exit code. Once per process: the journal thread may
 * outlive it with the sinks, which therefore live as long as the process. */
int daemon_run(const Options *o);

/* loop.c: all event sources. 0 or negative errno. */
int loop_watch(Daemon *d);

/* Loads the policy again and hands it to the engine; a sentence about it in *ret. 0 or negative
 * errno: then the old one stays. */
int loop_reload(Daemon *d, TextBuf *ret);

/* Says what that would come to. */
int loop_check_reload(Daemon *d, TextBuf *ret);

/* Somebody looks: see that the view is fresh, now and then again. */
void loop_refresh(Daemon *d);

/* announce.c: the events that main itself has to report. */
void announce_broken_policy(Daemon *d, const char *what);
void announce_reload_refused(Daemon *d, const char *why);
void announce_stand_in(Daemon *d);
void announce_silence(Daemon *d, const char *who);
void announce_incidents(void *daemon, bool kept, const char *text); /* an IncidentOptions.tell */

/* Which files are in force: a line of the log. */
void announce_policy(const Daemon *d);

/* loop.c: passes on what the engine has to say, all of it. */
void loop_drain(Daemon *d);

/* sockets.c: the bus, hints and metrics. Where one of them cannot be served everything else goes
 * on. 0 or negative errno. */
int sockets_serve(Daemon *d);

/* step-owners.c: who runs the errands of which step. Forks what has to be forked before memory is
 * locked and before any thread; what fails is told and refused later. */
void step_owners_fork(Daemon *d);

/* Takes the errands, after loop_watch(). 0 or negative errno. */
int step_owners_watch(Daemon *d);
void step_owners_care(Daemon *d);

/* Waits a moment for what is being written about incidents: at the end. */
void step_owners_settle(Daemon *d);
void step_owners_done(Daemon *d);
