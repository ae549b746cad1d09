/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/lease-exchange.h"

#include <errno.h>

#include "kernel/cgroup-limit.h"

const LeaseAccess lease_access_kernel = {
        .read = cgroup_value_read_fd,
        .write = cgroup_limit_write_fd,
};

/* From an outcome of kernel/cgroup.h to one of ours, or negative errno. */
static int exchanged(int outcome) {
        switch (outcome) {
        case CGROUP_OK:
                return EXCHANGE_OK;
        case CGROUP_GONE:
                return EXCHANGE_GONE;
        case CGROUP_UNSUPPORTED:
                return -EOPNOTSUPP;
        default:
                return outcome;
        }
}

/* As the file will show it: whole pages. */
static uint64_t as_read(const LeaseRecord *r, uint64_t value) {
        return r->terms.file == LEASE_FREEZE ? value : cgroup_limit_round(value);
}

/* A write that was refused after it took effect counts as done. */
static int write_value(const LeaseAccess *access, int fd, uint64_t value) {
        uint64_t there;
        int r = exchanged(access->write(fd, value));

        if (r < 0 && access->read(fd, &there) == CGROUP_OK && there == value)
                return EXCHANGE_OK;
        return r;
}

static bool is_ours(const LeaseRecord *r, uint64_t there) {
        return there == atomic_load(&r->ours) || there == atomic_load(&r->next);
}

/* Nobody wrote anything new: it is as it was before the lease, which has no end of its own. */
static bool is_rewritten(const LeaseRecord *r, uint64_t there) {
        return there == r->terms.old &&
                (r->terms.file == LEASE_MAX || r->terms.file == LEASE_SWAP_MAX);
}

int lease_exchange_take(
        const LeaseAccess *access, LeaseRecord *r, int fd, uint64_t value, uint64_t *ret_old) {
        uint64_t old;
        int result = exchanged(access->read(fd, &old));

        if (result != EXCHANGE_OK)
                return result;
        value = as_read(r, value);
        if (r->terms.file != LEASE_FREEZE && old < value)
                return -EALREADY;

        r->terms.old = old;
        atomic_store(&r->ours, value);
        atomic_store(&r->next, value);
        lease_record_seal(r);

        result = write_value(access, fd, value);
        if (result != EXCHANGE_OK) {
                atomic_store(&r->seal, 0); /* nothing was changed */
                return result;
        }
        *ret_old = old;
        return EXCHANGE_OK;
}

int lease_exchange_step(
        const LeaseAccess *access, LeaseRecord *r, int fd, uint64_t value, uint64_t *ret_old) {
        uint64_t there;
        bool rewritten;
        int result = exchanged(access->read(fd, &there));

        if (result != EXCHANGE_OK)
                return result;
        rewritten = !is_ours(r, there);
        if (rewritten && !is_rewritten(r, there))
                return EXCHANGE_FOREIGN;

        value = as_read(r, value);
        *ret_old = r->terms.old;
        if (!rewritten)
                atomic_store(&r->ours, there); /* whichever of the two it was */
        atomic_store(&r->next, value);
        if (there != value) {
                result = write_value(access, fd, value);
                if (result != EXCHANGE_OK) {
                        atomic_store(&r->next, atomic_load(&r->ours));
                        return result;
                }
        }
        atomic_store(&r->ours, value);
        return rewritten ? EXCHANGE_RENEWED : EXCHANGE_OK;
}

int lease_exchange_return(const LeaseAccess *access, LeaseRecord *r, int fd) {
        uint64_t there;
        int result = exchanged(access->read(fd, &there));

        if (result != EXCHANGE_OK)
                return result;
        if (there == r->terms.old)
                return EXCHANGE_OK; /* killed before it was written, or after it was given back */
        if (!is_ours(r, there))
                return EXCHANGE_FOREIGN;

        result = write_value(access, fd, r->terms.old);
        if (result == EXCHANGE_OK)
                result = exchanged(access->read(fd, &there));
        if (result != EXCHANGE_OK)
                return result;
        return there == r->terms.old ? EXCHANGE_OK : -EIO;
}
