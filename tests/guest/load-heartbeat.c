/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/load.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define LITTLE (256 * 1024)

static void beat(void) {
        volatile char *little = malloc(LITTLE); /* volatile: else the compiler takes nothing */
        char buf[512];
        int fd;

        for (size_t at = 0; little && at < LITTLE; at += LOAD_PAGE)
                little[at] = 1;
        fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                (void) !read(fd, buf, sizeof(buf)); /* that it was served is all that counts */
                close(fd);
        }
        free((void *) (uintptr_t) little);
}

void load_run_heartbeat(const Load *load) {
        GuestPage *page = load->page;

        page->last_usec = guest_now_usec();
        load_tell_ready();
        for (;;) {
                uint64_t now, gap;

                beat();
                now = guest_now_usec();
                gap = now - page->last_usec;
                if (gap > page->longest_usec)
                        page->longest_usec = gap;
                page->missed += gap / GUEST_BEAT_USEC > 1 ? gap / GUEST_BEAT_USEC - 1 : 0;
                page->last_usec = now;
                page->beats++;
                load_sleep_usec(GUEST_BEAT_USEC);
        }
}
