/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Remembers what happened: makes parts of the events that belong to incidents, adds the rule and
 * the readings before, and has them written by another process. For main only; waits for no disk.
 *
 * (1) One order is under way at a time; its parts stay here until it is known that they are on the
 * disk, and go again when they may not be. (2) What waits has a bound: beyond it the oldest go, or
 * the newest while an order is under way, and that is told. (3) That incidents cannot be kept is
 * told once, and once when they can. */

#include "config/config.h"
#include "core/event.h"
#include "daemon/incident-part.h"
#include "daemon/inquiry.h"
#include "daemon/starter.h"

#define INCIDENT_FILES_DEFAULT 200
#define INCIDENT_BYTES_DEFAULT (UINT64_C(64) << 20)

typedef struct IncidentOptions {
        Starter *starter;     /* borrowed, like the next; NULL: nothing is kept, and nothing told */
        Inquiries *inquiries; /* for the readings before */
        const char *state_directory; /* with ':' between several; NULL: the usual one */
        usec_t started_usec;         /* CLOCK_REALTIME */
        void (*tell)(void *ctx, bool kept, const char *text); /* (3) */
        void *ctx;
} IncidentOptions;

/* INCIDENT_ASKING_MAX: those that want the readings before them. INCIDENT_KERNEL_MAX: cgroups whose
 * kills are each other's trouble; where more are killed in turn, each kill has a file. */
enum { INCIDENT_ASKING_MAX = 8, INCIDENT_KERNEL_MAX = 64, INCIDENT_NAMED_MAX = 256 };

/* What makes an event belong to a file: the incident, or for kills by the kernel the cgroup. */
typedef struct IncidentNamed {
        uint64_t key; /* 0: free */
        usec_t opened_usec;
        usec_t last_usec;
} IncidentNamed;

typedef struct IncidentQueued IncidentQueued;

typedef struct IncidentKeeper {
        IncidentOptions options;
        char directory[INCIDENT_PATH_MAX]; /* "": its name is too long */
        IncidentNamed named[INCIDENT_NAMED_MAX], kernel[INCIDENT_KERNEL_MAX];
        char asking[INCIDENT_ASKING_MAX][INCIDENT_NAME_MAX];
        size_t n_asking;
        bool asked; /* for a view: the answer comes with this keeper */
        IncidentQueued *first, **end;
        size_t n, bytes;
        uint64_t order;            /* of the last one sent */
        size_t n_sent;             /* parts in it; 0: none is under way */
        usec_t deadline_usec;      /* of that */
        usec_t again_usec;         /* not before */
        unsigned n_failed, n_late; /* in a row */
        uint64_t n_lost;           /* parts, since it was told */
        bool failing, given_up;
} IncidentKeeper;

/* Listens to the starter from now on. k stays where it is. */
void incident_keeper_init(IncidentKeeper *k, const IncidentOptions *options);

/* Takes what belongs to an incident; everything else is none of its business. config is that in
 * force, for the rule. now_usec here and below: CLOCK_MONOTONIC. */
void incident_keeper_note(
        IncidentKeeper *k, const Event *event, const Config *config, usec_t now_usec);

/* Tries again, and gives up what had no answer; to be called now and then. */
void incident_keeper_care(IncidentKeeper *k, usec_t now_usec);

/* An answer of the starter is to be expected. */
bool incident_keeper_is_under_way(const IncidentKeeper *k);

/* After inquiries_done() and starter_free(). */
void incident_keeper_done(IncidentKeeper *k);
