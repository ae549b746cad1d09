/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/log.h"

static void report(Daemon *d, EventKind kind, NotifyLevel level, const char *text) {
        Event e = {
                .kind = kind,
                .level = level,
                .at_usec = clock_monotonic_usec(),
                .dry = d->options->dry,
        };

        (void) text_copy(e.text, sizeof(e.text), text);
        engine_report(d->engine, &e);
}

static void add_policies(const Daemon *d, TextBuf *b) {
        const Config *c = d->config;

        textbuf_addf(b, "%zu %s (", c->n_policies, c->n_policies == 1 ? "policy" : "policies");
        for (size_t i = 0; i < c->n_sources; i++) {
                if (i > 0)
                        textbuf_add(b, ", ");
                textbuf_add_escaped(b, c->sources[i].path, strlen(c->sources[i].path));
                if (c->sources[i].masked)
                        textbuf_add(b, " masked");
        }
        textbuf_addf(b, "; %016" PRIx64 ")", c->hash);
}

void announce_broken_policy(Daemon *d, const char *what) {
        char text[512];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b, "at start, so the built-in default is in force: %s", what);
        report(d, EVENT_RELOAD_REFUSED, NOTIFY_CRITICAL, text);
}

void announce_reload_refused(Daemon *d, const char *why) {
        char text[512];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b, "those in force stay: %s", why);
        report(d, EVENT_RELOAD_REFUSED, NOTIFY_WARNING, text);
}

void announce_stand_in(Daemon *d) {
        report(d, EVENT_SOURCE_DEGRADED, NOTIFY_WARNING,
                "avertd was killed; its standby acts in its place until it is back");
}

void announce_silence(Daemon *d, const char *who) {
        char text[256];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        if (who)
                textbuf_addf(&b,
                        "the %s thread does not move; the service manager's watchdog hears "
                        "nothing from us until it does",
                        who);
        else
                textbuf_add(&b, "all threads move again");
        report(d, who ? EVENT_SOURCE_DEGRADED : EVENT_SOURCE_RESTORED,
                who ? NOTIFY_CRITICAL : NOTIFY_NOTICE, text);
}

void announce_incidents(void *daemon, bool kept, const char *text) {
        report(daemon, kept ? EVENT_SOURCE_RESTORED : EVENT_SOURCE_DEGRADED,
                kept ? NOTIFY_NOTICE : NOTIFY_WARNING, text);
}

void announce_policy(const Daemon *d) {
        char text[768];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        add_policies(d, &b);
        log_info("%s", text);
}
