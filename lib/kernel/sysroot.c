/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/lines.h"

static void sysroot_donep(SysRoot *root) {
        sysroot_done(root);
}

/* However it is spelled, a path to "/" is the machine itself. */
static bool is_own_root(int fd) {
        struct stat own, other;

        return stat("/", &own) == 0 && fstat(fd, &other) == 0 && own.st_dev == other.st_dev &&
                own.st_ino == other.st_ino;
}

/* Returns 0; -ENOENT when there is no mount table; other negative errno. */
static int read_mounts(int proc_fd, MountTable *ret) {
        _cleanup_close_ int fd = fdio_open_at(proc_fd, "self/mountinfo");
        MountTable t = { 0 };
        char buf[4096];
        Lines lines;
        Slice line;
        int r;

        if (fd < 0)
                return fd;

        lines_init(&lines, fd, buf, sizeof(buf), false);
        while ((r = lines_next(&lines, &line)) > 0)
                (void) mount_table_take_line(
                        &t, line); /* a line we do not understand mounts nothing we need */
        if (r < 0)
                return r;

        *ret = t;
        return 0;
}

static int open_cgroup2(SysRoot *root) {
        int r;

        r = read_mounts(root->proc_fd, &root->mounts);
        if (r == -ENOENT && root->foreign)
                strcpy(root->mounts.cgroup2, "/sys/fs/cgroup");
        else if (r < 0)
                return r == -ENOENT || r == -EACCES || r == -EPERM ? 0 : r;
        if (root->mounts.cgroup2[0] == '\0')
                return 0;

        r = fdio_open_dir_at(root->root_fd, root->mounts.cgroup2 + 1);
        if (r == -ENOENT || r == -EACCES || r == -ENOTDIR) {
                root->mounts.cgroup2[0] = '\0';
                return 0;
        }
        if (r < 0)
                return r;
        root->cgroup_fd = r;
        return 0;
}

int sysroot_open(const char *path, SysRoot *ret) {
        _cleanup_(sysroot_donep) SysRoot root = SYSROOT_INIT;
        int r;

        r = fdio_open_dir_at(AT_FDCWD, path ? path : "/");
        if (r < 0)
                return r;
        root.root_fd = r;
        root.foreign = path && !is_own_root(root.root_fd);

        r = fdio_open_dir_at(root.root_fd, "proc");
        if (r < 0)
                return r;
        root.proc_fd = r;

        r = fdio_open_dir_at(root.root_fd, "sys");
        if (r < 0 && r != -ENOENT && r != -EACCES)
                return r;
        root.sys_fd = r < 0 ? FD_NONE : r;

        r = open_cgroup2(&root);
        if (r < 0)
                return r;

        *ret = root;
        root = SYSROOT_INIT;
        return 0;
}

void sysroot_done(SysRoot *root) {
        close_fd(root->root_fd);
        close_fd(root->proc_fd);
        close_fd(root->sys_fd);
        close_fd(root->cgroup_fd);
        *root = SYSROOT_INIT;
}
