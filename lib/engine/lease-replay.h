/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Giving back what the ledger says is owed, by path and inode: what an earlier daemon left, what
 * nobody looks after any more, and all of it at the end. For main and avertctl: opens, and may wait
 * in the kernel. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/lease-ledger.h"

typedef enum LeaseScope {
        LEASES_ALL,
        LEASES_ONE,    /* of this id */
        LEASES_ADRIFT, /* that no lease has, or whose cgroup is gone, or that are long overdue */
} LeaseScope;

typedef struct LeaseReplay {
        LeaseScope scope;
        uint64_t id;
        usec_t now_usec; /* ADRIFT: CLOCK_MONOTONIC */

        /* Told of each record, with what avert wrote: what became of it is an outcome of
         * lease-exchange.h, or negative errno: then it is still owed, but -EBADMSG: the record made
         * no sense and was dropped. -EBUSY: a thread hangs in it. */
        void (*on_returned)(void *ctx, const LeaseTerms *terms, uint64_t ours, int result);
        void *ctx;
} LeaseReplay;

/* Whether nothing is owed any more after such a result: the record was dropped. */
static inline bool lease_replay_is_over(int result) {
        return result >= 0 || result == -EBADMSG;
}

/* cgroup_fd: the root of the cgroup2 tree; negative: there is none, nothing is done. Returns how
 * many records were looked after. */
size_t lease_replay(LeaseLedger *l, int cgroup_fd, const LeaseReplay *replay);
