/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-exe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "kernel/proc.h"

#define SUFFIX " (deleted)"

bool proc_exe_cut_deleted(char *path) {
        size_t len = strlen(path), suffix = sizeof(SUFFIX) - 1;

        if (len <= suffix || strcmp(path + len - suffix, SUFFIX) != 0)
                return false;
        path[len - suffix] = '\0';
        return true;
}

static bool read_id(int pid_fd, ProcExe *exe) {
        struct stat st;

        if (fstatat(pid_fd, "exe", &st, 0) < 0)
                return false;
        exe->dev = st.st_dev;
        exe->ino = st.st_ino;
        return true;
}

int proc_exe_read_at(int pid_fd, char *path, size_t size, ProcExe *ret) {
        ProcExe before = { 0 }, exe = { 0 };
        ssize_t n = 0;

        /* Path and identity are asked one after the other, and an exec may come between: they
         * belong together when the identity is the same before and after. A process that execs
         * without end keeps the last answer, without identity. */
        for (int attempt = 0; attempt < 3; attempt++) {
                bool had_id = read_id(pid_fd, &before);

                n = fdio_readlink_at(pid_fd, "exe", path, size);
                if (n < 0)
                        return proc_outcome(n);
                exe.has_id = had_id && read_id(pid_fd, &exe) && exe.dev == before.dev &&
                        exe.ino == before.ino;
                if (exe.has_id || !had_id)
                        break;
        }

        exe.deleted = proc_exe_cut_deleted(path);
        *ret = exe;
        return PROC_OK;
}
