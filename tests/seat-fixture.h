/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A second process that sits in seats of a ledger, as a daemon or a standby does: locks are the
 * process's, so that nothing else shows what they do. */

#include <stdbool.h>
#include <sys/types.h>

#include "engine/lease-ledger.h"

typedef enum SitterManner {
        SITTER_ENDS,  /* when it is told to by SIGTERM */
        SITTER_STAYS, /* whatever it is told */
        SITTER_RISES, /* leaves the acting seat when it is told to, and lives on */
} SitterManner;

typedef struct Sitter {
        pid_t pid;
        int fd; /* a byte from it: it sits; its end, or a byte to it: see sitter_finish() */
} Sitter;

/* Starts one in each seat of the mask (1 << SEAT_ACTING ...), in a ledger of this boot_id, which
 * the one that acts makes if need be. It waits for the acting seat as long as somebody has it. With
 * the acting seat the ledger says that there is something unfinished. Does not wait until it sits.
 */
Sitter sitter_start(const char *path, const char *boot_id, unsigned seats, SitterManner manner);

/* Waits until it sits. */
void sitter_wait(const Sitter *s);

/* Has it end by itself, as a daemon that is stopped, and waits for that. */
void sitter_finish(Sitter *s);

/* Kills it, and waits for that. */
void sitter_kill(Sitter *s);

/* Whether it lives. */
bool sitter_lives(const Sitter *s);
