/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/readership.h"

#include "base/macro.h"

void readership_init(Readership *r) {
        atomic_init(&r->version, 0);
        for (size_t i = 0; i < READERSHIP_MAX; i++)
                atomic_init(&r->readers[i].state, READERSHIP_NONE);
}

void readership_enter(Readership *r, size_t who) {
        uint64_t had = atomic_load_explicit(&r->readers[who].state, memory_order_relaxed);

        atomic_store(&r->readers[who].state,
                had == READERSHIP_NONE ? atomic_load(&r->version) << 1 : had & ~UINT64_C(1));
}

void readership_settle(Readership *r, size_t who, uint64_t version) {
        atomic_store(&r->readers[who].state, version == 0 ? READERSHIP_NONE : version << 1 | 1);
}

void readership_leave(Readership *r, size_t who) {
        atomic_store(&r->readers[who].state, READERSHIP_NONE);
}

void readership_publish(Readership *r, uint64_t version) {
        atomic_store(&r->version, version);
}

uint64_t readership_next(const Readership *r) {
        return atomic_load_explicit(&r->version, memory_order_relaxed) + 1;
}

uint64_t readership_oldest(Readership *r) {
        uint64_t oldest = atomic_load(&r->version);

        for (size_t i = 0; i < READERSHIP_MAX; i++) {
                uint64_t state = atomic_load(&r->readers[i].state);

                if (state != READERSHIP_NONE)
                        oldest = MIN(oldest, state >> 1);
        }
        return oldest;
}

bool readership_has(Readership *r, uint64_t version) {
        for (size_t i = 0; i < READERSHIP_MAX; i++) {
                uint64_t state = atomic_load(&r->readers[i].state);

                if (state == READERSHIP_NONE)
                        continue;
                if ((state & 1) != 0 ? version == state >> 1 : version >= state >> 1)
                        return true;
        }
        return false;
}
