/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Real processes as victims, and a roster that shows them: for tests of acting. Every process is a
 * child of the test (or of such a child), and ends with it. */

#include <stdbool.h>
#include <sys/types.h>

#include "engine/roster.h"

typedef struct Victim {
        pid_t pid;
        int pidfd;
        uint32_t slot;
        uint32_t generation;
} Victim;

typedef enum VictimKind {
        VICTIM_PLAIN,      /* waits; ends by SIGTERM */
        VICTIM_DEAF,       /* ignores SIGTERM */
        VICTIM_HEADLESS,   /* its first thread has ended, another lives on */
        VICTIM_SHARING,    /* has a child that shares its memory: see victim_start_pair() */
        VICTIM_OTHER_USER, /* belongs to uid 65534; only root can start it */
} VictimKind;

/* Memory that whoever is started from now on inherits, to be freed. Every page is written, also
 * where a compiler sees that nobody reads it. */
char *victim_memory(size_t bytes);

/* Starts one and waits until it is what it should be. */
void victim_start(VictimKind kind, Victim *ret);

/* Two processes with one address space (no threads of each other); the second is a child of the
 * first. */
void victim_start_pair(Victim ret[2]);

/* Makes it known to the roster as a kept process, in a listing of these victims, and has the
 * sentinel acquire it. */
void victims_publish(Roster *roster, Victim *victims, size_t n);

/* Has it ended (as its pidfd sees it)? Waits up to timeout_ms. */
bool victim_has_ended(const Victim *v, int timeout_ms);

/* Kills, reaps and closes it. */
void victim_done(Victim *v);
