/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that frees memory when avert (or systemd, or anybody else who speaks the same protocol)
 * says that memory is short. It needs no library:
 *
 *   cc -o shed-on-hint shed-on-hint.c
 *   MEMORY_PRESSURE_WATCH=/run/avert/pressure ./shed-on-hint
 *
 * A program that has an sd-event loop of systemd 254 or later does all of it in one line,
 *
 *   sd_event_add_memory_pressure(event, NULL, on_pressure, cache);
 *
 * and one that links libavert with avert_pressure_open(), which also knows pressure files and
 * $MEMORY_PRESSURE_WRITE; see avert_pressure(3). */

#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The socket, or -1: then nobody tells, and the program goes on without. */
static int open_pressure(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *path = getenv("MEMORY_PRESSURE_WATCH");
        int fd;

        if (!path || strlen(path) >= sizeof(address.sun_path))
                return -1;
        strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
                close(fd);
                fd = -1;
        }
        return fd;
}

int main(void) {
        struct pollfd p = { .fd = open_pressure(), .events = POLLIN };
        char level[64];

        while (p.fd >= 0 && poll(&p, 1, -1) > 0) { /* in your loop, beside all else */
                ssize_t n = read(p.fd, level, sizeof(level));

                if (n <= 0)
                        break; /* avertd ended: open it again in a while */
                printf("free some memory: %.*s", (int) n, level);
                fflush(stdout);
                malloc_trim(0); /* and your caches, in portions: it is told again while it lasts */
        }
        return 0;
}
