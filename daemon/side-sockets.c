/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/log.h"

enum { WHY_ROOM = 512, PATH_ROOM = 300 };

/* ---- hints
 * ----------------------------------------------------------------------------------- */

static int begin_hint(void *ctx, const Errand *errand, const Step *step _unused_) {
        pressure_server_hint(ctx, errand->incident, errand->hint, clock_monotonic_usec());
        return 1;
}

/* Nowhere in a dry run, which never has a hint to give. Without it nobody hears the hints, and
 * nothing else is missing. */
static int serve_pressure(Daemon *d, const char *bus) {
        char path[PATH_ROOM], why[WHY_ROOM];
        TextBuf p, w;
        int r;

        r = pressure_server_new(d->event, &d->pressure);
        if (r < 0)
                return r;
        errands_set_owner(
                &d->errands, STEP_HINT, (ErrandOwner){ .begin = begin_hint, .ctx = d->pressure });
        if (d->options->dry || !bus)
                return 0;

        textbuf_init(&p, path, sizeof(path));
        textbuf_add_beside(&p, bus, "pressure");
        textbuf_init(&w, why, sizeof(why));
        r = pressure_server_listen(d->pressure, path, &w);
        if (r < 0)
                log_warning("%s: programs cannot hear hints, everything else goes on",
                        w.len > 0 ? why : strerror(-r));
        return 0;
}

/* ---- metrics
 * --------------------------------------------------------------------------------- */

static bool listen_for_metrics(Daemon *d, const char *bus) {
        char path[PATH_ROOM], why[WHY_ROOM];
        TextBuf p, w;
        int r;

        textbuf_init(&p, path, sizeof(path));
        textbuf_add_beside(&p, bus, "metrics");
        textbuf_init(&w, why, sizeof(why));
        r = metrics_listen(d->metrics, path, &w);
        if (r < 0)
                log_warning("%s: metrics cannot be asked for, everything else goes on",
                        w.len > 0 ? why : strerror(-r));
        return r >= 0;
}

/* Whoever names a file gets it; the one beside the socket is the daemon's that serves there. */
static void keep_metrics_file(Daemon *d, const char *bus) {
        const char *path = d->options->metrics;
        char beside[PATH_ROOM];
        TextBuf b;
        int r;

        if (!path && bus) {
                textbuf_init(&b, beside, sizeof(beside));
                textbuf_add_beside(&b, bus, "metrics.prom");
                path = beside;
        }
        if (!path || !*path)
                return;
        r = metrics_keep_file(d->metrics, path);
        if (r < 0)
                log_warning("metrics are not written to %s: %s", path, strerror(-r));
}

static int serve_metrics(Daemon *d, const char *bus) {
        int r;

        r = metrics_new(&(MetricsOptions){ .event = d->event,
                                .inquiries = &d->inquiries,
                                .started_realtime_usec = clock_realtime_usec() },
                &d->metrics);
        if (r < 0)
                return r;
        metrics_set_refused(d->metrics, d->on_builtin);
        keep_metrics_file(d, bus && listen_for_metrics(d, bus) ? bus : NULL);
        return 0;
}

int side_sockets_serve(Daemon *d, const char *bus) {
        int r;

        r = serve_pressure(d, bus);
        return r < 0 ? r : serve_metrics(d, bus);
}
