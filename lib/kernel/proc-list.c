/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-list.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/fdio.h"
#include "base/number.h"

int proc_list_open(int dirfd, const char *name) {
        return fdio_open_dir_at(dirfd, name);
}

int proc_list_init(ProcList *l, int fd, void *buf, size_t size) {
        int r = dir_scan_init(&l->scan, fd, buf, size);

        if (r == 0)
                l->ino = 0;
        return r;
}

static pid_t entry_number(const struct dirent64 *e) {
        size_t len = strlen(e->d_name);
        uint64_t n;

        if (number_scan_u64(e->d_name, len, &n) != (int) len || n == 0 || n > INT_MAX)
                return 0;
        return (pid_t) n;
}

int proc_list_next(ProcList *l, pid_t *ret) {
        const struct dirent64 *e;
        int r;

        while ((r = dir_scan_next(&l->scan, &e)) > 0) {
                pid_t pid = entry_number(e);

                if (pid > 0) {
                        l->ino = e->d_ino;
                        *ret = pid;
                        return 1;
                }
        }
        return r;
}
