/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/vmstat-rate.h"

#include "base/macro.h"
#include "base/number.h"

#define POINT_SPACING_USEC (200 * USEC_PER_MSEC)
#define RATE_WINDOW_USEC (3 * USEC_PER_SEC)
#define LONG_WINDOW_USEC (10 * USEC_PER_SEC)

/* Of 4 KiB. With larger pages fewer come with a fault: then the share is overestimated. */
#define READ_AROUND_PAGES 32

/* Older than this, counters tell nothing about now: their reader is stuck. */
#define STALE_AFTER_USEC (15 * USEC_PER_SEC)

static const VmstatPoint *point_at(const VmstatRates *v, uint32_t age) {
        return &v->points[(v->head + VMSTAT_POINTS_MAX - 1 - age) % VMSTAT_POINTS_MAX];
}

void vmstat_rates_add(VmstatRates *v, const SystemRaw *raw) {
        VmstatPoint point = {
                .at_usec = raw->vmstat_at_usec,
                .counts = { raw->refault_anon, raw->refault_file, raw->restore_file,
                        raw->major_faults, raw->scan, raw->steal },
        };

        if (!(raw->have & source_bit(SOURCE_VMSTAT)) || (raw->suspect & source_bit(SOURCE_VMSTAT)))
                return;

        if (v->n > 0) {
                const VmstatPoint *last = point_at(v, 0);

                if (point.at_usec < usec_add(last->at_usec, POINT_SPACING_USEC))
                        return;
                for (int i = 0; i < _VMSTAT_COUNTER_MAX; i++)
                        if (point.counts[i] < last->counts[i])
                                v->n = 0;
        }

        v->points[v->head] = point;
        v->head = (v->head + 1) % VMSTAT_POINTS_MAX;
        v->n = MIN(v->n + 1, (uint32_t) VMSTAT_POINTS_MAX);
}

/* The youngest point that is `length` older than the newest, else the oldest one. */
static const VmstatPoint *window_begin(const VmstatRates *v, usec_t length, usec_t now_usec) {
        const VmstatPoint *end, *begin = NULL;

        if (v->n < 2)
                return NULL;

        end = point_at(v, 0);
        if (usec_since(now_usec, end->at_usec) > STALE_AFTER_USEC)
                return NULL;

        for (uint32_t age = 1; age < v->n; age++) {
                begin = point_at(v, age);
                if (end->at_usec - begin->at_usec >= length)
                        break;
        }
        return begin;
}

Reading vmstat_rates_read(const VmstatRates *v, VmstatCounter counter, usec_t now_usec) {
        const VmstatPoint *begin = window_begin(v, RATE_WINDOW_USEC, now_usec), *end;
        uint64_t rate;

        if (!begin)
                return (Reading){ 0 };

        end = point_at(v, 0);
        rate = mul_div_u64(end->counts[counter] - begin->counts[counter], USEC_PER_SEC,
                end->at_usec - begin->at_usec);
        return (Reading){
                .known = true,
                .value = (int64_t) MIN(rate, (uint64_t) INT64_MAX),
                .since_usec = begin->at_usec,
        };
}

Reading vmstat_rates_efficiency(const VmstatRates *v, usec_t now_usec) {
        const VmstatPoint *begin = window_begin(v, RATE_WINDOW_USEC, now_usec), *end;
        uint64_t scanned, stolen;

        if (!begin)
                return (Reading){ 0 };

        end = point_at(v, 0);
        scanned = end->counts[VMSTAT_SCAN] - begin->counts[VMSTAT_SCAN];
        stolen = end->counts[VMSTAT_STEAL] - begin->counts[VMSTAT_STEAL];
        return (Reading){
                .known = true,
                .value = scanned == 0 ? 10000
                                      : (int64_t) permyriad_of(MIN(stolen, scanned), scanned),
                .since_usec = begin->at_usec,
        };
}

Reading vmstat_rates_mapped(const VmstatRates *v, usec_t now_usec) {
        const VmstatPoint *begin = window_begin(v, LONG_WINDOW_USEC, now_usec), *end;
        uint64_t faults, refaults;

        if (!begin)
                return (Reading){ 0 };

        end = point_at(v, 0);
        refaults = end->counts[VMSTAT_REFAULT_FILE] - begin->counts[VMSTAT_REFAULT_FILE];
        faults = sub_sat_u64(end->counts[VMSTAT_MAJOR_FAULT] - begin->counts[VMSTAT_MAJOR_FAULT],
                end->counts[VMSTAT_REFAULT_ANON] - begin->counts[VMSTAT_REFAULT_ANON]);
        return (Reading){
                .known = true,
                .value = refaults == 0
                        ? 0
                        : (int64_t) permyriad_of(
                                  MIN(mul_div_u64(faults, READ_AROUND_PAGES, 1), refaults),
                                  refaults),
                .since_usec = begin->at_usec,
        };
}

uint64_t vmstat_rates_restored(const VmstatRates *v, usec_t now_usec) {
        const VmstatPoint *begin = window_begin(v, LONG_WINDOW_USEC, now_usec), *end;
        uint64_t restored;
        usec_t wall;

        if (!begin)
                return 0;

        end = point_at(v, 0);
        restored = end->counts[VMSTAT_RESTORE_FILE] - begin->counts[VMSTAT_RESTORE_FILE];
        wall = end->at_usec - begin->at_usec;
        /* A longer window is cut to its share; a shorter one is not blown up: that would be a
         * guess. */
        return wall > LONG_WINDOW_USEC ? mul_div_u64(restored, LONG_WINDOW_USEC, wall) : restored;
}
