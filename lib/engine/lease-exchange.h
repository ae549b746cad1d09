/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Changing a file of a cgroup as a lease, and giving back what was there. Through a descriptor that
 * is open already: the cgroup cannot be mistaken for another one. The caller holds the record.
 * Neither allocates nor opens; may wait in the kernel. */

#include <stdint.h>

#include "engine/lease-ledger.h"

/* How a file is read and written; outcomes as in kernel/cgroup.h. */
typedef struct LeaseAccess {
        int (*read)(int fd, uint64_t *ret);
        int (*write)(int fd, uint64_t value);
} LeaseAccess;

extern const LeaseAccess lease_access_kernel;

/* Outcomes of all three. */
enum {
        EXCHANGE_OK = 0,
        EXCHANGE_FOREIGN = 1, /* somebody else wrote it since: theirs stays, nothing is owed */
        EXCHANGE_GONE = 2,    /* the cgroup is gone: nothing is owed */
        EXCHANGE_RENEWED = 3, /* step: the old value was back, ours is in force again */
};

/* Takes a lease: remembers what the file holds, seals the record, then writes. A limit that is
 * lower already is not raised: -EALREADY. On failure the record is not sealed, unless the kernel
 * took the value and said no all the same. EXCHANGE_OK (*ret_old is what was there), EXCHANGE_GONE
 * or negative errno. */
int lease_exchange_take(
        const LeaseAccess *access, LeaseRecord *r, int fd, uint64_t value, uint64_t *ret_old);

/* Writes another value, or the same, under a lease that is held. A limit that holds what it held
 * before the lease is a limit again: nobody wants another value, systemd writes what its units say
 * at every daemon-reload. Who took a throttle or a freeze away meant it: theirs stays. Negative
 * errno: the value before is in force. */
int lease_exchange_step(
        const LeaseAccess *access, LeaseRecord *r, int fd, uint64_t value, uint64_t *ret_old);

/* Writes the old value and reads it back. Negative errno: it is still owed. */
int lease_exchange_return(const LeaseAccess *access, LeaseRecord *r, int fd);
