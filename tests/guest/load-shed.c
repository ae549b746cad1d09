/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/load.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STEP_USEC 50000
#define RETRY_USEC 500000

/* A program that could free memory if somebody told it to: most of it is a cache. */
typedef struct Shed {
        const Load *load;
        volatile char *memory;
        uint64_t held; /* bytes, from the beginning of memory */
        int fd;        /* -1: nobody there */
        uint64_t tried_usec;
} Shed;

static void join(Shed *s) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *path = getenv("MEMORY_PRESSURE_WATCH");

        s->tried_usec = guest_now_usec();
        snprintf(address.sun_path, sizeof(address.sun_path), "%s",
                path ? path : "/run/avert/pressure");
        s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (s->fd < 0)
                load_die("socket");
        if (connect(s->fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
                close(s->fd);
                s->fd = -1;
        }
}

static void give_back(Shed *s, const char *level) {
        uint64_t portion = s->load->portion_bytes / LOAD_PAGE * LOAD_PAGE;

        if (portion > s->held)
                portion = s->held;
        s->held -= portion;
        if (portion > 0 &&
                madvise((char *) (uintptr_t) s->memory + s->held, portion, MADV_DONTNEED) < 0)
                load_die("MADV_DONTNEED");
        s->load->page->hints++;
        s->load->page->shed_bytes += portion;
        fprintf(stderr, "hint %s: gave back %llu MiB, hold %llu MiB\n", level,
                (unsigned long long) portion >> 20, (unsigned long long) s->held >> 20);
}

/* Waits for a hint or the next step. One wake-up is one portion, however many lines it brought. */
static void listen_for(Shed *s, uint64_t usec) {
        struct pollfd p = { .fd = s->fd, .events = POLLIN };
        char level[64];
        ssize_t n;

        if (s->fd < 0 && guest_now_usec() - s->tried_usec >= RETRY_USEC)
                join(s);
        if (poll(&p, 1, (int) (usec / 1000)) <= 0)
                return;
        n = read(s->fd, level, sizeof(level) - 1);
        if (n <= 0) {
                close(s->fd);
                s->fd = -1;
                return;
        }
        level[n] = '\0';
        level[strcspn(level, "\n")] = '\0';
        give_back(s, level);
}

void load_run_shed(const Load *load) {
        Shed s = {
                .load = load, .memory = load_reserve(load->size_bytes), .held = load->size_bytes
        };
        uint64_t at = 0;

        join(&s);
        for (uint64_t i = 0; i + LOAD_PAGE <= load->size_bytes; i += LOAD_PAGE)
                load_fill_page((char *) (uintptr_t) s.memory + i, load->fill);
        load_tell_ready();
        for (;;) {
                uint64_t pages = s.held / LOAD_PAGE;
                uint64_t n = pages * (STEP_USEC / 1000) / load->period_msec + 1;

                for (uint64_t i = 0; pages > 0 && i < n; i++) {
                        at = (at + 1) % pages;
                        s.memory[at * LOAD_PAGE]++;
                }
                listen_for(&s, STEP_USEC);
        }
}
