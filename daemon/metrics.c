/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/metrics-file.h"
#include "daemon/metrics-server.h"
#include "daemon/metrics-text.h"

struct Metrics {
        Inquiries *inquiries;
        sd_event *event;
        MetricsServer *server;
        MetricsFile *file;      /* NULL: none is written */
        sd_event_source *timer; /* of the file */
        bool file_is_due;
        int told; /* the last result of the file that was told */
        MetricsFacts facts;
        bool asked;
        char *texts[_EXPOSITION_MAX]; /* NULL: none yet */
        usec_t made_usec;
};

static void forget_texts(Metrics *m) {
        for (size_t i = 0; i < _EXPOSITION_MAX; i++) {
                free(m->texts[i]);
                m->texts[i] = NULL;
        }
}

static void make_texts(Metrics *m, const View *view) {
        forget_texts(m);
        for (int i = 0; i < _EXPOSITION_MAX; i++)
                m->texts[i] = metrics_text(view, &m->facts, (ExpositionFormat) i);
        m->made_usec = clock_monotonic_usec();
}

/* Told by change: a full disk stays full for hours. */
static void tell_result(Metrics *m) {
        int result = metrics_file_result(m->file);

        if (result == m->told)
                return;
        m->told = result;
        if (result == -EINPROGRESS)
                log_warning("metrics: writing their file takes longer than %d s: the disk hangs?",
                        (int) (METRICS_FILE_USEC / USEC_PER_SEC));
        else if (result < 0)
                log_warning("metrics: their file cannot be written: %s", strerror(-result));
        else
                log_notice("metrics: their file is written again");
}

static void put_file(Metrics *m) {
        char *text =
                m->texts[EXPOSITION_PROMETHEUS] ? strdup(m->texts[EXPOSITION_PROMETHEUS]) : NULL;

        m->file_is_due = false;
        if (text)
                metrics_file_put(m->file, text);
}

static void answer(Metrics *m) {
        const char *const texts[_EXPOSITION_MAX] = { m->texts[EXPOSITION_PROMETHEUS],
                m->texts[EXPOSITION_OPENMETRICS] };

        metrics_server_answer(m->server, texts);
}

static void on_view(void *userdata, View *view) {
        Metrics *m = userdata;

        m->asked = false;
        if (view)
                make_texts(m, view);
        else
                forget_texts(m); /* old ones would look like those of a daemon that is well */
        answer(m);
        if (view && m->file_is_due)
                put_file(m);
}

static int ask(Metrics *m) {
        int r;

        if (m->asked)
                return 0;
        r = inquiries_add(m->inquiries, false, clock_monotonic_usec(), on_view, m);
        m->asked = r == 0;
        return r;
}

static bool is_fresh(const Metrics *m) {
        return m->texts[EXPOSITION_PROMETHEUS] && m->texts[EXPOSITION_OPENMETRICS] &&
                usec_since(clock_monotonic_usec(), m->made_usec) < METRICS_FRESH_USEC;
}

static int on_wanted(void *userdata) {
        Metrics *m = userdata;

        if (!is_fresh(m))
                return ask(m);
        answer(m);
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec _unused_, void *userdata) {
        Metrics *m = userdata;

        tell_result(m);
        m->file_is_due = true;
        (void) ask(m); /* else the file grows old, and that is what it is to tell */
        return sd_event_source_set_time_relative(source, METRICS_FILE_USEC);
}

int metrics_new(const MetricsOptions *options, Metrics **ret) {
        Metrics *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return -ENOMEM;
        m->event = options->event;
        m->inquiries = options->inquiries;
        m->facts.started_realtime_usec = options->started_realtime_usec;
        r = metrics_server_new(options->event, on_wanted, m, &m->server);
        if (r < 0) {
                metrics_free(m);
                return r;
        }
        *ret = m;
        return 0;
}

Metrics *metrics_free(Metrics *m) {
        if (!m)
                return NULL;

        sd_event_source_disable_unref(m->timer);
        m->server = metrics_server_free(m->server);
        m->file = metrics_file_free(m->file);
        forget_texts(m);
        free(m);
        return NULL;
}

int metrics_listen(Metrics *m, const char *path, TextBuf *reterr) {
        return metrics_server_listen(m->server, path, reterr);
}

int metrics_keep_file(Metrics *m, const char *path) {
        int r;

        r = metrics_file_new(path, &m->file);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(
                m->event, &m->timer, CLOCK_MONOTONIC, 0, USEC_PER_SEC, on_time, m);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(m->timer, "metrics-file");
        return sd_event_source_set_enabled(m->timer, SD_EVENT_ON);
}

void metrics_set_refused(Metrics *m, bool refused) {
        m->facts.policy_refused = refused;
}
