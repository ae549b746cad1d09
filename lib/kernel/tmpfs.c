/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/tmpfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include "base/fdio.h"
#include "base/lines.h"
#include "base/macro.h"
#include "base/number.h"
#include "kernel/escape.h"
#include "kernel/mount-table.h"

/* Longer lines are those of overlays with many layers; what is looked for stands before their end
 * or is not there. */
enum {
        LINE_MAX_BYTES = 4096,
        PATH_BYTES = 1024,
        SYSTEMS_MAX = 256,
};

/* A file system may be mounted in many places: containers, sandboxes, bind mounts. */
typedef struct Seen {
        uint64_t devices[SYSTEMS_MAX]; /* hashes of "major:minor" */
        size_t n;
} Seen;

static bool is_new(Seen *seen, Slice device) {
        uint64_t hash = UINT64_C(14695981039346656037);

        for (size_t i = 0; i < device.len; i++)
                hash = (hash ^ (unsigned char) device.at[i]) * UINT64_C(1099511628211);
        for (size_t i = 0; i < seen->n; i++)
                if (seen->devices[i] == hash)
                        return false;
        if (seen->n == SYSTEMS_MAX)
                return false;
        seen->devices[seen->n++] = hash;
        return true;
}

static void take_line(Slice line, Seen *seen, TmpfsAsk ask, void *ctx, TmpfsUsage *sum) {
        char path[PATH_BYTES];
        uint64_t bytes = 0;
        MountLine m;

        if (!mount_line_parse(line, &m) || !slice_equals(m.type, SLICE("tmpfs")) ||
                !escape_undo(m.point, path, sizeof(path)) || !is_new(seen, m.device) ||
                ask(ctx, path, &bytes) < 0)
                return;

        sum->used_bytes = add_sat_u64(sum->used_bytes, bytes);
        if (bytes > sum->largest_bytes) {
                sum->largest_bytes = bytes;
                text_copy(sum->largest, sizeof(sum->largest), path);
        }
}

int tmpfs_read_fd(int fd, TmpfsAsk ask, void *ctx, TmpfsUsage *ret) {
        char buf[LINE_MAX_BYTES];
        TmpfsUsage sum = { 0 };
        Seen seen = { .n = 0 };
        Lines lines;
        Slice line;
        int r;

        lines_init(&lines, fd, buf, sizeof(buf), false);
        while ((r = lines_next(&lines, &line)) > 0)
                take_line(line, &seen, ask, ctx, &sum);
        if (r < 0)
                return r;

        *ret = sum;
        return 0;
}

int tmpfs_ask_statfs(void *ctx, const char *path, uint64_t *ret_bytes) {
        const int *root_fd = ctx;
        _cleanup_close_ int fd = FD_NONE;
        struct statfs s;

        if (path[0] != '/')
                return -EINVAL;
        fd = openat(*root_fd, path[1] ? path + 1 : ".", O_PATH | O_CLOEXEC);
        if (fd < 0 || fstatfs(fd, &s) < 0)
                return -errno;
        if (s.f_type != TMPFS_MAGIC)
                return -ENODEV; /* something else is mounted on top of it */
        *ret_bytes = mul_div_u64(sub_sat_u64(s.f_blocks, s.f_bfree), (uint64_t) s.f_bsize, 1);
        return 0;
}
