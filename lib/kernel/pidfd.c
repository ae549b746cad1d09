/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/pidfd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

int pidfd_new(pid_t pid, int *ret) {
        long fd = syscall(SYS_pidfd_open, pid, 0); /* close-on-exec without asking */

        if (fd >= 0) {
                *ret = (int) fd;
                return PIDFD_OK;
        }

        switch (errno) {
        case ESRCH:
                return PIDFD_GONE;
        case EINVAL: /* up to 6.8; afterwards ENOENT */
        case ENOENT:
                return pid > 0 ? PIDFD_NOT_LEADER : -EINVAL;
        case ENOSYS:
        case EPERM: /* the call itself asks for no right: it was a filter */
                return PIDFD_UNSUPPORTED;
        default:
                return -errno;
        }
}

int pidfd_signal(int pidfd, int signal) {
        if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0)
                return PIDFD_OK;

        switch (errno) {
        case ESRCH:
                return PIDFD_GONE;
        case EPERM:
                return PIDFD_DENIED;
        case EINVAL: /* a process outside of our pid namespace; or no signal at all */
                return signal >= 0 && signal < NSIG ? PIDFD_DENIED : -EINVAL;
        case ENOSYS:
                return PIDFD_UNSUPPORTED;
        default:
                return -errno;
        }
}

int pidfd_release(int pidfd) {
        if (syscall(SYS_process_mrelease, pidfd, 0) == 0)
                return PIDFD_OK;

        switch (errno) {
        case ESRCH:
                return PIDFD_GONE;
        case EINVAL:
                return PIDFD_NOT_DYING;
        case EAGAIN:
        case EINTR:
                return PIDFD_PARTIAL;
        case ENOSYS:
        case EPERM: /* needs nothing but the descriptor: a filter */
                return PIDFD_UNSUPPORTED;
        default:
                return -errno;
        }
}

int pidfd_has_ended(int pidfd) {
        struct pollfd p = { .fd = pidfd, .events = POLLIN };
        int r;

        do
                r = poll(&p, 1, 0);
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return -errno;
        if (p.revents & POLLNVAL)
                return -EBADF;
        return (p.revents & (POLLIN | POLLHUP)) != 0;
}
