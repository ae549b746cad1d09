/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the daemon knows, as metrics: one table, which becomes either format. avert-metrics(7) says
 * what each of them means.
 *
 * The set of label values is bounded: by what a program of this version can be, and by the names of
 * policies. No process, cgroup, user or command line is in it. */

#include "daemon/exposition.h"
#include "engine/view.h"

/* What the view does not know. */
typedef struct MetricsFacts {
        bool policy_refused; /* the last policy that was loaded was not taken */
        usec_t started_realtime_usec;
} MetricsFacts;

/* All metrics, as text that the caller frees; NULL when out of memory. Needs no processes in the
 * view. */
char *metrics_text(const View *view, const MetricsFacts *facts, ExpositionFormat format);
