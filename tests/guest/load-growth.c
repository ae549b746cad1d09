/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/load.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP_USEC 10000
#define FILE_BYTES (8ULL << 20)

/* What grows. `add` takes one page more at offset `at`; false when there is no room for it. */
typedef struct Growth {
        bool (*add)(struct Growth *g, uint64_t at);
        void (*recover)(struct Growth *g);
        const Load *load;
        char *memory;
        int fd;
        char page[LOAD_PAGE];
} Growth;

static bool add_memory(Growth *g, uint64_t at) {
        load_fill_page(g->memory + at, g->load->fill);
        return true;
}

static void free_memory(Growth *g) {
        if (madvise(g->memory, g->load->max_bytes, MADV_DONTNEED) < 0)
                load_die("MADV_DONTNEED");
        fputs("recovered: holds nothing any more\n", stderr);
}

static bool add_written(Growth *g, uint64_t at) {
        (void) at;
        load_fill_page(g->page, g->load->fill);
        return write(g->fd, g->page, sizeof(g->page)) == (ssize_t) sizeof(g->page);
}

static bool add_file(Growth *g, uint64_t at) {
        if (at % FILE_BYTES == 0) {
                char path[256];

                snprintf(path, sizeof(path), "%s/%s.%llu", g->load->dir, g->load->name,
                        (unsigned long long) (at / FILE_BYTES));
                if (g->fd >= 0)
                        close(g->fd);
                g->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
                if (g->fd < 0)
                        return false;
        }
        return add_written(g, at);
}

/* By its own account of the machine, so that "nearly all" means the same on any. */
static bool is_enough(const Load *load, int meminfo_fd) {
        char buf[1024];
        const char *at;
        ssize_t n;

        if (load->leave_bytes == 0)
                return false;
        n = pread(meminfo_fd, buf, sizeof(buf) - 1, 0);
        if (n <= 0)
                load_die("meminfo");
        buf[n] = '\0';
        at = strstr(buf, "MemAvailable:");
        return at && strtoull(at + 13, NULL, 10) * 1024 <= load->leave_bytes;
}

static void __attribute__((noreturn)) grow(Growth *g) {
        int meminfo_fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
        uint64_t rate = g->load->rate_bytes, start = guest_now_usec(), taken = 0;
        bool room;

        load_tell_ready();
        room = !g->load->once || g->load->page->starts == 1;
        while (room && taken < g->load->max_bytes && !is_enough(g->load, meminfo_fd)) {
                uint64_t due = rate * (guest_now_usec() - start) / 1000000;

                /* what a stall held back is not made up for: a leak does not hurry */
                if (due > taken + rate / 10) {
                        start += (due - taken) * 1000000 / rate - 100000;
                        due = taken + rate / 10;
                }
                for (; room && taken < due && taken < g->load->max_bytes; taken += LOAD_PAGE)
                        room = g->add(g, taken);
                load_sleep_usec(STEP_USEC);
        }
        if (g->load->recover_msec > 0 && g->recover) {
                load_sleep_usec(g->load->recover_msec * 1000);
                g->recover(g);
        }
        for (;;)
                pause();
}

void load_run_leak(const Load *load) {
        Growth g = { .add = add_memory, .recover = free_memory, .load = load, .fd = -1 };

        g.memory = load_reserve(load->max_bytes);
        if (load->lock && mlock2(g.memory, load->max_bytes, MLOCK_ONFAULT) < 0)
                load_die("mlock2");
        grow(&g);
}

void load_run_memfd(const Load *load) {
        Growth g = { .add = add_written, .load = load };

        g.fd = memfd_create("guest", MFD_CLOEXEC);
        if (g.fd < 0)
                load_die("memfd_create");
        grow(&g);
}

void load_run_files(const Load *load) {
        Growth g = { .add = add_file, .load = load, .fd = -1 };

        grow(&g);
}
