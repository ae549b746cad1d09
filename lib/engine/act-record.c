/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/actuator.h"

#include "base/macro.h"

static void remember(
        ActRecord *record, uint64_t action, uint32_t slot, uint32_t generation, int signo) {
        if (record->n == ELEMENTS(record->items))
                return;
        record->items[record->n++] = (ActRecordItem){
                .action = action,
                .slot = slot,
                .generation = generation,
                .signo = signo,
        };
}

static int record_signal(
        void *ctx, uint64_t action, uint32_t slot, uint32_t generation, int signo) {
        ActRecord *record = ctx;

        remember(record, action, slot, generation, signo);
        return record->answer;
}

static int record_release(void *ctx, uint64_t action, uint32_t slot, uint32_t generation) {
        remember(ctx, action, slot, generation, 0);
        return 0;
}

const ActOps act_record = {
        .name = "record",
        .dry = false,
        .signal = record_signal,
        .release = record_release,
};
