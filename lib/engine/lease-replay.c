/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/lease-replay.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/lease-exchange.h"
#include "kernel/cgroup.h"

/* Who was to give it back had time enough. */
#define OVERDUE_USEC (10 * USEC_PER_SEC)

/* Below the mount, and nowhere else. */
static bool is_path(const char *path) {
        return path[0] == '/' && path[1] != '\0' && !strstr(path, "/../") &&
                !(strlen(path) >= 3 && strcmp(path + strlen(path) - 3, "/..") == 0);
}

/* The same cgroup, not another one of its path. */
static int open_group(int cgroup_fd, const LeaseTerms *terms, int *ret) {
        _cleanup_close_ int fd = FD_NONE;
        struct stat st;

        fd = fdio_open_dir_at(cgroup_fd, terms->path + 1);
        if (fd == -ENOENT || fd == -ENOTDIR || fd == -ENODEV)
                return EXCHANGE_GONE;
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_ino != terms->inode)
                return EXCHANGE_GONE;
        *ret = TAKE_FD(fd);
        return EXCHANGE_OK;
}

static int open_leased(int cgroup_fd, const LeaseTerms *terms, int *ret) {
        _cleanup_close_ int dir_fd = FD_NONE;
        int r = open_group(cgroup_fd, terms, &dir_fd);

        if (r != EXCHANGE_OK)
                return r;
        r = cgroup_file_open_both_at(dir_fd, lease_file_name((LeaseFile) terms->file), ret);
        if (r == CGROUP_GONE || r == CGROUP_UNSUPPORTED) /* a controller that was taken away */
                return EXCHANGE_GONE;
        return r;
}

static int give_back(LeaseRecord *r, int cgroup_fd) {
        _cleanup_close_ int fd = FD_NONE;
        int result = open_leased(cgroup_fd, &r->terms, &fd);

        return result == EXCHANGE_OK ? lease_exchange_return(&lease_access_kernel, r, fd) : result;
}

/* By the holder. */
static bool is_meant(LeaseLedger *l, uint32_t i, int cgroup_fd, const LeaseReplay *replay) {
        const LeaseRecord *r = lease_ledger_record(l, i);
        _cleanup_close_ int fd = FD_NONE;

        switch (replay->scope) {
        case LEASES_ALL:
                return true;
        case LEASES_ONE:
                return r->terms.id == replay->id;
        case LEASES_ADRIFT:
                break;
        }
        return lease_ledger_state(l, i) != CLAIM_HELD ||
                usec_since(replay->now_usec, atomic_load(&r->deadline_usec)) > OVERDUE_USEC ||
                open_leased(cgroup_fd, &r->terms, &fd) == EXCHANGE_GONE;
}

static bool replay_one(LeaseLedger *l, uint32_t i, int cgroup_fd, const LeaseReplay *replay) {
        LeaseRecord *r = lease_ledger_record(l, i);
        LeaseTerms terms;
        uint64_t ours;
        int result;

        if (atomic_load(&r->seal) == 0)
                return false; /* dropped since */
        if (!lease_record_is_owed(r) || !is_path(r->terms.path))
                result = -EBADMSG;
        else if (is_meant(l, i, cgroup_fd, replay))
                result = give_back(r, cgroup_fd);
        else
                return false;

        terms = r->terms;
        ours = atomic_load(&r->ours);
        if (result == -EBADMSG)
                memset(&terms, 0, sizeof(terms));
        if (lease_replay_is_over(result))
                lease_ledger_drop(l, i, true);
        replay->on_returned(replay->ctx, &terms, ours, result);
        return true;
}

size_t lease_replay(LeaseLedger *l, int cgroup_fd, const LeaseReplay *replay) {
        size_t n = 0;

        for (uint32_t i = 0; cgroup_fd >= 0 && i < LEDGER_RECORDS_MAX; i++) {
                const LeaseRecord *r = lease_ledger_record(l, i);

                if (atomic_load(&r->seal) == 0) {
                        if (lease_ledger_state(l, i) == CLAIM_ABANDONED)
                                lease_ledger_abandon(l, i); /* dropped as it was abandoned: free */
                        continue;
                }
                if (!lease_ledger_hold(l, i)) {
                        if (replay->scope == LEASES_ALL)
                                replay->on_returned(
                                        replay->ctx, &r->terms, atomic_load(&r->ours), -EBUSY);
                        continue;
                }
                n += replay_one(l, i, cgroup_fd, replay);
                lease_ledger_release(l, i);
        }
        return n;
}
