/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "daemon/listener.h"
#include "daemon/log.h"
#include "daemon/seats.h"

enum { SEND_BUFFER = 128 * 1024 }; /* the kernel doubles it */

typedef struct Peer {
        sd_bus *connection; /* NULL: free */
        uid_t uid;
} Peer;

struct BusServer {
        sd_event *event;
        BusAttach attach;
        void *userdata;
        Listener *listener; /* NULL: not listening */
        sd_id128_t id;
        Seats seats;
        Peer peers[BUS_PEERS_MAX];
        size_t n;
};

/* Flushing would wait for a peer that may never read. */
static void drop(BusServer *s, size_t i) {
        sd_bus_close(s->peers[i].connection);
        sd_bus_unref(s->peers[i].connection);
        seats_leave(&s->seats, s->peers[i].uid);
        s->n--;
        memmove(s->peers + i, s->peers + i + 1, (s->n - i) * sizeof(s->peers[0]));
        s->peers[s->n] = (Peer){};
}

static size_t find(const BusServer *s, const sd_bus *connection) {
        for (size_t i = 0; i < s->n; i++)
                if (s->peers[i].connection == connection)
                        return i;
        return SIZE_MAX;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        BusServer *s = userdata;
        size_t i = find(s, sd_bus_message_get_bus(m));

        if (i != SIZE_MAX)
                drop(s, i);
        return 0;
}

/* sd-bus itself answers some calls, as those for properties: who does not read the answers may not
 * go on asking. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        return bus_server_may_send(userdata, sd_bus_message_get_bus(m)) ? 0 : 1;
}

static int start(BusServer *s, sd_bus *connection, int fd) {
        int r;

        r = sd_bus_set_fd(connection, fd, fd);
        if (r < 0) {
                close_fd(fd);
                return r;
        }

        r = sd_bus_set_description(connection, "peer");
        if (r < 0)
                return r;
        r = sd_bus_set_server(connection, 1, s->id);
        if (r < 0)
                return r;
        r = sd_bus_negotiate_fds(
                connection, 0); /* they would be held for a peer, without a limit */
        if (r < 0)
                return r;
        r = s->attach(s->userdata, connection);
        if (r < 0)
                return r;
        r = sd_bus_add_filter(connection, NULL, on_message, s);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(connection, NULL, NULL, "/org/freedesktop/DBus/Local",
                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, s);
        if (r < 0)
                return r;
        r = sd_bus_start(connection);
        if (r < 0)
                return r;

        /* sd-bus asks for 8 MiB: kernel memory of ours that a peer could fill by not reading. */
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER }, sizeof(int));
        return sd_bus_attach_event(connection, s->event, SD_EVENT_PRIORITY_NORMAL);
}

int bus_server_adopt(BusServer *s, int fd) {
        sd_bus *connection;
        uid_t uid;
        int r;

        r = seats_take_peer(&s->seats, fd, &uid);
        if (r < 0) {
                close_fd(fd);
                return r;
        }
        r = sd_bus_new(&connection);
        if (r < 0) {
                close_fd(fd);
                seats_leave(&s->seats, uid);
                return r;
        }

        r = start(s, connection, fd);
        if (r < 0) {
                sd_bus_close(connection);
                sd_bus_unref(connection);
                seats_leave(&s->seats, uid);
                return r;
        }
        s->peers[s->n++] = (Peer){ connection, uid };
        return 0;
}

static int take(void *userdata, int fd) {
        return bus_server_adopt(userdata, fd);
}

int bus_server_listen(BusServer *s, const char *path, mode_t mode, TextBuf *reterr) {
        const ListenerOptions options = { .event = s->event,
                .name = "bus",
                .path = path,
                .mode = mode,
                .take = take,
                .userdata = s };

        return listener_new(&options, &s->listener, reterr);
}

int bus_server_new(sd_event *event, BusAttach attach, void *userdata, BusServer **ret) {
        BusServer *s;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (BusServer){ .event = event,
                .attach = attach,
                .userdata = userdata,
                .seats = { .total = BUS_PEERS_MAX,
                        .reserved = BUS_PEERS_RESERVED,
                        .per_user = BUS_PEERS_PER_USER,
                        .own = geteuid() } };

        r = sd_id128_randomize(&s->id);
        if (r < 0) {
                free(s);
                return r;
        }
        *ret = s;
        return 0;
}

BusServer *bus_server_free(BusServer *s) {
        if (!s)
                return NULL;

        s->listener = listener_free(s->listener);
        while (s->n > 0)
                drop(s, s->n - 1);
        free(s);
        return NULL;
}

size_t bus_server_count(const BusServer *s) {
        return s->n;
}

sd_bus *bus_server_peer(const BusServer *s, size_t i) {
        return i < s->n ? s->peers[i].connection : NULL;
}

bool bus_server_is_trusted(const BusServer *s, const sd_bus *connection) {
        size_t i = find(s, connection);

        return i != SIZE_MAX && (s->peers[i].uid == 0 || s->peers[i].uid == s->seats.own);
}

bool bus_server_may_send(BusServer *s, sd_bus *connection) {
        uint64_t unread = 0;
        size_t i = find(s, connection);

        if (i == SIZE_MAX)
                return false;
        if (sd_bus_get_n_queued_write(connection, &unread) >= 0 && unread < BUS_QUEUE_MAX)
                return true;

        log_debug("bus: a peer of uid %u is dropped: it leaves %" PRIu64 " messages unread",
                (unsigned) s->peers[i].uid, unread);
        drop(s, i);
        return false;
}
