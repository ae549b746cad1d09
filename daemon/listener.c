/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "daemon/log.h"

struct Listener {
        ListenerOptions options;
        sd_event_source *accepting;
        int fd;
        char *path; /* to remove at the end; NULL: not there yet */
};

static void listener_freep(Listener **l) {
        listener_free(*l);
}

static int on_accept(
        sd_event_source *source _unused_, int fd, uint32_t events _unused_, void *userdata) {
        Listener *l = userdata;
        int peer, r;

        peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer < 0)
                return 0; /* gone again, or no descriptor left: the rate limit keeps this from
                             spinning */

        r = l->options.take(l->options.userdata, peer);
        if (r < 0)
                log_debug("%s: a peer was turned away: %s", l->options.name, strerror(-r));
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

int listener_new(const ListenerOptions *options, Listener **ret, TextBuf *reterr) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(listener_freep) Listener *l = NULL;
        int r;

        if (!text_copy(address.sun_path, sizeof(address.sun_path), options->path)) {
                textbuf_addf(reterr, "the path of the socket is too long: %s", options->path);
                return -ENAMETOOLONG;
        }
        r = check_place(&address, reterr);
        if (r < 0)
                return r;

        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        *l = (Listener){ .options = *options, .fd = FD_NONE };
        l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (l->fd < 0)
                return -errno;
        r = bind_at(l->fd, &address, options->mode);
        if (r < 0) {
                textbuf_addf(reterr, "cannot make the socket %s: %s", options->path, strerror(-r));
                return r;
        }
        l->path = strdup(options->path);
        if (!l->path)
                return -ENOMEM;
        r = sd_event_add_io(options->event, &l->accepting, l->fd, EPOLLIN, on_accept, l);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(l->accepting, options->name);
        (void) sd_event_source_set_ratelimit(l->accepting, 100 * USEC_PER_MSEC, 64);
        *ret = TAKE_PTR(l);
        return 0;
}

Listener *listener_free(Listener *l) {
        if (!l)
                return NULL;

        sd_event_source_disable_unref(l->accepting);
        close_fd(l->fd);
        if (l->path)
                (void) unlink(l->path);
        free(l->path);
        free(l);
        return NULL;
}
