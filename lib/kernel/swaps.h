/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/swaps: which devices hold swap, how much, and which of them are zram. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        SWAPS_MAX = 32, /* the kernel's own bound */
        SWAP_NAME_MAX = 64,
        SWAP_NOT_ZRAM = -1,
};

typedef struct SwapDevice {
        char name[SWAP_NAME_MAX]; /* path, escapes undone, cut if longer */
        uint64_t size_bytes;
        uint64_t used_bytes; /* never above size_bytes */
        int priority;
        int zram; /* number of the zram device, or SWAP_NOT_ZRAM */
} SwapDevice;

typedef struct Swaps {
        size_t n;
        SwapDevice devices[SWAPS_MAX];
        uint64_t size_bytes; /* sums, of devices beyond SWAPS_MAX too */
        uint64_t used_bytes;
} Swaps;

/* Parses the text; an empty one or the heading alone means no swap (n = 0). Lines that do not look
 * like a swap device are left out. -EBADMSG when there are lines and none of them is the heading or
 * a device. */
int swaps_parse(const char *text, Swaps *ret);

/* The same from a kept fd of /proc/swaps (2.5 KiB in *ret, 1 KiB of stack). 0 or negative errno. */
int swaps_read_fd(int fd, Swaps *ret);
