/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/trail.h"

#include <assert.h>

#include "base/macro.h"

MetricId trail_metric(size_t i) {
        const MetricId metrics[] = {
                METRIC_MEM_AVAILABLE,
                METRIC_MEM_FREE,
                METRIC_MEM_EXHAUSTION,
                METRIC_SWAP_FREE,
                METRIC_FILL_RATE,
                METRIC_REFAULT_ANON,
                METRIC_REFAULT_FILE,
                metric_psi(PSI_MEMORY, PSI_SOME, PSI_1S),
                metric_psi(PSI_MEMORY, PSI_FULL, PSI_1S),
        };

        _Static_assert(ELEMENTS(metrics) == TRAIL_READINGS, "a reading without a metric");
        assert(i < TRAIL_READINGS);
        return metrics[i];
}

void trail_add(Trail *t, const Sample *s) {
        TrailEntry *e = &t->entries[t->next];

        e->at_usec = s->raw.at_usec;
        for (size_t i = 0; i < TRAIL_READINGS; i++) {
                const Reading *r = &s->system[trail_metric(i)];

                e->values[i] = r->known ? r->value : TRAIL_UNKNOWN;
        }
        t->next = (t->next + 1) % TRAIL_ENTRIES_MAX;
        t->n = MIN(t->n + 1, (uint32_t) TRAIL_ENTRIES_MAX);
}

size_t trail_copy(const Trail *t, usec_t since_usec, TrailEntry *ret, size_t max) {
        uint32_t first = (t->next + TRAIL_ENTRIES_MAX - t->n) % TRAIL_ENTRIES_MAX;
        uint32_t skip = 0;
        size_t n = 0;

        while (skip < t->n && t->entries[(first + skip) % TRAIL_ENTRIES_MAX].at_usec < since_usec)
                skip++;
        if (t->n - skip > max)
                skip = t->n - (uint32_t) max;
        for (; skip < t->n; skip++)
                ret[n++] = t->entries[(first + skip) % TRAIL_ENTRIES_MAX];
        return n;
}
