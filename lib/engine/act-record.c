/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/actuator.h"

#include "base/macro.h"

static void remember(ActRecord *record, const ActRecordItem *item) {
        if (record->n < ELEMENTS(record->items))
                record->items[record->n++] = *item;
}

static int record_signal(
        void *ctx, uint64_t action, uint32_t slot, uint32_t generation, int signo) {
        ActRecord *record = ctx;

        remember(record,
                &(ActRecordItem){
                        .action = action, .slot = slot, .generation = generation, .signo = signo });
        return record->answer;
}

static int record_release(void *ctx, uint64_t action, uint32_t slot, uint32_t generation) {
        remember(ctx, &(ActRecordItem){ .action = action, .slot = slot, .generation = generation });
        return 0;
}

static int record_group(void *ctx, uint64_t action, const GroupRef *groups, size_t n, int signo) {
        ActRecord *record = ctx;

        remember(record,
                &(ActRecordItem){ .action = action,
                        .slot = groups[0].slot,
                        .generation = groups[0].generation,
                        .signo = signo,
                        .is_group = true,
                        .n_groups = n });
        return record->answer;
}

static int record_adjust(void *ctx, const Action *a, uint64_t *ret_value) {
        ActRecord *record = ctx;

        remember(record,
                &(ActRecordItem){ .action = a->id,
                        .slot = a->groups[0].slot,
                        .generation = a->groups[0].generation,
                        .is_group = true,
                        .n_groups = a->n_groups,
                        .kind = a->kind,
                        .file = a->file,
                        .value = a->value });
        if (record->answer == 0)
                *ret_value = record->value;
        return record->answer;
}

const ActOps act_record = {
        .name = "record",
        .dry = false,
        .signal = record_signal,
        .release = record_release,
        .group = record_group,
        .adjust = record_adjust,
};
