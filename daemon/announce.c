/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/fdio.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/rivals.h"

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

static void add_lacks(const Probe *probe, TextBuf *b) {
        size_t n = 0;

        for (int id = 0; id < _PROBE_MAX; id++) {
                const ProbeItem *item = &probe->items[id];

                if (item->state == PROBE_PRESENT)
                        continue;
                textbuf_addf(
                        b, "%s%s (%s)", n++ == 0 ? "; missing: " : ", ", item->name, item->why);
        }
}

static void announce_rivals(Daemon *d) {
        _cleanup_close_ int proc = FD_NONE;
        char names[256], text[512];
        TextBuf b;

        if (d->options->root)
                return;
        proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        textbuf_init(&b, names, sizeof(names));
        if (proc < 0 || rivals_find(proc, &b) <= 0)
                return;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b,
                "%s also kills when memory runs out: two judges may take two victims for one "
                "trouble, so keep only one of them",
                names);
        report(d, EVENT_RIVAL, NOTIFY_WARNING, text);
}

void announce_start(Daemon *d) {
        char text[512];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_add(&b, AVERT_VERSION ", ");
        if (d->options->root)
                textbuf_addf(&b, "looking at %s, acting on nothing, ", d->options->root);
        else if (d->options->dry)
                textbuf_add(&b, "acting on nothing (dry run), ");
        add_policies(d, &b);
        add_lacks(engine_probe(d->engine), &b);
        report(d, EVENT_STARTED, NOTIFY_INFO, text);
        announce_rivals(d);
}

void announce_broken_policy(Daemon *d, const char *what) {
        char text[512];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(
                &b, "the policy was refused at start, the built-in default is in force: %s", what);
        report(d, EVENT_RELOAD_REFUSED, NOTIFY_CRITICAL, text);
}

void announce_reload_refused(Daemon *d, const char *why) {
        report(d, EVENT_RELOAD_REFUSED, NOTIFY_WARNING, why);
}

void announce_stop(Daemon *d) {
        report(d, EVENT_STOPPING, NOTIFY_INFO, "");
}

void announce_silence(Daemon *d, const char *who) {
        char text[256];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        if (who)
                textbuf_addf(&b,
                        "the %s thread has not moved for a minute; the service manager will "
                        "restart avertd",
                        who);
        else
                textbuf_add(&b, "all threads move again");
        report(d, who ? EVENT_SOURCE_DEGRADED : EVENT_SOURCE_RESTORED,
                who ? NOTIFY_CRITICAL : NOTIFY_NOTICE, text);
}

void announce_lacks(const Daemon *d) {
        const Probe *probe = engine_probe(d->engine);

        for (int id = 0; id < _PROBE_MAX; id++) {
                const ProbeItem *item = &probe->items[id];

                if (item->state != PROBE_PRESENT)
                        log_info("%s %s: %s%s%s", item->name, probe_state_to_string(item->state),
                                item->why, item->consequence[0] ? ": " : "", item->consequence);
        }
}
