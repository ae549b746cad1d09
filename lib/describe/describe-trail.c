/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/metric.h"
#include "describe/describe.h"

void describe_put_trail(const TrailEntry *trail, size_t n, Json *map) {
        Json *names = json_put_list(map, "metrics");
        Json *times = json_put_list(map, "at_usec");
        Json *values = json_put_list(map, "values");

        for (size_t i = 0; i < TRAIL_READINGS; i++)
                json_add_text(names, metric_info(trail_metric(i))->name);
        for (size_t k = 0; k < n; k++) {
                Json *row = json_add_list(values);

                json_add_signed(times, (int64_t) trail[k].at_usec);
                for (size_t i = 0; i < TRAIL_READINGS; i++)
                        if (trail[k].values[i] == TRAIL_UNKNOWN)
                                json_add_null(row);
                        else
                                json_add_signed(row, trail[k].values[i]);
        }
}
