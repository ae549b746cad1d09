/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The ZFS cache, which MemAvailable does not count as reclaimable although most of it is. */

#include <stdint.h>

/* Outcomes. */
enum {
        ARC_OK = 0,
        ARC_ABSENT = 1, /* no ZFS here */
};

#define ARC_PATH "spl/kstat/zfs/arcstats" /* below /proc */

typedef struct ArcStats {
        uint64_t size_bytes;
        uint64_t min_bytes;         /* c_min: the cache is not shrunk below it */
        uint64_t reclaimable_bytes; /* size - min, 0 when the cache is smaller */
} ArcStats;

/* Parses the text; other lines may come and go. -EBADMSG without size or c_min. */
int arcstats_parse(const char *text, ArcStats *ret);

/* Reads a kept fd. 2 KiB of stack. ARC_OK or negative errno. */
int arcstats_read_fd(int fd, ArcStats *ret);

/* Opens the file below a /proc directory into *ret (the caller's). ARC_OK, ARC_ABSENT, or negative
 * errno. */
int arcstats_open_at(int proc_fd, int *ret);
