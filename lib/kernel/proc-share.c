/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-share.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/proc.h"

int proc_share_compare(pid_t a, pid_t b, bool *ret_same) {
        long r = syscall(SYS_kcmp, a, b, KCMP_VM, 0L, 0L);

        if (r < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
                return PROC_NONE;
        if (r < 0)
                return proc_outcome(-errno);

        *ret_same = r == 0;
        return PROC_OK;
}
