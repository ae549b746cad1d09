/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/actuator.h"

static int dry_signal(void *ctx, uint64_t action, uint32_t slot, uint32_t generation, int signo) {
        (void) ctx;
        (void) action;
        (void) slot;
        (void) generation;
        (void) signo;
        return 0;
}

static int dry_release(void *ctx, uint64_t action, uint32_t slot, uint32_t generation) {
        (void) ctx;
        (void) action;
        (void) slot;
        (void) generation;
        return 0;
}

static int dry_group(void *ctx, uint64_t action, const GroupRef *groups, size_t n, int signo) {
        (void) ctx;
        (void) action;
        (void) groups;
        (void) n;
        (void) signo;
        return 0;
}

static int dry_adjust(void *ctx, const Action *action, uint64_t *ret_value) {
        (void) ctx;
        (void) action;
        (void) ret_value;
        return 0;
}

const ActOps act_dry = {
        .name = "dry",
        .dry = true,
        .signal = dry_signal,
        .release = dry_release,
        .group = dry_group,
        .adjust = dry_adjust,
};
