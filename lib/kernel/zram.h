/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* mm_stat of one zram device: what compressed memory really costs. Which devices are swap is for
 * swaps.h to say: a file system may live on one as well. */

#include <stdint.h>

/* Outcomes. */
enum {
        ZRAM_OK = 0,
        ZRAM_GONE = 1, /* the device was removed, or was never there */
};

typedef struct ZramStat {
        uint64_t orig_bytes; /* what was stored, before compression, without pages of one value */
        uint64_t compressed_bytes; /* after it */
        uint64_t used_bytes;       /* RAM taken, fragmentation and metadata included */
        uint64_t limit_bytes;      /* 0: none */
        uint64_t used_max_bytes;
        uint64_t same_pages; /* of one repeated value: take no RAM */
        uint64_t huge_pages; /* incompressible; 0 before 4.19 */
} ZramStat;

/* Parses the text: six columns or more, further ones are ignored. 0 or -EBADMSG. */
int zram_parse(const char *text, ZramStat *ret);

/* Opens mm_stat of zram device `number` below a /sys directory. Returns the fd, which the caller
 * owns and may keep; -ENOENT or -ENODEV when there is no such device; other negative errno. */
int zram_open_at(int sys_fd, int number);

/* Reads a kept fd. ZRAM_OK, ZRAM_GONE, or negative errno. */
int zram_read_fd(int fd, ZramStat *ret);
