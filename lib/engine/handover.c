/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/handover.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "kernel/pidfd.h"

enum { LOOK_MSEC = 5 };

int handover_open(const char *path, const char *boot_id, LeaseLedger **ret) {
        int r = lease_ledger_open(path, LEDGER_SHARED, boot_id, ret);

        return r == -EBADMSG || r == -ENOENT ? lease_ledger_open(path, LEDGER_SEATS, boot_id, ret)
                                             : r;
}

/* The process that has the seat, FD_NONE when there is none. It has it after the descriptor was
 * opened, so that is its. */
static int open_sitter(const LeaseLedger *l, LedgerSeat seat) {
        pid_t pid = lease_ledger_sitter(l, seat);
        int fd;

        if (pid <= 0 || pidfd_new(pid, &fd) != PIDFD_OK)
                return FD_NONE;
        if (lease_ledger_sitter(l, seat) == pid)
                return fd;
        close_fd(fd);
        return FD_NONE;
}

HandoverState handover_look(const LeaseLedger *l, int *ret_pidfd) {
        int fd;

        if (!lease_ledger_is_current(l))
                return HANDOVER_NOBODY;
        fd = open_sitter(l, SEAT_ACTING);
        if (fd >= 0) {
                *ret_pidfd = fd;
                return HANDOVER_ACTING;
        }
        if (lease_ledger_sitter(l, SEAT_ACTING) != 0)
                return HANDOVER_NOBODY;
        return lease_ledger_is_unfinished(l) ? HANDOVER_KILLED : HANDOVER_NOBODY;
}

bool handover_is_stood_in(const LeaseLedger *l) {
        pid_t pid = lease_ledger_sitter(l, SEAT_ACTING);

        return pid > 0 && pid == lease_ledger_sitter(l, SEAT_STANDBY);
}

/* Until the seat is free, who had it has ended - others may have been faster then -, or the time is
 * over. */
static int wait_for_seat(LeaseLedger *l, int pidfd, usec_t patience_usec) {
        usec_t until = usec_add(clock_monotonic_usec(), patience_usec);
        int r;

        for (;;) {
                struct pollfd p = { .fd = pidfd, .events = POLLIN };

                r = lease_ledger_sit(l, SEAT_ACTING);
                if (r != -EBUSY || usec_since(until, clock_monotonic_usec()) == 0)
                        return r;
                if (poll(&p, 1, LOOK_MSEC) > 0) /* it leaves the seat before it ends */
                        return lease_ledger_sit(l, SEAT_ACTING);
        }
}

int handover_wait(LeaseLedger *l, usec_t patience_usec) {
        _cleanup_close_ int pidfd = open_sitter(l, SEAT_ACTING);

        return wait_for_seat(l, pidfd, patience_usec);
}

int handover_take(LeaseLedger *l, usec_t patience_usec, int *ret_pidfd) {
        _cleanup_close_ int pidfd = FD_NONE;
        int r;

        *ret_pidfd = FD_NONE;
        r = lease_ledger_sit(l, SEAT_ACTING);
        if (r != -EBUSY)
                return r;
        pidfd = open_sitter(l, SEAT_STANDBY);
        if (pidfd < 0 || !handover_is_stood_in(l))
                return lease_ledger_sit(l, SEAT_ACTING); /* it may just have gone */

        (void) pidfd_signal(pidfd, SIGTERM);
        r = wait_for_seat(l, pidfd, patience_usec);
        if (r == -EBUSY && handover_is_stood_in(l)) {
                (void) pidfd_signal(pidfd, SIGKILL);
                r = wait_for_seat(l, pidfd, patience_usec);
        }
        if (r == 0)
                *ret_pidfd = TAKE_FD(pidfd);
        return r;
}

void handover_renew(const LeaseLedger *l) {
        _cleanup_close_ int pidfd = open_sitter(l, SEAT_STANDBY);

        if (pidfd >= 0)
                (void) pidfd_signal(pidfd, SIGHUP);
}
