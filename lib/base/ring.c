/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/macro.h"

/* `head` counts what was ever pushed and belongs to the producer, `tail` what was ever popped and
 * belongs to the consumer; both only grow, so that full (head - tail == capacity) and empty (equal)
 * differ. Each side publishes its counter with release after it has touched the slot, and reads the
 * other's with acquire. They lie on cache lines of their own, so that the two threads do not slow
 * each other down. */
struct Ring {
        size_t item_size;
        size_t mask; /* capacity - 1 */
        unsigned char *items;
        _Alignas(64) _Atomic size_t head;
        _Atomic uint64_t dropped;
        _Alignas(64) _Atomic size_t tail;
};

Ring *ring_free(Ring *ring) {
        if (ring) {
                free(ring->items);
                free(ring);
        }
        return NULL;
}

static void ring_freep(Ring **ring) {
        ring_free(*ring);
}

int ring_new(size_t item_size, size_t capacity, Ring **ret) {
        _cleanup_(ring_freep) Ring *ring = NULL;
        size_t n = 1, bytes;

        if (item_size == 0 || capacity == 0 || capacity > SIZE_MAX / 2 + 1)
                return -EINVAL;
        while (n < capacity)
                n *= 2;
        if (__builtin_mul_overflow(n, item_size, &bytes))
                return -EINVAL;

        ring = aligned_alloc(_Alignof(Ring), sizeof(Ring));
        if (!ring)
                return -ENOMEM;
        memset(ring, 0, sizeof(*ring));

        ring->items = calloc(n, item_size);
        if (!ring->items)
                return -ENOMEM;
        ring->item_size = item_size;
        ring->mask = n - 1;

        *ret = TAKE_PTR(ring);
        return 0;
}

bool ring_push(Ring *ring, const void *item) {
        size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

        if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) > ring->mask) {
                atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
                return false;
        }

        memcpy(ring->items + (head & ring->mask) * ring->item_size, item, ring->item_size);
        atomic_store_explicit(&ring->head, head + 1, memory_order_release);
        return true;
}

bool ring_pop(Ring *ring, void *ret_item) {
        size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

        if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
                return false;

        memcpy(ret_item, ring->items + (tail & ring->mask) * ring->item_size, ring->item_size);
        atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
        return true;
}

uint64_t ring_dropped(const Ring *ring) {
        return atomic_load_explicit(&ring->dropped, memory_order_relaxed);
}
