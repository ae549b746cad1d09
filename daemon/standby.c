/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/standby.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fdio.h"
#include "engine/handover.h"

enum { LOOK_MSEC = 1000 }; /* as long as there is no daemon */

/* ---- signals
 * ------------------------------------------------------------------------------------- */

static int open_signals(Standby *s) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return s->signal_fd < 0 ? -errno : 0;
}

/* The next signal that has come, 0 without one. */
static int next_signal(const Standby *s) {
        struct signalfd_siginfo si;

        return read(s->signal_fd, &si, sizeof(si)) == sizeof(si) ? (int) si.ssi_signo : 0;
}

/* ---- finding it
 * ---------------------------------------------------------------------------------- */

static int own_boot_id(char *ret, size_t size) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return proc_fd < 0 ? -errno : lease_ledger_boot_id(proc_fd, ret, size);
}

/* The file is opened anew each time: a daemon of another version makes another one. */
static bool try_to_find(Standby *s, const char *leases, const char *boot_id) {
        if (lease_ledger_open(leases, LEDGER_SHARED, boot_id, &s->ledger) == 0 &&
                lease_ledger_sit(s->ledger, SEAT_STANDBY) == 0 &&
                handover_look(s->ledger, &s->acting_fd) != HANDOVER_NOBODY)
                return true;
        s->ledger = lease_ledger_free(s->ledger);
        return false;
}

int standby_find(Standby *s, const char *leases) {
        char boot_id[BOOT_ID_SIZE];
        int r;

        r = own_boot_id(boot_id, sizeof(boot_id));
        if (r == 0)
                r = open_signals(s);
        if (r < 0)
                return r;

        while (!try_to_find(s, leases, boot_id)) {
                struct pollfd p = { .fd = s->signal_fd, .events = POLLIN };
                int signo;

                if (poll(&p, 1, LOOK_MSEC) < 0 && errno != EINTR)
                        return -errno;
                signo = next_signal(s);
                if (signo == SIGTERM || signo == SIGINT)
                        return 0;
        }
        return 1;
}

/* ---- waiting
 * ------------------------------------------------------------------------------------- */

int standby_wait(Standby *s, const StandbyCare *care) {
        while (s->acting_fd >= 0) {
                struct pollfd p[] = {
                        { .fd = s->acting_fd, .events = POLLIN },
                        { .fd = s->signal_fd, .events = POLLIN },
                };
                int n = poll(p, ELEMENTS(p), (int) (care->interval_usec / USEC_PER_MSEC));

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (next_signal(s) != 0)
                        return 0;
                if (n == 0)
                        care->refresh(care->ctx);
                if (n <= 0 || p[0].revents == 0)
                        continue;

                /* Somebody may act by now who was faster, or gives back what it owed. */
                s->acting_fd = close_fd(s->acting_fd);
                if (handover_look(s->ledger, &s->acting_fd) == HANDOVER_NOBODY)
                        return 0;
        }
        return 1;
}

/* ---- being told not to
 * ------------------------------------------------------------------------- */

int standby_dismiss(const char *leases, int *ret_pidfd) {
        _cleanup_(lease_ledger_freep) LeaseLedger *l = NULL;
        char boot_id[BOOT_ID_SIZE];
        int r;

        *ret_pidfd = FD_NONE;
        r = own_boot_id(boot_id, sizeof(boot_id));
        if (r == 0)
                r = handover_open(leases, boot_id, &l);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = handover_take(l, HANDOVER_PATIENCE_USEC, ret_pidfd);
        if (r == 0 && lease_ledger_is_current(l))
                lease_ledger_set_unfinished(l, false);
        return r;
}

void standby_done(Standby *s) {
        s->ledger = lease_ledger_free(s->ledger);
        s->acting_fd = close_fd(s->acting_fd);
        s->signal_fd = close_fd(s->signal_fd);
}
