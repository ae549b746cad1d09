/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a selftest has come to: which of its stages were seen, when, and in which words. */

#include "base/clock.h"
#include "ctl/json-tree.h"

typedef enum SelftestStage {
        STAGE_SEEN,
        STAGE_WARNED,
        STAGE_ENDED, /* of a dry run: it would have been */
        _STAGE_MAX,
} SelftestStage;

typedef struct SelftestResult {
        bool dry;    /* the daemon's own dry run: nothing will be ended */
        int32_t pid; /* of the victim, also when it has ended */
        int status;  /* of waitpid(2), once it has */
        bool done[_STAGE_MAX];
        usec_t after_usec[_STAGE_MAX];
        char message[_STAGE_MAX][512];
} SelftestResult;

/* "seen" */
const char *selftest_stage_name(SelftestStage stage);

/* Takes in an event of the daemon's; true when it is the first of its stage, which goes to
 * *ret_stage. policy: whose events count. */
bool selftest_take(SelftestResult *r, const Json *event, const char *policy, usec_t after_usec,
        SelftestStage *ret_stage);

/* True when the victim was seen, warned and, by a signal of avert's, ended. */
bool selftest_is_well(const SelftestResult *r);

void selftest_print_json(const SelftestResult *r, JsonMode mode, FILE *out);
