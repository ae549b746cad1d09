/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "client/avert.h"
#include "client/connect.h"

enum {
        WRITE_MAX = 4096, /* bytes; what a pressure file takes is far less */
        READS_MAX = 16,   /* of a source that never stops, in one call */
};

/* What an unprivileged program may ask a pressure file for: from 6.5 on the window must be a
 * multiple of 2 s. */
#define TRIGGER "some 200000 2000000"

struct AvertPressure {
        int fd;
        short events;
};

static void pressure_closep(AvertPressure **p) {
        avert_pressure_close(*p);
}

static int digit_of(char c) {
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *at = c ? strchr(digits, c) : NULL;

        return at ? (int) (at - digits) : -1;
}

/* Base64 with its padding. The length or negative errno. */
static ssize_t decode(const char *text, char *buf, size_t size) {
        size_t len = strlen(text), n = 0;
        unsigned bits = 0, value = 0;

        if (len % 4 != 0)
                return -EINVAL;
        for (int pads = 0; pads < 2 && len > 0 && text[len - 1] == '='; pads++)
                len--;
        for (size_t i = 0; i < len; i++) {
                int digit = digit_of(text[i]);

                if (digit < 0)
                        return -EINVAL;
                value = value << 6 | (unsigned) digit;
                bits += 6;
                if (bits < 8)
                        continue;
                if (n == size)
                        return -E2BIG;
                bits -= 8;
                buf[n++] = (char) (value >> bits & 0xff);
        }
        return (ssize_t) n;
}

static int open_source(AvertPressure *p, const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        p->events = S_ISREG(st.st_mode) ? POLLPRI : POLLIN;
        if (S_ISSOCK(st.st_mode))
                return connect_socket(path, &p->fd);
        if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
                return -EINVAL;

        /* Of a FIFO both ends, so that it does not end with its writer. */
        p->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        return p->fd < 0 ? -errno : 0;
}

/* What the source is to be told; `text` NULL: nothing was said. */
static int write_request(const AvertPressure *p, const char *text) {
        char buf[WRITE_MAX] = TRIGGER;
        ssize_t len = p->events == POLLPRI ? (ssize_t) sizeof(TRIGGER) : 0, n;

        if (text) {
                len = decode(text, buf, sizeof(buf));
                if (len < 0)
                        return (int) len;
        }
        if (len == 0)
                return 0;

        n = send(p->fd, buf, (size_t) len, MSG_NOSIGNAL);
        if (n < 0 && errno == ENOTSOCK)
                n = write(p->fd, buf, (size_t) len);
        if (n < 0)
                return -errno;
        return n == len ? 0 : -EIO;
}

_public_ int avert_pressure_open(const char *path, AvertPressure **ret) {
        _cleanup_(pressure_closep) AvertPressure *p = NULL;
        const char *request = NULL;
        int r;

        if (!path) {
                path = secure_getenv("MEMORY_PRESSURE_WATCH");
                if (path && *path)
                        request = secure_getenv("MEMORY_PRESSURE_WRITE");
                else
                        path = AVERT_PRESSURE_PATH;
                if (strcmp(path, "/dev/null") == 0)
                        return -EHOSTDOWN;
        }

        p = malloc(sizeof(*p));
        if (!p)
                return -ENOMEM;
        *p = (AvertPressure){ .fd = FD_NONE };
        r = open_source(p, path);
        if (r < 0)
                return r;
        r = write_request(p, request);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(p);
        return 0;
}

_public_ AvertPressure *avert_pressure_close(AvertPressure *pressure) {
        if (pressure)
                close_fd(pressure->fd);
        free(pressure);
        return NULL;
}

_public_ int avert_pressure_get_fd(const AvertPressure *pressure) {
        return pressure->fd;
}

_public_ int avert_pressure_get_events(const AvertPressure *pressure) {
        return pressure->events;
}

static AvertPressureLevel level_in(const char *text, size_t len) {
        static const struct {
                const char *line;
                AvertPressureLevel level;
        } lines[] = {
                { "critical\n", AVERT_PRESSURE_CRITICAL },
                { "medium\n", AVERT_PRESSURE_MEDIUM },
                { "low\n", AVERT_PRESSURE_LOW },
        };

        for (size_t i = 0; i < ELEMENTS(lines); i++)
                if (memmem(text, len, lines[i].line, strlen(lines[i].line)))
                        return lines[i].level;
        return AVERT_PRESSURE_MEDIUM;
}

_public_ int avert_pressure_consume(AvertPressure *pressure, AvertPressureLevel *ret) {
        AvertPressureLevel level = pressure->events == POLLPRI ? AVERT_PRESSURE_MEDIUM : 0;
        bool ended = false;

        /* A pressure file is never read: that poll(2) returned was the news, and took it away. */
        for (size_t i = 0; i < READS_MAX && pressure->events == POLLIN && !ended; i++) {
                char buf[512];
                ssize_t n = read(pressure->fd, buf, sizeof(buf));

                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0 && errno != EINTR && errno != ECONNRESET)
                        return -errno;
                ended = n == 0 || (n < 0 && errno == ECONNRESET);
                if (n > 0)
                        level = MAX(level, level_in(buf, (size_t) n));
        }
        if (level == 0)
                return ended ? -ENOTCONN : 0;
        if (ret)
                *ret = level;
        return 1;
}
