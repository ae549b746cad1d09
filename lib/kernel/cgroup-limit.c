/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-limit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

uint64_t cgroup_limit_round(uint64_t bytes) {
        const uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
        const uint64_t most = (uint64_t) INT64_MAX / page; /* PAGE_COUNTER_MAX, in pages */

        return bytes / page >= most ? CGROUP_NO_LIMIT : bytes / page * page;
}

int cgroup_limit_write_fd(int fd, uint64_t value) {
        char text[24];
        int len;

        len = value == CGROUP_NO_LIMIT ? snprintf(text, sizeof(text), "max\n")
                                       : snprintf(text, sizeof(text), "%" PRIu64 "\n", value);
        return pwrite(fd, text, (size_t) len, 0) < 0 ? cgroup_outcome(-errno) : CGROUP_OK;
}
