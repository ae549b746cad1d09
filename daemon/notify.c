/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#include "base/fdio.h"

int notifier_init(Notifier *n, const char *path) {
        size_t len = path ? strlen(path) : 0;

        *n = (Notifier){ .fd = FD_NONE };
        if (!path)
                return 0;
        if ((path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof(n->address.sun_path))
                return -EINVAL;

        n->address.sun_family = AF_UNIX;
        memcpy(n->address.sun_path, path, len + 1);
        n->address_len = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len);
        if (path[0] == '@')
                n->address.sun_path[0] = '\0';
        else
                n->address_len++;

        n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (n->fd < 0) {
                n->fd = FD_NONE;
                return -errno;
        }
        return 0;
}

int notifier_init_from_environment(Notifier *n) {
        uint64_t usec = 0;
        int r;

        r = notifier_init(n, getenv("NOTIFY_SOCKET"));
        if (sd_watchdog_enabled(1, &usec) > 0)
                n->watchdog_usec = usec;
        unsetenv("NOTIFY_SOCKET");
        return r;
}

void notifier_done(Notifier *n) {
        n->fd = close_fd(n->fd);
}

static int send_text(Notifier *n, const char *text) {
        ssize_t k;

        if (n->fd < 0)
                return 0;

        k = sendto(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                (const struct sockaddr *) &n->address, n->address_len);
        return k < 0 ? -errno : 1;
}

int notifier_settle(Notifier *n) {
        int r;

        if (!n->owed[0])
                return 0;

        r = send_text(n, n->owed);
        if (r != -EAGAIN)
                n->owed[0] = '\0'; /* sent, or the socket is gone for good */
        return r;
}

/* Messages of weight replace each other: the last one tells the state that holds. */
static int send_of_weight(Notifier *n, const char *text) {
        (void) text_copy(n->owed, sizeof(n->owed), text);
        return notifier_settle(n);
}

/* The protocol is a line per field, so a status must not bring lines of its own. */
static void add_status(TextBuf *b, const char *status) {
        textbuf_add(b, "STATUS=");
        textbuf_add_escaped(b, status, strlen(status));
}

int notifier_ready(Notifier *n, const char *status) {
        char text[sizeof(n->owed)];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_add(&b, "READY=1\n");
        add_status(&b, status);
        return send_of_weight(n, text);
}

int notifier_reloading(Notifier *n, usec_t now_usec) {
        char text[128];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reloading", now_usec);
        return send_of_weight(n, text);
}

int notifier_stopping(Notifier *n, const char *status) {
        char text[sizeof(n->owed)];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_add(&b, "STOPPING=1\n");
        add_status(&b, status);
        return send_of_weight(n, text);
}

int notifier_status(Notifier *n, const char *status) {
        char text[sizeof(n->owed)];
        TextBuf b;

        (void) notifier_settle(n); /* first what is owed, or it would overwrite this status */
        textbuf_init(&b, text, sizeof(text));
        add_status(&b, status);
        return send_text(n, text);
}

int notifier_alive(Notifier *n) {
        (void) notifier_settle(n);
        return send_text(n, "WATCHDOG=1");
}
