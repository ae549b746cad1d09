/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/place.h"
#include "daemon/privacy.h"

enum { WHY_ROOM = 512, PATH_ROOM = 300 };

/* ---- bus
 * --------------------------------------------------------------------------------- */

static int reload_for_bus(void *ctx, TextBuf *ret) {
        return loop_reload(ctx, ret);
}

static int check_reload_for_bus(void *ctx, TextBuf *ret) {
        return loop_check_reload(ctx, ret);
}

static int release_for_bus(void *ctx, uint64_t id, TextBuf *ret) {
        Daemon *d = ctx;

        return engine_release_leases(d->engine, id, ret);
}

static int steer_for_bus(void *ctx, const SteerOrder *order, TextBuf *ret) {
        Daemon *d = ctx;

        return engine_steer(d->engine, order, ret);
}

static void on_peer(void *ctx) {
        loop_refresh(ctx);
}

/* What /proc was told to hide must not be shown there either. */
static void join_bus(Daemon *d) {
        const Options *o = d->options;
        int r;

        if (o->system_bus ? !*o->system_bus : o->root || o->bus)
                return; /* the name belongs to the daemon of this machine */
        if (privacy_hides_processes()) {
                log_info("users do not see each other's processes here (hidepid): not on the "
                         "system bus");
                return;
        }
        r = bus_join_system(d->bus, o->system_bus);
        if (r < 0)
                log_warning("not on the system bus: %s", strerror(-r));
}

/* Without the socket the daemon protects all the same; only avertctl cannot ask it. */
static int serve_bus(Daemon *d, const char *path) {
        char why[WHY_ROOM];
        mode_t mode = 0666;
        TextBuf w;
        int r;

        r = bus_new(&(BusOptions){ .event = d->event,
                            .inquiries = &d->inquiries,
                            .probe = engine_probe(d->engine),
                            .reader = d->reader,
                            .dry = d->options->dry,
                            .patience_usec = BUS_PATIENCE_USEC,
                            .reload = reload_for_bus,
                            .check_reload = check_reload_for_bus,
                            .release = release_for_bus,
                            .steer = steer_for_bus,
                            .on_peer = on_peer,
                            .ctx = d },
                &d->bus);
        if (r < 0)
                return r;

        join_bus(d);
        if (!path)
                return 0;
        if (privacy_hides_processes())
                mode = 0600; /* our capabilities must not show what /proc was told to hide */

        textbuf_init(&w, why, sizeof(why));
        r = bus_listen(d->bus, path, mode, &w);
        if (r < 0)
                log_warning("%s: avertctl cannot reach this daemon, everything else goes on",
                        w.len > 0 ? why : strerror(-r));
        return 0;
}

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

int sockets_serve(Daemon *d) {
        char path[PATH_ROOM];
        const char *bus = NULL;
        TextBuf b;
        int r;

        textbuf_init(&b, path, sizeof(path));
        if (place_of_bus(d->options, &b))
                bus = path;
        r = serve_bus(d, bus); /* which says so when it is too long */
        if (b.truncated)
                bus = NULL;
        if (r >= 0)
                r = serve_pressure(d, bus);
        return r < 0 ? r : serve_metrics(d, bus);
}
