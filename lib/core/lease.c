/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/lease.h"

const char *lease_file_name(LeaseFile file) {
        static const char *const names[] = {
                [LEASE_HIGH] = "memory.high",
                [LEASE_MAX] = "memory.max",
                [LEASE_SWAP_MAX] = "memory.swap.max",
                [LEASE_FREEZE] = "cgroup.freeze",
        };

        return file >= 0 && file < _LEASE_FILE_MAX ? names[file] : "unknown";
}
