/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A bounded queue of fixed-size items between exactly one producer and one consumer thread.
 * Lock-free: neither side ever waits for the other; what does not fit is counted and dropped.
 * Memory is allocated once, at creation. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Ring Ring;

/* Makes a ring of `capacity` (rounded up to a power of two) items of item_size bytes. 0 or
 * -ENOMEM/-EINVAL; the caller owns *ret. */
int ring_new(size_t item_size, size_t capacity, Ring **ret);
Ring *ring_free(Ring *ring);

/* Producer only. Copies one item in; false (and dropped + 1) when the ring is full. */
bool ring_push(Ring *ring, const void *item);

/* Consumer only. Copies the oldest item out; false when the ring is empty. */
bool ring_pop(Ring *ring, void *ret_item);

/* Either side: items lost so far. */
uint64_t ring_dropped(const Ring *ring);
