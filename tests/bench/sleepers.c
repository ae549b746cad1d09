/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starts N small processes that sleep, says "ready" and waits for end of input; then they are gone.
 * The children die with their parent, whatever happens to it. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void sleep_for_ever(void) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
                pause();
}

int main(int argc, char **argv) {
        long n = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
        pid_t *pids;
        char c;

        if (n < 1 || n > 20000) {
                fputs("usage: sleepers N\n", stderr);
                return 2;
        }
        pids = calloc((size_t) n, sizeof(*pids));
        if (!pids)
                return 1;

        for (long i = 0; i < n; i++) {
                pids[i] = fork();
                if (pids[i] == 0)
                        sleep_for_ever();
                if (pids[i] < 0) {
                        perror("fork");
                        n = i;
                        break;
                }
        }
        puts("ready");
        fflush(stdout);
        while (read(STDIN_FILENO, &c, 1) > 0)
                ;
        for (long i = 0; i < n; i++)
                (void) kill(pids[i],
                        SIGKILL); /* our own children: not reaped yet, so the pid is theirs */
        for (long i = 0; i < n; i++)
                (void) waitpid(pids[i], NULL, 0);
        free(pids);
        return 0;
}
