/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether a memory.high would help, how it is lowered, and how to tell that it only hurts. Pure.
 *
 * A cgroup above its memory.high reclaims from itself and, when that gives nothing, sleeps up to 2
 * s for each return to user mode: without swap and cache it lives on and does nothing (seen on 6.1
 * and 6.12). So (1) it is not done where there is nowhere to reclaim to, (2) it is done in steps,
 * and (3) it is watched. */

#include "base/text.h"
#include "core/lease.h"
#include "core/sample.h"

/* Between two looks, and between two steps toward the goal. */
#define THROTTLE_LOOK_USEC (250 * USEC_PER_MSEC)

/* What the cgroup could give without an end of anybody: clean file cache, reclaimable slab, and of
 * its anonymous memory, with what was charged since memory.stat was read, what fits into swap at
 * its real cost. False while its memory.stat is not known. */
bool throttle_find_gives(const Sample *s, const GroupSample *g, uint64_t *ret_bytes);

/* Where a throttle of `high` ends: bytes, page aligned, never above a memory.high that binds it
 * already. False, with a sentence in `why`, where it must not be done. */
bool throttle_find_goal(const Sample *s, const GroupSample *g, const Amount *high,
        uint64_t *ret_bytes, TextBuf *why);

/* The next value on the way there: at most a twentieth of what is charged less than the last value
 * or, for the first one (last: UINT64_MAX), than what is charged. */
uint64_t throttle_next_value(
        const Sample *s, const GroupSample *g, uint64_t last, uint64_t goal_bytes);

/* Takes a look. True when it is a livelock: memory.high was met again and again, nothing came of it
 * and, where its pressure is known, nearly all of its time was lost, on several looks in a row. */
bool throttle_look(const Sample *s, const GroupSample *g, Lease *lease);

/* An amount of a step of `base` bytes. */
uint64_t amount_bytes(const Amount *amount, uint64_t base);

/* Down to a page, as the kernel rounds what is written to memory.*. */
uint64_t page_align(const Sample *s, uint64_t bytes);
