/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unit-server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/fdio.h"
#include "daemon/unit-job.h"

/* 1. The listening source is on exactly while a place is free.
 * 2. A peer with fd >= 0 has `readable`; it has `patience` until its request is complete, and its
 *    job is under way from then on. */

typedef struct Peer {
        UnitServer *server;
        int fd; /* FD_NONE: a free place */
        sd_event_source *readable, *patience;
        char line[UNIT_LINE_MAX]; /* of the request, as far as it came */
        size_t len;
        UnitJob job;
} Peer;

struct UnitServer {
        sd_event *event;
        UnitServerSettings settings;
        sd_event_source *listening;
        Peer peers[UNIT_PEERS_MAX];
};

static void report(UnitServer *s, const UnitRequest *request, int answer, const char *words) {
        s->settings.report(s->settings.ctx, request, answer, words);
}

static void hang_up(Peer *p) {
        unit_job_release(&p->job);
        p->readable = sd_event_source_disable_unref(p->readable);
        p->patience = sd_event_source_disable_unref(p->patience);
        p->fd = close_fd(p->fd);
        p->len = 0;
        (void) sd_event_source_set_enabled(p->server->listening, SD_EVENT_ON);
}

static void answer_with(Peer *p, int answer, const char *words) {
        char line[UNIT_LINE_MAX];
        TextBuf b;

        textbuf_init(&b, line, sizeof(line));
        unit_answer_print(answer, words, &b);
        /* who asked may be gone; a line has room, because nothing was said before */
        (void) send(p->fd, line, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Refuses what never became a request: words go to the report only, which is for people. */
static void refuse(Peer *p, int error) {
        char words[UNIT_WORDS_SIZE];
        TextBuf b;

        textbuf_init(&b, words, sizeof(words));
        textbuf_add_escaped(&b, p->line, p->len);
        answer_with(p, error, NULL);
        hang_up(p);
        report(p->server, NULL, error, words);
}

static void on_end(void *ctx, int answer, const char *words) {
        Peer *p = ctx;

        answer_with(p, answer, words);
        hang_up(p);
        report(p->server, &p->job.request, answer, words);
}

/* Who asked long ago, while all places were taken, has given it up. */
static bool is_gone(const Peer *p) {
        char byte;
        ssize_t n = recv(p->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

        return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void take_request(Peer *p, size_t len) {
        UnitServer *s = p->server;
        UnitRequest request;
        int r;

        p->len = len;
        r = unit_request_parse(p->line, len, &request);
        if (r < 0) {
                refuse(p, r);
                return;
        }
        p->patience = sd_event_source_disable_unref(p->patience);
        r = unit_job_start(&p->job, s->event, s->settings.manager, &request, on_end, p);
        if (r < 0)
                on_end(p, r, s->settings.manager);
}

/* Whatever is said behind a request is read, so that it does not wake us again, and forgotten. */
static void read_peer(Peer *p) {
        bool asked = p->job.manager;
        size_t start = asked ? 0 : p->len;
        const char *end;
        ssize_t n;

        n = recv(p->fd, p->line + start, sizeof(p->line) - start, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                hang_up(p);
                if (asked)
                        report(p->server, &p->job.request, -EPIPE, "");
                return;
        }
        if (asked)
                return;

        end = memchr(p->line + p->len, '\n', (size_t) n);
        p->len += (size_t) n;
        if (end && is_gone(p))
                hang_up(p);
        else if (end)
                take_request(p, (size_t) (end - p->line));
        else if (p->len == sizeof(p->line))
                refuse(p, -EMSGSIZE);
}

static int on_readable(
        sd_event_source *s _unused_, int fd _unused_, uint32_t events _unused_, void *userdata) {
        read_peer(userdata);
        return 0;
}

static int on_patience(sd_event_source *s _unused_, uint64_t usec _unused_, void *userdata) {
        refuse(userdata, -ETIMEDOUT);
        return 0;
}

static bool is_allowed(const UnitServer *s, int fd) {
        socklen_t len = sizeof(struct ucred);
        struct ucred peer;

        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
                peer.uid == s->settings.peer;
}

static Peer *find_place(UnitServer *s) {
        for (size_t i = 0; i < UNIT_PEERS_MAX; i++)
                if (s->peers[i].fd < 0)
                        return &s->peers[i];
        return NULL;
}

static int adopt(UnitServer *s, Peer *p) {
        int r;

        r = sd_event_add_io(s->event, &p->readable, p->fd, EPOLLIN, on_readable, p);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(s->event, &p->patience, CLOCK_MONOTONIC,
                s->settings.patience_usec, USEC_PER_MSEC, on_patience, p);
}

static int on_connection(
        sd_event_source *source, int fd, uint32_t events _unused_, void *userdata) {
        UnitServer *s = userdata;
        Peer *p = find_place(s);
        int r;

        p->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (p->fd < 0) {
                p->fd = FD_NONE;
                return 0; /* gone again, or no memory: the rate limit keeps this from spinning */
        }

        r = is_allowed(s, p->fd) ? adopt(s, p) : -EACCES;
        if (r < 0) {
                hang_up(p);
                report(s, NULL, r, "");
        } else if (!find_place(s))
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

static int listen_at(UnitServer *s, int fd) {
        int flags = fcntl(fd, F_GETFL), r;

        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        r = sd_event_add_io(s->event, &s->listening, fd, EPOLLIN, on_connection, s);
        if (r < 0)
                return r;
        return sd_event_source_set_ratelimit(s->listening, USEC_PER_SEC, 64);
}

int unit_server_new(sd_event *event, int fd, const UnitServerSettings *settings, UnitServer **ret) {
        UnitServer *s;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->event = event;
        s->settings = *settings;
        for (size_t i = 0; i < UNIT_PEERS_MAX; i++) {
                s->peers[i].server = s;
                s->peers[i].fd = FD_NONE;
        }

        r = listen_at(s, fd);
        if (r < 0) {
                (void) unit_server_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

UnitServer *unit_server_free(UnitServer *s) {
        if (!s)
                return NULL;

        for (size_t i = 0; i < UNIT_PEERS_MAX; i++)
                hang_up(&s->peers[i]);
        s->listening = sd_event_source_disable_unref(s->listening);
        free(s);
        return NULL;
}
