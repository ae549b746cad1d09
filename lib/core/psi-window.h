/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Our own pressure windows, from the total= counters: they neither lag like avg10 nor decay like
 * it. Fixed memory.
 *
 * (1) Points lie 50 ms apart at least: a pressure file read more often loses what it counts.
 * (2) A window begins at a point, never before the last moment at which the counter was found
 * lying. (3) A counter that ran faster than the clock, ran backwards, or says "full" where it does
 * not say "some" is believed again only for windows that begin afterwards. */

#include "core/sample.h"

#define PSI_POINTS_MAX 256

typedef struct PsiPoint {
        usec_t at_usec;
        uint64_t total_usec[_PSI_RESOURCE_MAX][_PSI_KIND_MAX];
} PsiPoint;

typedef struct PsiWindows {
        PsiPoint points[PSI_POINTS_MAX]; /* a ring */
        uint32_t head, n;
        usec_t valid_from[_PSI_RESOURCE_MAX]; /* (2); USEC_UNSET: no point yet */
        usec_t flat_since;             /* memory: "some" runs and "full" stands still since */
        uint64_t flat_some, flat_full; /* what they were then */
        bool flat;                     /* that has lasted too long to be true */
} PsiWindows;

void psi_windows_init(PsiWindows *w);

/* Takes in the counters of all resources that are present (have: 1 << PsiResource), read later than
 * all before. */
void psi_windows_add(PsiWindows *w, usec_t at_usec, uint32_t have, const PsiRaw *psi);

/* The pressure over the last 1, 3 or 10 s (PSI_1S … PSI_10S) up to the newest point, in permyriad;
 * unknown while the points do not reach back that far. Between sparse points a window is longer
 * than its name. */
Reading psi_windows_read(const PsiWindows *w, PsiResource resource, PsiKind kind, PsiWindow window);

/* False while the kernel's averages of this resource are not to be believed either. */
bool psi_windows_is_sane(const PsiWindows *w, PsiResource resource);
