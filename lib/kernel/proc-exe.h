/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/PID/exe: which program a process runs. The path is what its mount namespace calls the file,
 * hence the owner's word; device and inode are the kernel's. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct ProcExe {
        dev_t dev;
        ino_t ino;
        bool has_id;  /* dev and ino were readable */
        bool deleted; /* the file was removed or replaced since: " (deleted)" has been cut from the
                         path */
} ProcExe;

/* Cuts the suffix in place; returns whether it was there. */
bool proc_exe_cut_deleted(char *path);

/* Reads pid_fd/exe into path[size] and *ret. PROC_OK; PROC_GONE, which a kernel thread and a zombie
 * look like too: they have none; PROC_DENIED (another user's, without CAP_SYS_PTRACE); negative
 * errno. */
int proc_exe_read_at(int pid_fd, char *path, size_t size, ProcExe *ret);
