/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The table of metrics, and the samples of those that are more than a number of the view. For
 * metrics-text.c only. */

#include "daemon/exposition.h"
#include "daemon/metrics-tally.h"
#include "daemon/metrics-text.h"

typedef struct MetricsSource {
        const View *view;
        const MetricsFacts *facts;
        MetricsTally tally;
} MetricsSource;

/* A uint64_t of the View (a Histogram, in a histogram), and the label's value with it. */
typedef struct MetricsField {
        const char *value; /* NULL: the row has no label */
        size_t offset;
} MetricsField;

enum { METRICS_FIELDS_MAX = 5 };

typedef struct MetricsRow {
        MetricFamily family;
        const char *label;                           /* NULL: none */
        MetricsField fields[METRICS_FIELDS_MAX + 1]; /* ended by one with the offset 0 */
        void (*add)(const MetricsSource *source, Exposition *x); /* in place of fields */
} MetricsRow;

extern const MetricsRow metrics_rows[];
extern const size_t metrics_n_rows;

/* What the machine is like: every reading of the system that a policy can name, under that name
 * with underscores. */
void metrics_add_readings(const View *view, Exposition *x);

/* ---- metrics-policies.c: what has the name of a policy in a label ---- */

void metrics_add_instances(const MetricsSource *source, Exposition *x);
void metrics_add_incidents(const MetricsSource *source, Exposition *x);
void metrics_add_opened(const MetricsSource *source, Exposition *x);
void metrics_add_steps(const MetricsSource *source, Exposition *x);
void metrics_add_freed(const MetricsSource *source, Exposition *x);
