/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-reclaim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/number.h"
#include "kernel/cgroup-memory.h"

#define PIECE_BYTES (UINT64_C(16) << 20)
#define PIECES_OF_ALL 64

static int ask(int fd, uint64_t bytes) {
        char text[24];
        int len = snprintf(text, sizeof(text), "%" PRIu64 "\n", bytes);

        return write(fd, text, (size_t) len) < 0 ? -errno : 0;
}

/* One piece. 0: go on; 1: no more is to be had; else how it ended. */
static int take_piece(const CgroupReclaim *r, uint64_t piece, uint64_t *charged) {
        uint64_t after;
        int asked, seen;

        asked = ask(r->reclaim_fd, piece);
        if (asked < 0 && asked != -EAGAIN && asked != -EINTR)
                return asked;
        seen = cgroup_value_read_fd(r->charged_fd, &after);
        if (seen != CGROUP_OK)
                return seen == CGROUP_GONE ? -ENODEV : seen;
        if (asked == -EAGAIN && after >= *charged)
                return 1;
        *charged = after;
        return 0;
}

int cgroup_reclaim(const CgroupReclaim *r, uint64_t *ret_freed) {
        uint64_t before, charged, asked = 0;
        int result;

        *ret_freed = 0;
        result = cgroup_value_read_fd(r->charged_fd, &before);
        if (result != CGROUP_OK)
                return result;

        charged = before;
        while (result == 0 && asked < r->bytes) {
                uint64_t piece = MIN(MAX(PIECE_BYTES, charged / PIECES_OF_ALL), r->bytes - asked);

                if (r->clock() >= r->deadline_usec) {
                        result = -ETIME;
                        break;
                }
                result = take_piece(r, piece, &charged);
                asked += piece;
        }
        *ret_freed = sub_sat_u64(before, charged);
        return result == 1 ? CGROUP_OK : result == -ETIME ? CGROUP_LATE : cgroup_outcome(result);
}
