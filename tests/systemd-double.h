/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A service manager that listens on a private socket and does as the test says, in the test's own
 * event loop. */

#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "tests/harness.h"

typedef struct SystemdDouble {
        /* what the test says */
        const char *id;      /* of the unit; NULL: it is not loaded */
        const char *refuses; /* the name of an error for the order */
        const char *result;  /* of the job; NULL: it goes on for ever */
        bool ends_first;     /* the job's end is said before the answer to the order */
        bool another_first;  /* the ends of another job of the unit, and of another unit's */
        bool hangs_up;       /* instead of answering the order */
        bool dies;           /* after answering the order */
        bool silent;         /* answers no order */

        /* what happened */
        char method[32];
        char unit[64];
        char mode[16];
        unsigned n_orders;

        Fixture tree;
        char path[300], address[320];
        int fd;
        sd_event *event;
        sd_event_source *listening;
        sd_bus *bus; /* of the last that connected */
} SystemdDouble;

/* Listens at m->address. */
void systemd_double_start(SystemdDouble *m, sd_event *event);

/* Nobody listens any more, and the connection is closed. */
void systemd_double_stop(SystemdDouble *m);

/* Says that the job is over that was ordered. */
void systemd_double_end_job(SystemdDouble *m, const char *result);
