/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "daemon/listener.h"
#include "daemon/metrics-request.h"
#include "daemon/seats.h"

#define ACCURACY_USEC (100 * USEC_PER_MSEC)

typedef struct MetricsPeer {
        MetricsServer *server;
        sd_event_source *source; /* NULL: a free place */
        int fd;                  /* the source closes it */
        uid_t uid;
        usec_t deadline_usec;
        char text[METRICS_REQUEST_MAX]; /* read so far */
        size_t len;
        MetricsRequest request;
        bool waits;   /* for the metrics */
        char *answer; /* NULL: none yet */
        size_t size, sent;
} MetricsPeer;

struct MetricsServer {
        sd_event *event;
        MetricsWanted wanted;
        void *userdata;
        Listener *listener;
        sd_event_source *timer; /* the next deadline */
        Seats seats;
        MetricsPeer peers[METRICS_PEERS_MAX];
};

static void drop(MetricsPeer *p) {
        seats_leave(&p->server->seats, p->uid);
        sd_event_source_disable_unref(p->source);
        free(p->answer);
        p->source = NULL;
        p->answer = NULL;
        p->waits = false;
}

/* ---- answering
 * -------------------------------------------------------------------------------- */

static const char *reason_of(int status) {
        switch (status) {
        case 200:
                return "OK";
        case 400:
                return "Bad Request";
        case 404:
                return "Not Found";
        case 405:
                return "Method Not Allowed";
        default:
                return "Service Unavailable";
        }
}

/* What the socket takes; the rest when it is writable again. */
static void go_on_writing(MetricsPeer *p) {
        while (p->sent < p->size) {
                ssize_t n = send(
                        p->fd, p->answer + p->sent, p->size - p->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN) {
                        if (sd_event_source_set_io_events(p->source, EPOLLOUT) < 0)
                                drop(p);
                        return;
                }
                if (n < 0)
                        break;
                p->sent += (size_t) n;
        }
        drop(p); /* all of it is sent, or nobody is there any more */
}

static void answer(MetricsPeer *p, int status, const char *type, const char *body) {
        size_t len = strlen(body), room = 256 + (p->request.head_only ? 0 : len);
        TextBuf b;

        p->waits = false;
        p->answer = malloc(room);
        if (!p->answer) {
                drop(p);
                return;
        }
        textbuf_init(&b, p->answer, room);
        textbuf_addf(&b,
                "HTTP/1.0 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                "Connection: close\r\n\r\n",
                status, reason_of(status), type, len);
        if (!p->request.head_only)
                textbuf_add(&b, body);
        p->size = b.len;
        p->sent = 0;
        go_on_writing(p);
}

static void answer_error(MetricsPeer *p, int status, const char *sentence) {
        answer(p, status, "text/plain; charset=utf-8", sentence);
}

static void answer_status(MetricsPeer *p, int status) {
        answer_error(p, status,
                status == 404           ? "the metrics are at /metrics\n"
                        : status == 405 ? "metrics can be read with GET and HEAD\n"
                                        : "this is no request of HTTP/1\n");
}

static void answer_unavailable(MetricsPeer *p) {
        answer_error(p, 503, "the thread that watches does not answer\n");
}

void metrics_server_answer(MetricsServer *s, const char *const texts[_EXPOSITION_MAX]) {
        for (size_t i = 0; i < ELEMENTS(s->peers); i++) {
                MetricsPeer *p = &s->peers[i];
                const char *text = texts[p->request.format];

                if (!p->source || !p->waits)
                        continue;
                if (text)
                        answer(p, 200, exposition_content_type(p->request.format), text);
                else
                        answer_unavailable(p);
        }
}

/* ---- being asked
 * ------------------------------------------------------------------------------ */

/* The metrics may come, and the peer go, during the call of `wanted`. */
static void ask(MetricsPeer *p) {
        p->waits = true;
        if (sd_event_source_set_io_events(p->source, 0) < 0)
                drop(p); /* it would be woken for what it is not to read */
        else if (p->server->wanted(p->server->userdata) < 0)
                answer_unavailable(p);
}

static void go_on_reading(MetricsPeer *p) {
        ssize_t n = recv(p->fd, p->text + p->len, sizeof(p->text) - p->len, MSG_DONTWAIT);
        int status;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                drop(p);
                return;
        }
        p->len += (size_t) n;
        status = metrics_request_parse(p->text, p->len, &p->request);
        if (status == 200)
                ask(p);
        else if (status != 0 || p->len == sizeof(p->text))
                answer_status(p, status != 0 ? status : 400);
}

static int on_peer(
        sd_event_source *source _unused_, int fd _unused_, uint32_t events, void *userdata) {
        MetricsPeer *p = userdata;

        if (p->answer)
                go_on_writing(p);
        else if (events & EPOLLIN)
                go_on_reading(p);
        else
                drop(p); /* hung up */
        return 0;
}

/* ---- coming and going
 * ------------------------------------------------------------------------- */

static void set_timer(MetricsServer *s) {
        usec_t next = USEC_UNSET;

        for (size_t i = 0; i < ELEMENTS(s->peers); i++)
                if (s->peers[i].source)
                        next = MIN(next, s->peers[i].deadline_usec);
        (void) sd_event_source_set_time(s->timer, next);
        (void) sd_event_source_set_enabled(
                s->timer, next == USEC_UNSET ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

void metrics_server_expire(MetricsServer *s, usec_t now_usec) {
        for (size_t i = 0; i < ELEMENTS(s->peers); i++) {
                MetricsPeer *p = &s->peers[i];

                if (!p->source || p->deadline_usec > now_usec)
                        continue;
                if (p->waits)
                        answer_unavailable(p);
                if (p->source)
                        drop(p);
        }
        set_timer(s);
}

static int on_time(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        metrics_server_expire(userdata, clock_monotonic_usec());
        return 0;
}

static MetricsPeer *free_place(MetricsServer *s) {
        MetricsPeer *p = s->peers;

        while (p->source)
                p++;
        return p; /* whoever has a seat has a place */
}

int metrics_server_adopt(MetricsServer *s, int fd, usec_t now_usec) {
        _cleanup_close_ int own = fd;
        MetricsPeer *p;
        uid_t uid;
        int r;

        r = seats_take_peer(&s->seats, fd, &uid);
        if (r < 0)
                return r;
        p = free_place(s);
        *p = (MetricsPeer){ .server = s,
                .fd = fd,
                .uid = uid,
                .deadline_usec = usec_add(now_usec, METRICS_PATIENCE_USEC) };
        r = sd_event_add_io(s->event, &p->source, fd, EPOLLIN, on_peer, p);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(p->source, 1);
        if (r < 0) {
                drop(p);
                return r;
        }
        (void) TAKE_FD(own);
        (void) sd_event_source_set_description(p->source, "metrics-peer");
        set_timer(s);
        return 0;
}

static int take(void *userdata, int fd) {
        return metrics_server_adopt(userdata, fd, clock_monotonic_usec());
}

int metrics_server_listen(MetricsServer *s, const char *path, TextBuf *reterr) {
        return listener_new(&(ListenerOptions){ .event = s->event,
                                    .name = "metrics",
                                    .path = path,
                                    .mode = 0666,
                                    .take = take,
                                    .userdata = s },
                &s->listener, reterr);
}

int metrics_server_new(sd_event *event, MetricsWanted wanted, void *userdata, MetricsServer **ret) {
        MetricsServer *s;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->event = event;
        s->wanted = wanted;
        s->userdata = userdata;
        s->seats = (Seats){ .total = METRICS_PEERS_MAX,
                .reserved = METRICS_PEERS_RESERVED,
                .per_user = METRICS_PEERS_PER_USER,
                .own = geteuid() };
        r = sd_event_add_time(
                event, &s->timer, CLOCK_MONOTONIC, USEC_UNSET, ACCURACY_USEC, on_time, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        if (r < 0) {
                metrics_server_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

MetricsServer *metrics_server_free(MetricsServer *s) {
        if (!s)
                return NULL;

        s->listener = listener_free(s->listener);
        for (size_t i = 0; i < ELEMENTS(s->peers); i++)
                if (s->peers[i].source)
                        drop(&s->peers[i]);
        sd_event_source_disable_unref(s->timer);
        free(s);
        return NULL;
}

size_t metrics_server_count(const MetricsServer *s) {
        return s->seats.n;
}
