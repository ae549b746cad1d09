/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_BYTES (8ULL << 20)
#define FILES_MAX 256
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

/* Any page, the first ones much more often than the last, as with the text of a program: half of
 * the uses are of the first eighth. */
static const char *scattered_page(const char *const *maps, uint64_t n) {
        uint64_t u = load_random() >> 44, share = u * u * u >> 40; /* of 2^20 */
        uint64_t page = n * (FILE_BYTES / LOAD_PAGE) * share >> 20;

        return maps[page * LOAD_PAGE / FILE_BYTES] + page * LOAD_PAGE % FILE_BYTES;
}

/* As many pages as a file has, in order those of the file `index` of `n`, scattered any of all. */
static void touch_mapped(const Load *load, const char *const *maps, uint64_t n, uint64_t index) {
        for (uint64_t at = 0; at < FILE_BYTES; at += LOAD_PAGE) {
                volatile const char *page =
                        load->scattered ? scattered_page(maps, n) : maps[index] + at;

                (void) *page;
        }
}

/* As the text of a program is mapped: the kernel treats that better than other pages of files. */
static const char *map_file(const Load *load, uint64_t index) {
        int fd = open_file(load, index, O_RDONLY);
        const char *map = mmap(NULL, FILE_BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);

        if (map == MAP_FAILED)
                load_die("mmap");
        close(fd);
        return map;
}

void load_run_cache(const Load *load) {
        uint64_t n = load->size_bytes / FILE_BYTES + 1, start;
        const char *maps[FILES_MAX];

        if (n > FILES_MAX) {
                errno = EFBIG;
                load_die("size");
        }

        for (size_t i = 0; i < CHUNK; i += LOAD_PAGE)
                load_fill_page(chunk + i, load->fill);
        for (uint64_t i = 0; i < n; i++) {
                write_file(load, i, !load->map);
                if (load->map)
                        maps[i] = map_file(load, i);
        }
        load_tell_ready();
        for (;;) {
                start = guest_now_usec();
                for (uint64_t i = 0; i < n; i++) {
                        if (load->dirty)
                                write_file(load, i, false);
                        if (load->map)
                                touch_mapped(load, maps, n, i);
                        else
                                read_file(load, i);
                        load->page->beats++;
                        /* evenly over the period, as far as it is kept */
                        while (guest_now_usec() - start < load->period_msec * 1000 * (i + 1) / n)
                                load_sleep_usec(5000);
                }
        }
}
