/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "daemon/log.h"

enum { SEND_BUFFER = 128 * 1024 }; /* the kernel doubles it */

typedef struct Peer {
        sd_bus *connection; /* NULL: free */
        uid_t uid;
} Peer;

struct BusServer {
        sd_event *event;
        BusAttach attach;
        void *userdata;
        sd_event_source *accepting;
        int fd;
        char *path; /* to remove at the end; NULL: not listening */
        sd_id128_t id;
        Peer peers[BUS_PEERS_MAX];
        size_t n;
};

static bool is_privileged(uid_t uid) {
        return uid == 0 || uid == geteuid();
}

/* Flushing would wait for a peer that may never read. */
static void drop(BusServer *s, size_t i) {
        sd_bus_close(s->peers[i].connection);
        sd_bus_unref(s->peers[i].connection);
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

static bool has_room(const BusServer *s, uid_t uid) {
        size_t of_user = 0;

        if (is_privileged(uid))
                return s->n < BUS_PEERS_MAX;
        for (size_t i = 0; i < s->n; i++)
                of_user += s->peers[i].uid == uid;
        return s->n < BUS_PEERS_MAX - BUS_PEERS_RESERVED && of_user < BUS_PEERS_PER_USER;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        BusServer *s = userdata;
        size_t i = find(s, sd_bus_message_get_bus(m));

        if (i != SIZE_MAX)
                drop(s, i);
        return 0;
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
        r = s->attach(s->userdata, connection);
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
        socklen_t len = sizeof(struct ucred);
        struct ucred peer = {};
        sd_bus *connection;
        int r;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
                r = -errno;
                close_fd(fd);
                return r;
        }
        if (!has_room(s, peer.uid)) {
                close_fd(fd);
                return -EUSERS;
        }
        r = sd_bus_new(&connection);
        if (r < 0) {
                close_fd(fd);
                return r;
        }

        r = start(s, connection, fd);
        if (r < 0) {
                sd_bus_close(connection);
                sd_bus_unref(connection);
                return r;
        }
        s->peers[s->n++] = (Peer){ connection, peer.uid };
        return 0;
}

static int on_accept(
        sd_event_source *source _unused_, int fd, uint32_t events _unused_, void *userdata) {
        BusServer *s = userdata;
        int peer, r;

        peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer < 0)
                return 0; /* gone again, or no descriptor left: the rate limit keeps this from
                             spinning */

        r = bus_server_adopt(s, peer);
        if (r < 0)
                log_debug("bus: a peer was turned away: %s", strerror(-r));
        return 0;
}

/* True when somebody answers at the socket. */
static bool is_served(const struct sockaddr_un *address) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return false;
        return connect(fd, (const struct sockaddr *) address, sizeof(*address)) == 0 ||
                errno == EAGAIN;
}

/* Binds under a name of our own and renames it into place: nobody sees the socket with other
 * permissions than these, and what stood there is replaced at once. */
static int bind_at(int fd, const struct sockaddr_un *address, mode_t mode) {
        struct sockaddr_un own = { .sun_family = AF_UNIX };
        TextBuf b;

        textbuf_init(&b, own.sun_path, sizeof(own.sun_path));
        textbuf_addf(&b, "%s.%d", address->sun_path, (int) getpid());
        if (b.truncated)
                return -ENAMETOOLONG;

        (void) unlink(own.sun_path); /* of a predecessor with our pid */
        if (bind(fd, (struct sockaddr *) &own, sizeof(own)) < 0)
                return -errno;
        if (chmod(own.sun_path, mode) < 0 || listen(fd, SOMAXCONN) < 0 ||
                rename(own.sun_path, address->sun_path) < 0) {
                int r = -errno;

                (void) unlink(own.sun_path);
                return r;
        }
        return 0;
}

/* What stands at the path already: nothing or a socket that nobody serves is fine. */
static int check_place(const struct sockaddr_un *address, TextBuf *reterr) {
        struct stat st;

        if (lstat(address->sun_path, &st) < 0)
                return 0;
        if (!S_ISSOCK(st.st_mode)) {
                textbuf_addf(reterr, "%s is there and is not a socket", address->sun_path);
                return -EEXIST;
        }
        if (is_served(address)) {
                textbuf_addf(reterr, "another daemon answers at %s", address->sun_path);
                return -EADDRINUSE;
        }
        return 0;
}

int bus_server_listen(BusServer *s, const char *path, mode_t mode, TextBuf *reterr) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = FD_NONE;
        int r;

        if (!text_copy(address.sun_path, sizeof(address.sun_path), path)) {
                textbuf_addf(reterr, "the path of the socket is too long: %s", path);
                return -ENAMETOOLONG;
        }
        r = check_place(&address, reterr);
        if (r < 0)
                return r;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        r = bind_at(fd, &address, mode);
        if (r < 0) {
                textbuf_addf(reterr, "cannot make the socket %s: %s", path, strerror(-r));
                return r;
        }

        s->path = strdup(path);
        if (!s->path)
                return -ENOMEM;
        r = sd_event_add_io(s->event, &s->accepting, fd, EPOLLIN, on_accept, s);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(s->accepting, "bus-accept");
        (void) sd_event_source_set_ratelimit(s->accepting, 100 * USEC_PER_MSEC, 64);
        s->fd = TAKE_FD(fd);
        return 0;
}

int bus_server_new(sd_event *event, BusAttach attach, void *userdata, BusServer **ret) {
        BusServer *s;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        *s = (BusServer){ .event = event, .attach = attach, .userdata = userdata, .fd = FD_NONE };

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

        sd_event_source_disable_unref(s->accepting);
        while (s->n > 0)
                drop(s, s->n - 1);
        close_fd(s->fd);
        if (s->path)
                (void) unlink(s->path);
        free(s->path);
        free(s);
        return NULL;
}

size_t bus_server_count(const BusServer *s) {
        return s->n;
}

sd_bus *bus_server_peer(const BusServer *s, size_t i) {
        return i < s->n ? s->peers[i].connection : NULL;
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
