/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/sink-stderr.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "config/config-load.h"
#include "core/rank.h"

/* Back to the first column and away with the status line. */
#define CLEAR_LINE "\r\033[K"

static const char *level_colour(const Event *e) {
        static const char *const colours[_NOTIFY_MAX] = {
                [NOTIFY_INFO] = "",
                [NOTIFY_NOTICE] = "\033[1m",
                [NOTIFY_WARNING] = "\033[33m",
                [NOTIFY_CRITICAL] = "\033[1;31m",
        };
        return colours[e->level];
}

static int level_priority(const Event *e) {
        static const int priorities[_NOTIFY_MAX] = {
                [NOTIFY_INFO] = LOG_INFO,
                [NOTIFY_NOTICE] = LOG_NOTICE,
                [NOTIFY_WARNING] = LOG_WARNING,
                [NOTIFY_CRITICAL] = LOG_CRIT,
        };
        return priorities[e->level];
}

static void add_time(const Event *e, TextBuf *out) {
        time_t seconds = (time_t) (e->realtime_usec / USEC_PER_SEC);
        char text[16];
        struct tm tm;

        if (!localtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%H:%M:%S", &tm) == 0)
                return;
        textbuf_addf(out, "%s.%03" PRIu64 " ", text, e->realtime_usec / USEC_PER_MSEC % 1000);
}

static void add_candidate(const EventProcess *p, TextBuf *out) {
        textbuf_addf(out, "        %-7s pid %" PRId32 " ",
                p->refusal == REFUSAL_NONE ? "could" : "spared", p->pid);
        textbuf_add_escaped(out, p->comm, strlen(p->comm));
        textbuf_add(out, ", ");
        textbuf_add_bytes(out, p->anon + p->swap);
        textbuf_add(out, " of its own, gained ");
        textbuf_add_bytes(out, p->gained);
        if (p->refusal == REFUSAL_NONE)
                textbuf_addf(out, ", score %" PRId64 "\n", p->score);
        else
                textbuf_addf(out, ": %s\n", refusal_name(p->refusal));
}

void sink_stderr_print(const StderrSink *s, const Event *e, TextBuf *out) {
        const char *colour = s->colour ? level_colour(e) : "";

        if (s->form == STDERR_TERMINAL)
                textbuf_add(out, CLEAR_LINE);
        if (s->form == STDERR_PREFIX)
                textbuf_addf(out, "<%d>", level_priority(e));
        else {
                add_time(e, out);
                textbuf_addf(out, "%-8s ", notify_level_name(e->level));
        }

        textbuf_add(out, colour);
        event_print(e, out);
        textbuf_add(out, *colour ? "\033[0m\n" : "\n");

        if (s->form == STDERR_PREFIX)
                return;
        for (size_t i = 0; i < e->n_candidates; i++)
                add_candidate(&e->candidates[i], out);
}

static void put_all(int fd, const char *text, size_t len) {
        while (len > 0) {
                ssize_t k = write(fd, text, len);

                if (k <= 0)
                        return; /* a closed pipe or a full disk: the bus has the event as well */
                text += k;
                len -= (size_t) k;
        }
}

static void on_event(void *ctx, const Event *e) {
        StderrSink *s = ctx;
        char text[3072];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        sink_stderr_print(s, e, &b);
        put_all(s->fd, text, b.len); /* one write, so that a status line does not get in between */
}

Sink sink_stderr_get(StderrSink *s) {
        return (Sink){ .write = on_event, .ctx = s };
}

/* Columns are counted as characters; wide ones (there are none in our texts, but in names) may
 * wrap. */
static size_t fit(const char *line, size_t columns) {
        size_t i = 0;

        for (size_t n = 0; line[i] && n < columns; n++)
                i += MAX(utf8_sequence(line + i, strlen(line + i)), (size_t) 1);
        return i;
}

void sink_stderr_status(StderrSink *s, const char *line) {
        struct pollfd p = { .fd = s->fd, .events = POLLOUT };
        struct winsize size = {};
        char text[1024];
        TextBuf b;

        if (s->form != STDERR_TERMINAL || poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
                return;
        if (ioctl(s->fd, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
                size.ws_col = 80;

        textbuf_init(&b, text, sizeof(text));
        textbuf_add(&b, CLEAR_LINE);
        textbuf_add_slice(&b, (Slice){ line, fit(line, size.ws_col - 1) });
        put_all(s->fd, text, b.len);
}
