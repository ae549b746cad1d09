/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/lease-exchange.h"

#include <errno.h>

#include "kernel/cgroup-limit.h"

const LeaseAccess lease_access_kernel = {
        .read = cgroup_value_read_fd,
        .write = cgroup_limit_write_fd,
};

static int error_of(int outcome) {
        return outcome == CGROUP_UNSUPPORTED ? -EOPNOTSUPP : outcome;
}

/* As the file will show it: whole pages. */
static uint64_t as_read(const LeaseRecord *r, uint64_t value) {
        return r->terms.file == LEASE_FREEZE ? value : cgroup_limit_round(value);
}

/* A write that was refused after it took effect counts as done. */
static int write_value(const LeaseAccess *access, int fd, uint64_t value) {
        uint64_t there;
        int result = access->write(fd, value);

        if (result == CGROUP_OK || result == CGROUP_GONE)
                return result;
        return access->read(fd, &there) == CGROUP_OK && there == value ? CGROUP_OK
                                                                       : error_of(result);
}

static bool is_ours(const LeaseRecord *r, uint64_t there) {
        return there == atomic_load(&r->ours) || there == atomic_load(&r->next);
}

int lease_exchange_take(
        const LeaseAccess *access, LeaseRecord *r, int fd, uint64_t value, uint64_t *ret_old) {
        uint64_t old;
        int result = access->read(fd, &old);

        if (result != CGROUP_OK)
                return result == CGROUP_GONE ? EXCHANGE_GONE : error_of(result);
        value = as_read(r, value);
        if (r->terms.file != LEASE_FREEZE && old < value)
                return -EALREADY;

        r->terms.old = old;
        atomic_store(&r->ours, value);
        atomic_store(&r->next, value);
        lease_record_seal(r);

        result = write_value(access, fd, value);
        if (result != CGROUP_OK) {
                atomic_store(&r->seal, 0); /* nothing was changed */
                return result == CGROUP_GONE ? EXCHANGE_GONE : result;
        }
        *ret_old = old;
        return EXCHANGE_OK;
}

int lease_exchange_step(
        const LeaseAccess *access, LeaseRecord *r, int fd, uint64_t value, uint64_t *ret_old) {
        uint64_t there;
        int result = access->read(fd, &there);

        if (result != CGROUP_OK)
                return result == CGROUP_GONE ? EXCHANGE_GONE : error_of(result);
        if (!is_ours(r, there))
                return EXCHANGE_FOREIGN;

        value = as_read(r, value);
        atomic_store(&r->ours, there); /* whichever of the two it was */
        atomic_store(&r->next, value);
        result = write_value(access, fd, value);
        if (result != CGROUP_OK) {
                atomic_store(&r->next, there);
                return result == CGROUP_GONE ? EXCHANGE_GONE : result;
        }
        atomic_store(&r->ours, value);
        *ret_old = r->terms.old;
        return EXCHANGE_OK;
}

int lease_exchange_return(const LeaseAccess *access, LeaseRecord *r, int fd) {
        uint64_t there;
        int result = access->read(fd, &there);

        if (result != CGROUP_OK)
                return result == CGROUP_GONE ? EXCHANGE_GONE : error_of(result);
        if (there == r->terms.old)
                return EXCHANGE_OK; /* killed before it was written, or after it was given back */
        if (!is_ours(r, there))
                return EXCHANGE_FOREIGN;

        result = write_value(access, fd, r->terms.old);
        if (result == CGROUP_OK)
                result = access->read(fd, &there);
        if (result != CGROUP_OK)
                return result == CGROUP_GONE ? EXCHANGE_GONE : error_of(result);
        return there == r->terms.old ? EXCHANGE_OK : -EIO;
}
