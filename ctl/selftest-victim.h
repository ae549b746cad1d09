/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The process that avertctl selftest starts in order to have it ended: this program again, in a
 * cgroup of its own where there can be one. It holds 64 MiB, and ends by itself when avertctl does,
 * and after two minutes in any case. */

#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"

/* The first argument by which the program knows what it is to be, before the mark. */
#define SELFTEST_VICTIM "selftest-victim"
#define SELFTEST_BYTES (UINT64_C(64) * 1024 * 1024)

typedef enum SelftestPlace {
        SELFTEST_IN_SCOPE,  /* a transient scope of systemd */
        SELFTEST_IN_CGROUP, /* one that we made */
        SELFTEST_BESIDE_US, /* there can be none */
} SelftestPlace;

typedef struct SelftestVictim {
        pid_t pid;
        int go_fd; /* as soon as something is written, it takes its memory */
        SelftestPlace place;
        char cgroup[64]; /* its name: as a unit of its own, it shares no budget with an earlier one
                          */
} SelftestVictim;

/* The whole life of the victim. Returns its exit code. */
int selftest_victim_main(void);

/* Starts it; it holds nothing before selftest_victim_go(). 0 or negative errno. */
int selftest_victim_start(const char *exe, const char *mark, SelftestVictim *ret);
void selftest_victim_go(SelftestVictim *v);

/* True when it has ended: *ret is the status of waitpid(2). */
bool selftest_victim_has_ended(SelftestVictim *v, int *ret);

/* Ends it, if it has not, and removes its cgroup. */
void selftest_victim_done(SelftestVictim *v);
