/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "kernel/pidfd.h"
#include "kernel/probe-parts.h"
#include "kernel/proc-status.h"
#include "kernel/proc.h"

typedef enum Answer {
        ANSWER_YES,
        ANSWER_MISSING,
        ANSWER_DEADLY, /* a filter kills who asks */
        ANSWER_UNKNOWN,
} Answer;

static Answer try_pidfd(void) {
        int fd = FD_NONE, r = pidfd_new(getpid(), &fd);

        if (r == PIDFD_OK)
                r = pidfd_signal(fd, 0);
        close_fd(fd);
        return r == PIDFD_OK             ? ANSWER_YES
                : r == PIDFD_UNSUPPORTED ? ANSWER_MISSING
                                         : ANSWER_UNKNOWN;
}

/* No descriptor at all: EBADF says that the call is there. */
static Answer try_release(void) {
        int r = pidfd_release(FD_NONE);

        return r == -EBADF ? ANSWER_YES : r == PIDFD_UNSUPPORTED ? ANSWER_MISSING : ANSWER_UNKNOWN;
}

/* A system call filter may end the process that makes the call, so a child makes it. */
static Answer ask_in_child(Answer (*attempt)(void)) {
        int status;
        pid_t pid;

        pid = fork();
        if (pid < 0)
                return ANSWER_UNKNOWN;
        if (pid == 0)
                _exit((int) attempt());

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return ANSWER_UNKNOWN;
        if (WIFSIGNALED(status))
                return ANSWER_DEADLY;
        return WEXITSTATUS(status) <= ANSWER_UNKNOWN ? (Answer) WEXITSTATUS(status)
                                                     : ANSWER_UNKNOWN;
}

static void set_answer(Probe *probe, ProbeId id, Answer answer) {
        switch (answer) {
        case ANSWER_YES:
                probe_set(probe, id, PROBE_PRESENT, "%s", "");
                break;
        case ANSWER_MISSING:
                probe_set(probe, id, PROBE_ABSENT,
                        "the kernel lacks it, or a system call filter forbids it");
                break;
        case ANSWER_DEADLY:
                probe_set(probe, id, PROBE_ABSENT, "a system call filter kills who uses it");
                break;
        case ANSWER_UNKNOWN:
                probe_set(probe, id, PROBE_ABSENT, "it could not be tried");
                break;
        }
}

void probe_system_calls(const SysRoot *root, Probe *probe) {
        if (root->foreign) {
                probe_set(probe, PROBE_PIDFD, PROBE_ABSENT, "not this machine");
                probe_set(probe, PROBE_MRELEASE, PROBE_ABSENT, "not this machine");
                return;
        }
        set_answer(probe, PROBE_PIDFD, ask_in_child(try_pidfd));
        set_answer(probe, PROBE_MRELEASE, ask_in_child(try_release));
}

static int read_own_status(const SysRoot *root, ProcStatus *ret) {
        _cleanup_close_ int fd = fdio_open_dir_at(root->proc_fd, "self");

        return fd < 0 ? fd : proc_status_read_at(fd, ret);
}

void probe_capabilities(const SysRoot *root, Probe *probe) {
        static const struct {
                ProbeId id;
                unsigned capability;
                const char *name;
        } rows[] = {
                { PROBE_CAP_KILL, CAP_KILL, "CAP_KILL" },
                { PROBE_CAP_SYS_RESOURCE, CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE" },
                { PROBE_CAP_SYS_PTRACE, CAP_SYS_PTRACE, "CAP_SYS_PTRACE" },
                { PROBE_CAP_DAC_OVERRIDE, CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE" },
                { PROBE_CAP_IPC_LOCK, CAP_IPC_LOCK, "CAP_IPC_LOCK" },
        };
        ProcStatus status = { 0 };
        int r = root->foreign ? PROC_OK : read_own_status(root, &status);

        probe->cap_eff = status.cap_eff;
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (root->foreign)
                        probe_set(probe, rows[i].id, PROBE_ABSENT, "not this machine");
                else if (r != PROC_OK)
                        probe_set(probe, rows[i].id, PROBE_ABSENT, "our own status cannot be read");
                else if (status.cap_eff >> rows[i].capability & 1)
                        probe_set(probe, rows[i].id, PROBE_PRESENT, "%s", "");
                else
                        probe_set(probe, rows[i].id, PROBE_ABSENT, "%s is missing", rows[i].name);
}
