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
#include "kernel/mount-tree.h"

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

static bool is_new(const Seen *seen, uint64_t device) {
        for (size_t i = 0; i < seen->n; i++)
                if (seen->devices[i] == device)
                        return false;
        return seen->n < SYSTEMS_MAX;
}

/* Returns 1 for the line of a mount; 0 at the end; negative errno. */
static int next_mount(Lines *lines, MountLine *ret) {
        Slice line;
        int r;

        while ((r = lines_next(lines, &line)) > 0)
                if (mount_line_parse(line, ret))
                        return 1;
        return r;
}

static int read_tree(int fd, MountTree *t) {
        char buf[LINE_MAX_BYTES];
        Lines lines;
        MountLine m;
        int r;

        lines_init(&lines, fd, buf, sizeof(buf), false);
        while ((r = next_mount(&lines, &m)) > 0) {
                r = mount_tree_add(t, &m);
                if (r < 0)
                        return r;
        }
        return r;
}

/* One that cannot be asked here may be mounted elsewhere as well. */
static void take_mount(const MountTree *tree, const MountLine *m, Seen *seen, TmpfsAsk ask,
        void *ctx, TmpfsUsage *sum) {
        uint64_t device = mount_hash(m->device), bytes = 0;
        char path[PATH_BYTES];

        if (!slice_equals(m->type, SLICE("tmpfs")) || !is_new(seen, device) ||
                !escape_undo(m->point, path, sizeof(path)) || !mount_tree_leads_to(tree, m) ||
                ask(ctx, path, &bytes) < 0)
                return;

        seen->devices[seen->n++] = device;
        sum->used_bytes = add_sat_u64(sum->used_bytes, bytes);
        if (bytes > sum->largest_bytes) {
                sum->largest_bytes = bytes;
                text_copy(sum->largest, sizeof(sum->largest), path);
        }
}

/* Who is covered is known when all have been listed. */
int tmpfs_read_fd(int fd, TmpfsAsk ask, void *ctx, TmpfsUsage *ret) {
        MountTree tree = MOUNT_TREE_INIT;
        char buf[LINE_MAX_BYTES];
        TmpfsUsage sum = { 0 };
        Seen seen = { .n = 0 };
        Lines lines;
        MountLine m;
        int r = read_tree(fd, &tree);

        lines_init(&lines, fd, buf, sizeof(buf), false);
        while (r == 0 && (r = next_mount(&lines, &m)) > 0) {
                take_mount(&tree, &m, &seen, ask, ctx, &sum);
                r = 0;
        }
        mount_tree_done(&tree);
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
                return -ENODEV; /* something else was mounted on top of it meanwhile */
        *ret_bytes = mul_div_u64(sub_sat_u64(s.f_blocks, s.f_bfree), (uint64_t) s.f_bsize, 1);
        return 0;
}
