/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/child-process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fdio.h"

void child_follow_parent(pid_t parent) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != parent)
                _exit(EXIT_SUCCESS); /* it was already gone */
}

void child_reset_signals(void) {
        sigset_t none;

        for (int signo = 1; signo < NSIG; signo++)
                (void) signal(signo, SIG_DFL);
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

int child_keep_only(int keep) {
        if (keep != 3 && dup2(keep, 3) < 0)
                _exit(EXIT_FAILURE);
        (void) fcntl(3, F_SETFD, FD_CLOEXEC);
        (void) close_range(4, ~0U, 0);
        return 3;
}

int child_limit_capabilities(uint64_t keep) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = { { 0 }, { 0 } };

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        (void) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
                if ((keep & CHILD_CAPABILITY(cap)) == 0)
                        (void) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
        if (syscall(SYS_capget, &header, data) < 0)
                return -errno;
        for (unsigned i = 0; i < 2; i++) {
                uint32_t mask = (uint32_t) (keep >> (32 * i));

                data[i].effective &= mask;
                data[i].permitted &= mask;
                data[i].inheritable = 0;
        }
        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

void child_become_ordinary(void) {
        const struct sched_param param = { 0 };

        (void) fdio_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "0");
        (void) sched_setscheduler(0, SCHED_OTHER, &param);
        (void) setpriority(PRIO_PROCESS, 0, 0);
}
