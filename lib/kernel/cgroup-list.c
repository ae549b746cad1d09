/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-list.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/cgroup.h"

/* Of a directory without directories in it: its own "." and its name in the parent. */
#define LINKS_OF_LEAF 2

int cgroup_list_init(CgroupList *l, int fd, void *buf, size_t size) {
        int r = dir_scan_init(&l->scan, fd, buf, size);

        if (r == 0)
                l->inode = 0;
        return r;
}

/* Some file systems that a recorded tree may lie on do not tell the type. */
static bool is_directory(int fd, const struct dirent64 *e) {
        struct stat st;

        if (e->d_type != DT_UNKNOWN)
                return e->d_type == DT_DIR;
        return fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int cgroup_list_next(CgroupList *l, const char **ret) {
        const struct dirent64 *e;
        int r;

        while ((r = dir_scan_next(&l->scan, &e)) > 0) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                        !is_directory(l->scan.fd, e))
                        continue;
                l->inode = e->d_ino;
                *ret = e->d_name;
                return 1;
        }
        return r;
}

int cgroup_has_children_at(int dirfd, const char *name, bool is_live, bool *ret) {
        struct stat st;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT || errno == ENODEV ? CGROUP_GONE : -errno;
        *ret = !is_live || st.st_nlink > LINKS_OF_LEAF;
        return CGROUP_OK;
}
