/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The two text formats in which metrics are scraped: Prometheus 0.0.4 and OpenMetrics 1.0. Knows
 * how names, types, units, labels and numbers are written, and no metric.
 *
 * They differ where it matters: the name of a counter's family has _total in the first and not in
 * the second, an info metric is a gauge in the first, and only the second says the unit and where
 * the text ends. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/histogram.h"

typedef enum ExpositionFormat {
        EXPOSITION_PROMETHEUS,
        EXPOSITION_OPENMETRICS,
        _EXPOSITION_MAX,
} ExpositionFormat;

typedef enum FamilyKind {
        FAMILY_GAUGE,
        FAMILY_COUNTER,   /* ends in _total */
        FAMILY_HISTOGRAM, /* of seconds */
        FAMILY_INFO,      /* ends in _info; its labels are what it says, its value is 1 */
} FamilyKind;

/* Literals, or of the caller's: they are written at once. */
typedef struct MetricFamily {
        const char *name; /* without the unit, _total and _info */
        const char *unit; /* "bytes", "seconds", "ratio"; NULL: none */
        const char *help; /* a sentence without its stop */
        FamilyKind kind;
} MetricFamily;

/* Names are literals of [a-z_]; values may be anything: they are escaped. */
typedef struct MetricLabel {
        const char *name, *value;
} MetricLabel;

/* value / 10^places. INT64_MAX is infinity, whatever the places. */
typedef struct Decimal {
        int64_t value;
        unsigned places;
} Decimal;

/* What no counter reaches is cut. */
static inline Decimal decimal_count(uint64_t n) {
        return (Decimal){ .value = n < INT64_MAX ? (int64_t) n : INT64_MAX - 1 };
}

static inline Decimal decimal_usec(usec_t usec) {
        return (Decimal){ .value = decimal_count(usec).value, .places = 6 };
}

/* Microseconds, permyriad and counts can all be written without a floating-point number. */
typedef struct Exposition {
        FILE *out; /* borrowed; its error flag tells of failures */
        ExpositionFormat format;
        const MetricFamily *family; /* of the samples that follow */
} Exposition;

/* Begins a family: its help, type and unit. */
void exposition_begin(Exposition *x, const MetricFamily *family);

/* A sample of the family that was begun last, not of a histogram. */
void exposition_add(Exposition *x, const MetricLabel *labels, size_t n_labels, Decimal value);

/* The samples of a histogram without labels. */
void exposition_add_histogram(Exposition *x, const Histogram *h);

/* No more families come. */
void exposition_end(Exposition *x);

/* For HTTP's Content-Type. */
const char *exposition_content_type(ExpositionFormat format);
