/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"

int cgroup_outcome(int r) {
        switch (r) {
        case -ENODEV:
        case -ENOENT:
                return CGROUP_GONE;
        case -EOPNOTSUPP:
                return CGROUP_UNSUPPORTED;
        default:
                return r;
        }
}

/* No such file: is the cgroup gone, or does it only lack this file? A directory that is held open
 * outlives its cgroup, but nothing is found in it any more, while every living cgroup has
 * cgroup.procs. */
static int explain_missing(int dirfd, const char *name) {
        const char *slash = strrchr(name, '/');
        char probe[PATH_MAX];
        int n;

        n = snprintf(probe, sizeof(probe), "%.*scgroup.procs", slash ? (int) (slash + 1 - name) : 0,
                name);
        if (n < 0 || (size_t) n >= sizeof(probe))
                return -ENAMETOOLONG;
        return faccessat(dirfd, probe, F_OK, 0) == 0 ? CGROUP_UNSUPPORTED : CGROUP_GONE;
}

static int take(int dirfd, const char *name, int fd, int *ret) {
        if (fd == -ENOENT)
                return explain_missing(dirfd, name);
        if (fd < 0)
                return cgroup_outcome(fd);
        *ret = fd;
        return CGROUP_OK;
}

int cgroup_file_open_at(int dirfd, const char *name, int *ret) {
        return take(dirfd, name, fdio_open_at(dirfd, name), ret);
}

static int open_in_mode(int dirfd, const char *name, int mode, int *ret) {
        int fd = openat(dirfd, name, mode | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);

        return take(dirfd, name, fd < 0 ? -errno : fd, ret);
}

int cgroup_file_open_write_at(int dirfd, const char *name, int *ret) {
        return open_in_mode(dirfd, name, O_WRONLY, ret);
}

int cgroup_file_open_both_at(int dirfd, const char *name, int *ret) {
        return open_in_mode(dirfd, name, O_RDWR, ret);
}
