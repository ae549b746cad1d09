/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc.h"

#include <errno.h>
#include <stdio.h>

#include "base/fdio.h"

int proc_outcome(ssize_t r) {
        switch (r) {
        case -ENOENT:
        case -ESRCH:
                return PROC_GONE;
        case -EACCES:
        case -EPERM:
                return PROC_DENIED;
        default:
                return (int) r;
        }
}

int proc_dir_open(int proc_fd, pid_t pid, int *ret) {
        char name[16];
        int fd;

        if (pid <= 0)
                return -EINVAL;
        snprintf(name, sizeof(name), "%d", pid);

        fd = fdio_open_dir_at(proc_fd, name);
        if (fd < 0)
                return proc_outcome(fd);

        *ret = fd;
        return PROC_OK;
}

int proc_file_open(int pid_fd, const char *name, int *ret) {
        int fd = fdio_open_at(pid_fd, name);

        if (fd < 0)
                return proc_outcome(fd);

        *ret = fd;
        return PROC_OK;
}
