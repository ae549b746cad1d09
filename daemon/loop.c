/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/policy-load.h"
#include "daemon/status-line.h"
#include "describe/describe.h"

#define CARE_USEC (30 * USEC_PER_SEC)            /* without a watchdog */
#define REFRESH_TERMINAL_USEC (2 * USEC_PER_SEC) /* somebody sits in front of it */
#define REFRESH_PEER_USEC (5 * USEC_PER_SEC)

enum { EVENTS_PER_DISPATCH = 64 };

/* ---- views
 * --------------------------------------------------------------------------------------- */

static int request_view(void *ctx, bool with_processes) {
        Daemon *d = ctx;
        return engine_view_request(d->engine, with_processes);
}

static View *get_view(void *ctx) {
        Daemon *d = ctx;
        return engine_view(d->engine);
}

static void release_view(void *ctx) {
        Daemon *d = ctx;
        engine_view_release(d->engine);
}

static uint64_t amount(const Reading *r) {
        return r->known && r->value > 0 ? (uint64_t) r->value : 0;
}

static void on_summary(void *userdata, View *view) {
        Daemon *d = userdata;
        BusSummary summary;
        bool paused;
        char line[512];
        TextBuf b;

        d->refreshing = false;
        if (!view)
                return;

        summary = (BusSummary){
                .level = describe_level(view),
                .mem_available = amount(&view->sample.system[METRIC_MEM_AVAILABLE]),
                .swap_free = amount(&view->sample.system[METRIC_SWAP_FREE]),
                .kernel_oom_kills = view->book.kernel_oom_total,
                .steps_total = view->book.steps_total,
                .freed_total = view->book.freed_total,
                .steering = view->book.steering,
        };
        memcpy(summary.readings, view->sample.system, sizeof(summary.readings));
        bus_set_summary(d->bus, &summary);

        textbuf_init(&b, line, sizeof(line));
        if (d->on_builtin)
                textbuf_add(&b, "policy refused, on the built-in default | ");
        status_line_print(view, &b);
        if (d->terminal)
                sink_stderr_status(d->terminal, line);
        paused = steering_is_paused(&view->book.steering, view->sample.raw.at_usec);
        if (!d->level || strcmp(d->level, describe_level(view)) != 0 || paused != d->paused)
                (void) notifier_status(&d->notifier, line); /* told by change, not by time */
        d->level = describe_level(view);
        d->paused = paused;
}

static void want_summary(Daemon *d) {
        if (d->refreshing)
                return;
        d->refreshing =
                inquiries_add(&d->inquiries, false, clock_monotonic_usec(), on_summary, d) == 0;
}

void loop_refresh(Daemon *d) {
        want_summary(d);
        (void) sd_event_source_set_time_relative(
                d->refresh, d->terminal ? REFRESH_TERMINAL_USEC : REFRESH_PEER_USEC);
        (void) sd_event_source_set_enabled(d->refresh, SD_EVENT_ONESHOT);
}

/* Nobody there: silence until somebody comes. */
static int on_refresh(sd_event_source *s _unused_, uint64_t usec _unused_, void *userdata) {
        Daemon *d = userdata;

        if (d->terminal || bus_is_watched(d->bus))
                loop_refresh(d);
        return 0;
}

static int on_view(
        sd_event_source *s _unused_, int fd _unused_, uint32_t events _unused_, void *userdata) {
        Daemon *d = userdata;

        inquiries_dispatch(&d->inquiries, clock_monotonic_usec());
        return 0;
}

/* ---- events
 * -------------------------------------------------------------------------------------- */

static bool pass_event_on(Daemon *d) {
        Event e;

        if (!engine_next_event(d->engine, &e))
                return false;
        bus_send_event(d->bus, &e);
        incident_keeper_note(&d->incidents, &e, d->config, clock_monotonic_usec());
        return true;
}

void loop_drain(Daemon *d) {
        while (pass_event_on(d))
                ;
}

static int on_event(
        sd_event_source *s _unused_, int fd _unused_, uint32_t events _unused_, void *userdata) {
        Daemon *d = userdata;

        for (size_t i = 0; i < EVENTS_PER_DISPATCH && pass_event_on(d); i++)
                ;
        want_summary(d); /* the level may have changed with it */
        return 0;
}

/* ---- errands
 * ------------------------------------------------------------------------------------- */

static const Errand *next_errand(void *ctx) {
        Daemon *d = ctx;
        return engine_next_errand(d->engine);
}

static void answer_errand(void *ctx, const Outcome *answer) {
        Daemon *d = ctx;
        engine_errand_done(d->engine, answer);
}

static void dispatch_errands(Daemon *d) {
        usec_t next;

        errands_dispatch(&d->errands, clock_monotonic_usec());
        next = errands_next_usec(&d->errands);
        if (next == USEC_UNSET)
                return;
        (void) sd_event_source_set_time(d->late, next);
        (void) sd_event_source_set_enabled(d->late, SD_EVENT_ONESHOT);
}

static int on_errand(
        sd_event_source *s _unused_, int fd _unused_, uint32_t events _unused_, void *userdata) {
        dispatch_errands(userdata);
        return 0;
}

static int on_late(sd_event_source *s _unused_, uint64_t usec _unused_, void *userdata) {
        dispatch_errands(userdata);
        return 0;
}

/* ---- signals
 * ------------------------------------------------------------------------------------- */

static int load_for_reload(Daemon *d, Config **ret, TextBuf *reterr) {
        _cleanup_free_ ConfigErrors *errors = malloc(sizeof(*errors));
        int r;

        if (!errors)
                return -ENOMEM;

        r = policy_load(d->options, ret, errors);
        if (r < 0) {
                policy_print_first_error(errors, r, reterr);
                return r;
        }
        r = config_fits(*ret, d->started_with, errors);
        if (r < 0) {
                policy_print_first_error(errors, r, reterr);
                textbuf_add(reterr, "; restart avertd for that");
                *ret = config_unref(*ret);
        }
        return r;
}

static int replace_config(Daemon *d, TextBuf *reterr) {
        Config *config = NULL;
        int r;

        r = load_for_reload(d, &config, reterr);
        if (r < 0)
                return r;
        r = engine_reload(d->engine, config);
        if (r < 0) {
                textbuf_addf(reterr, "the engine cannot take it: %s", strerror(-r));
                config_unref(config);
                return r;
        }

        config_unref(d->config);
        d->config = config;
        d->on_builtin = false;
        policy_log_warnings(d->options, config);
        return 0;
}

static void add_policies(TextBuf *out, const Config *config) {
        textbuf_addf(out, "%zu %s from %zu %s", config->n_policies,
                config->n_policies == 1 ? "policy" : "policies", config->n_sources,
                config->n_sources == 1 ? "file" : "files");
}

int loop_check_reload(Daemon *d, TextBuf *ret) {
        _cleanup_(config_unrefp) Config *config = NULL;
        char text[640];
        TextBuf b;
        int r;

        textbuf_init(&b, text, sizeof(text));
        r = load_for_reload(d, &config, &b);
        if (r < 0)
                textbuf_addf(ret, "would be refused: %s", text);
        else {
                textbuf_add(ret,
                        config->hash == d->config->hash ? "would be reloaded, nothing is new: "
                                                        : "would be reloaded: ");
                add_policies(ret, config);
        }
        return r;
}

int loop_reload(Daemon *d, TextBuf *ret) {
        char text[640];
        TextBuf b;
        int r;

        (void) notifier_reloading(&d->notifier, clock_monotonic_usec());
        textbuf_init(&b, text, sizeof(text));
        r = replace_config(d, &b);
        metrics_set_refused(d->metrics, r < 0);
        if (r < 0) {
                announce_reload_refused(d, text);
                textbuf_addf(ret, "refused, the policies in force stay: %s", text);
        } else {
                textbuf_add(ret, "reloaded: ");
                add_policies(ret, d->config);
        }

        (void) notifier_ready(&d->notifier, ret->data); /* with the outcome as status */
        return r;
}

static int on_hangup(
        sd_event_source *s _unused_, const struct signalfd_siginfo *si _unused_, void *userdata) {
        char text[1024];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        (void) loop_reload(userdata, &b); /* reported as an event */
        return 0;
}

static int on_stop(sd_event_source *s, const struct signalfd_siginfo *si _unused_, void *userdata) {
        Daemon *d = userdata;

        (void) notifier_stopping(&d->notifier, "stopping");
        return sd_event_exit(sd_event_source_get_event(s), 0);
}

/* ---- care
 * ---------------------------------------------------------------------------------------- */

static usec_t care_interval(const Daemon *d) {
        return d->notifier.watchdog_usec > 0 ? d->notifier.watchdog_usec / 3 : CARE_USEC;
}

/* The manager's watchdog hears from us only while every thread moves. That main itself moves is
 * proved by this being called. */
static int on_care(sd_event_source *s, uint64_t usec _unused_, void *userdata) {
        Daemon *d = userdata;
        const char *who = NULL;

        if (engine_is_alive(d->engine, clock_monotonic_usec(), HEARTBEAT_MAX_USEC, &who)) {
                who = NULL;
                if (d->notifier.watchdog_usec > 0)
                        (void) notifier_alive(&d->notifier);
        } else if (!who)
                who = "unknown";

        (void) notifier_settle(&d->notifier);
        engine_look(d->engine);
        step_owners_care(d);
        if (!who != !d->silent)
                announce_silence(d, who);
        d->silent = who;
        return sd_event_source_set_time_relative(s, care_interval(d));
}

/* ---- all of it
 * ----------------------------------------------------------------------------------- */

static int watch_fd(Daemon *d, int fd, sd_event_io_handler_t handler, const char *name) {
        sd_event_source *s;
        int r;

        r = sd_event_add_io(d->event, &s, fd, EPOLLIN, handler, d);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(s, name);
        r = sd_event_source_set_floating(s, true); /* the loop keeps it, as long as itself */
        sd_event_source_unref(s);
        return r;
}

static int watch_time(Daemon *d, usec_t after, sd_event_time_handler_t handler, const char *name,
        sd_event_source **ret) {
        int r;

        r = sd_event_add_time_relative(
                d->event, ret, CLOCK_MONOTONIC, after, MIN(after / 8, USEC_PER_SEC), handler, d);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(*ret, name);
        return sd_event_source_set_enabled(*ret, SD_EVENT_ON);
}

int loop_watch(Daemon *d) {
        int r;

        inquiries_init(&d->inquiries, (ViewSource){ request_view, get_view, release_view, d });
        errands_init(&d->errands, (ErrandSource){ next_errand, answer_errand, d });

        r = sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
        if (r >= 0)
                r = sd_event_add_signal(d->event, NULL, SIGTERM, on_stop, d);
        if (r >= 0)
                r = sd_event_add_signal(d->event, NULL, SIGINT, on_stop, d);
        if (r >= 0)
                r = watch_fd(d, engine_event_fd(d->engine), on_event, "engine-events");
        if (r >= 0)
                r = watch_fd(d, engine_view_fd(d->engine), on_view, "engine-view");
        if (r >= 0)
                r = watch_fd(d, engine_errand_fd(d->engine), on_errand, "engine-errands");
        if (r >= 0)
                r = sd_event_add_time(
                        d->event, &d->late, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, on_late, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->late, SD_EVENT_OFF); /* none is under way */
        if (r >= 0)
                r = watch_time(d, care_interval(d), on_care, "care", &d->care);
        if (r >= 0)
                r = watch_time(d, REFRESH_TERMINAL_USEC, on_refresh, "refresh", &d->refresh);
        if (r < 0)
                return r;

        /* Without it the daemon would starve unseen: better an end, and a restart. */
        return sd_event_source_set_exit_on_failure(d->care, true);
}
