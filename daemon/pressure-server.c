/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/pressure-server.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "core/hint-pace.h"
#include "daemon/listener.h"
#include "daemon/log.h"
#include "daemon/seats.h"

#define ACCURACY_USEC (10 * USEC_PER_MSEC)

typedef struct PressureClient {
        PressureServer *server;
        sd_event_source *source; /* NULL: a free place */
        int fd;                  /* the source closes it */
        uid_t uid;
        HintLevel unread; /* the highest that may not have been read yet */
        size_t written;   /* by it, bytes */
} PressureClient;

struct PressureServer {
        sd_event *event;
        Listener *listener;
        sd_event_source *timer;
        HintPace pace;
        Seats seats;
        PressureClient clients[PRESSURE_CLIENTS_MAX];
};

static void drop(PressureClient *c) {
        seats_leave(&c->server->seats, c->uid);
        sd_event_source_disable_unref(c->source);
        *c = (PressureClient){};
}

static Slice line_of(HintLevel level) {
        static const Slice lines[_HINT_MAX] = {
                [HINT_LOW] = { "low\n", 4 },
                [HINT_MEDIUM] = { "medium\n", 7 },
                [HINT_CRITICAL] = { "critical\n", 9 },
        };

        return lines[level];
}

/* A socket with something unread is readable as it is: only a higher level is news to it. */
static bool has_news(PressureClient *c, HintLevel level) {
        int unread = 0;

        /* On AF_UNIX: memory of what the peer has not read, 0 when it has read all. */
        if (ioctl(c->fd, SIOCOUTQ, &unread) < 0 || unread == 0)
                c->unread = HINT_NONE;
        return level > c->unread;
}

static void wake(PressureClient *c, HintLevel level) {
        const Slice line = line_of(level);

        if (!has_news(c, level))
                return;
        if (send(c->fd, line.at, line.len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
                c->unread = level;
        else if (errno != EAGAIN && errno != EINTR)
                drop(c); /* gone, or it will not read any more */
}

/* Zero bytes are no reason to drop it: it will not write any more, and may read. */
static void discard(PressureClient *c) {
        char buf[512];
        ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

        if (n == 0)
                (void) sd_event_source_set_io_events(c->source, 0);
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
                drop(c);
        else if (n > 0 && (c->written += (size_t) n) > PRESSURE_WRITE_MAX) {
                log_debug("pressure: a program of uid %u is dropped: it writes without end",
                        (unsigned) c->uid);
                drop(c);
        }
}

static int on_client(
        sd_event_source *source _unused_, int fd _unused_, uint32_t events, void *userdata) {
        PressureClient *c = userdata;

        if (events & (EPOLLHUP | EPOLLERR))
                drop(c);
        else
                discard(c);
        return 0;
}

static PressureClient *free_place(PressureServer *s) {
        PressureClient *c = s->clients;

        while (c->source)
                c++;
        return c; /* whoever has a seat has a place */
}

int pressure_server_adopt(PressureServer *s, int fd) {
        _cleanup_close_ int own = fd;
        PressureClient *c;
        uid_t uid;
        int r;

        r = seats_take_peer(&s->seats, fd, &uid);
        if (r < 0)
                return r;
        c = free_place(s);
        *c = (PressureClient){ .server = s, .fd = fd, .uid = uid };
        r = sd_event_add_io(s->event, &c->source, fd, EPOLLIN, on_client, c);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(c->source, 1);
        if (r < 0) {
                drop(c);
                return r;
        }
        (void) TAKE_FD(own);
        (void) sd_event_source_set_description(c->source, "pressure-client");
        if (s->pace.level != HINT_NONE)
                wake(c, s->pace.level);
        return 0;
}

static int take(void *userdata, int fd) {
        return pressure_server_adopt(userdata, fd);
}

int pressure_server_listen(PressureServer *s, const char *path, TextBuf *reterr) {
        return listener_new(&(ListenerOptions){ .event = s->event,
                                    .name = "pressure",
                                    .path = path,
                                    .mode = 0666,
                                    .take = take,
                                    .userdata = s },
                &s->listener, reterr);
}

void pressure_server_repeat(PressureServer *s, usec_t now_usec) {
        HintLevel level = hint_pace_take(&s->pace, now_usec);
        usec_t next;

        if (level != HINT_NONE)
                for (size_t i = 0; i < ELEMENTS(s->clients); i++)
                        if (s->clients[i].source)
                                wake(&s->clients[i], level);

        next = hint_pace_next(&s->pace);
        (void) sd_event_source_set_time(s->timer, next);
        (void) sd_event_source_set_enabled(
                s->timer, next == USEC_UNSET ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static int on_time(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        pressure_server_repeat(userdata, clock_monotonic_usec());
        return 0;
}

void pressure_server_hint(PressureServer *s, uint64_t incident, HintLevel level, usec_t now_usec) {
        hint_pace_set(&s->pace, incident, level, now_usec);
        pressure_server_repeat(s, now_usec);
}

int pressure_server_new(sd_event *event, PressureServer **ret) {
        PressureServer *s;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->event = event;
        s->seats = (Seats){ .total = PRESSURE_CLIENTS_MAX,
                .reserved = PRESSURE_CLIENTS_RESERVED,
                .per_user = PRESSURE_CLIENTS_PER_USER,
                .own = geteuid() };
        hint_pace_init(&s->pace);

        r = sd_event_add_time(
                event, &s->timer, CLOCK_MONOTONIC, USEC_UNSET, ACCURACY_USEC, on_time, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        if (r < 0) {
                pressure_server_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

PressureServer *pressure_server_free(PressureServer *s) {
        if (!s)
                return NULL;

        s->listener = listener_free(s->listener);
        for (size_t i = 0; i < ELEMENTS(s->clients); i++)
                if (s->clients[i].source)
                        drop(&s->clients[i]);
        sd_event_source_disable_unref(s->timer);
        free(s);
        return NULL;
}

size_t pressure_server_count(const PressureServer *s) {
        return s->seats.n;
}
