/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "ctl/connect.h"
#include "ctl/term.h"

typedef struct Watch {
        const Ctl *ctl;
        uint64_t n_seen;
} Watch;

static Paint paint_of(const char *level) {
        if (strcmp(level, "critical") == 0)
                return PAINT_BAD;
        if (strcmp(level, "warning") == 0)
                return PAINT_WARN;
        return PAINT_PLAIN;
}

static void print_time(const Ctl *ctl, uint64_t realtime_usec) {
        time_t seconds = (time_t) (realtime_usec / USEC_PER_SEC);
        char text[32] = "";
        struct tm tm;

        if (realtime_usec > 0 && localtime_r(&seconds, &tm))
                (void) strftime(text, sizeof(text), "%H:%M:%S", &tm);
        term_print(ctl, PAINT_DIM, "%-8s ", text);
}

static void on_event(void *userdata, const char *text) {
        _cleanup_(json_unrefp) Json *json = NULL;
        Watch *w = userdata;
        const Ctl *ctl = w->ctl;

        if (ctl->count > 0 && w->n_seen >= ctl->count)
                return;
        if (json_parse(text, &json) < 0)
                return;

        w->n_seen++;
        if (ctl->json != JSON_OFF) {
                json_write(json, ctl->json, ctl->out);
        } else {
                print_time(ctl, json_count(json, "realtime_usec"));
                if (json_flag(json, "dry_run"))
                        term_print(ctl, PAINT_DIM, "(dry run) ");
                term_cell(ctl, paint_of(json_text(json, "level")), 0, json_text(json, "message"));
                fputc('\n', ctl->out);
        }
        (void) fflush(ctl->out); /* whoever reads a pipe wants it now */
}

static int wait_for_more(AvertClient *client, const Ctl *ctl) {
        struct pollfd fds[2] = {
                { .fd = avert_client_get_fd(client),
                        .events = (short) avert_client_get_events(client) },
                { .fd = fileno(ctl->out),
                        .events = 0 }, /* POLLERR: the reader of our pipe has left */
        };
        uint64_t until = USEC_UNSET, now = clock_monotonic_usec();
        int wait_ms = -1;

        if (avert_client_get_timeout(client, &until) >= 0 && until != UINT64_MAX)
                wait_ms =
                        (int) MIN(usec_since(until, now) / USEC_PER_MSEC + 1, (uint64_t) INT32_MAX);
        if (poll(fds, ELEMENTS(fds), wait_ms) < 0 && errno != EINTR)
                return -errno;
        return fds[1].revents & (POLLERR | POLLHUP) ? -EPIPE : 0;
}

int verb_watch(Ctl *ctl, int argc, char *const *argv) {
        _cleanup_(client_unrefp) AvertClient *client = NULL;
        Watch watch = { .ctl = ctl };
        int r;

        (void) argc;
        (void) argv;
        r = connect_daemon(ctl, &client);
        if (r != CTL_OK)
                return r;

        r = avert_client_subscribe(client, on_event, &watch);
        if (r < 0)
                return connect_explain(ctl, client, "subscribe to events", r);

        while (ctl->count == 0 || watch.n_seen < ctl->count) {
                r = avert_client_process(client);
                if (r < 0)
                        return connect_explain(ctl, client, "go on watching", r);
                if (r > 0)
                        continue;

                r = wait_for_more(client, ctl);
                if (r == -EPIPE)
                        return CTL_OK;
                if (r < 0)
                        return connect_explain(ctl, client, "go on watching", r);
        }
        return CTL_OK;
}
