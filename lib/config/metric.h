/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The dictionary of metrics: name, unit, scope and what a policy may do with each. Knows what the
 * numbers are called, not where they come from. */

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

typedef enum MetricScope {
        METRIC_SCOPE_SYSTEM,
        METRIC_SCOPE_CGROUP,
        METRIC_SCOPE_USER,
        METRIC_SCOPE_PROCESS,
} MetricScope;

/* What "8%" of a metric is a percentage of. */
typedef enum MetricBase {
        METRIC_BASE_NONE, /* it takes no percentage, or is one by itself (METRIC_UNIT_PERMYRIAD) */
        METRIC_BASE_MEM_TOTAL,    /* MemTotal less the hugetlb pool */
        METRIC_BASE_SWAP_TOTAL,   /* swap.total after the zram correction */
        METRIC_BASE_CGROUP_LIMIT, /* cgroup.limit: the tightest memory.max above it, or MemTotal */
} MetricBase;

/* On which side the scarcity of promise 1 lies. */
typedef enum MetricScarce {
        METRIC_SCARCE_NEVER, /* no amount of promise 1 */
        METRIC_SCARCE_LOW,   /* mem.available < … */
        METRIC_SCARCE_HIGH,  /* proc.anon > … */
} MetricScarce;

typedef struct MetricInfo {
        MetricId id;
        const char *name; /* "mem.available" */
        MetricUnit unit;
        MetricScope scope;
        MetricBase base;
        MetricScarce scarce;
        bool is_amount;           /* one of the scarce amounts of promise 1: scarce != NEVER */
        bool is_pressure_or_rate; /* taken as true when a policy is tested for being armed */
        bool may_be_percent; /* a threshold may be written in percent: base != NONE or permyriad */
        bool is_constant;    /* does not change with the load: no evidence by itself */
        int64_t max_permyriad;   /* largest percentage that can occur; 0: no bound */
        const char *description; /* one line, for status and the man page */
} MetricInfo;

/* All metrics of this build, METRIC_MEM_TOTAL … _METRIC_MAX - 1; never NULL for a valid id. */
const MetricInfo *metric_info(MetricId id);

/* The metric of that name, or NULL. */
const MetricInfo *metric_find(const char *name);

/* True for names that the policy language has and this build has not (go.*, proc.pss, …).
 */
bool metric_is_planned(const char *name);

/* The known name nearest to a misspelt one, or NULL when none is near. */
const char *metric_suggest(const char *name);
