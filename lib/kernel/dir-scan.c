/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/dir-scan.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

int dir_scan_init(DirScan *s, int fd, void *buf, size_t size) {
        if (size < 1024 || (uintptr_t) buf % _Alignof(struct dirent64) != 0)
                return -EINVAL;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;

        *s = (DirScan){ .fd = fd, .buf = buf, .size = size };
        return 0;
}

int dir_scan_next(DirScan *s, const struct dirent64 **ret) {
        const struct dirent64 *e;

        if (s->pos >= s->len) {
                ssize_t n;

                do
                        n = getdents64(s->fd, s->buf, s->size);
                while (n < 0 && errno == EINTR);
                if (n < 0 && errno == ENOENT)
                        n = 0; /* the directory itself is gone: a process or cgroup that ended */
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                s->pos = 0;
                s->len = (size_t) n;
        }

        e = (const void *) (s->buf + s->pos);
        s->pos += e->d_reclen;
        *ret = e;
        return 1;
}
