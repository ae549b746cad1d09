/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a peer of the metrics socket asks for: the head of an HTTP request, as far as it matters. */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/exposition.h"

enum { METRICS_REQUEST_MAX = 4096 }; /* bytes of a head */

typedef struct MetricsRequest {
        bool head_only; /* HEAD: the answer has no body */
        ExpositionFormat format;
} MetricsRequest;

/* 0: it is not whole yet; else the status to answer with, of HTTP: 200, and then *ret is filled;
 * 400 what is no request, 404 another path than / and /metrics, 405 another method than GET and
 * HEAD. OpenMetrics is what an Accept header asks for by name, whatever else it would take. */
int metrics_request_parse(const char *text, size_t len, MetricsRequest *ret);
