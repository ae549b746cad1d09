/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What avert finds and misses on a machine, without a daemon: kernel, cgroups, the rights of
 * whoever asks, rivals. For people: each with what follows from it and what to do. For the main
 * thread. */

#include <stdbool.h>
#include <stddef.h>

#include "kernel/probe.h"

#define DIAGNOSIS_MAX (_PROBE_MAX + 2)

typedef struct Finding {
        const char *name;
        ProbeState state;
        bool is_lack;          /* something is to be done, or should be known */
        char why[192];         /* "" when all is well */
        char consequence[192]; /* likewise */
        const char *fix;       /* "": nothing can be done, or need be */
} Finding;

typedef struct Diagnosis {
        Finding findings[DIAGNOSIS_MAX];
        size_t n;
        size_t n_lacks;
} Diagnosis;

/* root: a recorded machine, or NULL for this one. Of a recorded one nothing is said that only the
 * machine itself can answer. 0 or negative errno: there is no /proc. */
int diagnose(const char *root, Diagnosis *ret);
