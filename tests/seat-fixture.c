/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/seat-fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "tests/harness.h"

/* ---- in the other process, which ends with an exit code other than 0 when something is wrong */

static void require(bool fine, int code) {
        if (!fine)
                _exit(code);
}

static LeaseLedger *sit(const char *path, const char *boot_id, unsigned seats) {
        bool acts = (seats & 1U << SEAT_ACTING) != 0;
        LeaseLedger *l;
        int r;

        do
                r = lease_ledger_open(path, acts ? LEDGER_DAEMON : LEDGER_SHARED, boot_id, &l);
        while (r == -EBUSY && poll(NULL, 0, 1) == 0);
        require(r == 0, 2);
        if (acts)
                lease_ledger_set_unfinished(l, true);
        if ((seats & 1U << SEAT_STANDBY) != 0)
                require(lease_ledger_sit(l, SEAT_STANDBY) == 0, 3);
        return l;
}

static void be_one(
        int fd, const char *path, const char *boot_id, unsigned seats, SitterManner manner) {
        LeaseLedger *l;
        sigset_t terminate;
        int signal_fd;
        char byte = 's';

        (void) signal(SIGTERM, SIG_DFL); /* Check has one that ends the whole group */
        (void) signal(SIGHUP, SIG_DFL);  /* may be ignored where nohup(1) has started us */
        sigemptyset(&terminate);
        sigaddset(&terminate, SIGTERM);
        if (manner != SITTER_ENDS)
                (void) sigprocmask(SIG_BLOCK, &terminate, NULL);
        signal_fd = signalfd(-1, &terminate, SFD_CLOEXEC);
        l = sit(path, boot_id, seats);
        require(write(fd, &byte, 1) == 1, 4);

        for (;;) {
                struct pollfd p[] = {
                        { .fd = fd, .events = POLLIN },
                        { .fd = manner == SITTER_RISES ? signal_fd : FD_NONE, .events = POLLIN },
                };
                struct signalfd_siginfo si;

                require(poll(p, ELEMENTS(p), -1) > 0, 5);
                if (p[0].revents != 0)
                        break;
                require(read(signal_fd, &si, sizeof(si)) == sizeof(si), 6);
                lease_ledger_rise(l, SEAT_ACTING);
        }
        lease_ledger_set_unfinished(l, false);
        _exit(0);
}

/* ---- here */

Sitter sitter_start(const char *path, const char *boot_id, unsigned seats, SitterManner manner) {
        int fds[2];
        Sitter s;

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        s = (Sitter){ .pid = fork(), .fd = fds[0] };
        ck_assert_int_ge(s.pid, 0);
        if (s.pid == 0) {
                close_fd(fds[0]);
                be_one(fds[1], path, boot_id, seats, manner);
        }
        close_fd(fds[1]);
        return s;
}

void sitter_wait(const Sitter *s) {
        char byte;

        ck_assert_msg(read(s->fd, &byte, 1) == 1, "the other process could not sit");
}

static int end_of(Sitter *s) {
        int status;

        ck_assert_int_eq(waitpid(s->pid, &status, 0), s->pid);
        s->fd = close_fd(s->fd);
        return status;
}

void sitter_finish(Sitter *s) {
        ck_assert_int_eq(shutdown(s->fd, SHUT_WR), 0);
        ck_assert_int_eq(end_of(s), 0);
}

void sitter_kill(Sitter *s) {
        ck_assert_int_eq(kill(s->pid, SIGKILL), 0);
        (void) end_of(s);
}

bool sitter_lives(const Sitter *s) {
        siginfo_t info = { 0 };

        ck_assert_int_eq(waitid(P_PID, (id_t) s->pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
        return info.si_pid == 0;
}
