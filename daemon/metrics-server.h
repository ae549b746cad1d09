/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The socket at which metrics are scraped: one HTTP/1.0 request, one answer, end. Knows neither
 * what is in the answer nor where it comes from. For main only.
 *
 * (1) Nobody is waited for: who is slow, to ask or to read, is dropped METRICS_PATIENCE_USEC after
 * he came. (2) There is a bound to peers and to what each may write and keep. */

#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/exposition.h"

enum {
        METRICS_PEERS_MAX = 32,
        METRICS_PEERS_RESERVED = 8, /* of these, for root and ourselves */
        METRICS_PEERS_PER_USER = 8, /* of the others, for one uid */
};

#define METRICS_PATIENCE_USEC (10 * USEC_PER_SEC)

typedef struct MetricsServer MetricsServer;

/* Somebody waits for the metrics: 0, and metrics_server_answer() will be called, during this call
 * or later; negative errno: there are none now. */
typedef int (*MetricsWanted)(void *userdata);

/* 0 or negative errno. Borrows the event loop. */
int metrics_server_new(sd_event *event, MetricsWanted wanted, void *userdata, MetricsServer **ret);

/* Closes everything and removes the socket. */
MetricsServer *metrics_server_free(MetricsServer *s);

/* Listens at path, for everybody. As listener_new(). */
int metrics_server_listen(MetricsServer *s, const char *path, TextBuf *reterr);

/* Takes a connected socket that does not block, also when it fails. 0; -EUSERS when there are too
 * many; negative errno. */
int metrics_server_adopt(MetricsServer *s, int fd, usec_t now_usec);

/* Answers everybody who waits, with the text in his format; NULL: there is none to be had. */
void metrics_server_answer(MetricsServer *s, const char *const texts[_EXPOSITION_MAX]);

/* Drops whose time is over. The server calls it itself, by the monotonic clock. */
void metrics_server_expire(MetricsServer *s, usec_t now_usec);

size_t metrics_server_count(const MetricsServer *s);
