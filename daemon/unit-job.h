/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A job of systemd's for one unit, from the order to its end, on a connection of its own: a manager
 * that executes itself anew costs the jobs that are under way, never the next one. Waits for
 * nothing: it goes on in the event loop. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "daemon/unit-request.h"

#define UNIT_WORDS_SIZE 256

/* Called once, from the event loop, with the job released already (see unit_job_start()). answer:
 * UNIT_DONE, UNIT_LATE, or what it was refused with: -ENOENT no such unit is loaded, -EPERM vital
 * under its own name or not to be stopped by hand, -ECANCELED another job took its place,
 * -ETIMEDOUT or -EIO the job failed, -ECONNRESET the manager hung up, another negative errno. words
 * are about it, in one line, and may be empty; they are there until the job is started again. */
typedef void (*UnitJobEnd)(void *ctx, int answer, const char *words);

typedef struct UnitJob {
        sd_bus *manager; /* NULL: none under way */
        sd_bus_slot *call, *removed, *disconnected;
        sd_event_source *deadline;
        UnitRequest request;
        UnitJobEnd end;
        void *ctx;
        char id[UNIT_NAME_SIZE]; /* the unit's own name */
        char path[256];          /* of the job; "": not ordered, or not answered yet */
        char early_path[256];    /* of the unit's job that ended last, before path was known */
        int early_answer;
        char words[UNIT_WORDS_SIZE];
} UnitJob;

/* Connects to the manager at address, which is borrowed for the call only, and sees to the request.
 * It ends as UNIT_LATE when request->timeout_usec is over; the job of systemd's then goes on.
 * restart is TryRestartUnit: what somebody has stopped meanwhile is not started again. job is
 * zeroed or was released; event must outlive it. 0, or negative errno: released, and end is not
 * called. */
int unit_job_start(UnitJob *job, sd_event *event, const char *address, const UnitRequest *request,
        UnitJobEnd end, void *ctx);

/* Hangs up, without a call of end; what was ordered goes on. Fine for one that is not under way. */
void unit_job_release(UnitJob *job);
