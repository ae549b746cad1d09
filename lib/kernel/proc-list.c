/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-list.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/number.h"

int proc_list_open(int dirfd, const char *name) {
        return fdio_open_dir_at(dirfd, name);
}

int proc_list_init(ProcList *l, int fd, void *buf, size_t size) {
        if (size < 1024 || (uintptr_t) buf % _Alignof(struct dirent64) != 0)
                return -EINVAL;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;

        *l = (ProcList){ .fd = fd, .buf = buf, .size = size };
        return 0;
}

static pid_t entry_number(const struct dirent64 *e) {
        size_t len = strlen(e->d_name);
        uint64_t n;

        if (number_scan_u64(e->d_name, len, &n) != (int) len || n == 0 || n > INT_MAX)
                return 0;
        return (pid_t) n;
}

int proc_list_next(ProcList *l, pid_t *ret) {
        for (;;) {
                const struct dirent64 *e;
                pid_t pid;

                if (l->pos >= l->len) {
                        ssize_t n;

                        do
                                n = getdents64(l->fd, l->buf, l->size);
                        while (n < 0 && errno == EINTR);
                        if (n < 0 && errno == ENOENT)
                                n = 0; /* the directory itself is gone: a process that ended */
                        if (n <= 0)
                                return n < 0 ? -errno : 0;
                        l->pos = 0;
                        l->len = (size_t) n;
                }

                e = (const void *) (l->buf + l->pos);
                l->pos += e->d_reclen;
                pid = entry_number(e);
                if (pid > 0) {
                        l->ino = e->d_ino;
                        *ret = pid;
                        return 1;
                }
        }
}
