/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* System values that the kernel allocates for, or that change too seldom for every tick: vmstat,
 * zram, the ZFS cache, tmpfs, zone watermarks. Read by the scout, used by the sentinel with their
 * age. */

#include <stdint.h>

#include "base/clock.h"
#include "core/sample.h"
#include "kernel/sysroot.h"

/* What they said last; have and suspect as in SystemRaw. Words only: it is published by snapshot.h.
 */
typedef struct SlowValues {
        uint64_t have, suspect;
        usec_t at_usec; /* of vmstat */
        uint64_t refault_anon, refault_file, restore_file, major_faults;
        uint64_t scan, steal, oom_kills;
        uint64_t zram_original, zram_physical, zram_limit;
        uint64_t arc_size, arc_min;
        usec_t tmpfs_at_usec;
        uint64_t tmpfs_used, tmpfs_largest;
        uint64_t tmpfs_mount[8]; /* text, with its NUL */
        uint64_t watermark_min, watermark_low, watermark_high;
        int64_t errors[_SOURCE_MAX]; /* negative errno of the last failed read, 0 */
} SlowValues;

typedef struct SlowSources SlowSources;

/* Opens what is there. 0 or -ENOMEM. */
int slow_sources_new(const SysRoot *root, SlowSources **ret);
SlowSources *slow_sources_free(SlowSources *s);

/* Reads all of them. What is missing or cannot be read is not in `have`. */
void slow_sources_read(SlowSources *s, usec_t now_usec, SlowValues *ret);
