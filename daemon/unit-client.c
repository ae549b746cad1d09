/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unit-client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "daemon/unit-request.h"

typedef struct UnitCall {
        UnitClient *client;
        uint64_t id;
        int fd; /* FD_NONE: not in use */
        sd_event_source *readable;
        char line[UNIT_LINE_MAX]; /* of the answer, as far as it came */
        size_t len;
} UnitCall;

struct UnitClient {
        sd_event *event;
        struct sockaddr_un address;
        UnitClientAnswer answer;
        void *ctx;
        UnitCall calls[ERRANDS_OPEN_MAX];
};

int unit_client_new(
        sd_event *event, const char *path, UnitClientAnswer answer, void *ctx, UnitClient **ret) {
        UnitClient *c;

        c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (UnitClient){ .event = event, .answer = answer, .ctx = ctx };
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                c->calls[i] = (UnitCall){ .client = c, .fd = FD_NONE };
        c->address.sun_family = AF_UNIX;
        if (!text_copy(c->address.sun_path, sizeof(c->address.sun_path), path)) {
                free(c);
                return -ENAMETOOLONG;
        }

        *ret = c;
        return 0;
}

static void hang_up(UnitCall *call) {
        call->readable = sd_event_source_disable_unref(call->readable);
        call->fd = close_fd(call->fd);
        call->len = 0;
}

UnitClient *unit_client_free(UnitClient *c) {
        if (!c)
                return NULL;

        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                hang_up(&c->calls[i]);
        free(c);
        return NULL;
}

/* answer: as in unit-request.h. */
static void finish(UnitCall *call, int answer) {
        UnitClient *c = call->client;
        Outcome outcome = { .action = call->id };

        outcome.kind = answer == UNIT_DONE ? OUTCOME_DONE
                : answer > 0               ? OUTCOME_LATE
                                           : OUTCOME_REFUSED;
        outcome.error = answer < 0 ? -answer : 0;
        hang_up(call);
        c->answer(c->ctx, &outcome);
}

/* Only the first line counts; what does not say in time that it is one is no answer. */
static int on_readable(
        sd_event_source *s _unused_, int fd, uint32_t events _unused_, void *userdata) {
        UnitCall *call = userdata;
        const char *end;
        int answer;
        ssize_t n;

        n = recv(fd, call->line + call->len, sizeof(call->line) - call->len, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                finish(call, n < 0 ? -errno : -ECONNRESET);
                return 0;
        }

        end = memchr(call->line + call->len, '\n', (size_t) n);
        call->len += (size_t) n;
        if (end && unit_answer_parse(call->line, (size_t) (end - call->line), &answer) == 0)
                finish(call, answer);
        else if (end || call->len == sizeof(call->line))
                finish(call, -EPROTO);
        return 0;
}

/* An AF_UNIX connection is there at once or not at all, and has room for one line. */
static int ask(UnitCall *call, const char *line, size_t len) {
        UnitClient *c = call->client;
        ssize_t n;
        int r;

        call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (call->fd < 0)
                return -errno;
        if (connect(call->fd, (const struct sockaddr *) &c->address, sizeof(c->address)) < 0)
                return -errno;
        n = send(call->fd, line, len, MSG_NOSIGNAL);
        if (n < 0)
                return -errno;
        if ((size_t) n != len)
                return -EPROTO;
        r = sd_event_add_io(c->event, &call->readable, call->fd, EPOLLIN, on_readable, call);
        if (r >= 0)
                (void) sd_event_source_set_description(call->readable, "units");
        return r;
}

static UnitCall *find(UnitClient *c, bool used, uint64_t id) {
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                if ((c->calls[i].fd >= 0) == used && (!used || c->calls[i].id == id))
                        return &c->calls[i];
        return NULL;
}

static int begin(void *ctx, const Errand *errand, const Step *step _unused_) {
        UnitRequest request = {
                .verb = errand->kind == STEP_STOP ? UNIT_STOP : UNIT_RESTART,
                .timeout_usec = usec_since(errand->deadline_usec, clock_monotonic_usec()),
        };
        UnitCall *call = find(ctx, false, 0);
        char line[UNIT_LINE_MAX];
        TextBuf b;
        int r;

        if (!call)
                return -EAGAIN;
        if (!unit_name_is_valid(errand->unit) ||
                !text_copy(request.unit, sizeof(request.unit), errand->unit))
                return -EINVAL;
        textbuf_init(&b, line, sizeof(line));
        unit_request_print(&request, &b);

        call->id = errand->id;
        r = ask(call, line, b.len);
        if (r < 0)
                hang_up(call);
        return r < 0 ? r : 0;
}

static void cancel(void *ctx, uint64_t id) {
        UnitCall *call = find(ctx, true, id);

        if (call)
                hang_up(call);
}

ErrandOwner unit_client_owner(UnitClient *c) {
        return (ErrandOwner){ begin, cancel, c };
}
