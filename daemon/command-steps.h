/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Runs the errands of `run` steps: a place for the command, an order to the starter, the answer.
 * For main only; waits for nobody.
 *
 * (1) A place is made before the order goes out and removed when its answer comes; when none comes,
 * because whoever had the order was killed, some time after the deadline, and what is in it is
 * ended first. (2) An errand that is cancelled, being late, is not ended from here: whoever has the
 * order has its deadline as well. */

#include "daemon/errands.h"
#include "daemon/starter.h"

/* Where a command lives: a cgroup of its own. A test has another. */
typedef struct CommandPlaces {
        /* The directory of an empty cgroup with these bounds, the caller's to close, or negative
         * errno: then the command runs without one. */
        int (*make)(void *ctx, uint64_t id, uint64_t memory_bytes);

        /* Ends who is in it (end) and removes it. 0 or negative errno: it is tried again. */
        int (*remove)(void *ctx, uint64_t id, bool end);
        void *ctx;
} CommandPlaces;

/* One command that is under way or has left its place behind. */
typedef struct CommandEntry {
        bool used;
        bool over; /* answered; only its place is left */
        uint64_t id;
        usec_t deadline_usec;
        char policy[POLICY_NAME_MAX];
        char program[128];
} CommandEntry;

enum { COMMANDS_MAX = 2 * ERRANDS_OPEN_MAX };

typedef struct CommandSteps {
        Starter *starter;
        Errands *errands;
        CommandPlaces places; /* make NULL: there are none */
        CommandEntry entries[COMMANDS_MAX];
} CommandSteps;

/* Owns the run steps of `errands` from now on. All are borrowed. starter NULL: every one is
 * refused. */
void command_steps_init(
        CommandSteps *c, Starter *starter, Errands *errands, const CommandPlaces *places);

/* Removes what is left behind; to be called now and then. */
void command_steps_care(CommandSteps *c, usec_t now_usec);

/* Ends what is under way and removes its places. After starter_free(). */
void command_steps_done(CommandSteps *c);
