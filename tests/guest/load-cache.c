/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/load.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_BYTES (8ULL << 20)
#define CHUNK (64 * 1024)

static char chunk[CHUNK];

static int open_file(const Load *load, uint64_t index, int flags) {
        char path[256];
        int fd;

        snprintf(path, sizeof(path), "%s/%s.%llu", load->dir, load->name,
                (unsigned long long) index);
        fd = open(path, flags | O_CLOEXEC, 0600);
        if (fd < 0)
                load_die(path);
        return fd;
}

/* Synced, so that its pages are clean; out of the cache only if asked for. */
static void write_file(const Load *load, uint64_t index, bool drop) {
        int fd = open_file(load, index, O_WRONLY | O_CREAT);

        for (uint64_t at = 0; at < FILE_BYTES; at += CHUNK)
                if (pwrite(fd, chunk, CHUNK, (off_t) at) != CHUNK)
                        load_die("pwrite");
        if (fdatasync(fd) < 0)
                load_die("fdatasync");
        if (drop)
                (void) posix_fadvise(
                        fd, 0, 0, POSIX_FADV_DONTNEED); /* less to begin with, or not */
        close(fd);
}

static void read_file(const Load *load, uint64_t index) {
        int fd = open_file(load, index, O_RDONLY);

        for (uint64_t at = 0; at < FILE_BYTES; at += CHUNK)
                if (pread(fd, chunk, CHUNK, (off_t) at) != CHUNK)
                        load_die("pread");
        close(fd);
}

/* As a program uses its text: through a mapping, so that each page counts as its own. */
static void touch_mapped(volatile const char *memory) {
        for (uint64_t at = 0; at < FILE_BYTES; at += LOAD_PAGE)
                (void) memory[at];
}

void load_run_cache(const Load *load) {
        uint64_t n = load->size_bytes / FILE_BYTES + 1, start;
        const char *maps[256];

        for (size_t i = 0; i < CHUNK; i += LOAD_PAGE)
                load_fill_page(chunk + i, load->fill);
        for (uint64_t i = 0; i < n; i++) {
                write_file(load, i, true);
                if (load->map && i < 256) {
                        int fd = open_file(load, i, O_RDONLY);

                        maps[i] = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
                        if (maps[i] == MAP_FAILED)
                                load_die("mmap");
                        close(fd);
                }
        }
        load_tell_ready();
        for (;;) {
                start = guest_now_usec();
                for (uint64_t i = 0; i < n; i++) {
                        if (load->dirty)
                                write_file(load, i, false);
                        if (load->map && i < 256)
                                touch_mapped(maps[i]);
                        else
                                read_file(load, i);
                        /* evenly over the period, as far as it is kept */
                        while (guest_now_usec() - start < load->period_msec * 1000 * (i + 1) / n)
                                load_sleep_usec(5000);
                }
        }
}
