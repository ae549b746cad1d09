/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/fill-ceiling.h"

#include "base/clock.h"
#include "base/macro.h"
#include "base/number.h"

#include <sys/mman.h>
#include <unistd.h>

enum {
        TRIAL_BYTES = 8 * 1024 * 1024,
        TRIALS = 3,
        THREADS_MAX = 4, /* beyond that the memory itself is the bound */
};

/* Populating in the kernel is the fastest way for any program. */
static usec_t fill_once(void) {
        usec_t begin = clock_monotonic_usec();
        void *p = mmap(NULL, TRIAL_BYTES, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        usec_t took = usec_since(clock_monotonic_usec(), begin);

        if (p == MAP_FAILED)
                return USEC_UNSET;
        (void) munmap(p, TRIAL_BYTES);
        return took;
}

uint64_t fill_ceiling_measure(uint64_t available_bytes) {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);
        usec_t best = USEC_UNSET;

        if (available_bytes < 8 * (uint64_t) TRIAL_BYTES)
                return 0;

        for (int i = 0; i < TRIALS; i++)
                best = MIN(best, fill_once());
        if (best == USEC_UNSET)
                return 0;
        return mul_div_u64(TRIAL_BYTES, USEC_PER_SEC * (uint64_t) MAX(1, MIN(cpus, THREADS_MAX)),
                MAX(best, (usec_t) 1));
}
