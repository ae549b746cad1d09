/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/reserve.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/macro.h"

void *reserve_new(size_t n, size_t size) {
        void *p;

        if (size != 0 && n > SIZE_MAX / size)
                return NULL;
        p = mmap(NULL, MAX(n * size, (size_t) 1), PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        return p == MAP_FAILED ? NULL : p;
}

void *reserve_free(void *p, size_t n, size_t size) {
        if (p)
                (void) munmap(p, MAX(n * size, (size_t) 1));
        return NULL;
}
