/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Metrics for whoever watches many machines: asks for a view when somebody wants them and makes the
 * texts that the socket and the file give out. For main only.
 *
 * (1) However many ask, a view is asked for once in METRICS_FRESH_USEC: who comes within that time
 * gets the same text. */

#include <systemd/sd-event.h>

#include "daemon/inquiry.h"

#define METRICS_FRESH_USEC USEC_PER_SEC
#define METRICS_FILE_USEC (15 * USEC_PER_SEC) /* how often the file is written */

typedef struct Metrics Metrics;

typedef struct MetricsOptions {
        sd_event *event;      /* borrowed, like the next */
        Inquiries *inquiries; /* answered or done before metrics_free() */
        usec_t started_realtime_usec;
} MetricsOptions;

/* 0 or negative errno. */
int metrics_new(const MetricsOptions *options, Metrics **ret);
Metrics *metrics_free(Metrics *m);

/* Listens at path. As listener_new(). */
int metrics_listen(Metrics *m, const char *path, TextBuf *reterr);

/* Writes a file from now on. 0 or negative errno. */
int metrics_keep_file(Metrics *m, const char *path);

/* Whether the policy that was loaded last was refused. */
void metrics_set_refused(Metrics *m, bool refused);
