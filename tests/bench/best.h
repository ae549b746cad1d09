/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* CPU time of the calling thread over many passes: the least of them counts, the machine is shared.
 */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static inline double cpu_usec(void) {
        struct timespec ts;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}

typedef struct Best {
        double least;
        double sum;
        unsigned n;
} Best;

static inline void best_add(Best *b, double usec) {
        b->least = b->n == 0 || usec < b->least ? usec : b->least;
        b->sum += usec;
        b->n++;
}

static inline void best_print(const char *what, const Best *b, uint64_t processes) {
        double each = processes ? b->least / (double) processes : 0;

        printf("{\"what\":\"%s\",\"passes\":%u,\"least_usec\":%.1f,\"mean_usec\":%.1f,"
               "\"processes\":%" PRIu64 ",\"usec_per_process\":%.3f}\n",
                what, b->n, b->least, b->n ? b->sum / b->n : 0, processes, each);
        fflush(stdout);
}
