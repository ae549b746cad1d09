/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/snapshot.h"

#include <assert.h>
#include <string.h>

#define ATTEMPTS 4

/* Stores of the words release and loads acquire, so that each side looks at the sequence before and
 * after them. */
void snapshot_write(atomic_uint *sequence, _Atomic(uint64_t) *words, size_t n, const void *from) {
        unsigned before = atomic_load_explicit(sequence, memory_order_relaxed);
        uint64_t copy[SNAPSHOT_WORDS_MAX];

        assert(n <= SNAPSHOT_WORDS_MAX);
        memcpy(copy, from, n * sizeof(uint64_t));
        atomic_store_explicit(sequence, before + 1, memory_order_relaxed);
        for (size_t i = 0; i < n; i++)
                atomic_store_explicit(&words[i], copy[i], memory_order_release);
        atomic_store_explicit(sequence, before + 2, memory_order_release);
}

bool snapshot_read(atomic_uint *sequence, _Atomic(uint64_t) *words, size_t n, void *to) {
        uint64_t copy[SNAPSHOT_WORDS_MAX];
        bool whole = false;

        assert(n <= SNAPSHOT_WORDS_MAX);
        for (int i = 0; i < ATTEMPTS && !whole; i++) {
                unsigned before = atomic_load_explicit(sequence, memory_order_acquire);

                for (size_t w = 0; w < n; w++)
                        copy[w] = atomic_load_explicit(&words[w], memory_order_acquire);
                whole = (before & 1) == 0 &&
                        atomic_load_explicit(sequence, memory_order_relaxed) == before;
        }
        memcpy(to, copy, n * sizeof(uint64_t));
        return whole;
}
