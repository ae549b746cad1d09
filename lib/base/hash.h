/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* FNV-1a with 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): short, fast and the same on
 * every machine. For telling things apart that nobody forges, not for keeping anybody out. */

#include <stddef.h>
#include <stdint.h>

/* What the first call begins with. */
#define HASH_START UINT64_C(0xcbf29ce484222325)

/* h: HASH_START, or what was returned for the bytes before these. */
static inline uint64_t hash_bytes(uint64_t h, const void *bytes, size_t len) {
        const unsigned char *at = bytes;

        for (size_t i = 0; i < len; i++)
                h = (h ^ at[i]) * UINT64_C(0x100000001b3);
        return h;
}
