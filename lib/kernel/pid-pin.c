/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/pidfd.h"

#include <errno.h>

#include "base/fdio.h"
#include "kernel/proc.h"

static int from_proc(int r) {
        switch (r) {
        case PROC_GONE:
                return PIDFD_GONE;
        case PROC_DENIED:
                return PIDFD_DENIED;
        default:
                return r;
        }
}

static void pid_pin_donep(PidPin *pin) {
        pid_pin_done(pin);
}

int pid_pin_open(const SysRoot *root, pid_t pid, uint64_t starttime_ticks, PidPin *ret) {
        _cleanup_(pid_pin_donep) PidPin pin = PID_PIN_INIT;
        int r;

        pin.pid = pid;
        r = proc_dir_open(root->proc_fd, pid, &pin.dir_fd);
        if (r != PROC_OK)
                return from_proc(r);

        if (!root->foreign) {
                r = pidfd_new(pid, &pin.pidfd);
                if (r != PIDFD_OK)
                        return r;
        }

        /* The directory belongs to the process it was opened for. If that one still answers, it
         * lived when the pidfd was opened, so the number was still its own, and so is the pidfd. */
        r = proc_stat_read_at(pin.dir_fd, &pin.stat);
        if (r != PROC_OK)
                return from_proc(r);
        if (pin.stat.pid != pid) /* a thread's directory shows the thread */
                return -EBADMSG;
        if (starttime_ticks != PID_ANY_START && pin.stat.starttime_ticks != starttime_ticks)
                return PIDFD_REPLACED;

        *ret = pin;
        pin = PID_PIN_INIT;
        return PIDFD_OK;
}

void pid_pin_done(PidPin *pin) {
        close_fd(pin->dir_fd);
        close_fd(pin->pidfd);
        *pin = PID_PIN_INIT;
}
