/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the engine's two files share: its making and end (engine-new.c) and its service to main
 * (engine.c). For nobody else. */

#include "engine/act-kernel.h"
#include "engine/engine.h"
#include "engine/journal-thread.h"
#include "engine/lease-ledger.h"
#include "engine/match-tally.h"
#include "engine/sentinel.h"
#include "engine/slow-reader.h"

enum { RETIRED_MAX = 8 };

struct Engine {
        bool dry;
        bool running;
        bool begun; /* was running once */
        bool stuck; /* a thread could not be ended */
        Sink sink;
        Config *config;               /* the latest; a reference, as the next three */
        Config *first_config;         /* the pools were made for */
        Config *retired[RETIRED_MAX]; /* replaced, perhaps still in use */
        size_t n_retired;
        Config *view_config;

        SysRoot root;
        Probe probe;
        int lock_error; /* errno of locking memory; 0: locked, or not asked for */
        SlowReader *slow;
        Roster *roster;
        GroupRoster *groups;
        Scout *scout;
        uint32_t ready_groups; /* likewise for these cgroups */
        uint32_t ready_slots;  /* memory is ready for these; the scout's, as engine_new() is over */
        Sampler *sampler;
        Pipeline pipeline;
        Reporter *reporter;
        Reapers *reapers;
        ErrandBox *errands;
        Triggers triggers;
        KernelAct kernel;
        bool standby;        /* made as one */
        LeaseLedger *ledger; /* NULL: nothing can be leased; see ledger_error */
        int ledger_error;    /* errno; 0: it is there, or not asked for */
        bool told_owed;      /* that something could not be given back */
        Steering steering;   /* as the sentinel has it, or will at its next tick */
        Sentinel *sentinel;
        JournalThread *journal;
        MatchTally tally;

        usec_t started_usec;
        View *asked;               /* the sentinel has it */
        View *view;                /* main has it */
        Event event;               /* under construction, on main */
        uint64_t told[_EVENT_MAX]; /* of these, by kind */
};

/* Passes e->event on. */
void engine_push(Engine *e);

/* ---- engine-leases.c: what is owed to cgroups, as far as it is main's ---- */

/* path: of the ledger; NULL: none. Not having it is no failure: steps that need it are refused. Of
 * one that a standby has, or this one is standby of, the acting seat is not taken yet. */
void engine_leases_open(Engine *e, const char *path);

/* Who would act if this process were killed. */
StandbyState engine_standby(const Engine *e);

/* Gives back what an earlier daemon left; before anything is judged. */
void engine_leases_begin(Engine *e);

/* Gives back what nobody looks after any more. */
void engine_leases_care(Engine *e);

/* Gives back everything; when no thread takes any more. */
void engine_leases_end(Engine *e);

/* ---- engine-steering.c: pauses and wards, as far as they are main's ---- */

/* Takes over what was asked of an earlier daemon; before anything is judged. */
void engine_steering_begin(Engine *e);

/* Drops what is over, and processes that are gone. */
void engine_steering_care(Engine *e);
