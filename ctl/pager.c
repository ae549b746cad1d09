/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *choose_pager(void) {
        static const char *const names[] = { "AVERT_PAGER", "SYSTEMD_PAGER", "PAGER" };

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                const char *pager = secure_getenv(names[i]);

                if (pager)
                        return pager;
        }
        return "less";
}

/* In the child: never returns. */
static void run_pager(const char *pager, int in) {
        (void) dup2(in, STDIN_FILENO);
        (void) setenv(
                "LESS", "FRSX", 0); /* end at once when it fits on a page; let paint through */
        (void) execl("/bin/sh", "sh", "-c", pager, (char *) NULL);
        _exit(127);
}

pid_t pager_start(const Ctl *ctl) {
        const char *pager = choose_pager();
        int pipe_fds[2];
        pid_t pid;

        if (ctl->no_pager || ctl->follow || ctl->count > 0 || !isatty(STDOUT_FILENO) || !*pager ||
                strcmp(pager, "cat") == 0)
                return 0;

        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return 0;

        fflush(NULL);
        pid = fork();
        if (pid == 0)
                run_pager(pager, pipe_fds[0]);
        if (pid > 0) {
                (void) dup2(pipe_fds[1], STDOUT_FILENO);
                (void) signal(SIGPIPE, SIG_IGN); /* the reader may leave early */
        }

        (void) close(pipe_fds[0]);
        (void) close(pipe_fds[1]);
        return pid > 0 ? pid : 0;
}

void pager_finish(pid_t pid) {
        if (pid <= 0)
                return;

        (void) fclose(stdout);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}
