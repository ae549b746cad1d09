/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel's numbers are worth: memory that is called available and is not, swap that lives
 * in memory, memory that nobody owns up to. Pure functions of one raw sample. */

#include "core/sample.h"

typedef struct Corrections {
        uint64_t base;      /* MemTotal less the hugetlb pool */
        uint64_t available; /* after all of it; base at most */
        uint64_t arc;       /* added: ZFS gives it back on request */
        uint64_t file;      /* taken off: file cache that is read again at once */
        uint64_t dirty;     /* taken off: must be written first */
        /* free slots at their physical worth, used ones as they are, and the sum of both */
        uint64_t swap_total, swap_free, swap_used;
        uint64_t swap_reachable; /* of swap_free, where there is something left to go there */
        uint64_t unexplained;
} Corrections;

/* restored_pages: workingset_restore_file over the last 10 s. */
void corrections_compute(const SystemRaw *raw, uint64_t restored_pages, Corrections *ret);

/* What `swap` bytes of a process cost: slots on disk in full, those on zram what they take in
 * memory. */
uint64_t corrections_swap_cost(const SystemRaw *raw, uint64_t swap);

/* The memory behind an oom_score (5.9 and later: an empty process has 666), for a process whose own
 * files say nothing any more. */
uint64_t corrections_oom_score_bytes(const SystemRaw *raw, uint32_t oom_score, int32_t adj);
