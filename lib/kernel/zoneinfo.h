/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/zoneinfo summed over all zones: where the kernel itself draws its lines. The lines move
 * only when somebody changes a sysctl or hotplugs memory (and `min` for seconds, by a boost), so
 * that reading it now and then is enough. */

#include <stddef.h>
#include <stdint.h>

typedef struct Zoneinfo {
        size_t zones; /* that have pages */
        uint64_t free_pages;
        uint64_t managed_pages;
        uint64_t min_pages;     /* below: allocations reclaim for themselves */
        uint64_t low_pages;     /* below: kswapd wakes */
        uint64_t high_pages;    /* above: kswapd sleeps */
        uint64_t reserve_pages; /* high plus the largest lowmem reserve of each zone: never counted
                                   available */
} Zoneinfo;

/* Parses the text. -EBADMSG when there is no zone with watermarks in it. */
int zoneinfo_parse(const char *text, Zoneinfo *ret);

/* The same from a kept fd of /proc/zoneinfo, of any length. 2 KiB of stack. 0 or negative errno. */
int zoneinfo_read_fd(int fd, Zoneinfo *ret);
